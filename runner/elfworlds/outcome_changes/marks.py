"""An ordered axis as a value: its places in ascending order, and the labels at each place."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

LIBC = "libc"


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
            own version comes last, under `own_name`.
        builds: the objects that toolchains of this axis build, wherever these are run; empty if it has none. The
            version is of their libc then.
    """

    rank: int
    text: str
    full: str
    labels: tuple[str, ...]
    family: str = ""
    parts: tuple[tuple[str, str], ...] = ()
    builds: tuple[str, ...] = ()

    def own_name(self, axis: str) -> str:
        """What the own version is of: what its axis is called after, or the libc of what builds objects."""
        return LIBC if self.builds else axis

    @property
    def head(self) -> str:
        """The short form of the version, for where there is no room for every part."""
        if self.parts:
            return " ".join(self.parts[0])
        return f"{LIBC} {self.text}" if self.builds else self.text


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
