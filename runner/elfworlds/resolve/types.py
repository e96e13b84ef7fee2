"""What a search depends on, and what comes of it."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from elfworlds.elf import ElfObject

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Mapping

GLIBC, MUSL = "glibc", "musl"


class Refusal(Enum):
    """Why a file that is there is not taken."""

    PASSED = "it is of another class or machine: the search goes on"
    FATAL = "it is no ELF file that could be loaded: the loader stops there with an error"
    SHUT = "it cannot be opened: glibc leaves the rest of that list, musl the whole search"
    UNKNOWN = "nothing is known of it here"


Read: TypeAlias = ElfObject | Refusal | None


class Surroundings(NamedTuple):
    """What a search depends on beside the objects.

    Attributes:
        read: path → facts; None where there is no file, a `Refusal` where there is one that is not taken.
        library_path: the directories of LD_LIBRARY_PATH.
        cache: ld.so.cache, the name as `cache_key` has it → path; None where nobody can tell which.
        default_paths: directories searched last.
        tokens: what $LIB and $PLATFORM stand for; empty where the loader has nothing for it.
        identity: path → what two paths of one file have in common; the loader compares device and inode.
        real: the application's path → the one without symbolic links, which its $ORIGIN comes from.
        subdirectories: of each directory, those that glibc searches before it, best first.
        family: whose rules hold, `glibc` or `musl`.
        interp: the path of the dynamic loader that all this is said of; empty where it is not known.
        program: argv[0] of the program whose environment this is; None where any program's is.
        settled: whether what lies at a path was the same all the time: nobody changed it while the program ran.
        known: whether nothing in the environment makes the loader search otherwise.
    """

    read: Callable[[str], Read]
    library_path: tuple[str, ...]
    cache: Mapping[str, str | None]
    default_paths: tuple[str, ...]
    tokens: Mapping[str, str]
    identity: Callable[[str], Hashable] = str
    real: Callable[[str], str] = str
    subdirectories: tuple[str, ...] = ()
    family: str = GLIBC
    interp: str = ""
    program: str | None = None
    settled: Callable[[str], bool] = bool
    known: bool = True


class LoadedObject(NamedTuple):
    """An object in the order of loading, and the one that caused it to be loaded."""

    path: str
    facts: ElfObject
    loader: LoadedObject | None

    @property
    def origin(self) -> str:
        return posixpath.dirname(self.path) or "."

    def chain(self) -> Iterator[LoadedObject]:
        """This object, the one that loaded it, and so on up to the application."""
        link: LoadedObject | None = self
        while link is not None:
            yield link
            link = link.loader


@dataclass(frozen=True, slots=True)
class SearchPlace:
    """One place that is searched, and by which rule; not `known` where a token in it stands for nobody knows what.

    `holder` is the path of the object whose rpath or runpath leads there; empty for other rules.
    """

    rule: str
    directory: str
    known: bool = True
    holder: str = field(default="", compare=False)


class Edge(NamedTuple):
    """One needed name, and the file that serves it; `path` is None where none was found.

    Attributes:
        rule: why this file: `loaded`, `path`, `rpath`, `LD_LIBRARY_PATH`, `runpath`, `ld.so.cache` or `default`.
        searched: every place that was looked at.
        stopped: the file at which the loader stops with an error.
        sure: whether the rules can tell; else another end is as good.
    """

    needing: str
    name: str
    path: str | None
    rule: str | None
    searched: tuple[SearchPlace, ...]
    stopped: str | None = None
    sure: bool = True


@dataclass(slots=True)
class Entry:
    """A loaded object, the names that it answers to, and what tells its file from others."""

    loaded: LoadedObject
    names: set[str]
    file: Hashable


@dataclass(slots=True)
class Namespace:
    """The objects of one namespace in the order of loading."""

    entries: list[Entry] = field(default_factory=list)

    def answering(self, name: str) -> LoadedObject | None:
        return next((entry.loaded for entry in self.entries if name in entry.names), None)

    def at(self, path: str) -> LoadedObject | None:
        """The object whose path this is."""
        return next((entry.loaded for entry in self.entries if entry.loaded.path == path), None)

    def mapped(self, file: Hashable) -> Entry | None:
        return next((entry for entry in self.entries if entry.file == file), None)

    def add(self, loaded: LoadedObject, file: Hashable, *names: str | None) -> None:
        self.entries.append(Entry(loaded, {name for name in names if name}, file))

    def drop(self, path: str, file: Hashable) -> None:
        gone = next((entry for entry in self.entries if entry.loaded.path == path), None) or self.mapped(file)
        self.entries = [entry for entry in self.entries if entry is not gone]

    def copy(self) -> Namespace:
        return Namespace([Entry(entry.loaded, set(entry.names), entry.file) for entry in self.entries])
