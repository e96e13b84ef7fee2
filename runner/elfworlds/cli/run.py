"""`elfworlds run`: build, try every trial, say what happened, and leave a run directory behind."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from elfworlds import paths
from elfworlds.cli.options import (
    AsJson,
    BackendName,
    BuildTimeout,
    Color,
    DryRun,
    Executor,
    Experiments,
    Failed,
    Fallback,
    Filter,
    ForBisect,
    Jobs,
    KeepGoing,
    MaxFail,
    Output,
    Quiet,
    Repeat,
    Retries,
    Sandbox,
    Select,
    Shard,
    Tables,
    Timeout,
    Verbose,
)
from elfworlds.errors import Exit, InputError
from elfworlds.workflow.session import processors

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from elfworlds.workflow.experiments import LoadedExperiment
    from elfworlds.workflow.run import RunOptions
    from elfworlds.workflow.screen import Screen
    from elfworlds.workflow.session import Session


def run(
    experiments: Experiments,
    *,
    jobs: Jobs = processors(),  # noqa: B008  # a process' processors do not change
    keep_going: KeepGoing = False,
    backend: BackendName = "auto",
    output: Output = None,
    filter_: Filter = None,
    select: Select = None,
    failed: Failed = False,
    shard: Shard = None,
    repeat: Repeat = None,
    timeout: Timeout = None,
    retries: Retries = 0,
    maxfail: MaxFail = None,
    dry_run: DryRun = False,
    for_bisect: ForBisect = False,
    tables: Tables = True,
    build_timeout: BuildTimeout = None,
    sandbox: Sandbox = None,
    sandbox_fallback: Fallback = "",
    executor: Executor = "",
    quiet: Quiet = False,
    verbose: Verbose = False,
    as_json: AsJson = False,
    color: Color = "auto",
) -> int:
    """Build and run experiments; exit 1 if an expectation was not met, 6 if an object was not built."""
    from elfworlds import Choice, RunOptions

    if dry_run and for_bisect:
        raise InputError("--for-bisect judges what was tried, and --dry-run tries nothing")
    loaded, labels = _loaded(experiments, select or ())
    choice = Choice(filter=filter_, labels=labels, failed=failed, repeat=repeat, timeout=timeout, shard=shard)
    how = RunOptions(choice=choice, backend=backend, output=output, keep_going=keep_going, retries=retries)
    options = replace(how, maxfail=maxfail, tables=tables, sandbox=sandbox, executor=executor)
    options = replace(options, sandbox_fallback=sandbox_fallback)
    screen = screen_of(color, quiet=quiet, verbose=verbose, as_json=as_json)
    return carry_out(loaded, options, screen, jobs, dry_run=dry_run, build_timeout=build_timeout, for_bisect=for_bisect)


def _loaded(
    experiments: Sequence[Path], select: Sequence[str]
) -> tuple[list[LoadedExperiment], Mapping[str, Sequence[str]]]:
    """The experiments with the chosen labels, and these by their axes."""
    from elfworlds.planning.select import labels_of
    from elfworlds.workflow.toolchains import load_chosen

    return load_chosen(experiments, paths.here(), labels_of(select))


def carry_out(
    loaded: list[LoadedExperiment],
    options: RunOptions,
    screen: Screen,
    jobs: int,
    *,
    dry_run: bool,
    build_timeout: float | None,
    for_bisect: bool = False,
) -> Exit:
    from elfworlds.process import Pool
    from elfworlds.workflow.session import Session

    with Pool() as pool:
        session = Session(pool, os.environ, screen, jobs, build_timeout)
        if dry_run:
            return rehearse(loaded, options, session)
        return run_all(loaded, options, session, for_bisect=for_bisect)


def screen_of(color: str, *, quiet: bool, verbose: bool, as_json: bool) -> Screen:
    from elfworlds.cli.console import Terminal
    from elfworlds.cli.follow import Lines

    return Lines() if as_json else Terminal.of(color, quiet=quiet, environment=os.environ, verbose=verbose)


def run_all(loaded: list[LoadedExperiment], options: RunOptions, session: Session, *, for_bisect: bool = False) -> Exit:
    from elfworlds.workflow.bisecting import code_of
    from elfworlds.workflow.run import batch_lines, exit_code
    from elfworlds.workflow.run import run as executed

    done = list(executed(loaded, options, session))
    if len({each.experiment for each in done}) > 1:
        session.screen.say("", *batch_lines(done))
    return code_of(done) if for_bisect else exit_code(done, session)


def rehearse(loaded: list[LoadedExperiment], options: RunOptions, session: Session) -> Exit:
    """Show what would be built and tried."""
    from elfworlds.workflow.run import rehearse as planned

    screen = session.screen
    for plan in planned(loaded, options, session):
        screen.tell([f"{plan.experiment}: {len(plan.requests)} objects to have, {len(plan.trials)} trials to try"])
        screen.say(*(f"  {trial.id}" for trial in plan.trials))
    return Exit.AS_EXPECTED
