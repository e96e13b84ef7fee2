"""Loaded objects and their scopes → the binding of each reference (glibc: elf/dl-lookup.c, dl-reloc.c, dl-open.c)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, TypeAlias

from elfworlds.bindings.lookup import Definitions, Wanted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from elfworlds.elf import ElfObject, Symbol, SymbolRelocation, Versions

    Served: TypeAlias = "tuple[Linked | None, Symbol | None, str | None]"  # the object, its symbol, the rule

CALLED = re.compile(r"(JUMP_SLOT|JMP_SLOT|TLS|DTPMOD|DTPOFF|DTPREL|TPOFF|TPREL)")
COPY = re.compile(r"_COPY$")
LOCAL_HERE = ("STV_HIDDEN", "STV_INTERNAL")
LIBC, NOT_SHARED_FROM = "libc.so.6", "GLIBC_2.36"
UNIQUE, PROTECTED, WEAK = "STB_GNU_UNIQUE", "STV_PROTECTED", "STB_WEAK"


@dataclass(frozen=True, kw_only=True, eq=False)
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

    @cached_property
    def definitions(self) -> Definitions:
        """Made once, when somebody asks first."""
        return Definitions(self.symbols, self.versions)

    @cached_property
    def references(self) -> Mapping[Wanted, tuple[Symbol, str]]:
        """What is looked up, once for each class of relocation: its own symbol, and such a relocation's kind."""
        own = {(symbol.symbol, symbol.version): symbol for symbol in self.symbols}
        made: dict[Wanted, tuple[Symbol, str]] = {}
        for relocation in self.relocations:
            reference = own.get((relocation.name, relocation.version))
            if reference is not None and not _is_local(reference):
                made.setdefault(_wanted(relocation), (reference, relocation.kind))
        return made

    @cached_property
    def by_name(self) -> Mapping[tuple[str, str | None], tuple[Wanted, ...]]:
        """Name and version → the classes of relocation for which it is looked up."""
        made: dict[tuple[str, str | None], tuple[Wanted, ...]] = {}
        for wanted in self.references:
            key = wanted.name, wanted.version
            made[key] = (*made.get(key, ()), wanted)
        return made

    @cached_property
    def symbolic(self) -> bool:
        return "DF_SYMBOLIC" in self.facts.flags


@dataclass(frozen=True, slots=True)
class Scope:
    """Where one object's references are looked up.

    Attributes:
        lists: of objects, one after the other.
        unique: name → the object whose unique symbol the namespace has taken; it is filled.
        dynamic_weak: LD_DYNAMIC_WEAK is set: a weak definition serves only where there is no other.
    """

    lists: Sequence[Sequence[Linked]]
    unique: dict[str, Linked]
    dynamic_weak: bool = False


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
    scope = Scope([objects], {} if unique is None else unique)
    for linked in reversed(objects):
        yield from _bound(linked, scope)


def opened(brought: Opened, globally: Sequence[Linked], unique: dict[str, Linked] | None = None) -> Iterator[Foretold]:
    """What binds when an object is opened: what is there for all, then what it brought itself.

    Args:
        brought: what it brought. With dlmopen into a new namespace nothing is there for all.
        globally: the objects of the namespace that are there for all: the program's, and those of RTLD_GLOBAL.
        unique: as of `started`.
    """
    lists = [brought.objects, globally] if brought.deep else [globally, brought.objects]
    scope = Scope(lists, {} if unique is None else unique)
    for linked in reversed(brought.objects):
        if linked.path in brought.new:
            yield from _bound(linked, scope)


def wants(linked: Linked) -> dict[Wanted, bool]:
    """Each reference that is looked up, once for each class of relocation → whether it may stay undefined."""
    return {wanted: reference.bind == WEAK for wanted, (reference, _) in linked.references.items()}


def _bound(linked: Linked, scope: Scope) -> Iterator[Foretold]:
    """Each reference of one object once, for each class of relocation that it has."""
    for wanted in linked.references:
        yield foretell(linked, wanted, scope)


def _wanted(relocation: SymbolRelocation) -> Wanted:
    called, copied = bool(CALLED.search(relocation.kind)), bool(COPY.search(relocation.kind))
    return Wanted(relocation.name, relocation.version, called, copied)


def _is_local(reference: Symbol) -> bool:
    """Whether it is bound without a lookup."""
    return reference.bind == "STB_LOCAL" or reference.visibility in LOCAL_HERE


def foretell(linked: Linked, wanted: Wanted, scope: Scope) -> Foretold:
    """What one of an object's references binds to.

    Args:
        linked: the object.
        wanted: one of its references.
        scope: where it is looked up; with -Bsymbolic in the object itself before.
    """
    reference, kind = linked.references[wanted]
    place, symbol, rule = serving(linked, wanted, scope)
    return Foretold(
        needing=linked.path,
        symbol=wanted.name,
        version=wanted.version,
        kind=kind,
        weak=reference.bind == WEAK,
        path=place.path if place else None,
        provided=symbol.version if symbol else None,
        rule=rule,
    )


def serving(linked: Linked, wanted: Wanted, scope: Scope) -> Served:
    """The object and the symbol alone: a large program has a hundred thousand references."""
    place, symbol, rule = _looked_up(wanted, scope, first=[linked] if linked.symbolic else ())
    if place is not None and place is not linked:
        reference, _ = linked.references[wanted]
        own = reference.visibility == PROTECTED and reference.defined
        if own and not (place.executable and _is_copied_data(reference, wanted, place) and _of_before_2_36(scope)):
            return linked, reference, "own"
    return place, symbol, rule


def _is_copied_data(reference: Symbol, wanted: Wanted, program: Linked) -> bool:
    """Whether a program has a copy of the variable that a reference of the variable's own object is to."""
    copied = Wanted(wanted.name, wanted.version, copied=True)
    return reference.type == "STT_OBJECT" and not wanted.called and copied in program.references


def _of_before_2_36(scope: Scope) -> bool:
    """Whether the loader has objects share a program's copy of a protected variable, as glibc did until 2.36."""
    libcs = (each for each in chain(*scope.lists) if each.facts.soname == LIBC)
    versions = next((each.versions for each in libcs), None)
    return versions is not None and NOT_SHARED_FROM not in {defined.name for defined in versions.defined}


def _looked_up(wanted: Wanted, scope: Scope, first: Sequence[Linked]) -> Served:
    weakly: Served = None, None, None
    for linked in chain(first, *scope.lists):
        if wanted.copied and linked.executable:
            continue
        symbol = linked.definitions.answering(wanted)
        if symbol is None:
            continue
        if symbol.bind == UNIQUE:
            taken = scope.unique.setdefault(symbol.symbol, linked)
            return taken, symbol, "scope" if taken is linked else "unique"
        if not (scope.dynamic_weak and symbol.bind == WEAK):
            return linked, symbol, "scope"
        weakly = weakly if weakly[0] else (linked, symbol, "scope")
    return weakly
