"""What the dynamic loader did, as types: link maps, searches and bindings, per process and namespace."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from elfworlds.traces.ldlines import ScopeLine


@dataclass(frozen=True, slots=True)
class LinkMap:
    """An object mapped in one namespace; `position` counts per process and namespace in the order of loading.

    Attributes:
        pid: the process' id; a program started by exec in the same process counts from 0 again.
        lmid: the namespace.
        name: what was asked for.
        path: the file; of the application, its argv[0].
        base, dynamic, size: load address, address of the dynamic section, bytes; None where the loader says nothing.
        needed_by: the object whose DT_NEEDED caused it (glibc says the same of what LD_PRELOAD names); None for
            the application and what was opened.
        opened: dlopen or dlmopen asked for it.
    """

    pid: int
    lmid: int
    position: int
    name: str
    path: str
    base: int | None
    dynamic: int | None
    size: int | None
    needed_by: str | None
    opened: bool


@dataclass(frozen=True, slots=True)
class TriedFile:
    """A file that was tried; the rule is `rpath`, `LD_LIBRARY_PATH`, `runpath`, `ld.so.cache`, `default` or `path`."""

    rule: str
    path: str


@dataclass(frozen=True, slots=True)
class Search:
    """A name that no object loaded in the namespace answered to.

    Attributes:
        needed_by: the object whose DT_NEEDED it is; None where dlopen or dlmopen asked.
        found: the file; None where there was none, or where the text ends before that is said.
        opened_by, opened_from: who called dlopen, and its namespace; None where glibc does not look for the caller.
    """

    pid: int
    lmid: int
    name: str
    needed_by: str | None
    tried: tuple[TriedFile, ...]
    found: str | None
    opened_by: str | None = None
    opened_from: int | None = None


@dataclass(frozen=True, slots=True)
class Binding:
    """A reference of one object, and the object whose symbol serves it; `kind` is `normal` or `protected`."""

    pid: int
    from_path: str
    from_lmid: int
    to_path: str
    to_lmid: int
    kind: str
    symbol: str
    version: str | None


@dataclass(frozen=True, slots=True)
class InitOrFini:
    """The initialisers (`init`) or finalisers (`fini`) of an object."""

    pid: int
    path: str
    kind: str
    lmid: int | None


@dataclass(frozen=True, slots=True)
class Unloaded:
    """A link map that ended before its process did."""

    pid: int
    lmid: int
    path: str


@dataclass(frozen=True, slots=True)
class Settled:
    """Every object that the last search of this process led to has been mapped, or the attempt was given up."""

    pid: int


@dataclass(frozen=True, slots=True)
class Forked:
    """A process that begins with what another has mapped."""

    pid: int
    parent: int


@dataclass(frozen=True, slots=True)
class Scoped:
    """What the loader said of scopes."""

    pid: int
    line: ScopeLine


Event: TypeAlias = Search | LinkMap | Unloaded | Settled | Forked


@dataclass(frozen=True, slots=True)
class LoaderTrace:
    """What the loader said. `events` has searches and link maps in the order of the text, and what ended between them.

    `pids` are the processes in order of appearance, `story` is all of it in the order of the text.
    """

    link_maps: tuple[LinkMap, ...]
    searches: tuple[Search, ...]
    bindings: tuple[Binding, ...]
    calls: tuple[InitOrFini, ...] = ()
    events: tuple[Event, ...] = ()
    pids: tuple[int, ...] = ()
    story: tuple[Event | Binding | InitOrFini | Scoped, ...] = ()
