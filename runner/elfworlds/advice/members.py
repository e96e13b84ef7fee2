"""What a loader reads of each object of a closure, once for each file; and which references others answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from elfworlds import elf
from elfworlds.bindings import Definitions, Linked, Wanted, wants

if TYPE_CHECKING:
    from collections.abc import Mapping

    from elfworlds.elf import ElfObject, Layout, Relocations, Symbol
    from elfworlds.inspection import System

UNIQUE = "STB_GNU_UNIQUE"
INITIAL_EXEC, DESCRIPTORS = "initial-exec", "descriptors"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Member:
    """An object, with what decides how it is loaded and let go.

    Attributes:
        of_libc: the versions that it needs of libc.so.6.
        wanted: each reference that is looked up → whether it may stay undefined.
        by_name: the same by their names.
    """

    path: str
    facts: ElfObject
    layout: Layout
    relocations: Relocations
    isa_needed: tuple[str, ...]
    of_libc: frozenset[str]
    definitions: Definitions
    wanted: Mapping[Wanted, bool]
    by_name: Mapping[str, tuple[Wanted, ...]]
    unique: frozenset[str]

    @property
    def symbolic(self) -> bool:
        return "DF_SYMBOLIC" in self.facts.flags

    @property
    def nodelete(self) -> bool:
        return "DF_1_NODELETE" in self.facts.flags


@dataclass(slots=True, eq=False)
class Members:
    """The objects of a system, each read once."""

    system: System
    known: dict[str, Member] = field(default_factory=dict)
    pairs: dict[tuple[str, str], frozenset[Wanted]] = field(default_factory=dict)

    def of(self, path: str, facts: ElfObject) -> Member:
        """An object.

        Raises:
            NotElfError: it cannot be read.
        """
        if path not in self.known:
            self.known[path] = self._read(path, facts)
        return self.known[path]

    def _read(self, path: str, facts: ElfObject) -> Member:
        file = Path(self.system.files.outside(path))
        symbols, versions, relocations = elf.symbols(file), elf.versions(file), elf.relocations(file)
        linked = Linked(path=path, facts=facts, symbols=symbols, versions=versions, relocations=relocations.of_symbols)
        wanted = wants(linked)
        by_name: dict[str, tuple[Wanted, ...]] = {}
        for each in wanted:
            by_name[each.name] = (*by_name.get(each.name, ()), each)
        properties = elf.notes(file).properties
        return Member(
            path=path,
            facts=facts,
            layout=elf.layout(file),
            relocations=relocations,
            isa_needed=properties.isa_needed if properties else (),
            of_libc=frozenset(each.name for each in versions.needed if each.file.startswith("libc.so.")),
            definitions=linked.definitions,
            wanted=wanted,
            by_name=by_name,
            unique=_unique(symbols),
        )

    def answered(self, needing: Member, other: Member) -> frozenset[Wanted]:
        """The references of one object that another one could serve."""
        key = needing.path, other.path
        if key not in self.pairs:
            offers = other.definitions
            self.pairs[key] = frozenset(
                wanted
                for name in needing.by_name.keys() & offers.by_name.keys()
                for wanted in needing.by_name[name]
                if offers.answering(wanted)
            )
        return self.pairs[key]


def _unique(symbols: tuple[Symbol, ...]) -> frozenset[str]:
    return frozenset(each.symbol for each in symbols if each.bind == UNIQUE and each.defined)
