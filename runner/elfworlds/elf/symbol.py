"""What is told of a dynamic symbol."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from elfworlds.jsondata import Json

SECTIONS = {0: "undefined", 0xFFF1: "absolute", 0xFFF2: "common"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Symbol:
    """An entry of the dynamic symbol table.

    Attributes:
        version: of GNU symbol versioning, or None; `is_default` tells `@@` from `@`.
        defined: here, or only referred to.
        section: st_shndx, a number of which the loader knows only 0, undefined, and those of `SECTIONS`.
        bind, type, visibility: STB_GLOBAL, STT_FUNC, STV_DEFAULT, …
        value, size: bytes; the value is an address within the file.
    """

    symbol: str
    version: str | None
    is_default: bool
    defined: bool
    bind: str
    type: str
    visibility: str
    value: int
    size: int
    section: int

    def facts(self) -> dict[str, Json]:
        """The facts under the names that an experiment's matchers use."""
        return {
            "name": self.symbol,
            "version": self.version,
            "default-version": self.is_default,
            "defined": self.defined,
            "section": SECTIONS.get(self.section, str(self.section)),
            "binding": word_of(self.bind),
            "type": word_of(self.type),
            "visibility": word_of(self.visibility),
            "size": self.size,
            "value": self.value,
        }


def word_of(name: str) -> str:
    """STB_GNU_UNIQUE → unique; of a number without a name that number."""
    return name.rpartition("_")[2].lower()
