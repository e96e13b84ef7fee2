"""glibc's rules: ld.so(8) and `_dl_map_object` (elf/dl-load.c), in this order.

1. an object that is loaded in the same namespace and answers to that name: its path, its soname, or a name under
   which it was asked for before; ld.so is loaded from the start;
2. a name with a slash is a path;
3. rpath, unless the needing object has a runpath: its own, then that of each object that loaded it, then the
   application's, whatever the namespace, leaving out those that have a runpath; an empty one is none;
4. LD_LIBRARY_PATH, where $ORIGIN is the application's;
5. runpath of the needing object only;
6. ld.so.cache; with DF_1_NODEFLIB not what lies below a default path;
7. the default paths, but not with DF_1_NODEFLIB.

Of each directory, its subdirectories for the processor come first: `glibc-hwcaps/…` from 2.33 on, older names up to
2.36. An empty entry is the current directory. A file of another class or machine is passed over; the first other one
ends the search, well or with an error. A file that is mapped already, under whatever path, is not mapped again.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from elfworlds.elf import ElfObject
from elfworlds.resolve.tokens import cache_key, expand_tokens, known_tokens, void_tokens
from elfworlds.resolve.types import Edge, Refusal, SearchPlace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from elfworlds.resolve.types import LoadedObject, Surroundings

NODEFLIB = "DF_1_NODEFLIB"
CACHE = "ld.so.cache"


def find(
    needing: LoadedObject,
    name: str,
    world: Surroundings,
    application: LoadedObject | None = None,
    taken: str | None = None,
) -> Edge:
    """The file that serves a needed name that no loaded object serves.

    Args:
        needing: who needs it.
        name: without tokens that have a value.
        world: all else that it depends on.
        application: for objects whose chain does not lead to it: those opened by path with dlmopen.
        taken: the file that the loader took, where that is known. It was there then, whatever is there now.
    """
    search = GlibcSearch(needing, name, world, taken)
    if "/" in name:
        path = expand_tokens(name, needing.origin, world.tokens)
        search.searched.append(SearchPlace("path", path))
        search.look(path, "path")
        return search.edge()
    for places in lists(needing, world, application):
        for place in places:
            if search.over(place):
                return search.edge()
            if search.shut:
                break
    return search.edge()


@dataclass(slots=True)
class GlibcSearch:
    """A search that is under way."""

    needing: LoadedObject
    name: str
    world: Surroundings
    taken: str | None
    searched: list[SearchPlace] = field(default_factory=list)
    path: str | None = None
    rule: str | None = None
    stopped: str | None = None
    sure: bool = True
    shut: bool = False

    def edge(self) -> Edge:
        end = (self.path, self.rule, tuple(self.searched), self.stopped)
        return Edge(self.needing.path, self.name, *end, sure=self.sure and self.world.known)

    def over(self, place: SearchPlace) -> bool:
        """Whether the search ends at a place, well or with an error."""
        self.searched.append(place)
        self.sure = self.sure and place.known
        return place.known and any(self.look(path, place.rule) for path in self.candidates(place))

    def candidates(self, place: SearchPlace) -> Iterator[str]:
        if place.rule != CACHE:
            for directory in (*self.world.subdirectories, ""):
                yield posixpath.join(place.directory, directory, self.name)
            return
        path = self.world.cache.get(cache_key(self.name), "")
        below = tuple(f"{directory.rstrip('/')}/" for directory in self.world.default_paths)
        self.sure = self.sure and path is not None
        if path and not (NODEFLIB in self.needing.facts.flags and path.startswith(below)):
            yield path

    def look(self, path: str, rule: str) -> bool:
        """Whether the search ends at a file."""
        read = self.world.read(path)
        self.shut = read is Refusal.SHUT
        self.sure = self.sure and self.world.settled(path) and read is not Refusal.UNKNOWN
        absent = read is None or read is Refusal.UNKNOWN
        if (absent and path == self.taken) or (isinstance(read, ElfObject) and self.same_machine(read)):
            self.path, self.rule = path, rule
            return True
        if read is Refusal.FATAL:
            self.stopped = path
        return self.stopped is not None

    def same_machine(self, facts: ElfObject) -> bool:
        return facts.machine == self.needing.facts.machine


def lists(
    needing: LoadedObject, world: Surroundings, application: LoadedObject | None = None
) -> Iterator[tuple[SearchPlace, ...]]:
    """The lists of directories that are searched for a name that an object needs, in order; the cache is one."""
    chain = tuple(needing.chain())
    last = application or chain[-1]
    if needing.facts.runpath is None:
        for link in chain if last in chain else (*chain, last):
            if link.facts.runpath is None:
                yield _entries("rpath", link.facts.rpath, link, world)
    yield _entries("LD_LIBRARY_PATH", world.library_path, last, world)
    yield _entries("runpath", needing.facts.runpath, needing, world)
    yield (SearchPlace(CACHE, ""),)
    if NODEFLIB not in needing.facts.flags:
        yield tuple(SearchPlace("default", directory) for directory in world.default_paths)


def _entries(
    rule: str, entries: tuple[str, ...] | None, holder: LoadedObject, world: Surroundings
) -> tuple[SearchPlace, ...]:
    return tuple(
        SearchPlace(
            rule,
            expand_tokens(entry, holder.origin, world.tokens),
            known_tokens(entry, world.tokens),
            "" if rule == "LD_LIBRARY_PATH" else holder.path,
        )
        for entry in (entries or () if entries != ("",) else ())
        if not void_tokens(entry, world.tokens)
    )
