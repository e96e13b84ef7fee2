"""A run directory → everything that is told of the run."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING

from elfworlds.outcome import settle

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from elfworlds.records.directory import RunDirectory
    from elfworlds.records.types import (
        EnvironmentRecord,
        EventRecord,
        ObjectRecord,
        TraceRecord,
        TreeRecord,
        TrialRecord,
    )

RUNNER = "the runner"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """Everything that is told of one run.

    Attributes:
        source: title, url, year, authors; whatever the experiment gives.
        axes: each with its labels.
        versions: what is behind the labels of `libc`, `gdb`, `rustc`: axis → label → `version`, `revision`, `family`,
            `variant`.
        made_with: what made the objects that scenarios build or inspect: scenario → axis → label → part → version.
        planned: how many trials there are in all; fewer records mean that the run was interrupted.
        trials: records with settled verdicts, in the plan's order.
        traces: what the loader did at each scenario and point, in the order of the trials that they stand for.
        rerun: the command that makes such a run again.
        trees: those of which objects are files.
        shard: which part of a run it is, as `2/3`, and `whole`, the digest of the plan of all parts; empty for no part.
    """

    name: str
    question: str
    source: Mapping[str, str]
    note: str
    axes: Mapping[str, Sequence[str]]
    planned: int
    trials: Sequence[TrialRecord]
    events: Sequence[EventRecord]
    traces: Sequence[TraceRecord]
    objects: Sequence[ObjectRecord]
    environment: EnvironmentRecord
    rerun: str
    versions: Mapping[str, Mapping[str, Mapping[str, str]]] = field(default_factory=dict)
    made_with: Mapping[str, Mapping[str, Mapping[str, Mapping[str, str]]]] = field(default_factory=dict)
    trees: Sequence[TreeRecord] = ()
    shard: str = ""
    whole: str = ""


def read_run(directory: RunDirectory) -> RunRecord:
    """What a run's files say, complete or not.

    Raises:
        InputError: it is no run directory, or a line is damaged, or of another run.
    """
    about = directory.about()
    environment = directory.environment()
    trials = settled(placed(directory.trials(about.axes), environment))
    record = RunRecord(
        name=about.experiment,
        question=about.question,
        source=about.source,
        note=about.note,
        axes=about.axes,
        versions=about.versions,
        made_with=about.made_with,
        planned=about.planned,
        trials=trials,
        events=directory.events(),
        traces=in_order(directory.traces(about.axes), trials),
        objects=directory.objects(),
        environment=environment,
        rerun=about.rerun,
        trees=about.trees,
        shard=about.shard,
        whole=about.whole,
    )
    directory.check()
    return record


def placed(trials: Sequence[TrialRecord], environment: EnvironmentRecord) -> Sequence[TrialRecord]:
    """The trials of a run on a cluster, where those that the runner tried itself have its machine."""
    if all(trial.ran_on is None for trial in trials):
        return trials
    own = partial(
        replace,
        ran_on=RUNNER,
        on_kernel=environment.kernel,
        on_cpu=environment.cpu,
        on_architecture=environment.machine,
    )
    return [own(trial) if trial.ran_on is None else trial for trial in trials]


def settled(trials: Sequence[TrialRecord]) -> list[TrialRecord]:
    """The trials with their final verdicts: repetitions that differ are FLAKY."""
    return [trial for _, group in groupby(trials, key=_place) for trial in _settled(list(group))]


def _place(trial: TrialRecord) -> tuple[str, tuple[tuple[str, str], ...], str]:
    return trial.scenario, tuple(trial.point.items()), trial.observer


def _settled(repetitions: Sequence[TrialRecord]) -> Iterator[TrialRecord]:
    verdicts = settle([(trial.outcome, trial.verdict) for trial in repetitions])
    for trial, verdict in zip(repetitions, verdicts, strict=True):
        yield trial if trial.verdict is verdict else replace(trial, verdict=verdict)


def in_order(traces: Sequence[TraceRecord], trials: Sequence[TrialRecord]) -> tuple[TraceRecord, ...]:
    """One trace for each trial that has any, as the trials are; those of trials that are still to come last."""
    places = {trial.trial: place for place, trial in enumerate(trials)}
    only = {trace.trial: trace for trace in traces}
    return tuple(sorted(only.values(), key=lambda trace: places.get(trace.trial, len(places))))
