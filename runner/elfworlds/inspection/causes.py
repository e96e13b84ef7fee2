"""Why a name is not found, in words for a person: what lies near, and which rule keeps the loader from it."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from elfworlds.elf import ElfObject
from elfworlds.inspection import types
from elfworlds.inspection.types import INTERP
from elfworlds.resolve import MUSL, expand_tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

    from elfworlds.inspection.result import Result
    from elfworlds.inspection.types import Need
    from elfworlds.resolve import LoadedObject

MOST_ALIKE = 3
_STEM = re.compile(r"(lib[^.]*?)[-0-9.]*\.so.*")


def causes(need: Need, inspection: Result) -> tuple[str, ...]:
    """What is known of why nothing serves a name; none where there is nothing to say beyond the paths."""
    return tuple(dict.fromkeys(_causes(need, inspection)))


def _causes(need: Need, inspection: Result) -> Iterator[str]:
    if need.tag == INTERP:
        yield f"{need.needing} names this dynamic loader, and {inspection.world} has none there"
        return
    if need.stopped:
        yield f"the loader stops at {need.stopped}: it is no ELF file that it could load"
    for tried in need.considered:
        if tried.state == types.PASSED:
            yield f"{tried.path} is of another class or machine, and is passed over"
        elif tried.state == types.SHUT:
            yield f"{tried.path} cannot be opened"
        elif tried.state == types.ABSENT and tried.path and inspection.system.files.dangles(tried.path):
            yield f"{tried.path} is a symbolic link to what is not there"
    needing = inspection.loaded(need.needing)
    if needing and "/" not in need.name:
        yield from _relative(needing)
        yield from _near(need, needing, inspection)
        yield from _alike(need.name, inspection)


def _relative(needing: LoadedObject) -> Iterator[str]:
    """Entries of run paths that count from the current directory: mostly `$ORIGIN` that a shell or make has eaten."""
    for rule, entries in (("rpath", needing.facts.rpath), ("runpath", needing.facts.runpath)):
        for entry in entries or ():
            if entry and not entry.startswith(("/", "$")):
                meant = "$ORIGIN" + entry.removeprefix("RIGIN") if entry.startswith("RIGIN") else f"$ORIGIN/{entry}"
                yield (
                    f"the entry {entry} of the {rule} of {needing.path} counts from the current directory;"
                    f" was {meant} meant?"
                )


def _near(need: Need, needing: LoadedObject, inspection: Result) -> Iterator[str]:
    """Files of that name in places that do not count for this object."""
    musl = inspection.family == MUSL
    for link in needing.chain():
        if link is not needing and not musl:
            for path in _in(link.facts.runpath, link, need.name, inspection):
                yield (
                    f"{path} is there, by the runpath of {link.path}; a runpath serves what its own object needs,"
                    f" and {posixpath.basename(need.needing)} is a different file"
                )
        ignored = link.facts.runpath is not None or needing.facts.runpath is not None
        if ignored and not musl:
            holder = link if link.facts.runpath is not None else needing
            for path in _in(link.facts.rpath, link, need.name, inspection):
                yield f"{path} is there, by the rpath of {link.path}, which the runpath of {holder.path} turns off"
    for link in needing.chain():
        path = posixpath.join(link.origin, need.name)
        if isinstance(inspection.closure.world.read(path), ElfObject):
            yield f"{path} lies beside {posixpath.basename(link.path)}, and no rpath or runpath leads there"


def _in(entries: tuple[str, ...] | None, holder: LoadedObject, name: str, inspection: Result) -> Iterator[str]:
    world = inspection.closure.world
    for entry in entries or ():
        path = posixpath.join(expand_tokens(entry, holder.origin, world.tokens), name)
        if entry and isinstance(world.read(path), ElfObject):
            yield path


def _alike(name: str, inspection: Result) -> Iterator[str]:
    """Other versions of that library which the system's cache has."""
    match = _STEM.fullmatch(name)
    if not match:
        return
    cache = inspection.closure.world.cache
    other = re.compile(rf"{re.escape(match[1])}[-0-9.]*\.so[.0-9]*")
    paths = (path for key, path in cache.items() if path and other.fullmatch(key))
    names = sorted({posixpath.basename(path) for path in paths} - {name})
    if names:
        yield f"{inspection.world} has {', '.join(names[:MOST_ALIKE])}"
