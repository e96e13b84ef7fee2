"""`elfworlds build`: make the objects of experiments, and try nothing."""

from __future__ import annotations

import os
from pathlib import Path

from elfworlds.cli.options import Color, Experiments, Jobs, KeepGoing, Quiet, processors
from elfworlds.errors import Exit


def build(
    experiments: Experiments,
    *,
    jobs: Jobs = processors(),  # noqa: B008  # a process' processors do not change
    keep_going: KeepGoing = False,
    quiet: Quiet = False,
    color: Color = "auto",
) -> int:
    """Build the objects of experiments, and say where they are."""
    from elfworlds.cli import session
    from elfworlds.cli.console import Screen
    from elfworlds.process import Pool
    from elfworlds.report.text import grid

    screen = Screen.of(color, quiet=quiet, environment=os.environ)
    found = session.load_all(experiments, Path.cwd())
    worst = Exit.AS_EXPECTED
    with Pool() as pool:
        toolchains = {"host": session.host(pool, os.environ, remember=True)}
        backend = session.local_backend(pool, os.environ, jobs)
        for one in found:
            plan = session.make_plan(one, toolchains)
            made = session.build_plan(backend, plan, toolchains, screen, keep_going=keep_going)
            rows = [
                [placed.object, made.artifacts[placed.key].path]
                for placed in plan.placements
                if placed.key in made.artifacts
            ]
            screen.say(*grid(rows, indent="") if rows else [])
            screen.tell(session.failure_report(one, plan, made))
            screen.say(session.build_line(made, f"local store {backend.root}"))
            if made.failures:
                worst = Exit.BUILD_FAILED
                if not keep_going:
                    break
    return worst
