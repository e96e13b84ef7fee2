"""An ordered axis as a value: its places in ascending order, and the labels at each place."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping


@dataclass(frozen=True, slots=True)
class Mark:
    """One place on an ordered axis.

    Attributes:
        rank: the index of the place, from 0.
        text: the shortest form of the version that no other place has.
        full: the version with the revision that a distribution gave it.
        labels: the labels at this place, in the file's order.
        family: `glibc` or `musl`; empty if the axis has no families. Only marks of one family are compared.
        parts: (name, version) of each part that orders the axis, if it is not ordered by its own version alone. The
            own version comes last, under the axis' name.
    """

    rank: int
    text: str
    full: str
    labels: tuple[str, ...]
    family: str = ""
    parts: tuple[tuple[str, str], ...] = ()

    @property
    def head(self) -> str:
        """The short form of the version, for where there is no room for every part."""
        return " ".join(self.parts[0]) if self.parts else self.text


@dataclass(frozen=True, slots=True)
class Order:
    """An axis whose labels have an order.

    Attributes:
        marks: its places, ascending.
        places: label → mark; a label of unknown version is missing.
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
        """The order of these labels only; marks that lose all labels are dropped."""
        there = {label: self.places[label] for label in labels if label in self.places}
        if len(there) == len(self.places):
            return self
        marks = sorted(set(there.values()), key=lambda mark: mark.rank)
        return Order.of(self.axis, (_narrowed(mark, there) for mark in marks))


def _narrowed(mark: Mark, labels: Collection[str]) -> Mark:
    if all(label in labels for label in mark.labels):
        return mark
    return replace(mark, labels=tuple(label for label in mark.labels if label in labels))
