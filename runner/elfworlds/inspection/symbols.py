"""Which definition would satisfy each undefined symbol: the first one in the order of lookup (elf/dl-lookup.c).

The scope is the closure, breadth first: what a program has from its start, or a file that a host opens. Deep binding,
-Bsymbolic and copy relocations do not count here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from elfworlds.bindings import Definitions, Wanted
from elfworlds.resolve import MUSL, cache_key

if TYPE_CHECKING:
    from elfworlds.elf import Symbol, Versions
    from elfworlds.inspection.walk import Closure

Symbols = Callable[[str], tuple["Symbol", ...] | None]
Scope = Sequence[tuple[str, Definitions]]  # the objects in the order of lookup, by their paths
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
    def wanted(self) -> Wanted:
        return Wanted(self.symbol, self.version, called=True)

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
    scope = [
        (mapped.path, Definitions(symbols(mapped.path) or (), versions(mapped.path))) for mapped in closure.objects
    ]
    musl = closure.world.family == MUSL
    for mapped in closure.objects:
        if mapped.of_host:
            continue
        for symbol in symbols(mapped.path) or ():
            if not symbol.defined and symbol.bind != "STB_LOCAL":
                yield _reference(mapped.path, symbol, scope, versioned=not musl)


def _reference(path: str, symbol: Symbol, scope: Scope, *, versioned: bool) -> Reference:
    wanted = Wanted(symbol.symbol, symbol.version, called=True)
    for provider, definitions in scope:
        found = definitions.answering(wanted) if versioned else next(iter(definitions.defining(symbol.symbol)), None)
        if found is not None:
            return _answered(path, symbol, provider, found.version)
    elsewhere = (
        f"{provider}@{each.version}"
        for provider, definitions in scope
        for each in definitions.defining(symbol.symbol)
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


@dataclass(frozen=True, slots=True)
class NotNeeded:
    """A library of the system that nothing in the closure needs, and that defines a missing symbol.

    Attributes:
        answers: whether under the version that is asked for.
    """

    path: str
    answers: bool


def not_needed(
    wanted: Wanted, closure: Closure, symbols: Symbols, versions: Callable[[str], Versions | None]
) -> NotNeeded | None:
    """The usual library that would satisfy a reference; failing that, one that defines its name otherwise.

    Args:
        wanted: a reference that nothing satisfies.
        closure: what is loaded.
        symbols: path → its dynamic symbols; None where they cannot be read.
        versions: path → its versions, likewise.
    """
    wanted = replace(wanted, version=None) if closure.world.family == MUSL else wanted
    defining: list[NotNeeded] = []
    for path in filter(None, (closure.world.cache.get(cache_key(library)) for library in USUAL)):
        if path in closure.in_order:
            continue
        named = [each for each in symbols(path) or () if each.symbol == wanted.name and each.defined]
        definitions = Definitions(named, versions(path) if named else None)
        if definitions.answering(wanted):
            return NotNeeded(path, answers=True)
        if definitions.defining(wanted.name):
            defining.append(NotNeeded(path, answers=False))
    return defining[0] if defining else None
