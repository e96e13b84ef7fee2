"""The order of a toolchain axis for an object's build: by the versions of the linker and the compiler."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

from elfworlds.outcome_changes.marks import Mark, Order
from elfworlds.spec.leaves.versions import order

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    Version: TypeAlias = "tuple[tuple[int, int, str], ...]"
    Made: TypeAlias = "Mapping[str, Mapping[str, str]]"  # label → part → version


def by_parts(own: Order, made: Made) -> Order:
    """Order by family, then by the parts in turn, then by the own order; only the own order if no part changes.

    A part counts if its version is known at every label. A part is named if its version never decreases along the axis:
    only then "from this version on" is true of it.
    """
    names = _changing(own, made)
    if not names:
        return own
    by_key: dict[tuple[str, tuple[Version, ...], int], list[str]] = {}
    for label, mark in own.places.items():
        key = (mark.family, tuple(order(made[label][name]) for name in names), mark.rank)
        by_key.setdefault(key, []).append(label)
    places = [by_key[key] for key in sorted(by_key)]
    own_name = own.marks[0].own_name(own.axis)
    versions = [
        {**{name: made[label][name] for name in names}, own_name: own.places[label].text} for label, *_ in places
    ]
    families = [own.places[label].family for label, *_ in places]
    named = [name for name in (*names, own_name) if _rises([order(version[name]) for version in versions], families)]
    return Order.of(own.axis, _marks(own, places, versions, named))


def _changing(own: Order, made: Made) -> list[str]:
    known = [made.get(label, {}) for label in own.places]
    everywhere = [name for name in known[0] if all(name in versions for versions in known)]
    return [name for name in everywhere if len({versions[name] for versions in known}) > 1]


def _rises(versions: Sequence[Version], families: Sequence[str]) -> bool:
    """Whether the version never decreases within a family."""
    neighbours = zip(pairwise(versions), pairwise(families), strict=True)
    return all(before <= after for (before, after), (family, next_family) in neighbours if family == next_family)


def _marks(
    own: Order, places: Sequence[Sequence[str]], versions: Sequence[Mapping[str, str]], named: Sequence[str]
) -> Iterator[Mark]:
    own_name = own.marks[0].own_name(own.axis)
    short = [_text(version, [name for name in named if name != own_name]) for version in versions]
    for rank, (labels, version) in enumerate(zip(places, versions, strict=True)):
        mark = own.places[labels[0]]
        full = ", ".join(" ".join(part) for part in {**version, own_name: mark.full}.items())
        text = short[rank] if short[rank] and short.count(short[rank]) == 1 else full
        parts = tuple((name, version[name]) for name in named)
        yield Mark(rank, text, full, tuple(labels), mark.family, parts, mark.builds)


def _text(versions: Mapping[str, str], names: Sequence[str]) -> str:
    return " with ".join(f"{name} {versions[name]}" for name in names)
