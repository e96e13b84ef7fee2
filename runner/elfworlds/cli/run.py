"""`elfworlds run`: build, try every trial, say what happened, and leave a run directory behind."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from elfworlds import paths
from elfworlds.cli.options import BackendName, Color, Experiments, Jobs, KeepGoing, Quiet, Select, processors
from elfworlds.errors import Exit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from elfworlds.cli.console import Screen
    from elfworlds.cli.execute import Execution
    from elfworlds.planning import Plan
    from elfworlds.records import RunDirectory


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
    repeat: Annotated[int | None, typer.Option("--repeat", min=1, help="Try each point as often.")] = None,
    timeout: Annotated[float | None, typer.Option("--timeout", min=0.001, help="Seconds for each trial.")] = None,
    retries: Annotated[int, typer.Option("--retries", min=0, help="Try a failed trial again up to as often.")] = 0,
    maxfail: Annotated[int | None, typer.Option("--maxfail", min=1, help="Stop after so many failures.")] = None,
    dry_run: Annotated[bool, typer.Option("-n", "--dry-run", help="Say what would be done; write nothing.")] = False,
    tables: Annotated[bool, typer.Option("--tables/--no-tables", help="Whether to write the tables.")] = True,
    quiet: Quiet = False,
    color: Color = "auto",
) -> int:
    """Build and run experiments; exit 1 if an expectation was not met, 6 if an object was not built."""
    from elfworlds.cli import backends, session, worlds
    from elfworlds.cli.comparison import Comparison
    from elfworlds.cli.console import Screen
    from elfworlds.cli.execute import Execution, results
    from elfworlds.cli.failures import failure_report
    from elfworlds.cli.selection import Choice
    from elfworlds.process import Pool

    screen = Screen.of(color, quiet=quiet, environment=os.environ)
    found = worlds.chosen(session.load_all(experiments, paths.here()), select or ())
    choice = Choice(filter=filter_, labels=select or (), failed=failed, repeat=repeat, timeout=timeout, output=output)
    with Pool() as pool:
        languages = session.languages(found)
        builders, environment = backends.ready(backend, pool, os.environ, jobs, languages, worlds.wanted(found))
        if dry_run:
            return rehearse(choice.plans(found, worlds.foreseen(found, pool, environment, languages)), screen)
        toolchains = worlds.provide(found, pool, environment, screen, jobs)
        plans = choice.plans(found, toolchains)
        places = [results(one, output, toolchains.values()) for one in found]
        executed: list[Executed] = []
        for one, plan, place in (each for each in zip(found, plans, places, strict=True) if each[1].trials):
            screen.say(*([""] if executed else []), f"{plan.experiment}: {plan.question}")
            comparison = Comparison(plan)
            for builder in builders:
                made = session.build_plan(builder, plan, toolchains, screen, keep_going=keep_going)
                screen.say(session.build_line(made, builder.where))
                screen.tell(failure_report(one, plan, made))
                if made.unexpected(plan.may_fail()) and not keep_going:
                    return Exit.BUILD_FAILED
                execution = Execution(
                    one,
                    plan,
                    made,
                    worlds.seeing(toolchains, builder.store),
                    pool,
                    jobs,
                    builder.name,
                    place,
                    retries=retries,
                    maxfail=maxfail,
                )
                executed.append(execute(execution, screen, tables=tables))
                comparison.add(builder.name, made, executed[-1].directory)
                if executed[-1].cut_short:
                    return exit_code(executed, screen)
            comparison.tell(screen)
    return exit_code(executed, screen)


@dataclass(frozen=True, slots=True)
class Executed:
    """What came of one experiment with one backend; `why` is why its first trial could not be tried, where none was."""

    directory: RunDirectory
    code: Exit
    cut_short: bool
    why: str


def exit_code(executed: Sequence[Executed], screen: Screen) -> Exit:
    """Of several that apply: interrupted, then a build failed, nothing could be tried, an expectation was not met."""
    codes = {one.code for one in executed}
    if Exit.INTERRUPTED in codes:
        return Exit.INTERRUPTED
    if all(one.why for one in executed):
        screen.tell([f"nothing could be tried: {executed[0].why}"])
        codes.add(Exit.NOTHING_TRIED)
    return max(codes)


def rehearse(plans: list[Plan], screen: Screen) -> Exit:
    """What would be built and tried."""
    for plan in plans:
        screen.tell([f"{plan.experiment}: {len(plan.requests)} objects to have, {len(plan.trials)} trials to try"])
        screen.say(*(f"  {trial.id}" for trial in plan.trials))
    return Exit.AS_EXPECTED


def execute(execution: Execution, screen: Screen, *, tables: bool) -> Executed:
    """Try all trials, then tell; a run that ends early tells as far as it came.

    A run of which something could not be tried stays open, so that the next one goes on with it.
    """
    from elfworlds.cli.execute import Ending, finish
    from elfworlds.outcome import Verdict
    from elfworlds.report.summary import failed, why_untried

    opened = execution.open(time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()))
    try:
        screen.tell([opened.said] if opened.said else [])
        ending = execution.observe(opened, screen)
        traced = not tables or ending is not Ending.WHOLE or execution.trace(opened, screen)
        told = finish(opened.directory, screen, ending, tables=tables and ending is not Ending.INTERRUPTED)
        if ending is Ending.WHOLE and traced and not any(one["verdict"] == Verdict.UNRESOLVED for one in told.trials):
            opened.finish()
    finally:
        opened.close()
    code = Exit.EXPECTATION_FAILED if failed(told.trials) else Exit.AS_EXPECTED
    if execution.build.unexpected(execution.plan.may_fail()):
        code = Exit.BUILD_FAILED
    if ending is Ending.INTERRUPTED:
        code = Exit.INTERRUPTED
    return Executed(opened.directory, code, ending is not Ending.WHOLE, why_untried(told.trials))
