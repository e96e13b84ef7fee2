"""An account of a scenario whose outcome changes: where each outcome was seen, in the fewest true conditions.

A threshold is stated on an axis only if an outcome changed along it while everything else was equal. What the other
axes decide comes first, as sections. An account is a value, so each statement can be checked against every point.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from math import prod
from typing import TYPE_CHECKING

from elfworlds.outcome_changes.changes import changed, lines
from elfworlds.outcome_changes.conditions import Condition, both, inside
from elfworlds.outcome_changes.observed import decided_by
from elfworlds.outcome_changes.regions import Region, regions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from elfworlds.outcome_changes.alike import Outcomes
    from elfworlds.outcome_changes.conditions import Box
    from elfworlds.outcome_changes.cover import Cell
    from elfworlds.outcome_changes.marks import Order
    from elfworlds.outcome_changes.observed import Observed, Point
    from elfworlds.records import TrialRecord


MOST_ORDERED = 3  # axes in one sentence; nobody can follow more
MOST_CELLS = 144
MOST_SECTIONS = 16


@dataclass(frozen=True, slots=True)
class Section:
    """The regions at some labels of the axes that have no threshold.

    Attributes:
        where: the section holds in any of these boxes; the empty box `()` is everywhere.
    """

    where: tuple[Box, ...]
    regions: tuple[Region, ...]

    def region(self, point: Mapping[str, str], orders: Mapping[str, Order]) -> Region:
        """The region that holds a point of this section."""
        holding = [region for region in self.regions if any(inside(box, point, orders) for box in region.boxes)]
        return holding[0] if holding else next(region for region in self.regions if not region.boxes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Where one scenario's outcomes were seen.

    Attributes:
        observers: the observers that saw this; empty if the run has only one.
        sections: each decided point is in exactly one of them; empty if there would be too many.
        combinations: the number of combinations of the labels that were tried.
        observed: how many of these combinations gave an outcome.
        flips: whether an outcome changes along an ordered axis; if not, only repetitions differ.
        undecided: the outcomes of each point that is in no section; such a point resembles two that differ.
        only: axes with one observed label, although others were planned; with that label.
        left_out: why trials do not count, and how many do not.
    """

    scenario: str
    observers: tuple[str, ...]
    sections: tuple[Section, ...]
    orders: Mapping[str, Order]
    combinations: int
    observed: int
    flips: bool
    undecided: tuple[Outcomes, ...]
    only: tuple[tuple[str, str], ...]
    left_out: Outcomes


def accounts(observations: Iterable[Observed], trials: Iterable[TrialRecord]) -> list[Account]:
    """An account of each scenario whose outcome changes along an ordered axis, or whose repetitions differ.

    Observers that saw the same share an account.
    """
    watched: dict[str, set[str]] = {}
    for trial in trials:
        watched.setdefault(trial.scenario, set()).add(trial.observer)
    listed: list[Account] = []
    for observation in observations:
        flips = bool(_threshold_axes(observation))
        if flips or (observation.varies and any(len(order.marks) > 1 for order in observation.orders.values())):
            observers = (observation.observer,) if len(watched[observation.scenario]) > 1 else ()
            _add(listed, _account(observation, observers, flips=flips))
    return listed


def _account(observation: Observed, observers: tuple[str, ...], *, flips: bool) -> Account:
    sections = tuple(islice(_sections(observation), MOST_SECTIONS + 1))
    return Account(
        scenario=observation.scenario,
        observers=observers,
        sections=sections if len(sections) <= MOST_SECTIONS else (),
        orders=observation.orders,
        combinations=prod(map(len, observation.axes.values())),
        observed=len(observation.points) + len(observation.undecided),
        flips=flips,
        undecided=tuple(observation.undecided.values()),
        only=tuple(_only(observation)),
        left_out=observation.left_out,
    )


def _only(observation: Observed) -> Iterator[tuple[str, str]]:
    for place, axis in enumerate(observation.axes):
        labels = {point[place] for point in (*observation.points, *observation.undecided)}
        if len(labels) == 1:
            yield axis, labels.pop()


def _add(listed: list[Account], new: Account) -> None:
    """Append an account, or add its observers to an equal account."""
    for place, account in enumerate(listed):
        if replace(account, observers=()) == replace(new, observers=()):
            listed[place] = replace(account, observers=account.observers + new.observers)
            return
    listed.append(new)


def _sections(observation: Observed) -> Iterator[Section]:
    """One section if no other axis matters; otherwise a section for each set of deciding labels."""
    ordered = _threshold_axes(observation)
    deciding = _deciding(observation, ordered)
    ordered = [axis for axis in ordered if axis in deciding]
    keys = _keys(observation, [axis for axis in deciding if axis not in ordered], ordered)
    parts: dict[tuple[tuple[Cell, int], ...], dict[tuple[str, ...], list[Point]]] = {}
    by_labels: dict[tuple[str, ...], list[Point]] = {}
    for point, (labels, _) in keys.items():
        by_labels.setdefault(labels, []).append(point)
    for labels, points in by_labels.items():
        seen = {keys[point][1]: observation.points[point].kind for point in points}
        parts.setdefault(tuple(sorted(seen.items())), {})[labels] = points
    conditions = _labelled(observation, deciding, ordered)
    for choices in parts.values():
        inner = replace(
            observation, points={point: observation.points[point] for points in choices.values() for point in points}
        )
        where = _boxes_of([conditions(labels) for labels in choices])
        if len(parts) == 1:
            yield Section(where, regions(observation, ordered))
        else:
            yield from (_under(where, section) for section in _sections(inner))


def _under(where: tuple[Box, ...], section: Section) -> Section:
    boxes = (both(outer, inner) for outer in where for inner in section.where)
    return Section(tuple(box for box in boxes if box is not None), section.regions)


def _threshold_axes(observation: Observed) -> list[str]:
    """The ordered axes along which an outcome changes, at most as many as a sentence can hold."""
    axes = [axis for axis in observation.orders if any(changed(seen) for _, seen in lines(observation, axis))]
    while len(axes) > MOST_ORDERED or (len(axes) > 1 and _cells(observation, axes) > MOST_CELLS):
        axes = axes[1:]
    return axes


def _cells(observation: Observed, axes: Sequence[str]) -> int:
    return prod(len(observation.orders[axis].marks) for axis in axes)


def _deciding(observation: Observed, ordered: Sequence[str]) -> list[str]:
    """The axes whose labels together decide the outcome; without any one of them they would not.

    Axes are dropped in this order: ordered axes without a change, unordered axes, ordered axes with a change. If two
    ordered axes always vary together, no change is seen along either, so none of them is named as a threshold.
    """
    names = list(observation.axes)
    rest = [axis for axis in names if axis not in ordered]
    tried = [axis for axis in rest if axis in observation.orders] + [
        axis for axis in rest if axis not in observation.orders
    ]
    deciding = names
    for axis in [*tried, *ordered]:
        fewer = [name for name in deciding if name != axis]
        if decided_by(observation, fewer):
            deciding = fewer
    return deciding


def _keys(
    observation: Observed, named: Sequence[str], ordered: Sequence[str]
) -> dict[Point, tuple[tuple[str, ...], Cell]]:
    """Point → its labels on the named axes and its families on the ordered ones; and its ranks on the ordered ones."""
    places = {axis: place for place, axis in enumerate(observation.axes)}
    keys = {}
    for point in observation.points:
        marks = [observation.orders[axis].places[point[places[axis]]] for axis in ordered]
        labels = (*(point[places[axis]] for axis in named), *(mark.family for mark in marks))
        keys[point] = (labels, tuple(mark.rank for mark in marks))
    return keys


def _labelled(
    observation: Observed, deciding: Sequence[str], ordered: Sequence[str]
) -> Callable[[tuple[str, ...]], Box]:
    """A function from a key's labels to conditions; a family is a condition only if the axis has several."""
    named = [axis for axis in deciding if axis not in ordered]

    def conditions(labels: tuple[str, ...]) -> Box:
        of_labels = [Condition(axis, labels=(label,)) for axis, label in zip(named, labels, strict=False)]
        families = zip(ordered, labels[len(named) :], strict=True)
        mixed = [(axis, family) for axis, family in families if len(observation.orders[axis].families) > 1]
        return (*of_labels, *(Condition(axis, family=family) for axis, family in mixed))

    return conditions


def _boxes_of(boxes: Sequence[Box]) -> tuple[Box, ...]:
    """The same places in fewer boxes: two boxes are merged if they differ in the labels of one axis only."""
    fewer = list(boxes)
    for place in range(len(fewer[0])):
        alike: dict[tuple[Condition, ...], list[Condition]] = {}
        for box in fewer:
            alike.setdefault(box[:place] + box[place + 1 :], []).append(box[place])
        fewer = [
            (*rest[:place], merged, *rest[place:]) for rest, members in alike.items() for merged in _merged(members)
        ]
    return tuple(fewer)


def _merged(members: Sequence[Condition]) -> list[Condition]:
    if len(members) == 1 or members[0].family is not None:
        return list(members)
    return [replace(members[0], labels=tuple(label for member in members for label in member.labels))]
