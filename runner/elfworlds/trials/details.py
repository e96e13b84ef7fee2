"""The facts of an ELF file that are read where a matcher or a report speaks of them."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from elfworlds import elf
from elfworlds.outcome import Counts, Named

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from elfworlds.jsondata import Json


def details(path: Path, names: Iterable[str]) -> dict[str, Json]:
    """The facts of which names speak: `symbols` for `symbols.greet.version`.

    Raises:
        NotElfError: the file at the path cannot be read.
    """
    roots = {name.partition(".")[0] for name in names}
    file = _File(path)
    return {root: read(file) for root, read in READERS.items() if root in roots}


class _File:
    """A file, of which each part is read once."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @cached_property
    def relocations(self) -> elf.Relocations:
        return elf.relocations(self.path)

    @cached_property
    def layout(self) -> elf.Layout:
        return elf.layout(self.path)

    def symbols(self) -> Json:
        return Named(symbol.facts() for symbol in elf.symbols(self.path))

    def versions(self) -> Json:
        versions = elf.versions(self.path)
        return {
            "needed": Named(version.facts() for version in versions.needed),
            "defined": Named(version.facts() for version in versions.defined),
        }

    def relr(self) -> Json:
        packed = self.relocations.packed
        return packed.facts() if packed else None

    def tls(self) -> Json:
        models: list[Json] = [*self.relocations.tls_models]
        return {"size": self.layout.tls_size, "alignment": self.layout.tls_alignment, "models": models}

    def stack(self) -> Json:
        stack = self.layout.stack
        return stack.facts() if stack else None


READERS: Mapping[str, Callable[[_File], Json]] = {
    "symbols": _File.symbols,
    "versions": _File.versions,
    "relocations": lambda file: Counts(file.relocations.counts),
    "symbol-relocations": lambda file: Named(each.facts() for each in file.relocations.of_symbols),
    "relr": _File.relr,
    "text-relocations": lambda file: file.relocations.in_read_only,
    "tls": _File.tls,
    "stack": _File.stack,
    "relro": lambda file: file.layout.relro,
    "hash-tables": lambda file: list(file.layout.hash_tables),
    "notes": lambda file: elf.notes(file.path).facts(),
}
