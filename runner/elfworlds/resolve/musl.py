"""musl's rules: `load_library` (ldso/dynlink.c), in this order.

1. a name of libc's parts (`libc.`, `libpthread.`, `libm.`, …), or ld.so's own path, is libc itself;
2. a name with a slash is a path; no token in it means anything;
3. an object that was found by a search under that name: no soname counts, nor does the application;
4. LD_LIBRARY_PATH;
5. the run path of the needing object, then of each object that loaded it, up to the application. DT_RUNPATH stands for
   DT_RPATH where there are both. A run path with a `$` that is not $ORIGIN is none. What dlopen opens is needed by the
   application, whoever calls;
6. what /etc/ld-musl-ARCH.path says, or the default paths.

Empty entries are left out. The first file that can be opened ends the search, well or with an error. A file that is
mapped already, by device and inode, is not mapped again.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from elfworlds.elf import ElfObject
from elfworlds.resolve.glibc import GlibcSearch
from elfworlds.resolve.tokens import expand_origin
from elfworlds.resolve.types import Edge, Refusal, SearchPlace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from elfworlds.resolve.types import LoadedObject, Surroundings

NAME_MAX = 255
LONGEST_PATH = 2 * NAME_MAX + 1
_LIBC = re.compile(r"lib(?:c|pthread|rt|m|dl|util|xnet)\.")


def is_libc(name: str, world: Surroundings) -> bool:
    return bool(_LIBC.match(name)) or name == world.interp


def find(needing: LoadedObject, name: str, world: Surroundings, taken: str | None = None) -> Edge:
    """The file that serves a name that no loaded object serves."""
    search = _Search(needing, name, world, taken)
    if not name or len(name) > NAME_MAX:
        return search.edge()
    if "/" in name:
        search.searched.append(SearchPlace("path", name))
        search.look(name, "path")
        return search.edge()
    for place in places(needing, world):
        if search.over(place):
            break
    return search.edge()


class _Search(GlibcSearch):
    """As glibc's, but that no file is passed over."""

    def candidates(self, place: SearchPlace) -> Iterator[str]:
        path = f"{place.directory}/{self.name}"
        if len(path.encode()) <= LONGEST_PATH:
            yield path

    def look(self, path: str, rule: str) -> bool:
        read = self.world.read(path)
        self.sure = self.sure and self.world.settled(path) and read is not Refusal.UNKNOWN
        if isinstance(read, ElfObject) or (path == self.taken and (read is None or read is Refusal.UNKNOWN)):
            self.path, self.rule = path, rule
        elif read is not None:
            self.stopped = path
        return read is not None or self.path is not None


def places(needing: LoadedObject, world: Surroundings) -> Iterator[SearchPlace]:
    """The directories that are searched for a name that an object needs, in order."""
    for directory in world.library_path:
        yield SearchPlace("LD_LIBRARY_PATH", directory)
    for link in needing.chain():
        yield from _run_path(link)
    for directory in filter(None, world.default_paths):
        yield SearchPlace("default", directory)


def _run_path(holder: LoadedObject) -> Iterator[SearchPlace]:
    rule = "rpath" if holder.facts.runpath is None else "runpath"
    entries = holder.facts.rpath if holder.facts.runpath is None else holder.facts.runpath
    whole = expand_origin(":".join(entries or ()), holder.origin)
    for directory in re.split("[:\n]", whole or ""):
        if directory:
            yield SearchPlace(rule, directory, holder=holder.path)
