"""What is not wrong with an experiment, and may yet not be meant."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from elfworlds import paths
from elfworlds.planning.outside import outside
from elfworlds.planning.steps import OWNER
from elfworlds.sources import Bundled
from elfworlds.toolchains import families
from elfworlds.toolchains.pinning import places
from elfworlds.yamltext import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from elfworlds.planning import Plan
    from elfworlds.planning.types import BuildRequest
    from elfworlds.spec.model.objects import Object
    from elfworlds.workflow.experiments import LoadedExperiment
    from elfworlds.yamltext import Path

KEPT = "it is made anew each time; a file beside the experiment would be part of the key"
EITHER = "a program gets the one that its search, or what is loaded already, gives first; nothing says which it was"


def warnings(experiment: LoadedExperiment, plan: Plan, environment: Mapping[str, str]) -> list[str]:
    """Each warning as it is shown, in the order of the file. Nothing is run and nothing fetched."""
    problems = sorted(
        {*shadowed(experiment, plan, environment), *installed_elsewhere(experiment), *unkept(experiment, plan)}
    )
    return [experiment.spec.document.warning(problem) for problem in problems]


def shadowed(experiment: LoadedExperiment, plan: Plan, environment: Mapping[str, str]) -> Iterator[Problem]:
    """Libraries with the DT_SONAME of one that the toolchain has: of this machine, or of a root that is unpacked."""
    names = [
        (plan.requests[placed.key].toolchain, placed.object, name)
        for placed in plan.placements
        if not experiment.spec.experiment.objects[placed.object].executable
        for name in _names(plan.requests[placed.key])
    ]
    asked: dict[str, set[str]] = {}
    for toolchain, _, name in names:
        asked.setdefault(toolchain, set()).add(name)
    own = {
        toolchain: families.family_of(toolchain).libraries(
            toolchain, sonames, places(paths.here()), paths.store(environment)
        )
        for toolchain, sonames in asked.items()
    }
    for toolchain, where, name in dict.fromkeys(names):
        if path := own[toolchain].get(name):
            definition = experiment.spec.experiment.objects[where]
            key = experiment.spec.in_the_file(("objects", where, _key(definition)))
            message = f"`{name}` is the DT_SONAME of a library of {toolchain} too: {path}"
            yield Problem(experiment.spec.document.mark(key), message, EITHER)


def _names(request: BuildRequest) -> tuple[str, ...]:
    return (posixpath.basename(request.filename), *request.links)


def unkept(experiment: LoadedExperiment, plan: Plan) -> Iterator[Problem]:
    """Builds that read or write more than their inputs, which their keys do not hold."""
    document, scenarios = experiment.spec.document, experiment.spec.experiment.scenarios
    here = (request for request in plan.requests.values() if not families.family_of(request.toolchain).own_root)
    for request in here:
        for place in outside(request, plan.files):
            program = request.name.removeprefix(OWNER)
            steps = program != request.name and program in scenarios
            path: Path = ("scenarios", program) if steps else ("objects", request.name)
            mark = document.mark(experiment.spec.in_the_file(path), key=True)
            yield Problem(mark, f"this build reads what its key does not hold: {place}", KEPT)


def installed_elsewhere(experiment: LoadedExperiment) -> Iterator[Problem]:
    """Files of trees that look for a library of their tree where only an installed tree would have it."""
    model, document = experiment.spec.experiment, experiment.spec.document
    if any("LD_LIBRARY_PATH" in scenario.env for scenario in model.scenarios.values()):
        return
    bundled = [file for file in experiment.sources.prebuilt.values() if isinstance(file, Bundled)]
    files = [(file, *led) for file in bundled for led in _led(file)]
    for name, definition in model.objects.items():
        for file, directory, needed in files:
            if definition.prebuilt is not None and definition.prebuilt.file.parts == (file.path,):
                mark = document.mark(experiment.spec.in_the_file(("objects", name, "prebuilt")))
                message = f"`{name}` needs {needed} of its own tree, but looks for it in {directory}"
                yield Problem(mark, message, f'`env: {{LD_LIBRARY_PATH: "${{{name}.tree}}{directory}"}}` leads there')


def _led(file: Bundled) -> Iterator[tuple[str, str]]:
    """Each absolute directory of a file's run path that its tree has below itself, with a library needed from there."""
    facts, manifest = file.facts, file.tree.manifest
    for directory in (facts.rpath or ()) if facts.runpath is None else facts.runpath:
        for needed in facts.needed if directory.startswith("/") else ():
            if manifest.real(f"{directory.strip('/')}/{needed}") is not None:
                yield directory, needed


def _key(definition: Object) -> str:
    if definition.prebuilt is not None:
        return "prebuilt"
    return "library" if definition.soname is None else "soname"
