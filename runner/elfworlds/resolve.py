"""Where the dynamic loader would look for a needed name, and what it would find; nothing is executed.

The rules are ld.so(8)'s and glibc's `_dl_map_object` (elf/dl-load.c), in this order:

1. an object that is loaded in the same namespace and answers to that name: its path, its soname, or a name under
   which it was asked for before; ld.so is loaded from the start;
2. a name with a slash is a path;
3. rpath, unless the needing object has a runpath: its own, then that of each object that loaded it, then the
   application's, whatever the namespace, leaving out those that have a runpath; an empty one is none;
4. LD_LIBRARY_PATH, where $ORIGIN is the application's;
5. runpath of the needing object only;
6. ld.so.cache; with DF_1_NODEFLIB not what lies below a default path;
7. the default paths, but not with DF_1_NODEFLIB.

A file of another machine is passed over. A file that is mapped already, under whatever path, is not mapped again.
"""

from __future__ import annotations

import posixpath
import re
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Mapping

    from elfworlds.elf import ElfObject

NODEFLIB = "DF_1_NODEFLIB"
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
        identity: path → what two paths of one file have in common; the loader compares device and inode.
        real: the application's path → the one without symbolic links, which its $ORIGIN comes from.
    """

    read: Callable[[str], ElfObject | None]
    library_path: tuple[str, ...]
    cache: Mapping[str, str]
    default_paths: tuple[str, ...]
    tokens: Mapping[str, str]
    identity: Callable[[str], Hashable] = str
    real: Callable[[str], str] = str


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


@dataclass(slots=True)
class Namespace:
    """The objects of one namespace by every name that they answer to, and by what tells one file from another."""

    by_name: dict[str, Loaded] = field(default_factory=dict)
    by_file: dict[Hashable, Loaded] = field(default_factory=dict)

    def add(self, name: str, loaded: Loaded, world: World) -> None:
        self.by_file[world.identity(loaded.path)] = loaded
        for one in (loaded.path, name, loaded.facts.soname):
            if one:
                self.by_name.setdefault(one, loaded)

    def drop(self, path: str, world: World) -> None:
        gone = self.by_file.pop(world.identity(path), None)
        self.by_name = {name: one for name, one in self.by_name.items() if one is not gone}


def begin(path: str, facts: ElfObject, world: World) -> tuple[Loaded, Namespace]:
    """The application, and the base namespace with it and its ld.so."""
    application = Loaded(world.real(path), facts, None)
    base = Namespace()
    base.add("", application, world)
    loader = world.read(facts.interp) if facts.interp else None
    if facts.interp and loader:
        base.add(posixpath.basename(facts.interp), Loaded(facts.interp, loader, None), world)
    return application, base


def places(needing: Loaded, world: World, application: Loaded | None = None) -> Iterator[Place]:
    """The directories that are searched for a name that an object needs, in order; the cache stands between.

    `application` is for objects whose chain does not lead to it: those opened by path with dlmopen.
    """
    chain = tuple(needing.chain())
    last = application or chain[-1]
    if needing.facts.runpath is None:
        for link in chain if last in chain else (*chain, last):
            if link.facts.runpath is None:
                yield from _entries("rpath", link.facts.rpath, link, world)
    yield from _entries("LD_LIBRARY_PATH", world.library_path, last, world)
    yield from _entries("runpath", needing.facts.runpath, needing, world)
    yield Place("ld.so.cache", "")
    if NODEFLIB not in needing.facts.flags:
        for directory in world.default_paths:
            yield Place("default", directory)


def _entries(rule: str, entries: tuple[str, ...] | None, holder: Loaded, world: World) -> Iterator[Place]:
    for entry in entries or () if entries != ("",) else ():
        yield Place(rule, expand_tokens(entry, holder.origin, world.tokens) or ".")


def expand_tokens(entry: str, origin: str, tokens: Mapping[str, str]) -> str:
    """$ORIGIN, ${ORIGIN}, $LIB and $PLATFORM replaced; anything else with a `$` stays."""
    values = {"ORIGIN": origin, **tokens}
    return _TOKEN.sub(lambda found: values.get(found[1] or found[2], found[0]), entry)


def find(needing: Loaded, name: str, world: World, application: Loaded | None = None) -> Edge:
    """The file that serves a needed name that no loaded object serves."""
    if "/" in name:
        path = expand_tokens(name, needing.origin, world.tokens)
        found = path if world.read(path) else None
        return Edge(needing.path, name, found, "path" if found else None, (Place("path", path),))
    searched: list[Place] = []
    for place in places(needing, world, application):
        searched.append(place)
        path = _cached(needing, name, world) if place.rule == "ld.so.cache" else posixpath.join(place.directory, name)
        if path and _fits(needing, world.read(path)):
            return Edge(needing.path, name, path, place.rule, tuple(searched))
    return Edge(needing.path, name, None, None, tuple(searched))


def _cached(needing: Loaded, name: str, world: World) -> str:
    path = world.cache.get(name, "")
    below = tuple(f"{directory.rstrip('/')}/" for directory in world.default_paths)
    return "" if NODEFLIB in needing.facts.flags and path.startswith(below) else path


def _fits(needing: Loaded, facts: ElfObject | None) -> bool:
    return facts is not None and facts.machine == needing.facts.machine


def tree(path: str, world: World) -> tuple[Edge, ...]:
    """Every needed name below an application, breadth first as the loader goes, each with what serves it."""
    facts = world.read(path)
    if facts is None:
        return ()
    edges: list[Edge] = []
    application, base = begin(path, facts, world)
    waiting = deque([application])
    while waiting:
        needing = waiting.popleft()
        for name in needing.facts.needed:
            edge = serve(needing, name, base, world)
            edges.append(edge)
            found = world.read(edge.path) if edge.path and edge.rule != "loaded" else None
            new = found and load(edge, found, needing, base, world)
            if new:
                waiting.append(new)
    return tuple(edges)


def serve(needing: Loaded, name: str, space: Namespace, world: World, application: Loaded | None = None) -> Edge:
    """What serves a name that an object of a namespace needs: what is loaded there, or a file."""
    name = expand_tokens(name, needing.origin, world.tokens)
    if name in space.by_name:
        return Edge(needing.path, name, space.by_name[name].path, "loaded", ())
    return find(needing, name, world, application)


def load(edge: Edge, facts: ElfObject, loader: Loaded | None, space: Namespace, world: World) -> Loaded | None:
    """The object of the file that was found; None where it is mapped already and has one name more now."""
    path = edge.path or ""
    mapped = space.by_file.get(world.identity(path))
    space.add(edge.name, mapped or Loaded(path, facts, loader), world)
    return None if mapped else space.by_file[world.identity(path)]


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
