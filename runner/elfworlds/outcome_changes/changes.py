"""Each change along an ordered axis where everything else is equal."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

from elfworlds.outcome_changes.conditions import Cut
from elfworlds.outcome_changes.observed import joined

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from elfworlds.outcome_changes.alike import Outcomes
    from elfworlds.outcome_changes.marks import Mark
    from elfworlds.outcome_changes.observed import Observed, Seen

    Labels: TypeAlias = "tuple[tuple[str, str], ...]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Two neighbours on an axis that gave different outcomes.

    Attributes:
        at: the labels on the other axes.
        cut: the two versions; between them nothing decided was observed at these labels.
        comes_back: whether an outcome of this line is seen again later; then no version separates the outcomes.
    """

    scenario: str
    observer: str
    axis: str
    at: Mapping[str, str]
    cut: Cut
    before: Outcomes
    after: Outcomes
    comes_back: bool


def changes(observations: Iterable[Observed]) -> list[Change]:
    """All changes of a run, by scenario, observer, axis, labels and version."""
    return [
        change
        for observation in observations
        for axis in observation.orders
        for labels, line in lines(observation, axis)
        for change in _along(observation, axis, {**observation.fixed, **dict(labels)}, line)
    ]


def lines(observation: Observed, axis: str) -> Iterator[tuple[Labels, list[tuple[Mark, Seen]]]]:
    """Lines of points that differ on this axis only, in its order. Each family of versions has lines of its own."""
    order, place = observation.orders[axis], list(observation.axes).index(axis)
    groups: dict[tuple[str, tuple[str, ...]], dict[str, Seen]] = {}
    for point, seen in observation.points.items():
        family = order.places[point[place]].family
        groups.setdefault((family, point[:place] + point[place + 1 :]), {})[point[place]] = seen
    names = [name for name in observation.axes if name != axis]
    for (_, labels), by_label in groups.items():
        marks = [(mark, joined(by_label[label] for label in mark.labels)) for mark in order.among(by_label).marks]
        yield tuple(zip(names, labels, strict=True)), marks


def changed(line: Sequence[tuple[Mark, Seen]]) -> bool:
    """Whether the points of a line gave different outcomes."""
    return len({seen.kind for _, seen in line}) > 1


def _along(
    observation: Observed, axis: str, at: Mapping[str, str], line: Sequence[tuple[Mark, Seen]]
) -> Iterator[Change]:
    steps = [(first, second) for first, second in pairwise(line) if first[1].kind != second[1].kind]
    runs = [line[0][1].kind, *(second[1].kind for _, second in steps)]
    for (before, was), (after, then) in steps:
        yield Change(
            scenario=observation.scenario,
            observer=observation.observer,
            axis=axis,
            at=at,
            cut=Cut(before, after),
            before=was.outcomes,
            after=then.outcomes,
            comes_back=len(set(runs)) < len(runs),
        )
