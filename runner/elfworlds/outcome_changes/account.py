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
from elfworlds.outcome_changes.observed import decided_by, observed
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
        holding = [region for region in self.regions if any(inside(box, point, orders) for box in region.boxes)]
        return holding[0] if holding else next(region for region in self.regions if not region.boxes)


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
    listed: list[Account] = []
    for observation in observed(axes, orders, trials):
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
    """At the end, or to the one that says the same."""
    for place, account in enumerate(listed):
        if replace(account, observers=()) == replace(new, observers=()):
            listed[place] = replace(account, observers=account.observers + new.observers)
            return
    listed.append(new)


def _sections(observation: Observed) -> Iterator[Section]:
    """The whole in one where no other axis matters, else by the labels that decide."""
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
    """The ordered axes with a change on them, no more than can be told together."""
    axes = [axis for axis in observation.orders if any(changed(seen) for _, seen in lines(observation, axis))]
    while len(axes) > MOST_ORDERED or (len(axes) > 1 and _cells(observation, axes) > MOST_CELLS):
        axes = axes[1:]
    return axes


def _cells(observation: Observed, axes: Sequence[str]) -> int:
    return prod(len(observation.orders[axis].marks) for axis in axes)


def _deciding(observation: Observed, ordered: Sequence[str]) -> list[str]:
    """Axes whose labels together tell the outcomes apart, none of which can be left out.

    An ordered axis without any change is the first to go, one with changes the last: where two axes always went
    together, none of them is said to have changed anything.
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
    """For each point its labels on the axes that are named, the families of the ordered ones, and its ranks there."""
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
    """What makes conditions of a key's labels; a family is said where there are several."""
    named = [axis for axis in deciding if axis not in ordered]

    def conditions(labels: tuple[str, ...]) -> Box:
        of_labels = [Condition(axis, labels=(label,)) for axis, label in zip(named, labels, strict=False)]
        families = zip(ordered, labels[len(named) :], strict=True)
        mixed = [(axis, family) for axis, family in families if len(observation.orders[axis].families) > 1]
        return (*of_labels, *(Condition(axis, family=family) for axis, family in mixed))

    return conditions


def _boxes_of(boxes: Sequence[Box]) -> tuple[Box, ...]:
    """The same with as few boxes: labels of one axis together where the conditions on all others are equal."""
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
