"""A run directory → everything that a report of it tells."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Any

from elfworlds.outcome import ClaimVerdict, Verdict, settle

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from elfworlds.records.directory import RunDirectory

    Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunTold:
    """Everything that a report of one run tells.

    Attributes:
        source: title, url, year, authors; whatever the experiment gives.
        axes: each with its labels.
        versions: what is behind the labels of `libc`, `gdb`, `rustc`: axis → label → `version`, `revision`, `family`.
        made_with: what made the objects that scenarios build or inspect: scenario → axis → label → part → version.
        planned: how many trials there are in all; fewer records mean that the run was interrupted.
        trials: records with settled verdicts, in the plan's order.
        traces: what the loader did at each scenario and point, in the order of the trials that they stand for.
        rerun: the command that makes such a run again.
    """

    name: str
    question: str
    source: Mapping[str, str]
    note: str
    axes: Mapping[str, Sequence[str]]
    planned: int
    trials: Sequence[Record]
    events: Sequence[Record]
    traces: Sequence[Record]
    objects: Sequence[Record]
    environment: Mapping[str, Any]
    rerun: str
    versions: Mapping[str, Mapping[str, Mapping[str, str]]] = field(default_factory=dict)
    made_with: Mapping[str, Mapping[str, Mapping[str, Mapping[str, str]]]] = field(default_factory=dict)


def told(directory: RunDirectory) -> RunTold:
    """What a run's files say, complete or not."""
    about = directory.about()
    trials = settled(directory.trials())
    return RunTold(
        name=about["experiment"],
        question=about["question"],
        source=about["source"],
        note=about["note"],
        axes=about["axes"],
        versions=about.get("versions", {}),  # not in runs of earlier versions
        made_with=about.get("made-with", {}),
        planned=about["planned"],
        trials=trials,
        events=directory.events(),
        traces=in_order(directory.traces(), trials),
        objects=directory.objects(),
        environment=directory.environment(),
        rerun=about["rerun"],
    )


def claims_of(trial: Record) -> list[dict[str, Any]]:
    """The claims that a trial checked; records of earlier versions say `reproduced`, true or false."""
    found = []
    for claim in trial["claims"]:
        told = {name: value for name, value in claim.items() if name != "reproduced"}
        before = ClaimVerdict.REPRODUCED if claim.get("reproduced") else ClaimVerdict.REFUTED
        found.append({**told, "verdict": str(claim.get("verdict", before))})
    return found


def settled(trials: Sequence[Record]) -> list[dict[str, Any]]:
    """The trials with their final verdicts: repetitions that differ are FLAKY."""
    found = []
    for _, group in groupby(trials, key=lambda one: (one["scenario"], tuple(one["point"].items()), one["observer"])):
        members = list(group)
        verdicts = settle([(one["outcome"], Verdict(one["verdict"])) for one in members])
        told = zip(members, verdicts, strict=True)
        found += [{**one, "verdict": verdict, "claims": claims_of(one)} for one, verdict in told]
    return found


def in_order(traces: Sequence[Record], trials: Sequence[Record]) -> tuple[Record, ...]:
    """One trace for each trial that has any, as the trials are; those of trials that are still to come last."""
    places = {one["trial"]: place for place, one in enumerate(trials)}
    only = {one["trial"]: one for one in traces}
    return tuple(sorted(only.values(), key=lambda one: places.get(one["trial"], len(places))))
