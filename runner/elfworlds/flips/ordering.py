"""Which axes have an order, and where on them each label stands.

`libc`, `gdb` and `rustc` are ordered by the version that the toolchain of a label really had, any other axis by its
labels where all of them are numbers or versions. The order of a file means nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, TypeAlias

from elfworlds.spec.versions import order

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    Key: TypeAlias = "tuple[tuple[tuple[int, int, str], ...], ...]"

# axis → label → `version`, and where they are known `revision` and `family`
Versions: TypeAlias = "Mapping[str, Mapping[str, Mapping[str, str]]]"

_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")
_INTEGER = re.compile(r"[0-9]+")
_VERSION = re.compile(r"v?[0-9]+(?:\.[0-9]+)+(?:[-+~a-z][0-9A-Za-z.+~-]*)?")


@dataclass(frozen=True, slots=True)
class Mark:
    """One place on an ordered axis.

    Attributes:
        rank: its place among the others, from 0.
        text: the version, as short as tells it from the others.
        full: the same with the revision that a distribution gave it.
        labels: those that have it, in the file's order.
        family: `glibc`, `musl`; empty where an axis has none. Marks are only compared within one.
    """

    rank: int
    text: str
    full: str
    labels: tuple[str, ...]
    family: str = ""


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
        return tuple(dict.fromkeys(one.family for one in self.marks))

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


def orders(axes: Mapping[str, Sequence[str]], versions: Versions) -> dict[str, Order]:
    """Every axis that has an order, and at least two places on it."""
    found = (_of_versions(axis, labels, versions[axis]) for axis, labels in axes.items() if axis in versions)
    plain = (_of_labels(axis, labels) for axis, labels in axes.items() if axis not in versions)
    by_axis = {one.axis: one for one in (*found, *plain) if one is not None and len(one.marks) > 1}
    return {axis: by_axis[axis] for axis in axes if axis in by_axis}


def _of_versions(axis: str, labels: Sequence[str], versions: Mapping[str, Mapping[str, str]]) -> Order:
    """By family, then version, then revision; labels that agree in all of them are one place."""
    places: dict[tuple[str, Key], list[str]] = {}
    for label in labels:
        told = versions.get(label, {})
        if told.get("version"):
            key = (order(told["version"]), order(told.get("revision", "")))
            places.setdefault((_family(axis, told), key), []).append(label)
    ranked = sorted(places.items(), key=lambda one: one[0])
    first = [versions[members[0]] for _, members in ranked]
    texts = [(_family(axis, one), one["version"]) for one in first]
    same = Counter(texts)
    return Order.of(
        axis,
        (
            Mark(rank, full if same[text] > 1 else text[1], full, tuple(members), text[0])
            for rank, ((_, members), text, one) in enumerate(zip(ranked, texts, first, strict=True))
            for full in [one.get("revision") or one["version"]]
        ),
    )


def _family(axis: str, told: Mapping[str, str]) -> str:
    return told.get("family", "glibc" if axis == "libc" else "")


def _of_labels(axis: str, labels: Sequence[str]) -> Order | None:
    """By what the labels say of themselves."""
    keys = next((keys for keys in _readings(labels) if keys is not None), None)
    if keys is None:
        return None
    places: dict[int, list[str]] = {}
    for label, place in zip(labels, keys, strict=True):
        places.setdefault(place, []).append(label)
    marks = enumerate(places[place] for place in sorted(places))
    return Order.of(axis, (Mark(rank, members[0], members[0], tuple(members)) for rank, members in marks))


def _readings(labels: Sequence[str]) -> Iterator[list[int] | None]:
    """The labels' places as numbers, or as versions.

    0.25 is less than 0.5, and 2.25 is a later version than 2.5: where labels may be read either way and the order
    depends on it, neither is taken.
    """
    numbers = all(_NUMBER.fullmatch(label) for label in labels)
    versions = all(_VERSION.fullmatch(label) or _INTEGER.fullmatch(label) for label in labels)
    by_number = _places([Decimal(label) for label in labels]) if numbers else None
    by_version = _places([order(label) for label in labels]) if versions else None
    if by_number is None or by_version is None or by_number == by_version:
        yield by_number
        yield by_version


def _places(keys: Sequence[Decimal] | Sequence[tuple[tuple[int, int, str], ...]]) -> list[int]:
    sorted_keys = sorted(set(keys))  # type: ignore[type-var]  # all of one type
    return [sorted_keys.index(key) for key in keys]
