"""Points that differ on ordered axes only → regions: which outcomes were seen from which version on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from elfworlds.outcome_changes.alike import together
from elfworlds.outcome_changes.conditions import Condition, Cut
from elfworlds.outcome_changes.cover import cover, free_sides
from elfworlds.outcome_changes.observed import joined

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from elfworlds.outcome_changes.alike import Outcomes
    from elfworlds.outcome_changes.conditions import Box
    from elfworlds.outcome_changes.cover import Cell, Span
    from elfworlds.outcome_changes.marks import Order
    from elfworlds.outcome_changes.observed import Observed, Seen


@dataclass(frozen=True, slots=True)
class Region:
    """Outcomes, how often each was seen, and where: in any of the boxes. No box means the rest of the section."""

    outcomes: Outcomes
    boxes: tuple[Box, ...]


def regions(observed: Observed, axes: Sequence[str]) -> tuple[Region, ...]:
    """Regions such that each point is in exactly one. All `axes` are ordered, and no other axis matters.

    On one axis, regions come from its upper end down. On several axes, the region that takes the most words comes last,
    as the rest.
    """
    orders = [_met(observed, axis) for axis in axes]
    seen = _by_cell(observed, orders)
    if not orders:
        return (Region(together(part.outcomes for part in seen.values()), ()),)
    return tuple(_along(seen, orders[0]) if len(orders) == 1 else _within(seen, orders))


def _met(observed: Observed, axis: str) -> Order:
    """The order of an axis, with the places of these points only."""
    place = list(observed.axes).index(axis)
    return observed.orders[axis].among({point[place] for point in observed.points})


def _by_cell(observed: Observed, orders: Sequence[Order]) -> dict[Cell, Seen]:
    """Cell → what was seen there; a cell is the index of the place on each axis, from 0."""
    columns = [
        (
            list(observed.axes).index(order.axis),
            {label: at for at, mark in enumerate(order.marks) for label in mark.labels},
        )
        for order in orders
    ]
    cells: dict[Cell, list[Seen]] = {}
    for point, seen in observed.points.items():
        cells.setdefault(tuple(places[point[at]] for at, places in columns), []).append(seen)
    return {cell: joined(parts) for cell, parts in cells.items()}


def _along(seen: Mapping[Cell, Seen], order: Order) -> Iterator[Region]:
    """A region for each run of equal outcomes. If an outcome comes back, there is no flip: its places are listed."""
    runs: list[list[int]] = []
    for at in range(len(order.marks)):
        if runs and seen[runs[-1][0],].kind == seen[at,].kind:
            runs[-1].append(at)
        else:
            runs.append([at])
    by_kind: dict[int, list[int]] = {}
    for run in runs:
        by_kind.setdefault(seen[run[0],].kind, []).extend(run)
    flips = len(by_kind) == len(runs)
    for run in reversed(runs) if flips else by_kind.values():
        condition = _condition(order, (run[0], run[-1])) if flips else _listed(order, run)
        yield Region(together(seen[at,].outcomes for at in run), ((condition,),))


def _within(seen: Mapping[Cell, Seen], orders: Sequence[Order]) -> Iterator[Region]:
    sizes = [len(order.marks) for order in orders]
    spans_of = cover({cell: part.kind for cell, part in seen.items()}, sizes)
    words = {kind: sum(1 + len(sizes) - free_sides(span, sizes) for span in spans) for kind, spans in spans_of.items()}
    rest = max(words, key=lambda kind: words[kind])  # of several, the first: the region at the lower ends
    for kind in sorted(words, key=lambda kind: (kind == rest, words[kind])):
        outcomes = together(part.outcomes for part in seen.values() if part.kind == kind)
        yield Region(outcomes, () if kind == rest else tuple(_box(orders, span) for span in spans_of[kind]))


def _box(orders: Sequence[Order], span: Span) -> Box:
    return tuple(
        _condition(order, ends)
        if ends[0] == 0 or ends[1] == len(order.marks) - 1
        else _listed(order, range(ends[0], ends[1] + 1))
        for order, ends in zip(orders, span, strict=True)
        if ends != (0, len(order.marks) - 1)
    )


def _condition(order: Order, ends: tuple[int, int]) -> Condition:
    first, last = ends
    marks = order.marks
    since = Cut(marks[first - 1], marks[first]) if first else None
    until = Cut(marks[last], marks[last + 1]) if last + 1 < len(marks) else None
    return Condition(order.axis, since, until)


def _listed(order: Order, places: Sequence[int]) -> Condition:
    return Condition(order.axis, marks=tuple(order.marks[at] for at in places))
