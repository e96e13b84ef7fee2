"""What is said of a file: values, frozen."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from elfworlds.elf import ElfObject

LD_PRELOAD, DLOPEN, INTERP = "LD_PRELOAD", "dlopen", "PT_INTERP"
LOADED = "loaded"
TAKEN, THERE, ABSENT, NOT_IN_CACHE = "taken", "there", "absent", "not in the cache"
PASSED, FATAL, SHUT, UNKNOWN = "other machine", "not loadable", "unreadable", "unknown"


class Considered(NamedTuple):
    """A path that the loader tries for a name.

    Attributes:
        path: empty where ld.so.cache has no such name.
        rule: as in `Need`.
        holder: the path of the object whose rpath or runpath leads there, or None.
        state: `taken`, `absent`, `not in the cache`, `other machine` (passed over), `not loadable` (the loader stops
            there), `unreadable`, or `unknown`; behind the place where a search ends also `there`.
    """

    path: str
    rule: str
    holder: str | None
    state: str


class Need(NamedTuple):
    """A name that an object asks for, and what serves it.

    Attributes:
        needing: the path of the object that asks.
        name: with its tokens expanded.
        tag: `DT_NEEDED`, `DT_AUXILIARY`, `DT_FILTER`, `LD_PRELOAD`, or `dlopen`.
        path: the file; None where there is none.
        rule: `loaded`, `path`, `rpath`, `LD_LIBRARY_PATH`, `runpath`, `ld.so.cache`, `default`; None without a file.
        holder: the path of the object whose rpath or runpath it is; None for other rules.
        level: the subdirectory for the processor, such as `glibc-hwcaps/x86-64-v3`; None where it is none.
        considered: for a miss every path that is tried, in order; else empty.
        stopped: the file at which the loader stops with an error, or None.
        sure: whether the rules can tell.
    """

    needing: str
    name: str
    tag: str
    path: str | None
    rule: str | None
    holder: str | None = None
    level: str | None = None
    considered: tuple[Considered, ...] = ()
    stopped: str | None = None
    sure: bool = True

    @property
    def missing(self) -> bool:
        """Whether a program would not start for it; one that cannot be preloaded, or an auxiliary one, is ignored."""
        return self.path is None and self.tag not in (LD_PRELOAD, "DT_AUXILIARY")


class Mapped(NamedTuple):
    """An object in the order of loading, which is the order of lookup too.

    Attributes:
        path: of its file, as its loader would have it.
        name: as it was asked for; empty for the inspected file and for its dynamic loader.
        loaded_by: the path of the object that asked for it; None for the first one.
        of_host: whether the host has it, whatever is opened.
    """

    path: str
    name: str
    facts: ElfObject
    loaded_by: str | None
    of_host: bool = False


class MissingVersion(NamedTuple):
    """A version that an object needs of a file, and that the file that serves has not.

    Attributes:
        needing: the path of the object.
        file: the name of the other, as the object says it.
        path: the file that serves that name.
        version: such as `GLIBC_2.34`.
        weak: the loader goes on without it.
        unversioned: the file defines no versions at all: a warning of the loader, or an assertion of an older one.
    """

    needing: str
    file: str
    path: str
    version: str
    weak: bool
    unversioned: bool

    @property
    def fatal(self) -> bool:
        return not (self.weak or self.unversioned)


class OptionalNeed(NamedTuple):
    """What an object declares that it may dlopen (`.note.dlopen`).

    Attributes:
        sonames: any of them will do.
        path, rule: the first of them that is found, and how; None where none is.
        priority: `required`, `recommended` or `suggested`; None, as feature and description, where it does not say.
    """

    needing: str
    sonames: tuple[str, ...]
    feature: str | None
    description: str | None
    priority: str | None
    path: str | None
    rule: str | None
