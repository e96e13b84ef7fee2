"""Loaded objects and their scopes → the binding of each reference (glibc: elf/dl-lookup.c, dl-reloc.c, dl-open.c)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from elfworlds.bindings.lookup import Definitions, Wanted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from elfworlds.elf import ElfObject, Symbol, SymbolRelocation, Versions

CALLED = re.compile(r"(JUMP_SLOT|JMP_SLOT|TLS|DTPMOD|DTPOFF|DTPREL|TPOFF|TPREL)")
COPY = re.compile(r"_COPY$")
LOCAL_HERE = ("STV_HIDDEN", "STV_INTERNAL")
UNIQUE, PROTECTED, WEAK = "STB_GNU_UNIQUE", "STV_PROTECTED", "STB_WEAK"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Linked:
    """A loaded object, with what a lookup reads of it.

    Attributes:
        symbols: its dynamic symbols.
        relocations: those that name a symbol.
        executable: it is the program, which serves no copy relocation.
    """

    path: str
    facts: ElfObject
    symbols: Sequence[Symbol]
    versions: Versions | None
    relocations: Sequence[SymbolRelocation]
    executable: bool = False
    offers: list[Definitions] = field(default_factory=list, init=False, repr=False)

    @property
    def definitions(self) -> Definitions:
        """Made once, when somebody asks first."""
        if not self.offers:
            self.offers.append(Definitions(self.symbols, self.versions))
        return self.offers[0]

    @property
    def symbolic(self) -> bool:
        return "DF_SYMBOLIC" in self.facts.flags


@dataclass(frozen=True, slots=True, kw_only=True)
class Foretold:
    """A reference and the object that serves it.

    Attributes:
        needing: the path of the object that refers.
        version: that it asks for, or None.
        kind: the relocation.
        weak: it may stay undefined.
        path: of the object that serves it; None where none does.
        provided: the version of that definition, or None.
        rule: `scope`: the first in the order of lookup; `own`: the object's own protected definition; `unique`: the
            one that a reference before it took, STB_GNU_UNIQUE.
    """

    needing: str
    symbol: str
    version: str | None
    kind: str
    weak: bool
    path: str | None
    provided: str | None
    rule: str | None

    @property
    def missing(self) -> bool:
        return self.path is None and not self.weak


@dataclass(frozen=True, slots=True)
class Opened:
    """What one dlopen or dlmopen brought, in the order of loading.

    Attributes:
        objects: the opened one and what it needs, breadth first; those that were there before too.
        new: the paths of those that it mapped, whose references are bound now.
        deep: RTLD_DEEPBIND.
    """

    objects: tuple[Linked, ...]
    new: frozenset[str]
    deep: bool = False


def started(objects: Sequence[Linked], unique: dict[str, Linked] | None = None) -> Iterator[Foretold]:
    """What binds when a program is started: every object looks in all of them, in the order of loading.

    Objects are relocated from the last to the first, which decides what is unique.

    Args:
        objects: the program and what was loaded with it.
        unique: name → the object whose unique symbol the namespace has taken; it is filled.
    """
    taken = {} if unique is None else unique
    for linked in reversed(objects):
        yield from _bound(linked, [objects], taken)


def opened(brought: Opened, globally: Sequence[Linked], unique: dict[str, Linked] | None = None) -> Iterator[Foretold]:
    """What binds when an object is opened: what is there for all, then what it brought itself.

    Args:
        brought: what it brought. With dlmopen into a new namespace nothing is there for all.
        globally: the objects of the namespace that are there for all: the program's, and those of RTLD_GLOBAL.
        unique: as of `started`.
    """
    taken = {} if unique is None else unique
    lists = [brought.objects, globally] if brought.deep else [globally, brought.objects]
    for linked in reversed(brought.objects):
        if linked.path in brought.new:
            yield from _bound(linked, lists, taken)


def wants(linked: Linked) -> dict[Wanted, bool]:
    """Each reference that is looked up, once for each class of relocation → whether it may stay undefined."""
    own = {(symbol.symbol, symbol.version): symbol for symbol in linked.symbols}
    wanted: dict[Wanted, bool] = {}
    for relocation in linked.relocations:
        reference = own.get((relocation.name, relocation.version))
        if reference is not None and not _is_local(reference):
            wanted.setdefault(_wanted(relocation), reference.bind == WEAK)
    return wanted


def _bound(linked: Linked, lists: Sequence[Sequence[Linked]], unique: dict[str, Linked]) -> Iterator[Foretold]:
    """Each reference of one object once, for each class of relocation that it has."""
    own = {(symbol.symbol, symbol.version): symbol for symbol in linked.symbols}
    scope = [[linked], *lists] if linked.symbolic else lists
    seen: set[Wanted] = set()
    for relocation in linked.relocations:
        reference = own.get((relocation.name, relocation.version))
        wanted = _wanted(relocation)
        if reference is None or wanted in seen or _is_local(reference):
            continue
        seen.add(wanted)
        yield _foretold(linked, reference, relocation, wanted, scope, unique)


def _wanted(relocation: SymbolRelocation) -> Wanted:
    called, copied = bool(CALLED.search(relocation.kind)), bool(COPY.search(relocation.kind))
    return Wanted(relocation.name, relocation.version, called, copied)


def _is_local(reference: Symbol) -> bool:
    """Whether it is bound without a lookup."""
    return reference.bind == "STB_LOCAL" or reference.visibility in LOCAL_HERE


def _foretold(
    linked: Linked,
    reference: Symbol,
    relocation: SymbolRelocation,
    wanted: Wanted,
    scope: Sequence[Sequence[Linked]],
    unique: dict[str, Linked],
) -> Foretold:
    place, symbol, rule = _looked_up(wanted, scope, unique)
    if place is not None and place is not linked and reference.visibility == PROTECTED and reference.defined:
        place, symbol, rule = linked, reference, "own"
    return Foretold(
        needing=linked.path,
        symbol=relocation.name,
        version=relocation.version,
        kind=relocation.kind,
        weak=reference.bind == WEAK,
        path=place.path if place else None,
        provided=symbol.version if symbol else None,
        rule=rule,
    )


def _looked_up(
    wanted: Wanted, scope: Sequence[Sequence[Linked]], unique: dict[str, Linked]
) -> tuple[Linked | None, Symbol | None, str | None]:
    for objects in scope:
        for linked in objects:
            if wanted.copied and linked.executable:
                continue
            symbol = linked.definitions.answering(wanted)
            if symbol is None:
                continue
            if symbol.bind != UNIQUE:
                return linked, symbol, "scope"
            first = unique.setdefault(symbol.symbol, linked)
            return first, symbol, "scope" if first is linked else "unique"
    return None, None, None
