"""`elfworlds run`: build, try every trial, say what happened, and leave a run directory behind."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from elfworlds.cli.options import Color, Experiments, Jobs, KeepGoing, Quiet, processors
from elfworlds.errors import Exit

if TYPE_CHECKING:
    from elfworlds.cli.console import Screen
    from elfworlds.cli.execute import Execution


def run(
    experiments: Experiments,
    *,
    jobs: Jobs = processors(),  # noqa: B008  # a process' processors do not change
    keep_going: KeepGoing = False,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Where runs go; default: results/ of the project.")
    ] = None,
    tables: Annotated[bool, typer.Option("--tables/--no-tables", help="Whether to write the CSV tables.")] = True,
    quiet: Quiet = False,
    color: Color = "auto",
) -> int:
    """Build and run experiments; exit 1 if an expectation was not met, 6 if an object was not built."""
    from elfworlds.cli import session
    from elfworlds.cli.console import Screen
    from elfworlds.cli.execute import Execution
    from elfworlds.process import Pool

    screen = Screen.of(color, quiet=quiet, environment=os.environ)
    found = session.load_all(experiments, Path.cwd())
    codes = [Exit.AS_EXPECTED]
    with Pool() as pool:
        toolchains = {"host": session.host(pool, os.environ, remember=True)}
        backend = session.local_backend(pool, os.environ, jobs)
        plans = [session.make_plan(one, toolchains) for one in found]
        for one, plan in zip(found, plans, strict=True):
            screen.say(*([""] if len(codes) > 1 else []), f"{plan.experiment}: {plan.question}")
            made = session.build_plan(backend, plan, toolchains, screen, keep_going=keep_going)
            screen.say(session.build_line(made, f"local store {backend.root}"))
            screen.tell(session.failure_report(one, plan, made))
            if made.failures and not keep_going:
                codes.append(Exit.BUILD_FAILED)
                break
            execution = Execution(one, plan, made, toolchains, pool, jobs, backend.name, output)
            codes.append(execute(execution, screen, tables=tables))
            if codes[-1] == Exit.INTERRUPTED:
                return Exit.INTERRUPTED
    return max(codes)


def execute(execution: Execution, screen: Screen, *, tables: bool) -> Exit:
    """Try all trials, then tell; a run that is interrupted tells as far as it came."""
    from elfworlds.cli.execute import finish

    opened = execution.open(time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()))
    try:
        screen.tell([opened.said] if opened.said else [])
        whole = execution.observe(opened, screen)
        failed = finish(opened.directory, screen, tables=tables)
        if not whole:
            return Exit.INTERRUPTED
        opened.finish()
    finally:
        opened.close()
    if execution.build.failures:
        return Exit.BUILD_FAILED
    return Exit.EXPECTATION_FAILED if failed else Exit.AS_EXPECTED
