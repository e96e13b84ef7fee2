"""Each change along an ordered axis where everything else is equal."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

from elfworlds.flips.conditions import Cut
from elfworlds.flips.observed import kinds, observed, together

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from elfworlds.flips.observed import Axes, Observed, Outcomes, Record
    from elfworlds.flips.ordering import Mark, Order

    Line: TypeAlias = "tuple[tuple[str, str], ...]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Two neighbours on an axis with different outcomes.

    Attributes:
        at: the labels on the other axes.
        cut: between which versions; nothing was observed between the two at these labels.
        comes_back: whether an outcome is seen again further along, so that there is no version from which it holds.
    """

    scenario: str
    observer: str
    axis: str
    at: Mapping[str, str]
    cut: Cut
    before: Outcomes
    after: Outcomes
    comes_back: bool


def changes(axes: Axes, orders: Mapping[str, Order], trials: Iterable[Record]) -> list[Change]:
    """All changes of a run, by scenario, observer, axis, labels and version."""
    return [
        change
        for one in observed(axes, orders, trials)
        for axis in one.orders
        for line, seen in lines(one, axis)
        for change in _along(one, axis, {**one.fixed, **dict(line)}, seen)
    ]


def lines(one: Observed, axis: str) -> Iterator[tuple[Line, list[tuple[Mark, Outcomes]]]]:
    """The points that only this axis tells apart, in its order; versions of different families are different lines."""
    order, place = one.orders[axis], list(one.axes).index(axis)
    found: dict[tuple[str, tuple[str, ...]], dict[str, Outcomes]] = {}
    for point, outcomes in one.points.items():
        family = order.places[point[place]].family
        found.setdefault((family, point[:place] + point[place + 1 :]), {})[point[place]] = outcomes
    names = [name for name in one.axes if name != axis]
    for (_, labels), seen in found.items():
        marks = [(mark, together(seen[label] for label in mark.labels)) for mark in order.among(seen).marks]
        yield tuple(zip(names, labels, strict=True)), marks


def changed(seen: Sequence[tuple[Mark, Outcomes]]) -> bool:
    """Whether not all of a line is the same."""
    return len({kinds(outcomes) for _, outcomes in seen}) > 1


def _along(one: Observed, axis: str, at: Mapping[str, str], seen: list[tuple[Mark, Outcomes]]) -> Iterator[Change]:
    steps = [(first, second) for first, second in pairwise(seen) if kinds(first[1]) != kinds(second[1])]
    runs = [kinds(seen[0][1]), *(kinds(second[1]) for _, second in steps)]
    for (before, was), (after, then) in steps:
        yield Change(
            scenario=one.scenario,
            observer=one.observer,
            axis=axis,
            at=at,
            cut=Cut(before, after),
            before=was,
            after=then,
            comes_back=len(set(runs)) < len(runs),
        )
