"""Provide toolchains, plan, build, try every trial, trace, report: all of a run, one experiment after the other."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from elfworlds.backends.shelved import seeing_store_paths
from elfworlds.errors import Exit
from elfworlds.outcome import Verdict
from elfworlds.records import read_run
from elfworlds.report import flips
from elfworlds.report.summary import failed, why_untried
from elfworlds.workflow import backends
from elfworlds.workflow.builds import build_line, build_plan, each_provided
from elfworlds.workflow.comparison import BackendComparison
from elfworlds.workflow.execution import Ending, Execution, Place
from elfworlds.workflow.executors import built_elsewhere, local_only
from elfworlds.workflow.experiments import languages
from elfworlds.workflow.failures import failure_report
from elfworlds.workflow.packages import provide_packages
from elfworlds.workflow.plans import Choice
from elfworlds.workflow.reports import show, write_reports
from elfworlds.workflow.results import results, shown
from elfworlds.workflow.sandboxing import needed
from elfworlds.workflow.screen import RunEnded
from elfworlds.workflow.store_paths import kept, provide_store_paths
from elfworlds.workflow.toolchains import foreseen, seeing, wanted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from elfworlds.backends import Backend, Build
    from elfworlds.planning import Plan
    from elfworlds.records import RunDirectory, RunRecord
    from elfworlds.toolchains import Toolchain
    from elfworlds.workflow.experiments import LoadedExperiment
    from elfworlds.workflow.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """How experiments are run.

    Attributes:
        choice: which trials.
        backend: `auto`, `nix`, `local`, or `both` to compare them.
        output: where runs go; None for each project's results/.
        keep_going: after a failure, build what does not need it, and run the rest.
        retries: how often a trial that failed is tried again.
        maxfail: the number of failures that stops a run; None for no such number.
        tables: whether traces are made and tables written.
        sandbox: whether builds and trials run in a sandbox; None for: if somebody else may write an experiment.
        sandbox_fallback: `landlock` for what may stand in, weaker, for a sandbox that cannot be had; empty for nothing.
        executor: who tries the trials, `dask://HOST:PORT`; empty for this process.
    """

    choice: Choice = field(default_factory=Choice)
    backend: str = "auto"
    output: Path | None = None
    keep_going: bool = False
    retries: int = 0
    maxfail: int | None = None
    tables: bool = True
    sandbox: bool | None = None
    sandbox_fallback: str = ""
    executor: str = ""


@dataclass(frozen=True, slots=True)
class Executed:
    """What came of one experiment with one backend.

    Attributes:
        directory: of the run; None where objects that it needs were not built.
        cut_short: whether no other experiment is to follow.
        why: why its first trial could not be tried, where none was; why there is no directory.
        verdicts: how many trials came to each.
    """

    experiment: str
    directory: RunDirectory | None
    code: Exit
    cut_short: bool
    why: str
    verdicts: Mapping[Verdict, int]


@dataclass(frozen=True, slots=True)
class Work:
    """One experiment, planned."""

    experiment: LoadedExperiment
    plan: Plan
    results: Path
    place: Place


def rehearse(experiments: Sequence[LoadedExperiment], options: RunOptions, session: Session) -> list[Plan]:
    """The plans of a run; nothing is fetched, built or written."""
    session, _ = _ready(experiments, options, session)
    return options.choice.plans(experiments, foreseen(experiments, session), options.output)


def run(experiments: Sequence[LoadedExperiment], options: RunOptions, session: Session) -> Iterator[Executed]:
    """Run experiments as they are asked for; after one that is cut short there is no other.

    Raises:
        NothingSelectedError: the filter matches no trial of any experiment.
        InputError: the results cannot be written to, or a label is not known.
        BuildFailedError: there is no compiler, or a root or a pin cannot be had.
    """
    options = replace(options, sandbox=needed(options.sandbox, experiments, options.backend, session))
    session, builders = _ready(experiments, options, session)
    local_only(options.executor, builders)
    sandbox = bool(options.sandbox)
    equipped = each_provided(builders, experiments, session, sandbox=sandbox, fallback=options.sandbox_fallback)
    toolchains = equipped[0][1]
    plans = options.choice.plans(experiments, toolchains, options.output)
    provide_packages(plans, toolchains, session)
    for experiment, plan in zip(experiments, plans, strict=True):
        provide_store_paths(experiment, plan, toolchains, session, sandbox=sandbox)
    places = [results(experiment, options.output, toolchains.values()) for experiment in experiments]
    for work in _in_order([parts for parts in zip(experiments, plans, places, strict=True) if parts[1].trials]):
        gap = [""] if work.place.number > 1 else []
        session.screen.say(*gap, f"{work.plan.experiment}: {work.plan.question}")
        for executed in _with_each_backend(work, equipped, options, session):
            yield executed
            if executed.cut_short:
                return


def _in_order(chosen: Sequence[tuple[LoadedExperiment, Plan, Path]]) -> Iterator[Work]:
    before, trials = 0, sum(len(plan.trials) for _, plan, _ in chosen)
    for number, (experiment, plan, place) in enumerate(chosen, 1):
        yield Work(experiment, plan, place, Place(number, len(chosen), before, trials))
        before += len(plan.trials)


def _ready(
    experiments: Sequence[LoadedExperiment], options: RunOptions, session: Session
) -> tuple[Session, tuple[Backend, ...]]:
    builders, environment = backends.ready(options.backend, session, languages(experiments), wanted(experiments))
    return replace(session, environment=environment), builders


def _with_each_backend(
    work: Work,
    builders: Sequence[tuple[Backend, Mapping[str, Toolchain]]],
    options: RunOptions,
    session: Session,
) -> Iterator[Executed]:
    comparison = BackendComparison(work.plan)
    for builder, toolchains in builders:
        elsewhere = built_elsewhere(options.executor, work.experiment, work.plan, toolchains, builder, session)
        with elsewhere as by:
            made = build_plan(by, work.plan, toolchains, session.screen, keep_going=options.keep_going)
        session.screen.say(build_line(made, builder.where))
        failures = list(failure_report(work.experiment, work.plan, made))
        session.screen.tell(failures)
        if made.unexpected(work.plan.may_fail()) and not options.keep_going:
            comparison.add(builder.name, made, toolchains)
            comparison.tell(session.screen)
            yield _not_built(work, failures)
            return
        executed = _execute(_execution(work, made, builder, toolchains, options, session), options)
        comparison.add(builder.name, made, toolchains, executed.directory)
        yield executed
    comparison.tell(session.screen)


def _not_built(work: Work, failures: Sequence[str]) -> Executed:
    why = "\n".join(failures)
    return Executed(work.plan.experiment, None, Exit.BUILD_FAILED, cut_short=True, why=why, verdicts={})


def _execution(
    work: Work,
    made: Build,
    builder: Backend,
    toolchains: Mapping[str, Toolchain],
    options: RunOptions,
    session: Session,
) -> Execution:
    return Execution(
        experiment=work.experiment,
        plan=work.plan,
        build=made,
        toolchains=seeing_store_paths(seeing(toolchains, builder.store), work.plan),
        session=session,
        backend=builder.name,
        results=work.results,
        retries=options.retries,
        maxfail=options.maxfail,
        keep=partial(kept, builder, made, work.plan, session),
        place=work.place,
        executor=options.executor,
    )


def _execute(execution: Execution, options: RunOptions) -> Executed:
    """Try all trials, then report; a run that ends early reports as far as it came.

    A run of which something could not be tried stays open, so that the next one goes on with it.
    """
    opened = execution.open(time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()))
    screen = execution.session.screen
    try:
        screen.tell(opened.history)
        ending = execution.observe(opened)
        traced = not options.tables or ending is not Ending.WHOLE or execution.trace(opened)
        record = _finish(opened.directory, execution, ending, tables=options.tables)
        if (
            ending is Ending.WHOLE
            and traced
            and not any(trial.verdict is Verdict.UNRESOLVED for trial in record.trials)
        ):
            opened.finish()
    finally:
        opened.close()
    code, verdicts = _code(execution, record, ending), Counter(trial.verdict for trial in record.trials)
    screen.happened(
        RunEnded(
            experiment=record.name,
            directory=str(opened.directory.path),
            ending=ending.value,
            verdicts=verdicts,
            code=code,
        )
    )
    cut_short = ending is not Ending.WHOLE
    return Executed(record.name, opened.directory, code, cut_short, why_untried(record.trials), verdicts)


def _code(execution: Execution, record: RunRecord, ending: Ending) -> Exit:
    if ending is Ending.INTERRUPTED:
        return Exit.INTERRUPTED
    if execution.build.unexpected(execution.plan.may_fail()):
        return Exit.BUILD_FAILED
    return Exit.EXPECTATION_FAILED if failed(record.trials) else Exit.AS_EXPECTED


def _finish(directory: RunDirectory, execution: Execution, ending: Ending, *, tables: bool) -> RunRecord:
    """Write tables and reports, and show the pivot."""
    record, screen = read_run(directory), execution.session.screen
    run_flips = flips.of(record)
    write_reports(directory, record, run_flips, tables=tables and ending is not Ending.INTERRUPTED)
    directory.point_latest_here()
    show(directory, record, run_flips, screen)
    if ending is not Ending.WHOLE:
        how = "interrupted" if ending is Ending.INTERRUPTED else "stopped"
        screen.tell([f"{how} after {len(record.trials)} of {record.planned} trials; the next run goes on"])
    screen.say("")
    report = "report.html" if (directory.path / "report.html").exists() else "report.md"
    screen.tell([f"report: {shown(directory.path / report)}"])
    return record


def batch_lines(executed: Sequence[Executed]) -> list[str]:
    """The end of a batch: how many trials came to each verdict, and the experiments that need a look."""
    total: Counter[Verdict] = Counter()
    for each in executed:
        total.update(each.verdicts)
    counts = ", ".join(f"{total[verdict]} {verdict}" for verdict in Verdict if total[verdict])
    experiments = len({each.experiment for each in executed})
    lines = [f"{experiments} experiments, {sum(total.values())} trials: {counts}"]
    for each in executed:
        bad = ", ".join(f"{count} {verdict}" for verdict, count in each.verdicts.items() if verdict.bad)
        if each.directory is None:
            lines.append(f"  {each.experiment}: not built")
        elif bad:
            lines.append(f"  {each.experiment}: {bad}: {shown(each.directory.path)}")
    return lines


def exit_code(executed: Sequence[Executed], session: Session) -> Exit:
    """Of several that apply: interrupted, then a build failed, nothing could be tried, an expectation was not met."""
    codes = {each.code for each in executed}
    if Exit.INTERRUPTED in codes:
        return Exit.INTERRUPTED
    if all(each.directory is not None and each.why for each in executed):
        session.screen.tell([f"nothing could be tried: {executed[0].why}"])
        codes.add(Exit.NOTHING_TRIED)
    return max(codes)
