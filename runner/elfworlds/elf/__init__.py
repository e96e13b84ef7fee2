"""An ELF file's facts, by its program headers, as the dynamic loader has them. The only room that knows pyelftools.

It reads any bytes and executes none; what it cannot read is a `NotElfError`, in time and memory of the file's size.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from elfworlds.elf.defined import DefinedVersion, NeededVersion, Versions
from elfworlds.elf.files import (
    DebugFileError,
    NotElfError,
    layout,
    notes,
    read,
    relocations,
    symbols,
    versions,
)
from elfworlds.elf.types import DT_AUXILIARY, DT_FILTER, DT_NEEDED, ElfObject

if TYPE_CHECKING:
    from elfworlds.elf.details import (
        AbiTag,
        Dlopened,
        Layout,
        Notes,
        OtherNote,
        Packed,
        Properties,
        Relocations,
        Stack,
        SymbolRelocation,
    )
    from elfworlds.elf.symbol import Symbol

__all__ = [
    "DT_AUXILIARY",
    "DT_FILTER",
    "DT_NEEDED",
    "AbiTag",
    "DebugFileError",
    "DefinedVersion",
    "Dlopened",
    "ElfObject",
    "Layout",
    "NeededVersion",
    "NotElfError",
    "Notes",
    "OtherNote",
    "Packed",
    "Properties",
    "Relocations",
    "Stack",
    "Symbol",
    "SymbolRelocation",
    "Versions",
    "layout",
    "notes",
    "read",
    "relocations",
    "symbols",
    "versions",
]


def __getattr__(name: str) -> object:
    """What is seldom asked for is made when it is: to read it takes longer than ten files."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from elfworlds.elf import details, symbol  # noqa: PLC0415

    return getattr(symbol if name == "Symbol" else details, name)
