"""Inspections as rows of tables, one fact a row: what `columns.OF_INSPECTIONS` lists."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from elfworlds import elf
from elfworlds.columns import OF_INSPECTIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from elfworlds.inspection.result import Result
    from elfworlds.inspection.types import Mapped
    from elfworlds.jsondata import Json

Cell: TypeAlias = "str | int | bool | None"
Row: TypeAlias = "tuple[Cell, ...]"
Read = TypeVar("Read")
OF_OBJECTS = ("symbols", "versions", "relocations", "notes")
"""Tables with the facts of each object once, in whatever files' closures it is."""


def names() -> tuple[str, ...]:
    """The names of all tables."""
    return tuple(OF_INSPECTIONS)


def columns(name: str) -> dict[str, str]:
    """Column → pandas type."""
    return OF_INSPECTIONS[name].columns()


def rows(inspection: Result, name: str, seen: set[str] | None = None) -> Iterator[Row]:
    """The rows of a table.

    Args:
        inspection: whose.
        name: of the table.
        seen: objects whose own facts are told already, for the tables of `OF_OBJECTS`; those of this one are added.
    """
    if name not in OF_OBJECTS:
        yield from _BY_FILE[name](inspection)
        return
    told = seen if seen is not None else set()
    for mapped in inspection.objects:
        if mapped.path not in told:
            told.add(mapped.path)
            yield from _BY_OBJECT[name](mapped.path, Path(inspection.system.files.outside(mapped.path)))


def all_rows(inspections: Iterable[Result], name: str) -> Iterator[Row]:
    """The rows of a table of several inspections, what is told of objects once."""
    seen: set[str] = set()
    for inspection in inspections:
        yield from rows(inspection, name, seen)


def _objects(inspection: Result) -> Iterator[Row]:
    for position, mapped in enumerate(inspection.objects):
        yield (inspection.path, inspection.world, position, *_object(mapped), _size(mapped.path, inspection))


def _object(mapped: Mapped) -> Row:
    facts = mapped.facts
    return (
        *(mapped.path, mapped.name, mapped.loaded_by, mapped.of_host),
        *(facts.type, facts.machine, facts.soname, facts.interp),
        None if facts.rpath is None else ":".join(facts.rpath),
        None if facts.runpath is None else ":".join(facts.runpath),
        *(facts.build_id, " ".join(facts.flags), facts.execstack),
    )


def _size(path: str, inspection: Result) -> int | None:
    try:
        return os.stat(inspection.system.files.outside(path)).st_size  # noqa: PTH116  # a string all the way
    except OSError:
        return None


def _needed(inspection: Result) -> Iterator[Row]:
    for position, need in enumerate(inspection.needs):
        which = (inspection.path, inspection.world, position, need.needing, need.name, need.tag)
        yield (*which, need.path, need.rule, need.holder, need.level, need.sure)


def _searches(inspection: Result) -> Iterator[Row]:
    for need in inspection.needs:
        for position, tried in enumerate(need.considered):
            which = (inspection.path, inspection.world, need.needing, need.name, position)
            yield (*which, tried.path or None, tried.rule, tried.holder, tried.state)


def _missing_versions(inspection: Result) -> Iterator[Row]:
    for version in inspection.versions:
        which = (inspection.path, inspection.world, version.needing, version.version, version.file, version.path)
        yield (*which, version.weak, version.unversioned)


def _symbols(path: str, place: Path) -> Iterator[Row]:
    for symbol in _read(elf.symbols, place) or ():
        name = (path, symbol.symbol, symbol.version, symbol.is_default, symbol.defined)
        yield (*name, symbol.bind, symbol.type, symbol.visibility, symbol.value, symbol.size)


def _versions(path: str, place: Path) -> Iterator[Row]:
    versions = _read(elf.versions, place)
    for needed in versions.needed if versions else ():
        yield path, "needed", needed.name, needed.file, needed.weak
    for defined in versions.defined if versions else ():
        yield path, "base" if defined.base else "defined", defined.name, None, defined.weak


def _relocations(path: str, place: Path) -> Iterator[Row]:
    relocations = _read(elf.relocations, place)
    for kind, count in relocations.counts if relocations else ():
        yield path, kind, count
    if relocations and relocations.packed:
        yield path, "DT_RELR", relocations.packed.relocations


def _notes(path: str, place: Path) -> Iterator[Row]:
    notes = _read(elf.notes, place)
    for kind, value in notes.facts().items() if notes else ():
        for each in value if isinstance(value, list) else [value]:
            if each is not None:
                yield path, kind, _text(each)


def _text(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _read(read: Callable[[Path], Read], place: Path) -> Read | None:
    try:
        return read(place)
    except elf.NotElfError:
        return None


_BY_FILE: dict[str, Callable[[Result], Iterator[Row]]] = {
    "objects": _objects,
    "needed": _needed,
    "searches": _searches,
    "missing_versions": _missing_versions,
}
_BY_OBJECT: dict[str, Callable[[str, Path], Iterator[Row]]] = {
    "symbols": _symbols,
    "versions": _versions,
    "relocations": _relocations,
    "notes": _notes,
}
