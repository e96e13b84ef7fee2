"""What is known of a file after an inspection."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from elfworlds.bindings import Wanted
    from elfworlds.elf import ElfObject
    from elfworlds.inspection.symbols import NotNeeded, Reference
    from elfworlds.inspection.types import Mapped, MissingVersion, Need, OptionalNeed
    from elfworlds.inspection.walk import Closure
    from elfworlds.inspection.world import System
    from elfworlds.resolve import LoadedObject

LONG = 10  # digits


@dataclass(frozen=True, kw_only=True)
class Result:
    """What the dynamic loader would do with a file.

    Attributes:
        path: as it was named.
        world: where, in words.
        family: whose rules hold: `glibc` or `musl`.
        interp: the path of the dynamic loader; empty where none is known for such a machine.
        facts: of the file.
        hosted: whether all that could serve its symbols is known: a host was named, or a new namespace.
        objects: in the order of loading, which is the order in which symbols are looked up.
        needs: every name that is asked for, in the loader's order.
        versions: those that are needed and missing, weak ones too.
        optional: what objects declare that they may dlopen.
    """

    path: str
    world: str
    family: str
    interp: str
    facts: ElfObject
    hosted: bool
    objects: tuple[Mapped, ...]
    needs: tuple[Need, ...]
    versions: tuple[MissingVersion, ...]
    optional: tuple[OptionalNeed, ...]
    closure: Closure = field(repr=False, compare=False)
    system: System = field(repr=False, compare=False)

    @property
    def missing(self) -> tuple[Need, ...]:
        """Names that nothing serves, each once for every object that asks; the program would not start."""
        return tuple(need for need in self.needs if need.missing)

    @cached_property
    def references(self) -> tuple[Reference, ...]:
        """Every undefined symbol of its objects, those of a host apart, and what would satisfy it."""
        from elfworlds.inspection.symbols import references  # noqa: PLC0415  # a tree needs none

        return tuple(references(self.closure, self.system.symbols, self.system.versions))

    def judges_symbols(self, *, asked: bool) -> bool:
        """Whether a missing symbol is an error: all that could define it is known. A library's may be its host's."""
        return self.hosted or (asked and self.facts.interp is not None)

    @property
    def missing_symbols(self) -> tuple[Reference, ...]:
        """Those that nothing satisfies, weak ones apart."""
        return tuple(reference for reference in self.references if reference.missing)

    def not_needed(self, wanted: Wanted) -> NotNeeded | None:
        """A usual library of the system that defines a missing symbol, and that nothing here needs; None for none."""
        from elfworlds.inspection.symbols import not_needed  # noqa: PLC0415

        return not_needed(wanted, self.closure, self.system.symbols, self.system.versions)

    @property
    def missing_versions(self) -> tuple[MissingVersion, ...]:
        """Versions without which the program would not start."""
        return tuple(version for version in self.versions if version.fatal)

    @property
    def own(self) -> Mapped | None:
        """The inspected file among the objects; None where the host has it already."""
        return next((mapped for mapped in self.objects if not mapped.of_host), None)

    def loaded(self, path: str) -> LoadedObject | None:
        """The object of a path, with the ones that loaded it."""
        return self.closure.by_path.get(path)

    def newest(self, path: str, name: str) -> str | None:
        """The newest version of the same series that a file defines: of GLIBC_2.34 it may be GLIBC_2.31."""
        versions = self.system.versions(path)
        series = name.rpartition("_")[0]
        names = [each.name for each in versions.defined if not each.base] if versions else []
        alike = [each for each in names if each.rpartition("_")[0] == series and _number(each)]
        return max(alike, key=_number, default=None)

    @property
    def whole(self) -> bool:
        """Whether no library and no version is missing."""
        return not self.missing and not self.missing_versions


def _number(version: str) -> tuple[int, ...]:
    """The parts of a version's number; none where it is a word, such as PRIVATE."""
    parts = version.rpartition("_")[2].split(".")
    digits = all(part.isascii() and part.isdigit() and len(part) < LONG for part in parts)
    return tuple(map(int, parts)) if digits else ()
