"""Points of a matrix in words: which labels of which axes tell them from all others that were tried."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from itertools import chain, islice, product
from math import prod
from operator import contains
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    Point = tuple[tuple[str, str], ...]

MOST_PARTS = 30  # of a place in words; nobody reads more
MOST_LABELS = 200  # of all its parts together


def where(axes: Mapping[str, Sequence[str]], points: Sequence[Point], tried: Iterable[Point]) -> str:
    """Points in words: each axis with its labels; an axis is left out if all its labels are among them.

    The words fit none of the other points in `tried`. Points that take more than `MOST_PARTS` parts or `MOST_LABELS`
    labels are counted. With a set of points `tried` nothing is copied: many calls then share one.
    """
    every = tried if isinstance(tried, AbstractSet) else frozenset(tried)
    different = list(dict.fromkeys(points))
    if len(different) == 1:
        return (
            ", ".join(f"{axis} = {label}" for axis, label in different[0] if len(axes.get(axis, ())) > 1)
            or "everywhere"
        )
    parts = list(islice(_parts(axes, different, every), MOST_PARTS + 1))
    words = [_in_words(axes, part) for part in parts[:MOST_PARTS]]
    if len(parts) > MOST_PARTS or sum(labels for _, labels in words) > MOST_LABELS:
        others = sum(point not in every for point in different)
        return f"the point is one of {len(different)} (of {len(every) + others})"
    return "; ".join(text for text, _ in words)


def _in_words(axes: Mapping[str, Sequence[str]], points: Sequence[Point]) -> tuple[str, int]:
    """The words, and how many labels are in them."""
    seen = _seen(axes, points)
    named = {axis: seen[axis] for axis, labels in axes.items() if len(seen[axis]) < len(labels)}
    parts = [f"{axis} = {' | '.join(labels)}" for axis, labels in named.items()]
    return ", ".join(parts) or "everywhere", sum(map(len, named.values()))


def _seen(axes: Mapping[str, Sequence[str]], points: Iterable[Point]) -> dict[str, list[str]]:
    there: dict[str, set[str]] = {axis: set() for axis in axes}
    for axis, label in set(chain.from_iterable(points)):
        there[axis].add(label)
    return {axis: [label for label in labels if label in there[axis]] for axis, labels in axes.items()}


def _parts(axes: Mapping[str, Sequence[str]], points: list[Point], tried: AbstractSet[Point]) -> Iterator[list[Point]]:
    """Parts whose labels fit no other point. Points that need it are split along the axis with the fewest parts."""
    if _fits_no_other(points, tried):
        yield points
        return
    split = min((parts for axis in axes if len(parts := _split(axis, points)) > 1), key=len)
    for part in split:
        yield from _parts(axes, part, tried)


def _fits_no_other(points: list[Point], tried: AbstractSet[Point]) -> bool:
    """Whether the labels of these points, in all combinations, are those of no other point that was tried.

    It looks at the combinations or at the points, whichever are fewer: 100,000 points have 1,000 outcomes at times.
    """
    pairs = [dict.fromkeys(column) for column in zip(*points, strict=True)]
    combinations = prod(map(len, pairs))
    if combinations == len(points):
        return True
    own = set(points)
    if combinations <= len(tried):
        return not any(point in tried and point not in own for point in product(*pairs))
    return not any(point not in own and all(map(contains, pairs, point)) for point in tried)


def _split(axis: str, points: Iterable[Point]) -> list[list[Point]]:
    """The points by their label on this axis. Labels with the same points on all other axes share a part."""
    by_label: dict[str, dict[Point, Point]] = {}
    for point in points:
        place = next(place for place, (name, _) in enumerate(point) if name == axis)
        by_label.setdefault(point[place][1], {})[point[:place] + point[place + 1 :]] = point
    alike: dict[frozenset[Point], list[Point]] = {}
    for by_rest in by_label.values():
        alike.setdefault(frozenset(by_rest), []).extend(by_rest.values())
    return list(alike.values())
