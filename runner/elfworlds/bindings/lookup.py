"""One object's definitions, and which of them a reference takes (glibc: elf/dl-lookup.c, check_match)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from elfworlds.elf import Symbol, Versions

TYPES = frozenset({"STT_NOTYPE", "STT_OBJECT", "STT_FUNC", "STT_COMMON", "STT_TLS", "STT_GNU_IFUNC"})
BINDS = frozenset({"STB_GLOBAL", "STB_WEAK", "STB_GNU_UNIQUE"})
SEEN = frozenset({"STV_DEFAULT", "STV_PROTECTED"})
ABSOLUTE = 0xFFF1  # SHN_ABS


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a reference looks for.

    Attributes:
        version: the version that it asks for, or None.
        called: its relocation is of the class of the PLT (ELF_RTYPE_CLASS_PLT): functions that are called, and TLS. An
            undefined symbol with a value, as a program has it for a function whose address it took, serves no call.
        copied: it is R_X86_64_COPY or its like, which no executable serves.
    """

    name: str
    version: str | None = None
    called: bool = False
    copied: bool = False


class Definitions:
    """What an object offers to a lookup, by name.

    Args:
        symbols: its dynamic symbols.
        versions: those that it defines.
    """

    def __init__(self, symbols: Iterable[Symbol], versions: Versions | None) -> None:
        self.by_name: dict[str, list[Symbol]] = {}
        self.first = next((each.name for each in versions.defined if not each.base), None) if versions else None
        for symbol in symbols:
            if is_offered(symbol):
                self.by_name.setdefault(symbol.symbol, []).append(symbol)

    def defining(self, name: str) -> list[Symbol]:
        """The definitions of a name, whatever their versions."""
        return [symbol for symbol in self.by_name.get(name, ()) if symbol.defined]

    def answering(self, wanted: Wanted) -> Symbol | None:
        """The symbol that a lookup takes here; None where it goes on to the next object."""
        named = self.by_name.get(wanted.name)
        if not named:
            return None
        named = [symbol for symbol in named if symbol.defined] if wanted.called else named
        if wanted.version is not None:
            return next((symbol for symbol in named if symbol.version in (wanted.version, None)), None)
        return self._without_version(named)

    def _without_version(self, named: Sequence[Symbol]) -> Symbol | None:
        """A reference without a version takes the base version, the first one, or else the only default one."""
        plain = next((symbol for symbol in named if symbol.version in (None, self.first)), None)
        if plain is not None:
            return plain
        defaults = [symbol for symbol in named if symbol.is_default]
        return defaults[0] if len(defaults) == 1 else None


def is_offered(symbol: Symbol) -> bool:
    """Whether a lookup may see a symbol; one that is undefined counts where it has a value."""
    placed = symbol.value or symbol.section == ABSOLUTE or (symbol.type == "STT_TLS" and symbol.defined)
    return bool(placed) and symbol.bind in BINDS and symbol.type in TYPES and symbol.visibility in SEEN
