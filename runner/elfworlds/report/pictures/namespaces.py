"""A trace → its link namespaces: the objects in load order, and the bindings from one object to another.

Addresses only decide which mappings are the same. No address is kept, so two runs of one trial give equal values.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from elfworlds.records import Bindings, LinkMapRecord, TraceRecord

    Place = tuple[int, int]
    File = tuple[int, str]  # namespace and path
    Bound = tuple[File, File, str]  # the file that refers, the file that defines, the symbol
    # Of a mapping: its file's name, and its base addresses if they are known.
    Identity = File | tuple[str, frozenset[str]]
    End = tuple[Place | int, Place | int, bool, tuple[str, ...], int]
    Shape = tuple[bool, tuple["Mapped", ...], tuple[End, ...]]

BASE = 0  # LM_ID_BASE of dlmopen(3)
SYMBOLS_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """An object in a namespace.

    Attributes:
        object: the experiment's name for it; None if it belongs to the system.
        system: whether it is neither an object of the experiment nor the application.
        times: how often it was mapped there; more than once if it was unloaded and loaded again.
        copy, copies: the number of this mapping among the separate mappings of its file, from 1; and how many exist.
        shared: whether this same mapping is in several namespaces.
    """

    path: str
    object: str | None
    system: bool
    times: int = 1
    copy: int = 1
    copies: int = 1
    shared: bool = False

    @property
    def name(self) -> str:
        return posixpath.basename(self.path) or self.path


@dataclass(frozen=True, slots=True)
class Arrow:
    """All bindings of one object to another.

    Attributes:
        source, target: the namespace of an object, and its position there.
        defined_in: the namespace of the definition. It differs from the target's if the target is a shared mapping.
        symbols: the first few symbols, in the order of binding.
    """

    source: Place
    target: Place
    defined_in: int
    count: int
    symbols: tuple[str, ...]

    @property
    def across(self) -> bool:
        return self.source[0] != self.defined_in


@dataclass(frozen=True, slots=True)
class Namespaces:
    """What the first process of a trial had loaded.

    Attributes:
        objects: namespace → the objects mapped into it, in the order of loading.
        more: the number of other processes.
    """

    objects: Mapping[int, tuple[Mapped, ...]]
    arrows: tuple[Arrow, ...]
    more: int


def namespaces(trace: TraceRecord) -> Namespaces:
    """The namespaces of the first process of a trace."""
    pids = sorted({mapped.pid for mapped in trace.link_maps}.union(trace.bindings.pid))
    maps = [mapped for mapped in trace.link_maps if mapped.pid in pids[:1]]
    bindings = [bound for pid, bound in zip(trace.bindings.pid, _bound(trace.bindings), strict=True) if pid in pids[:1]]
    bases = _bases(maps, bindings)
    names = {mapped.path: mapped.object for mapped in maps if mapped.object is not None}
    objects = _objects(bases, names, maps)
    return Namespaces(objects, tuple(_arrows(objects, bindings)), max(0, len(pids) - 1))


def _bound(bindings: Bindings) -> Iterator[Bound]:
    sources = zip(bindings.from_lmid, bindings.from_path, strict=True)
    return zip(sources, zip(bindings.to_lmid, bindings.to_path, strict=True), bindings.symbol, strict=True)


def title(lmid: int) -> str:
    return "LM_ID_BASE" if lmid == BASE else f"namespace {lmid}"


def titles(run: Sequence[int]) -> str:
    return title(run[0]) if len(run) == 1 else f"each of the namespaces {ranges(run)}"


def named(mapped: Mapped) -> str:
    """An object in words: its file; in parentheses the experiment's name for it, and whether it is shared or a copy."""
    whose = "shared" if mapped.shared else "a copy of its own" if mapped.copies > 1 else None
    notes = [word for word in (mapped.object, whose) if word]
    return f"{mapped.name} ({', '.join(notes)})" if notes else mapped.name


def ranges(numbers: Sequence[int]) -> str:
    """Ascending numbers in words; consecutive numbers are a range of the first and the last."""
    runs = [[number for _, number in run] for _, run in groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0])]
    return ", ".join(f"{run[0]}–{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)


def alike(spaces: Namespaces) -> list[tuple[int, ...]]:
    """The namespaces in order; neighbours with the same objects and the same bindings are in one group."""
    return [tuple(run) for _, run in groupby(spaces.objects, key=lambda lmid: _shape(spaces, lmid))]


def _shape(spaces: Namespaces, lmid: int) -> Shape:
    """What a namespace looks like, without its number and the numbers of its copies."""
    objects = tuple(replace(mapped, copy=0) for mapped in spaces.objects[lmid])
    arrows = [arrow for arrow in spaces.arrows if lmid in (arrow.source[0], arrow.target[0])]
    ends = [
        (_within(arrow.source, lmid), _within(arrow.target, lmid), arrow.across, arrow.symbols, arrow.count)
        for arrow in arrows
    ]
    return lmid == BASE, objects, tuple(ends)


def _within(place: Place, lmid: int) -> Place | int:
    """A place, by its position alone if it is in this namespace."""
    return place[1] if place[0] == lmid else place


def _bases(maps: Iterable[LinkMapRecord], bindings: Iterable[Bound]) -> dict[File, list[str | None]]:
    """(namespace, path) → the base of each mapping, in load order; files that only a binding names come last."""
    bases: dict[File, list[str | None]] = {}
    for mapped in sorted(maps, key=lambda mapped: (mapped.lmid, mapped.position)):
        bases.setdefault((mapped.lmid, mapped.path), []).append(mapped.base)
    for source, target, _ in bindings:
        bases.setdefault(source, [None])
        bases.setdefault(target, [None])
    return dict(sorted(bases.items(), key=lambda entry: entry[0][0]))


def _objects(
    bases: Mapping[File, Sequence[str | None]], names: Mapping[str, str], maps: Sequence[LinkMapRecord]
) -> dict[int, tuple[Mapped, ...]]:
    mapping = _mappings(bases)
    spread: dict[Identity, set[int]] = {}
    files: dict[Identity, str] = {}
    for (lmid, path), identity in mapping.items():
        spread.setdefault(identity, set()).add(lmid)
        files.setdefault(identity, path)
    applications = {(first.lmid, first.path) for first in maps if first.lmid == BASE and first.position == 0}
    objects: dict[int, list[Mapped]] = {}
    for place, identity in mapping.items():
        copies = [other for other, path in files.items() if path == files[identity]]
        mapped = Mapped(
            path=place[1],
            object=names.get(place[1]),
            system=place[1] not in names and place not in applications,
            times=len(bases[place]),
            copy=copies.index(identity) + 1,
            copies=len(copies),
            shared=len(spread[identity]) > 1,
        )
        objects.setdefault(place[0], []).append(mapped)
    return {lmid: tuple(members) for lmid, members in objects.items()}


def _mappings(bases: Mapping[File, Sequence[str | None]]) -> dict[File, Identity]:
    """File → an identity, equal if two namespaces share one mapping.

    The loader reports where it maps a file. In a namespace of dlmopen it maps everything except itself: its link map
    there stands for the one in the base namespace, sometimes with another spelling of the path.
    """
    at_start = {posixpath.basename(path): (lmid, path) for lmid, path in reversed([*bases]) if lmid == BASE}

    def identity(lmid: int, path: str) -> Identity:
        name = posixpath.basename(path)
        known = frozenset(base for base in bases[lmid, path] if base is not None)
        if known:
            return name, known
        stands_for = at_start.get(name, (lmid, path))
        return identity(*stands_for) if stands_for != (lmid, path) and lmid != BASE else (lmid, path)

    return {(lmid, path): identity(lmid, path) for lmid, path in bases}


def _arrows(objects: Mapping[int, Sequence[Mapped]], bindings: Iterable[Bound]) -> Iterator[Arrow]:
    places = {(lmid, mapped.path): (lmid, at) for lmid, members in objects.items() for at, mapped in enumerate(members)}
    nearby = {
        (lmid, mapped.name): (lmid, at)
        for lmid, members in objects.items()
        for at, mapped in enumerate(members)
        if mapped.shared
    }
    symbols: dict[tuple[Place, Place, int], list[str]] = {}
    for referring, serving, symbol in bindings:
        source, target = places[referring], places[serving]
        if objects[target[0]][target[1]].shared:
            target = nearby.get((source[0], objects[target[0]][target[1]].name), target)
        if source != target:
            symbols.setdefault((source, target, serving[0]), []).append(symbol)
    for (source, target, defined_in), names in symbols.items():
        yield Arrow(source, target, defined_in, len(names), tuple(dict.fromkeys(names))[:SYMBOLS_SHOWN])
