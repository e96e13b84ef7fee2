"""Where the dynamic loader would look for a needed name, and what it would find; nothing is executed.

The rules are ld.so(8)'s and glibc's `_dl_map_object` (elf/dl-load.c), in this order:

1. an object that is loaded already and has that name or soname;
2. a name with a slash is a path;
3. rpath, unless the needing object has a runpath: its own, then that of each object that loaded it, up to the
   application, leaving out those that have a runpath;
4. LD_LIBRARY_PATH;
5. runpath of the needing object only;
6. ld.so.cache;
7. the default paths; the last two not with DF_1_NODEFLIB.
"""

from __future__ import annotations

import posixpath
import re
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from elfworlds.elf import ElfObject

_TOKEN = re.compile(r"\$(?:(ORIGIN|LIB|PLATFORM)(?![A-Za-z0-9_])|\{(ORIGIN|LIB|PLATFORM)\})")


@dataclass(frozen=True, slots=True)
class World:
    """What a search depends on beside the objects.

    Attributes:
        read: path → facts; None where there is no file of the right kind.
        library_path: the directories of LD_LIBRARY_PATH.
        cache: ld.so.cache, name → path.
        default_paths: directories searched last.
        tokens: what $LIB and $PLATFORM stand for.
    """

    read: Callable[[str], ElfObject | None]
    library_path: tuple[str, ...]
    cache: Mapping[str, str]
    default_paths: tuple[str, ...]
    tokens: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Loaded:
    """An object in the order of loading, and the one that caused it to be loaded."""

    path: str
    facts: ElfObject
    loader: Loaded | None

    @property
    def origin(self) -> str:
        return posixpath.dirname(self.path) or "."

    def chain(self) -> Iterator[Loaded]:
        """This object, the one that loaded it, and so on up to the application."""
        link: Loaded | None = self
        while link is not None:
            yield link
            link = link.loader


@dataclass(frozen=True, slots=True)
class Place:
    """One place that is searched, and by which rule."""

    rule: str
    directory: str


@dataclass(frozen=True, slots=True)
class Edge:
    """One needed name, and the file that serves it; `path` is None where none was found.

    `rule` says why this file: `loaded`, `path`, `rpath`, `LD_LIBRARY_PATH`, `runpath`, `ld.so.cache` or
    `default`. `searched` holds every place that was looked at before.
    """

    needing: str
    name: str
    path: str | None
    rule: str | None
    searched: tuple[Place, ...]


def places(needing: Loaded, world: World) -> Iterator[Place]:
    """The directories that are searched for a name that an object needs, in order; the cache stands between."""
    if needing.facts.runpath is None:
        for link in needing.chain():
            if link.facts.runpath is None:
                yield from _entries("rpath", link.facts.rpath, link, world)
    for directory in world.library_path:
        yield Place("LD_LIBRARY_PATH", directory or ".")
    yield from _entries("runpath", needing.facts.runpath, needing, world)
    if "DF_1_NODEFLIB" not in needing.facts.flags:
        yield Place("ld.so.cache", "")
        for directory in world.default_paths:
            yield Place("default", directory)


def _entries(rule: str, entries: tuple[str, ...] | None, holder: Loaded, world: World) -> Iterator[Place]:
    for entry in entries or ():
        yield Place(rule, expand_tokens(entry, holder.origin, world.tokens) or ".")


def expand_tokens(entry: str, origin: str, tokens: Mapping[str, str]) -> str:
    """$ORIGIN, ${ORIGIN}, $LIB and $PLATFORM replaced; anything else with a `$` stays."""
    values = {"ORIGIN": origin, **tokens}
    return _TOKEN.sub(lambda found: values.get(found[1] or found[2], found[0]), entry)


def find(needing: Loaded, name: str, world: World) -> Edge:
    """The file that serves a needed name that no loaded object serves."""
    if "/" in name:
        path = expand_tokens(name, needing.origin, world.tokens)
        found = path if world.read(path) else None
        return Edge(needing.path, name, found, "path" if found else None, (Place("path", path),))
    searched: list[Place] = []
    for place in places(needing, world):
        searched.append(place)
        path = world.cache.get(name, "") if place.rule == "ld.so.cache" else posixpath.join(place.directory, name)
        if path and world.read(path):
            return Edge(needing.path, name, path, place.rule, tuple(searched))
    return Edge(needing.path, name, None, None, tuple(searched))


def tree(path: str, world: World) -> tuple[Edge, ...]:
    """Every needed name below an application, breadth first as the loader goes, each with what serves it."""
    facts = world.read(path)
    if facts is None:
        return ()
    edges: list[Edge] = []
    start = Loaded(path, facts, None)
    by_name: dict[str, str] = {facts.soname: path} if facts.soname else {}
    waiting = deque([start])
    while waiting:
        needing = waiting.popleft()
        for name in needing.facts.needed:
            edge = _edge(needing, name, by_name, world)
            edges.append(edge)
            if edge.path is None or edge.rule == "loaded":
                continue
            found = world.read(edge.path)
            if found is not None and edge.path not in by_name.values():
                waiting.append(Loaded(edge.path, found, needing))
            by_name |= {one: edge.path for one in (name, found.soname if found else None) if one}
    return tuple(edges)


def _edge(needing: Loaded, name: str, by_name: Mapping[str, str], world: World) -> Edge:
    if name in by_name:
        return Edge(needing.path, name, by_name[name], "loaded", ())
    return find(needing, name, world)


def library_path(value: str) -> tuple[str, ...]:
    """The directories of LD_LIBRARY_PATH: separated by colons or semicolons, an empty one is the current."""
    return tuple(re.split("[:;]", value)) if value else ()


def why_not_found(needing: str, edge: Edge) -> str:
    """One sentence for a person: which object could not be found, by which one, and where it was looked for."""
    rules: dict[str, list[str]] = {}
    for place in edge.searched:
        rules.setdefault(place.rule, []).append(place.directory)
    own = [f"{rule} {':'.join(rules[rule])}" for rule in ("rpath", "LD_LIBRARY_PATH", "runpath") if rule in rules]
    looked = ", ".join(own) if own else "no rpath, no runpath and no LD_LIBRARY_PATH leads to it"
    rest = "nor is it in ld.so.cache or a default path"
    return f"{edge.name}, which {needing} needs, was not found: {looked}; {rest}"
