"""`elfworlds run`: build, try every trial, say what happened, and leave a run directory behind."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from elfworlds.cli.options import BackendName, Color, Experiments, Jobs, KeepGoing, Quiet, processors
from elfworlds.errors import Exit

if TYPE_CHECKING:
    from elfworlds.backends import Build
    from elfworlds.cli.console import Screen
    from elfworlds.cli.execute import Execution
    from elfworlds.records import RunDirectory


def run(
    experiments: Experiments,
    *,
    jobs: Jobs = processors(),  # noqa: B008  # a process' processors do not change
    keep_going: KeepGoing = False,
    backend: BackendName = "auto",
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Where runs go; default: results/ of the project.")
    ] = None,
    tables: Annotated[bool, typer.Option("--tables/--no-tables", help="Whether to write the CSV tables.")] = True,
    quiet: Quiet = False,
    color: Color = "auto",
) -> int:
    """Build and run experiments; exit 1 if an expectation was not met, 6 if an object was not built."""
    from elfworlds.cli import backends, session
    from elfworlds.cli.comparison import Comparison
    from elfworlds.cli.console import Screen
    from elfworlds.cli.execute import Execution
    from elfworlds.process import Pool

    screen = Screen.of(color, quiet=quiet, environment=os.environ)
    found = session.load_all(experiments, Path.cwd())
    codes = [Exit.AS_EXPECTED]
    with Pool() as pool:
        builders, environment = backends.ready(backend, pool, os.environ, jobs)
        toolchains = {"host": session.host(pool, environment, remember=True)}
        plans = [session.make_plan(one, toolchains) for one in found]
        for one, plan in zip(found, plans, strict=True):
            screen.say(*([""] if len(codes) > 1 else []), f"{plan.experiment}: {plan.question}")
            comparison = Comparison(plan)
            for builder in builders:
                made = session.build_plan(builder, plan, toolchains, screen, keep_going=keep_going)
                screen.say(session.build_line(made, builder.where))
                screen.tell(session.failure_report(one, plan, made))
                if made.failures and not keep_going:
                    return Exit.BUILD_FAILED
                execution = Execution(one, plan, made, toolchains, pool, jobs, builder.name, output, tables=tables)
                code, directory = finish(execution, screen, made)
                codes.append(code)
                comparison.add(builder.name, made, directory)
                if code == Exit.INTERRUPTED:
                    return code
            comparison.tell(screen)
    return max(codes)


def finish(execution: Execution, screen: Screen, made: Build) -> tuple[Exit, RunDirectory]:
    """Try all trials, then tell; a run that is interrupted tells as far as it came."""
    utc = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    directory = execution.begin(utc)
    interrupted = not execution.observe(directory, screen)
    failed = execution.tell(directory, screen, interrupted=interrupted)
    if interrupted:
        return Exit.INTERRUPTED, directory
    if made.failures:
        return Exit.BUILD_FAILED, directory
    return Exit.EXPECTATION_FAILED if failed else Exit.AS_EXPECTED, directory
