"""An ordered axis as a value: its places, ascending, and which labels stand at each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping


@dataclass(frozen=True, slots=True)
class Mark:
    """One place on an ordered axis.

    Attributes:
        rank: its place among the others, from 0.
        text: the version, as short as tells it from the others.
        full: the same with the revision that a distribution gave it.
        labels: those that have it, in the file's order.
        family: `glibc`, `musl`; empty where an axis has none. Marks are only compared within one.
        parts: names and versions of what orders the axis, where that is not the axis' own version; the own version
            last, under the axis' name.
    """

    rank: int
    text: str
    full: str
    labels: tuple[str, ...]
    family: str = ""
    parts: tuple[tuple[str, str], ...] = ()

    @property
    def head(self) -> str:
        """The version where there is no room for every part."""
        return " ".join(self.parts[0]) if self.parts else self.text


@dataclass(frozen=True, slots=True)
class Order:
    """An axis whose labels have an order.

    Attributes:
        marks: its places, ascending.
        places: label → mark; a label whose version nobody knows has none.
    """

    axis: str
    marks: tuple[Mark, ...]
    places: Mapping[str, Mark]

    @classmethod
    def of(cls, axis: str, marks: Iterable[Mark]) -> Order:
        listed = tuple(marks)
        return cls(axis, listed, {label: mark for mark in listed for label in mark.labels})

    @property
    def families(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(mark.family for mark in self.marks))

    def among(self, labels: Collection[str]) -> Order:
        """The order of some labels only: others are gone, and so are marks without any."""
        there = {label: self.places[label] for label in labels if label in self.places}
        if len(there) == len(self.places):
            return self
        marks = sorted(set(there.values()), key=lambda mark: mark.rank)
        return Order.of(self.axis, (_narrowed(mark, there) for mark in marks))


def _narrowed(mark: Mark, labels: Collection[str]) -> Mark:
    if all(label in labels for label in mark.labels):
        return mark
    return replace(mark, labels=tuple(label for label in mark.labels if label in labels))
