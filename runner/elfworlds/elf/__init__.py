"""An ELF file's facts, by its program headers, as the dynamic loader has them. The only room that knows pyelftools.

It reads any bytes and executes none; what it cannot read is a `NotElfError`, in time and memory of the file's size.
"""

from elfworlds.elf.details import (
    AbiTag,
    DefinedVersion,
    Dlopened,
    Layout,
    NeededVersion,
    Notes,
    OtherNote,
    Packed,
    Properties,
    Relocations,
    Stack,
    SymbolRelocation,
    Versions,
)
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
from elfworlds.elf.types import DT_AUXILIARY, DT_FILTER, DT_NEEDED, ElfObject, Symbol

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
