"""What is not wrong with an experiment, and may yet not be meant."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from elfworlds import paths
from elfworlds.toolchains import families
from elfworlds.toolchains.pinning import places
from elfworlds.yamltext import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from elfworlds.planning import Plan
    from elfworlds.spec.model.objects import Object
    from elfworlds.workflow.experiments import LoadedExperiment

EITHER = "a program gets the one that its search, or what is loaded already, gives first; nothing says which it was"


def warnings(experiment: LoadedExperiment, plan: Plan, environment: Mapping[str, str]) -> list[str]:
    """Each warning as it is shown, in the order of the file. Nothing is run and nothing fetched."""
    problems = sorted(set(shadowed(experiment, plan, environment)))
    return [experiment.spec.document.warning(problem) for problem in problems]


def shadowed(experiment: LoadedExperiment, plan: Plan, environment: Mapping[str, str]) -> Iterator[Problem]:
    """Libraries with the DT_SONAME of one that the toolchain has: of this machine, or of a root that is unpacked."""
    where, cache = places(paths.here()), paths.store(environment)
    for placed in plan.placements:
        definition = experiment.spec.experiment.objects[placed.object]
        if definition.executable:
            continue
        request = plan.requests[placed.key]
        for name in (posixpath.basename(request.filename), *request.links):
            family = families.family_of(request.toolchain)
            own = family.library(request.toolchain, name, where, cache)
            if own:
                path = experiment.spec.in_the_file(("objects", placed.object, _key(definition)))
                message = f"`{name}` is the DT_SONAME of a library of {request.toolchain} too: {own}"
                yield Problem(experiment.spec.document.mark(path), message, EITHER)


def _key(definition: Object) -> str:
    if definition.prebuilt is not None:
        return "prebuilt"
    return "library" if definition.soname is None else "soname"
