"""LD_DEBUG=files,libs,bindings,scopes (glibc: elf/rtld.c, dl-load.c, dl-lookup.c, dl-open.c) → a `Line` for each.

Every line begins with the process' id and a colon. Other processes' lines may stand between, the last may be
cut, and a file name may hold anything but a newline; so words are looked for with `partition`, once each.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_PID = re.compile(r" {0,16}([0-9]{1,10}):\t")
_NUMBER = re.compile(r"[0-9]{1,18}")
_ADDRESSES = re.compile(r"dynamic: 0x([0-9a-f]{1,16})  base: 0x([0-9a-f]{1,16}) {1,16}size: 0x([0-9a-f]{1,16})")
_RULES = {"RPATH": "rpath", "RUNPATH": "runpath", "LD_LIBRARY_PATH": "LD_LIBRARY_PATH"}


@dataclass(frozen=True, slots=True)
class NameAsked:
    """A name that no loaded object serves: `by` needs it, or (`opened`) called dlopen or dlmopen."""

    name: str
    lmid: int
    by: str
    by_lmid: int
    opened: bool


@dataclass(frozen=True, slots=True)
class Optional:
    """The object asked for next is named by DT_AUXILIARY or DT_FILTER; the loader may go on without it."""

    name: str


@dataclass(frozen=True, slots=True)
class SearchBegun:
    """The search for a name without a slash begins."""

    name: str
    lmid: int


@dataclass(frozen=True, slots=True)
class Among:
    """The directories that are tried next, and the rule that gives them."""

    rule: str
    last: str


@dataclass(frozen=True, slots=True)
class Trying:
    """A file that the loader tries to open."""

    path: str


@dataclass(frozen=True, slots=True)
class MapMade:
    """A new link map, under the name that was asked for; `opened` where dlopen or dlmopen ended with that file."""

    name: str
    lmid: int
    opened: bool = False


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the link map that was made last lies: its dynamic section, its load address, its bytes."""

    dynamic: int
    base: int
    size: int


@dataclass(frozen=True, slots=True)
class Destroyed:
    """The end of a link map."""

    path: str
    lmid: int


@dataclass(frozen=True, slots=True)
class OpenReturning:
    """What dlopen or dlmopen is about to return."""

    path: str
    lmid: int


@dataclass(frozen=True, slots=True)
class Called:
    """The initialisers or (`fini`) finalisers of an object; glibc says the namespace of the latter only."""

    kind: str
    path: str
    lmid: int | None


@dataclass(frozen=True, slots=True)
class Started:
    """The application under its argv[0]: about to be initialised, or (`running`) given control."""

    path: str
    running: bool


@dataclass(frozen=True, slots=True)
class ReferenceBound:
    """A reference of one object that a symbol of another (or the same) serves from now on."""

    from_path: str
    from_lmid: int
    to_path: str
    to_lmid: int
    kind: str
    symbol: str
    version: str | None


@dataclass(frozen=True, slots=True)
class ScopesShown:
    """The object whose scopes are told next."""

    path: str
    lmid: int


@dataclass(frozen=True, slots=True)
class ScopeShown:
    """One list of that object's scopes: the paths of its objects, with a space between any two."""

    number: int
    paths: str


@dataclass(frozen=True, slots=True)
class MadeGlobal:
    """RTLD_GLOBAL: every object of the namespace finds the symbols of this one from now on."""

    path: str
    lmid: int


ScopeLine: TypeAlias = ScopesShown | ScopeShown | MadeGlobal
Line: TypeAlias = (
    NameAsked
    | Optional
    | SearchBegun
    | Among
    | Trying
    | MapMade
    | Addresses
    | Destroyed
    | OpenReturning
    | Called
    | Started
    | ReferenceBound
    | ScopeLine
)


def read(text: str) -> Iterator[tuple[int, Line]]:
    """Each line that says something, with its process' id."""
    for raw in text.split("\n"):
        tag = _PID.match(raw)
        if tag is not None:
            line = _line(raw[tag.end() :].lstrip(" "))
            if line is not None:
                yield int(tag[1]), line


def _line(body: str) -> Line | None:
    for prefix, of in _FORMS.items():
        if body.startswith(prefix):
            return of(body[len(prefix) :])
    return None


def _numbered(text: str) -> tuple[str, int] | None:
    """`libuser.so [1]` → the name and the number."""
    name, _, rest = text.rpartition(" [")
    number = rest.removesuffix("]")
    return (name, int(number)) if rest != number and _NUMBER.fullmatch(number) else None


def _file(rest: str) -> Line | None:
    for words, opened in (("needed by ", False), ("dynamically loaded by ", True)):
        name, separator, by = rest.partition(f";  {words}")
        if separator:
            return _asked(_numbered(name), _numbered(by), opened=opened)
    name, _, what = rest.rpartition(";  ")
    numbered = _numbered(name)
    if numbered is None:
        return None
    if what == "generating link map":
        return MapMade(*numbered)
    return Destroyed(*numbered) if what == "destroying link map" else None


def _asked(name: tuple[str, int] | None, by: tuple[str, int] | None, *, opened: bool) -> NameAsked | None:
    return NameAsked(*name, *by, opened=opened) if name and by else None


def _searching(rest: str) -> Line | None:
    numbered = _numbered(rest.removesuffix("; searching"))
    return SearchBegun(*numbered) if numbered else None


def _among(rest: str) -> Line | None:
    directories, _, whence = rest.rpartition("\t\t(")
    word = whence.removesuffix(")").partition(" from file ")[0]
    return Among(_RULES.get(word, "default"), directories.rpartition(":")[2])


def _addresses(rest: str) -> Line | None:
    match = _ADDRESSES.fullmatch(f"dynamic: {rest}")
    return Addresses(*(int(digits, 16) for digits in match.groups())) if match else None


def _opened(rest: str) -> Line | None:
    numbered = _numbered(rest.rpartition("; direct_opencount=")[0])
    return OpenReturning(*numbered) if numbered else None


def _called(kind: str) -> Callable[[str], Line | None]:
    def of(rest: str) -> Line | None:
        numbered = _numbered(rest)
        return Called(kind, *numbered) if numbered else Called(kind, rest, None)

    return of


def _bound(rest: str) -> Line | None:
    ends, _, what = rest.rpartition(" symbol `")
    ends, _, kind = ends.rpartition(": ")
    source, _, target = ends.partition("] to ")
    symbol, quote, version = what.partition("'")
    referring, defining = _numbered(f"{source}]"), _numbered(target)
    if referring is None or defining is None or not quote:
        return None
    return ReferenceBound(*referring, *defining, kind, symbol, version.removeprefix(" [").removesuffix("]") or None)


def _scopes(rest: str) -> Line | None:
    numbered = _numbered(rest)
    return ScopesShown(*numbered) if numbered else None


def _scope(rest: str) -> Line | None:
    number, _, paths = rest.partition(": ")
    return ScopeShown(int(number), paths) if _NUMBER.fullmatch(number) else None


def _added(rest: str) -> Line | None:
    numbered = _numbered(rest.removesuffix(" to global scope"))
    return MadeGlobal(*numbered) if numbered else None


_FORMS: dict[str, Callable[[str], Line | None]] = {
    "binding file ": _bound,
    "trying file=": Trying,
    "file=": _file,
    "find library=": _searching,
    "load auxiliary object=": lambda rest: Optional(rest.rpartition(" requested by file=")[0]),
    "search path=": _among,
    "search cache=": lambda _rest: Among("ld.so.cache", ""),
    "dynamic: ": _addresses,
    "calling init: ": _called("init"),
    "calling fini: ": _called("fini"),
    "opening file=": _opened,
    "object=": _scopes,
    "scope ": _scope,
    "add ": _added,
    "initialize program: ": lambda path: Started(path, running=False),
    "transferring control: ": lambda path: Started(path, running=True),
}
