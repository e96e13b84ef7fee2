"""`elfworlds build`: make the objects of experiments, and try nothing."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from elfworlds import paths
from elfworlds.cli.options import BackendName, Color, Experiments, Jobs, KeepGoing, Quiet, processors
from elfworlds.errors import Exit


def build(
    experiments: Experiments,
    *,
    jobs: Jobs = processors(),  # noqa: B008  # a process' processors do not change
    keep_going: KeepGoing = False,
    backend: BackendName = "auto",
    verify: Annotated[
        bool, typer.Option("--verify", help="Make every object twice; record whether each is identical.")
    ] = False,
    quiet: Quiet = False,
    color: Color = "auto",
) -> int:
    """Build the objects of experiments, and say where they are."""
    from elfworlds.cli import backends, session, worlds
    from elfworlds.cli.comparison import Comparison
    from elfworlds.cli.console import Screen
    from elfworlds.cli.execute import results
    from elfworlds.cli.failures import failure_report
    from elfworlds.cli.verification import verified
    from elfworlds.process import Pool
    from elfworlds.report.text import grid

    screen = Screen.of(color, quiet=quiet, environment=os.environ)
    found = session.load_all(experiments, paths.here())
    worst = Exit.AS_EXPECTED
    with Pool() as pool:
        languages = session.languages(found)
        builders, environment = backends.ready(backend, pool, os.environ, jobs, languages, worlds.wanted(found))
        toolchains = worlds.provide(found, pool, environment, screen, jobs)
        for one in found:
            plan = session.make_plan(one, toolchains)
            comparison = Comparison(plan)
            for builder in builders:
                made = session.build_plan(builder, plan, toolchains, screen, keep_going=keep_going)
                rows = [
                    [placed.object, made.artifacts[placed.key].path]
                    for placed in plan.placements
                    if placed.key in made.artifacts
                ]
                screen.say(*grid(rows, indent="") if rows else [])
                screen.tell(failure_report(one, plan, made))
                screen.say(session.build_line(made, builder.where))
                comparison.add(builder.name, made, None)
                if verify and not verified(
                    builder, plan, toolchains, made, results(one, None, toolchains.values()), screen
                ):
                    worst = max(worst, Exit.EXPECTATION_FAILED)
                if made.unexpected(plan.may_fail()):
                    worst = Exit.BUILD_FAILED
                    if not keep_going:
                        return worst
            comparison.tell(screen)
    return worst
