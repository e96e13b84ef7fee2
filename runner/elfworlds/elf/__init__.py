"""An ELF file's facts, by its program headers, as the dynamic loader has them. The only room that knows pyelftools.

It reads any bytes and executes none; what it cannot read is a `NotElfError`, in time and memory of the file's size.
"""

from elfworlds.elf.files import DebugFileError, NotElfError, read, symbols
from elfworlds.elf.types import DT_AUXILIARY, DT_FILTER, DT_NEEDED, ElfObject, Symbol

__all__ = [
    "DT_AUXILIARY",
    "DT_FILTER",
    "DT_NEEDED",
    "DebugFileError",
    "ElfObject",
    "NotElfError",
    "Symbol",
    "read",
    "symbols",
]
