"""Trials → what each scenario gave at each point under each observer."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from elfworlds.outcome import UNTRIED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from elfworlds.flips.ordering import Order

    Record: TypeAlias = "Mapping[str, Any]"
    Axes: TypeAlias = "Mapping[str, Sequence[str]]"

Outcomes: TypeAlias = tuple[tuple[str, int], ...]  # name and how often, sorted by name
UNKNOWN = "of an unknown version"


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """One scenario under one observer.

    Attributes:
        axes: those that vary, each with the labels that any of its trials has.
        orders: the ordered ones among them, with the places where something was observed.
        points: the labels on these axes, in the order of `axes`, → what happened there.
        fixed: the label on each other axis.
        left_out: why trials do not count, and how many.
    """

    scenario: str
    observer: str
    axes: Mapping[str, tuple[str, ...]]
    orders: Mapping[str, Order]
    points: Mapping[tuple[str, ...], Outcomes]
    fixed: Mapping[str, str]
    left_out: Outcomes


def observed(axes: Axes, orders: Mapping[str, Order], trials: Iterable[Record]) -> list[Observed]:
    """Every scenario and observer with several outcomes, in the plan's order whatever the order of the trials is."""
    groups: dict[tuple[str, str], list[Record]] = {}
    for one in sorted(trials, key=lambda one: one["number"]):
        groups.setdefault((one["scenario"], one["observer"]), []).append(one)
    return [_group(*key, axes, orders, members) for key, members in groups.items() if _differ(members)]


def _differ(trials: Iterable[Record]) -> bool:
    return len({one["outcome"] for one in trials if one["verdict"] not in UNTRIED}) > 1


def kinds(outcomes: Outcomes) -> tuple[str, ...]:
    """The names: distributions are the same where these are, since their counts are chance."""
    return tuple(name for name, _ in outcomes)


def together(parts: Iterable[Outcomes]) -> Outcomes:
    total: Counter[str] = Counter()
    for part in parts:
        total.update(dict(part))
    return tuple(sorted(total.items()))


def _group(scenario: str, observer: str, axes: Axes, orders: Mapping[str, Order], trials: list[Record]) -> Observed:
    varied = _varied(axes, trials)
    usable = {axis: order for axis, order in orders.items() if axis in varied}
    left_out = Counter(one["verdict"] for one in trials if one["verdict"] in UNTRIED)
    tried = [one for one in trials if one["verdict"] not in UNTRIED]
    told = [one for one in tried if all(one["point"][axis] in order.places for axis, order in usable.items())]
    left_out.update({UNKNOWN: len(tried) - len(told)} if len(told) < len(tried) else {})
    points = _points(varied, told)
    seen = {axis: {point[place] for point in points} for place, axis in enumerate(varied)}
    found = {axis: order.among(seen[axis]) for axis, order in usable.items()}
    return Observed(
        scenario=scenario,
        observer=observer,
        axes=varied,
        orders=_decisive(varied, found, points),
        points=points,
        fixed={axis: trials[0]["point"][axis] for axis in axes if axis not in varied},
        left_out=tuple(sorted(left_out.items())),
    )


def _varied(axes: Axes, trials: Sequence[Record]) -> dict[str, tuple[str, ...]]:
    seen = {axis: {one["point"][axis] for one in trials} for axis in axes}
    return {axis: tuple(one for one in axes[axis] if one in there) for axis, there in seen.items() if len(there) > 1}


def _points(varied: Mapping[str, tuple[str, ...]], trials: Sequence[Record]) -> dict[tuple[str, ...], Outcomes]:
    found: dict[tuple[str, ...], Counter[str]] = {}
    for one in trials:
        found.setdefault(tuple(one["point"][axis] for axis in varied), Counter())[str(one["outcome"])] += 1
    places = [{label: place for place, label in enumerate(labels)} for labels in varied.values()]

    def place(point: tuple[str, ...]) -> list[int]:
        return [where[label] for where, label in zip(places, point, strict=True)]

    return {point: tuple(sorted(found[point].items())) for point in sorted(found, key=place)}


def told_apart(one: Observed, axes: Iterable[str]) -> bool:
    """Whether points that are alike on these axes always have the same outcomes; one version is one place."""
    return _told_apart(list(one.axes), list(axes), one.orders, one.points)


def _told_apart(
    names: list[str], axes: Sequence[str], orders: Mapping[str, Order], points: Mapping[tuple[str, ...], Outcomes]
) -> bool:
    columns = [(names.index(axis), orders[axis].places if axis in orders else None) for axis in axes]
    seen: dict[tuple[str | int, ...], tuple[str, ...]] = {}
    for point, outcomes in points.items():
        key = tuple(point[at] if ranks is None else ranks[point[at]].rank for at, ranks in columns)
        if seen.setdefault(key, kinds(outcomes)) != kinds(outcomes):
            return False
    return True


def _decisive(
    varied: Mapping[str, tuple[str, ...]], orders: Mapping[str, Order], points: Mapping[tuple[str, ...], Outcomes]
) -> dict[str, Order]:
    """Without axes on which labels of one version gave different outcomes: there it is not the version that decides."""
    kept: dict[str, Order] = {}
    for axis, order in orders.items():
        more = {**kept, axis: order}
        if _told_apart(list(varied), list(varied), more, points):
            kept = more
    return kept
