"""Which definition would satisfy each undefined symbol: the first one in the order of lookup (elf/dl-lookup.c).

The scope is the closure, breadth first: what a program has from its start, or a file that a host opens. Deep binding,
-Bsymbolic and copy relocations do not count here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from elfworlds.resolve import MUSL, cache_key

if TYPE_CHECKING:
    from elfworlds.elf import Symbol, Versions
    from elfworlds.inspection.walk import Closure

Symbols = Callable[[str], tuple["Symbol", ...] | None]
TYPES = ("STT_NOTYPE", "STT_OBJECT", "STT_FUNC", "STT_COMMON", "STT_TLS", "STT_GNU_IFUNC")
SEEN = ("STV_DEFAULT", "STV_PROTECTED")
ABSOLUTE = 0xFFF1  # SHN_ABS
USUAL = (  # libraries that are most often forgotten when something is linked
    *("libpthread.so.0", "libdl.so.2", "libm.so.6", "librt.so.1", "libutil.so.1", "libresolv.so.2"),
    *("libstdc++.so.6", "libgcc_s.so.1", "libcrypt.so.1", "libz.so.1"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """An undefined symbol of an object, and what would satisfy it.

    Attributes:
        needing: the path of the object.
        version: that it asks for, or None.
        weak: it may stay undefined.
        path: of the object that defines it; None where none does.
        provided: the version of that definition, or None.
        elsewhere: where nothing satisfies it, the versions under which objects define the same name: path@version.
    """

    needing: str
    symbol: str
    version: str | None
    weak: bool
    path: str | None
    provided: str | None
    elsewhere: tuple[str, ...] = ()

    @property
    def missing(self) -> bool:
        return self.path is None and not self.weak

    @property
    def name(self) -> str:
        """As nm(1) writes it: `f@VERSION`."""
        return self.symbol if self.version is None else f"{self.symbol}@{self.version}"


def references(closure: Closure, symbols: Symbols, versions: Callable[[str], Versions | None]) -> Iterator[Reference]:
    """Every undefined symbol of the inspected objects, in the order of the objects.

    Args:
        closure: what is loaded.
        symbols: path → its dynamic symbols; None where they cannot be read.
        versions: path → its versions, likewise.
    """
    scope = [_Definitions(mapped.path, symbols(mapped.path) or (), versions) for mapped in closure.objects]
    musl = closure.world.family == MUSL
    for mapped in closure.objects:
        if mapped.of_host:
            continue
        for symbol in symbols(mapped.path) or ():
            if not symbol.defined and symbol.bind != "STB_LOCAL":
                yield _reference(mapped.path, symbol, scope, versioned=not musl)


def _reference(path: str, symbol: Symbol, scope: Sequence[_Definitions], *, versioned: bool) -> Reference:
    for definitions in scope:
        found = definitions.answering(symbol.symbol, symbol.version if versioned else None, any_version=not versioned)
        if found is not None:
            return _answered(path, symbol, definitions.path, found.version)
    elsewhere = (
        f"{definitions.path}@{each.version}"
        for definitions in scope
        for each in definitions.by_name.get(symbol.symbol, ())
        if each.version is not None
    )
    return _answered(path, symbol, None, None, tuple(dict.fromkeys(elsewhere)))


def _answered(
    needing: str, symbol: Symbol, path: str | None, provided: str | None, elsewhere: tuple[str, ...] = ()
) -> Reference:
    return Reference(
        needing=needing,
        symbol=symbol.symbol,
        version=symbol.version,
        weak=symbol.bind == "STB_WEAK",
        path=path,
        provided=provided,
        elsewhere=elsewhere,
    )


class _Definitions:
    """What an object defines, by name."""

    def __init__(self, path: str, symbols: Sequence[Symbol], versions: Callable[[str], Versions | None]) -> None:
        self.path = path
        self.versions = versions
        self.by_name: dict[str, list[Symbol]] = {}
        for symbol in symbols:
            if _counts(symbol):
                self.by_name.setdefault(symbol.symbol, []).append(symbol)

    def answering(self, name: str, version: str | None, *, any_version: bool) -> Symbol | None:
        """The definition that a reference takes (check_match)."""
        named = self.by_name.get(name)
        if not named:
            return None
        if any_version:
            return named[0]
        if version is None:
            return self._without_version(named)
        return next((each for each in named if each.version in (version, None)), None)

    def _without_version(self, named: Sequence[Symbol]) -> Symbol | None:
        """A reference without a version takes the base version, the first one, or the only default one."""
        first = self._first_version()
        for each in named:
            if each.version in (None, first):
                return each
        defaults = [each for each in named if each.is_default]
        return defaults[0] if len(defaults) == 1 else None

    def _first_version(self) -> str | None:
        known = self.versions(self.path)
        return next((each.name for each in known.defined if not each.base), None) if known else None


def _counts(symbol: Symbol) -> bool:
    """Whether a lookup sees a definition."""
    placed = symbol.value or symbol.section == ABSOLUTE or symbol.type == "STT_TLS"
    return bool(
        symbol.defined and placed and symbol.bind != "STB_LOCAL" and symbol.type in TYPES and symbol.visibility in SEEN
    )


def not_needed(name: str, closure: Closure, symbols: Symbols) -> str | None:
    """A usual library of the system that defines a symbol, and that is not in the closure."""
    for library in USUAL:
        path = closure.world.cache.get(cache_key(library))
        new = path is not None and path not in closure.in_order
        if path and new and any(each.symbol == name and _counts(each) for each in symbols(path) or ()):
            return path
    return None
