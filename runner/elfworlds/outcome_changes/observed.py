"""Trials → the outcomes of each scenario at each point under each observer."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from elfworlds.outcome_changes.alike import kinds, together

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from elfworlds.outcome_changes.alike import Outcomes
    from elfworlds.outcome_changes.marks import Order
    from elfworlds.outcome_changes.ordering import Orders
    from elfworlds.records import TrialRecord

    Axes: TypeAlias = "Mapping[str, Sequence[str]]"
    Point: TypeAlias = "tuple[str, ...]"

UNKNOWN = "of an unknown version"


@dataclass(frozen=True, slots=True)
class Seen:
    """The outcomes of points that gave the same, added up; `kind` is the same number for all such points."""

    outcomes: Outcomes
    kind: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """One scenario under one observer.

    Attributes:
        axes: the axes that vary, each with the labels of its trials.
        orders: the ordered axes among them, with the places where something was observed.
        points: point → its outcomes; a point is its labels in the order of `axes`.
        undecided: the outcomes of points that resemble two that differ; these points are not in `points`.
        fixed: the label on each axis that does not vary.
        left_out: why trials do not count, and how many do not.
    """

    scenario: str
    observer: str
    axes: Mapping[str, tuple[str, ...]]
    orders: Mapping[str, Order]
    points: Mapping[Point, Seen]
    undecided: Mapping[Point, Outcomes]
    fixed: Mapping[str, str]
    left_out: Outcomes

    @property
    def varies(self) -> bool:
        """Whether repetitions differed anywhere."""
        return bool(self.undecided) or any(len(seen.outcomes) > 1 for seen in self.points.values())


def observed(axes: Axes, orders: Orders, trials: Iterable[TrialRecord]) -> list[Observed]:
    """Each scenario and observer with several outcomes, in the plan's order; the trials may come in any order."""
    groups: dict[tuple[str, str], list[TrialRecord]] = {}
    for trial in sorted(trials, key=lambda trial: trial.number):
        groups.setdefault((trial.scenario, trial.observer), []).append(trial)
    return [_group(*key, axes, orders, members) for key, members in groups.items() if _differ(members)]


def _differ(trials: Iterable[TrialRecord]) -> bool:
    return len({trial.outcome for trial in trials if trial.verdict.tried}) > 1


def joined(parts: Iterable[Seen]) -> Seen:
    """Points that gave the same, added up."""
    listed = list(parts)
    return Seen(together(part.outcomes for part in listed), listed[0].kind)


def _group(scenario: str, observer: str, axes: Axes, orders: Orders, trials: list[TrialRecord]) -> Observed:
    varied = _varied(axes, trials)
    usable = {axis: order for axis, order in orders.of(scenario).items() if axis in varied}
    left_out = Counter(str(trial.verdict) for trial in trials if not trial.verdict.tried)
    tried = [trial for trial in trials if trial.verdict.tried]
    known = [trial for trial in tried if all(trial.point[axis] in order.places for axis, order in usable.items())]
    left_out.update({UNKNOWN: len(tried) - len(known)} if len(known) < len(tried) else {})
    counted = _points(varied, known)
    numbers = kinds(counted)
    points = {point: Seen(counted[point], number) for point, number in numbers.items()}
    seen = {axis: {point[place] for point in counted} for place, axis in enumerate(varied)}
    seen_orders = {axis: order.among(seen[axis]) for axis, order in usable.items()}
    return Observed(
        scenario=scenario,
        observer=observer,
        axes=varied,
        orders=_decisive(varied, seen_orders, points),
        points=points,
        undecided={point: outcomes for point, outcomes in counted.items() if point not in numbers},
        fixed={axis: trials[0].point[axis] for axis in axes if axis not in varied},
        left_out=tuple(sorted(left_out.items())),
    )


def _varied(axes: Axes, trials: Sequence[TrialRecord]) -> dict[str, tuple[str, ...]]:
    seen = {axis: {trial.point[axis] for trial in trials} for axis in axes}
    return {
        axis: tuple(label for label in axes[axis] if label in there) for axis, there in seen.items() if len(there) > 1
    }


def _points(varied: Mapping[str, tuple[str, ...]], trials: Sequence[TrialRecord]) -> dict[Point, Outcomes]:
    counts: dict[Point, Counter[str]] = {}
    for trial in trials:
        counts.setdefault(tuple(trial.point[axis] for axis in varied), Counter())[trial.outcome] += 1
    places = [{label: place for place, label in enumerate(labels)} for labels in varied.values()]

    def place(point: Point) -> list[int]:
        return [where[label] for where, label in zip(places, point, strict=True)]

    return {point: tuple(sorted(counts[point].items())) for point in sorted(counts, key=place)}


def decided_by(observation: Observed, axes: Iterable[str]) -> bool:
    """Whether the labels on these axes decide the outcome. On an ordered axis, labels of one version count as one."""
    return _decided_by(list(observation.axes), list(axes), observation.orders, observation.points)


def _decided_by(
    names: list[str], axes: Sequence[str], orders: Mapping[str, Order], points: Mapping[Point, Seen]
) -> bool:
    columns = [(names.index(axis), orders[axis].places if axis in orders else None) for axis in axes]
    known: dict[tuple[str | int, ...], int] = {}
    for point, seen in points.items():
        key = tuple(point[at] if ranks is None else ranks[point[at]].rank for at, ranks in columns)
        if known.setdefault(key, seen.kind) != seen.kind:
            return False
    return True


def _decisive(
    varied: Mapping[str, tuple[str, ...]], orders: Mapping[str, Order], points: Mapping[Point, Seen]
) -> dict[str, Order]:
    """The orders of axes whose version decides. An axis is dropped if labels of one version gave different outcomes."""
    kept: dict[str, Order] = {}
    for axis, order in orders.items():
        more = {**kept, axis: order}
        if _decided_by(list(varied), list(varied), more, points):
            kept = more
    return kept
