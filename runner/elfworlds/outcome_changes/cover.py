"""Cells of a grid, each of a kind → few boxes that hold the cells of each kind. Knows neither axes nor outcomes."""

from __future__ import annotations

from itertools import permutations, product
from typing import TYPE_CHECKING, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    Cell: TypeAlias = tuple[int, ...]
    Span: TypeAlias = tuple[tuple[int, int], ...]  # first and last index on each axis, both inside

Kind = TypeVar("Kind")


def cover(cells: Mapping[Cell, Kind], sizes: Sequence[int]) -> dict[Kind, list[Span]]:
    """Kind → boxes that hold all cells of this kind and none of another. A missing cell may be in any box.

    For staircases the number of boxes is minimal. Otherwise each box is as large as possible, and none is superfluous.
    """
    kinds = dict.fromkeys(cells[cell] for cell in sorted(cells))
    return {kind: _boxes({cell for cell in cells if cells[cell] == kind}, cells, kind, sizes) for kind in kinds}


def free_sides(span: Span, sizes: Sequence[int]) -> int:
    """The number of axes that a box does not restrict."""
    return sum(side == (0, size - 1) for side, size in zip(span, sizes, strict=True))


def _boxes(mine: set[Cell], cells: Mapping[Cell, Kind], kind: Kind, sizes: Sequence[int]) -> list[Span]:
    others = {cell for cell in cells if cells[cell] != kind}
    ways = list(permutations(range(len(sizes))))
    largest = sorted({_grown(cell, others, sizes, way) for cell in sorted(mine) for way in ways})
    members = {span: {cell for cell in mine if _within(cell, span)} for span in largest}
    chosen: list[Span] = []
    left = set(mine)
    while left:
        best = max(largest, key=lambda span: (len(members[span] & left), free_sides(span, sizes)))
        chosen.append(best)
        left -= members[best]
    return sorted(_needed(chosen, members), key=lambda span: (-free_sides(span, sizes), span))


def _needed(chosen: Sequence[Span], members: Mapping[Span, set[Cell]]) -> list[Span]:
    """The boxes without those whose cells are all in other boxes."""
    kept = list(chosen)
    for span in chosen:
        rest = set().union(*(members[other] for other in kept if other != span))
        if members[span] <= rest:
            kept.remove(span)
    return kept


def _grown(cell: Cell, others: Collection[Cell], sizes: Sequence[int], way: Sequence[int]) -> Span:
    """The box around a cell, grown along one axis after another until a cell of another kind stops it."""
    span = [(at, at) for at in cell]
    for axis in way:
        for step in (-1, 1):
            while True:
                first, last = span[axis]
                edge = first - 1 if step < 0 else last + 1
                slab = [*span[:axis], (edge, edge), *span[axis + 1 :]]
                if not 0 <= edge < sizes[axis] or _meets(slab, others):
                    break
                span[axis] = (min(first, edge), max(last, edge))
    return tuple(span)


def _meets(span: Sequence[tuple[int, int]], others: Collection[Cell]) -> bool:
    return any(cell in others for cell in product(*(range(first, last + 1) for first, last in span)))


def _within(cell: Cell, span: Span) -> bool:
    return all(first <= at <= last for at, (first, last) in zip(cell, span, strict=True))
