"""The objects of plans, made by backends."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from elfworlds.errors import Exit
from elfworlds.planning.editing import without_builder, without_editor
from elfworlds.report.text import grid
from elfworlds.workflow import backends
from elfworlds.workflow.comparison import BackendComparison
from elfworlds.workflow.experiments import languages
from elfworlds.workflow.failures import failure_report
from elfworlds.workflow.packages import provide_packages
from elfworlds.workflow.plans import make_plan
from elfworlds.workflow.results import results
from elfworlds.workflow.sandboxing import guarded, needed
from elfworlds.workflow.store_paths import provide_store_paths
from elfworlds.workflow.toolchains import provide, wanted
from elfworlds.workflow.verification import verified

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from elfworlds.backends import Artifact, Backend, Build, Failure
    from elfworlds.planning import BuildRequest, Plan
    from elfworlds.toolchains import Toolchain
    from elfworlds.workflow.experiments import LoadedExperiment
    from elfworlds.workflow.screen import Screen
    from elfworlds.workflow.session import Session


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class BuildOptions:
    """How objects are built without running anything.

    Attributes:
        backend: `auto`, `nix`, `local`, or `both` to compare them.
        keep_going: after a failure, build what does not need it, and the other experiments.
        verify: make each object twice, and record whether both are the same.
        sandbox: as of a run.
        sandbox_fallback: as of a run.
    """

    backend: str = "auto"
    keep_going: bool = False
    verify: bool = False
    sandbox: bool | None = None
    sandbox_fallback: str = ""


def build(experiments: Sequence[LoadedExperiment], options: BuildOptions, session: Session) -> Exit:
    """Build the objects of experiments, and tell where they are."""
    sandbox = needed(options.sandbox, experiments, options.backend, session)
    builders, environment = backends.ready(options.backend, session, languages(experiments), wanted(experiments))
    session = dataclasses.replace(session, environment=environment)
    equipped = each_provided(builders, experiments, session, sandbox=sandbox, fallback=options.sandbox_fallback)
    toolchains = equipped[0][1]
    worst = Exit.AS_EXPECTED
    for experiment in experiments:
        plan = make_plan(experiment, toolchains)
        provide_packages([plan], toolchains, session)
        provide_store_paths(experiment, plan, toolchains, session, sandbox=sandbox)
        for code in _with_each_backend(experiment, equipped, options, session):
            worst = max(worst, code)
            if code is Exit.BUILD_FAILED and not options.keep_going:
                return worst
    return worst


def each_provided(
    builders: Iterable[Backend],
    experiments: Sequence[LoadedExperiment],
    session: Session,
    *,
    sandbox: bool,
    fallback: str,
) -> list[tuple[Backend, dict[str, Toolchain]]]:
    """Each backend with its toolchains, in a sandbox or not: libcs of recipes are as it built them."""
    every = [(one, provide(experiments, session, sandbox=sandbox, backend=one.name)) for one in builders]
    if not sandbox:
        return every
    return [(one, guarded(toolchains, session, fallback)) for one, toolchains in every]


def _with_each_backend(
    experiment: LoadedExperiment,
    builders: Sequence[tuple[Backend, Mapping[str, Toolchain]]],
    options: BuildOptions,
    session: Session,
) -> Iterator[Exit]:
    plan = make_plan(experiment, builders[0][1])
    comparison = BackendComparison(plan)
    for builder, toolchains in builders:
        made = build_plan(builder, plan, toolchains, session.screen, keep_going=options.keep_going)
        session.screen.say(*_where(plan, made))
        session.screen.tell(failure_report(experiment, plan, made))
        session.screen.tell(f"not built: {why}" for why in dict.fromkeys(without_editor(plan, toolchains).values()))
        session.screen.say(build_line(made, builder.where))
        comparison.add(builder.name, made, toolchains)
        if options.verify:
            place = results(experiment, None, toolchains.values())
            same = verified(builder, plan, toolchains, made, place, session.screen)
            yield Exit.AS_EXPECTED if same else Exit.EXPECTATION_FAILED
        yield Exit.BUILD_FAILED if made.unexpected(plan.may_fail()) else Exit.AS_EXPECTED
    comparison.tell(session.screen)


def _where(plan: Plan, made: Build) -> list[str]:
    """A line for each object that there is, and its path."""
    rows = [
        [placed.object, made.artifacts[placed.key].path] for placed in plan.placements if placed.key in made.artifacts
    ]
    return grid(rows, indent="") if rows else []


def build_plan(
    backend: Backend, plan: Plan, toolchains: Mapping[str, Toolchain], screen: Screen, *, keep_going: bool
) -> Build:
    """The plan's objects, with a bar while they are made.

    Those of toolchains that do not work here are left out, and those that a missing tool would edit.
    """
    lacking = {*without_builder(plan, toolchains), *without_editor(plan, toolchains)}
    requests = {key: request for key, request in plan.requests.items() if key not in lacking}
    plan = dataclasses.replace(plan, requests=requests)
    with screen.working("building", len(plan.requests)) as advance:

        def report(_request: BuildRequest, _result: Artifact | Failure) -> None:
            advance()

        going = keep_going or bool(plan.may_fail())
        return backend.build(plan, toolchains, keep_going=going, report=report)


def build_line(build: Build, where: str) -> str:
    """How many objects were made, and where they are."""
    reused = sum(artifact.reused for artifact in build.artifacts.values())
    built = len(build.artifacts) - reused
    failed = f", {len(build.failures)} failed" if build.failures else ""
    return f"objects: {built} built, {reused} in the store already{failed} · {where}"
