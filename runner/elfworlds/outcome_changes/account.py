"""Where each outcome was seen, in as few conditions as are true: an account of a scenario whose outcome changes.

A threshold is only stated on an axis along which an outcome changed while everything else was equal; what the other
axes decide stands in front, as sections. An account is a value: what a report says of it can be checked against
every point.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from math import prod
from typing import TYPE_CHECKING

from elfworlds.outcome_changes.changes import changed, lines
from elfworlds.outcome_changes.conditions import Condition, both, inside
from elfworlds.outcome_changes.observed import observed, told_apart
from elfworlds.outcome_changes.regions import Region, regions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from elfworlds.outcome_changes.alike import Outcomes
    from elfworlds.outcome_changes.conditions import Box
    from elfworlds.outcome_changes.cover import Cell
    from elfworlds.outcome_changes.marks import Order
    from elfworlds.outcome_changes.observed import Axes, Observed, Point
    from elfworlds.outcome_changes.ordering import Orders
    from elfworlds.records import TrialRecord


MOST_ORDERED = 3  # axes at once: more of them nobody follows in words
MOST_CELLS = 144
MOST_SECTIONS = 16


@dataclass(frozen=True, slots=True)
class Section:
    """Regions at some labels of axes that are not told by thresholds; `()` among them is everywhere."""

    where: tuple[Box, ...]
    regions: tuple[Region, ...]

    def region(self, point: Mapping[str, str], orders: Mapping[str, Order]) -> Region:
        """The one that a point of this section is in."""
        told = [region for region in self.regions if any(inside(box, point, orders) for box in region.boxes)]
        return told[0] if told else next(region for region in self.regions if not region.boxes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One scenario.

    Attributes:
        observers: those under which it was so; empty where there is only one.
        sections: each point is in one of them; none where there would be too many to tell.
        combinations: how many there are of the labels that were tried.
        observed: how many of them gave an outcome.
        flips: whether something changes along an ordered axis; else there are only repetitions that differ.
        undecided: what was seen at each point that no section tells: it cannot be told from two that differ.
        only: axes on which outcomes were seen at one label alone, though others were planned.
        left_out: why trials do not count, and how many.
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


def accounts(axes: Axes, orders: Orders, trials: Sequence[TrialRecord]) -> list[Account]:
    """One for each scenario along whose ordered axes something changes, or whose repetitions differ.

    Observers that saw the same are together.
    """
    watched: dict[str, set[str]] = {}
    for trial in trials:
        watched.setdefault(trial.scenario, set()).add(trial.observer)
    found: list[Account] = []
    for one in observed(axes, orders, trials):
        flips = bool(_told_by_thresholds(one))
        if flips or (one.varies and any(len(order.marks) > 1 for order in one.orders.values())):
            _add(found, _account(one, (one.observer,) if len(watched[one.scenario]) > 1 else (), flips=flips))
    return found


def _account(one: Observed, observers: tuple[str, ...], *, flips: bool) -> Account:
    sections = tuple(islice(_sections(one), MOST_SECTIONS + 1))
    return Account(
        scenario=one.scenario,
        observers=observers,
        sections=sections if len(sections) <= MOST_SECTIONS else (),
        orders=one.orders,
        combinations=prod(map(len, one.axes.values())),
        observed=len(one.points) + len(one.undecided),
        flips=flips,
        undecided=tuple(one.undecided.values()),
        only=tuple(_only(one)),
        left_out=one.left_out,
    )


def _only(one: Observed) -> Iterator[tuple[str, str]]:
    for place, axis in enumerate(one.axes):
        labels = {point[place] for point in (*one.points, *one.undecided)}
        if len(labels) == 1:
            yield axis, labels.pop()


def _add(found: list[Account], new: Account) -> None:
    """At the end, or to the one that says the same."""
    for place, one in enumerate(found):
        if replace(one, observers=()) == replace(new, observers=()):
            found[place] = replace(one, observers=one.observers + new.observers)
            return
    found.append(new)


def _sections(one: Observed) -> Iterator[Section]:
    """The whole in one where no other axis matters, else by the labels that decide."""
    ordered = _told_by_thresholds(one)
    deciding = _deciding(one, ordered)
    ordered = [axis for axis in ordered if axis in deciding]
    keys = _keys(one, [axis for axis in deciding if axis not in ordered], ordered)
    parts: dict[tuple[tuple[Cell, int], ...], dict[tuple[str, ...], list[Point]]] = {}
    by_labels: dict[tuple[str, ...], list[Point]] = {}
    for point, (labels, _) in keys.items():
        by_labels.setdefault(labels, []).append(point)
    for labels, points in by_labels.items():
        seen = {keys[point][1]: one.points[point].kind for point in points}
        parts.setdefault(tuple(sorted(seen.items())), {})[labels] = points
    conditions = _labelled(one, deciding, ordered)
    for choices in parts.values():
        inner = replace(one, points={point: one.points[point] for points in choices.values() for point in points})
        where = _boxes_of([conditions(labels) for labels in choices])
        if len(parts) == 1:
            yield Section(where, regions(one, ordered))
        else:
            yield from (_under(where, section) for section in _sections(inner))


def _under(where: tuple[Box, ...], section: Section) -> Section:
    found = (both(outer, inner) for outer in where for inner in section.where)
    return Section(tuple(one for one in found if one is not None), section.regions)


def _told_by_thresholds(one: Observed) -> list[str]:
    """The ordered axes with a change on them, no more than can be told together."""
    told_by_thresholds = [axis for axis in one.orders if any(changed(seen) for _, seen in lines(one, axis))]
    while len(told_by_thresholds) > MOST_ORDERED or (
        len(told_by_thresholds) > 1 and _cells(one, told_by_thresholds) > MOST_CELLS
    ):
        told_by_thresholds = told_by_thresholds[1:]
    return told_by_thresholds


def _cells(one: Observed, axes: Sequence[str]) -> int:
    return prod(len(one.orders[axis].marks) for axis in axes)


def _deciding(one: Observed, ordered: Sequence[str]) -> list[str]:
    """Axes whose labels together tell the outcomes apart, none of which can be left out.

    An ordered axis without any change is the first to go, one with changes the last: where two axes always went
    together, none of them is said to have changed anything.
    """
    names = list(one.axes)
    rest = [axis for axis in names if axis not in ordered]
    tried = [axis for axis in rest if axis in one.orders] + [axis for axis in rest if axis not in one.orders]
    deciding = names
    for axis in [*tried, *ordered]:
        fewer = [name for name in deciding if name != axis]
        if told_apart(one, fewer):
            deciding = fewer
    return deciding


def _keys(one: Observed, named: Sequence[str], ordered: Sequence[str]) -> dict[Point, tuple[tuple[str, ...], Cell]]:
    """For each point its labels on the axes that are named, the families of the ordered ones, and its ranks there."""
    places = {axis: place for place, axis in enumerate(one.axes)}
    keys = {}
    for point in one.points:
        marks = [one.orders[axis].places[point[places[axis]]] for axis in ordered]
        labels = (*(point[places[axis]] for axis in named), *(mark.family for mark in marks))
        keys[point] = (labels, tuple(mark.rank for mark in marks))
    return keys


def _labelled(one: Observed, deciding: Sequence[str], ordered: Sequence[str]) -> Callable[[tuple[str, ...]], Box]:
    """What makes conditions of a key's labels; a family is said where there are several."""
    named = [axis for axis in deciding if axis not in ordered]

    def conditions(labels: tuple[str, ...]) -> Box:
        told = [Condition(axis, labels=(label,)) for axis, label in zip(named, labels, strict=False)]
        families = zip(ordered, labels[len(named) :], strict=True)
        mixed = [(axis, family) for axis, family in families if len(one.orders[axis].families) > 1]
        return (*told, *(Condition(axis, family=family) for axis, family in mixed))

    return conditions


def _boxes_of(boxes: Sequence[Box]) -> tuple[Box, ...]:
    """The same with as few boxes: labels of one axis together where the conditions on all others are equal."""
    found = list(boxes)
    for place in range(len(found[0])):
        alike: dict[tuple[Condition, ...], list[Condition]] = {}
        for box in found:
            alike.setdefault(box[:place] + box[place + 1 :], []).append(box[place])
        found = [
            (*rest[:place], merged, *rest[place:]) for rest, members in alike.items() for merged in _merged(members)
        ]
    return tuple(found)


def _merged(members: Sequence[Condition]) -> list[Condition]:
    if len(members) == 1 or members[0].family is not None:
        return list(members)
    return [replace(members[0], labels=tuple(label for member in members for label in member.labels))]
