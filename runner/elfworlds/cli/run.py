"""`elfworlds run`: build, try every trial, say what happened, and leave a run directory behind."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from elfworlds import paths
from elfworlds.cli.options import BackendName, Color, Experiments, Jobs, KeepGoing, Quiet, Select
from elfworlds.errors import Exit
from elfworlds.workflow.session import processors

if TYPE_CHECKING:
    from elfworlds.planning import Plan
    from elfworlds.workflow.screen import Screen


def run(
    experiments: Experiments,
    *,
    jobs: Jobs = processors(),  # noqa: B008  # a process' processors do not change
    keep_going: KeepGoing = False,
    backend: BackendName = "auto",
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", parser=paths.word, metavar="DIR", help="Where runs go; default: results/ of the project."
        ),
    ] = None,
    filter_: Annotated[
        str | None, typer.Option("--filter", metavar="REGEX", help="Trials whose experiment:name this is found in.")
    ] = None,
    select: Select = None,
    failed: Annotated[bool, typer.Option("--failed", help="Only what failed in the latest run.")] = False,
    repeat: Annotated[int | None, typer.Option("--repeat", min=1, help="Try each point N times.", metavar="N")] = None,
    timeout: Annotated[float | None, typer.Option("--timeout", min=0.001, help="Seconds for each trial.")] = None,
    retries: Annotated[
        int, typer.Option("--retries", min=0, help="Retry a failed trial up to N times.", metavar="N")
    ] = 0,
    maxfail: Annotated[int | None, typer.Option("--maxfail", min=1, help="Stop after so many failures.")] = None,
    dry_run: Annotated[bool, typer.Option("-n", "--dry-run", help="Say what would be done; write nothing.")] = False,
    tables: Annotated[bool, typer.Option("--tables/--no-tables", help="Whether to write the tables.")] = True,
    quiet: Quiet = False,
    color: Color = "auto",
) -> int:
    """Build and run experiments; exit 1 if an expectation was not met, 6 if an object was not built."""
    from elfworlds.cli.console import Terminal
    from elfworlds.planning.select import labels_of
    from elfworlds.process import Pool
    from elfworlds.workflow import run as workflow
    from elfworlds.workflow.experiments import load_all
    from elfworlds.workflow.plans import Choice
    from elfworlds.workflow.session import Session
    from elfworlds.workflow.toolchains import chosen

    screen = Terminal.of(color, quiet=quiet, environment=os.environ)
    labels = labels_of(select or ())
    loaded = chosen(load_all(experiments, paths.here()), labels)
    choice = Choice(filter=filter_, labels=labels, failed=failed, repeat=repeat, timeout=timeout)
    options = workflow.RunOptions(
        choice=choice,
        backend=backend,
        output=output,
        keep_going=keep_going,
        retries=retries,
        maxfail=maxfail,
        tables=tables,
    )
    with Pool() as pool:
        session = Session(pool, os.environ, screen, jobs)
        if dry_run:
            return show_plans(workflow.rehearse(loaded, options, session), screen)
        return workflow.exit_code(list(workflow.run(loaded, options, session)), session)


def show_plans(plans: list[Plan], screen: Screen) -> Exit:
    """What would be built and tried."""
    for plan in plans:
        screen.tell([f"{plan.experiment}: {len(plan.requests)} objects to have, {len(plan.trials)} trials to try"])
        screen.say(*(f"  {trial.id}" for trial in plan.trials))
    return Exit.AS_EXPECTED
