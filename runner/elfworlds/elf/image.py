"""A file as a loader maps it: its header, its program headers, and what stands at an address.

Section headers say nothing that a loader hears, and may be missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from struct import Struct, unpack
from typing import TYPE_CHECKING, Any

from elftools.elf.structs import ELFStructs  # noqa: TID251  # the door

from elfworlds.elf.reader import BrokenError

if TYPE_CHECKING:
    from elfworlds.elf.reader import Bytes

MAGIC = b"\x7fELF"
IDENT = 16
CLASSES, ORDERS = {1: 32, 2: 64}, {1: True, 2: False}  # EI_CLASS, EI_DATA: whether little-endian
MOST_HEADERS = 1 << 16  # bytes of program headers; Linux takes no more (fs/binfmt_elf.c, load_elf_phdrs)
PF_X = 1
SHF_EXECINSTR, SHT_NOBITS = 4, 8
SECTION = {32: "III", 64: "IIQ"}  # how a section header begins: sh_name, sh_type, sh_flags


@dataclass(frozen=True, slots=True)
class Segment:
    """A program header, under the specification's names without `p_`; a type that has no name is a number."""

    type: str | int
    flags: int
    offset: int
    vaddr: int
    filesz: int
    memsz: int
    align: int


@lru_cache(maxsize=16)
def _structs(bits: int, little: bool, kind: str, machine: str) -> Any:  # noqa: ANN401, FBT001  # pyelftools' structures
    structs = ELFStructs(little, bits)
    structs.create_basic_structs()
    structs.create_advanced_structs(kind, machine, "")
    return structs


def named(value: int | str, prefix: str) -> str:
    """Pyelftools' name; the number with a prefix where it knows none."""
    return value if isinstance(value, str) else f"{prefix}_{value}"


class Image:
    """A file's segments and what is mapped where.

    Attributes:
        data: the file's bytes.
        bits: 32 or 64; `little` tells the byte order.
        type, machine: ET_DYN, EM_X86_64, …, or as `EM_65000`.
        structs: pyelftools' structures of such files.
    """

    def __init__(self, data: Bytes) -> None:
        ident = data.at(0, min(IDENT, data.size))
        if ident[: len(MAGIC)] != MAGIC or len(ident) < IDENT:
            raise BrokenError("it does not begin as one")
        if ident[4] not in CLASSES or ident[5] not in ORDERS:
            raise BrokenError("it has neither 32 nor 64 bits, or no byte order")
        self.data = data
        self.bits, self.little = CLASSES[ident[4]], ORDERS[ident[5]]
        self.header = self.parse(_structs(self.bits, self.little, "", "").Elf_Ehdr, 0)
        self.type = named(self.header["e_type"], "ET")
        self.machine = named(self.header["e_machine"], "EM")
        self.structs = _structs(self.bits, self.little, self.type, self.machine)
        self.segments = () if self.type == "ET_CORE" else tuple(self._segments())  # a core's are a process' memory

    def parse(self, struct: Any, offset: int) -> Any:  # noqa: ANN401  # pyelftools' structures and records
        """A record of a fixed size."""
        return struct.parse(self.data.at(offset, struct.sizeof()))

    def words(self, offset: int, count: int) -> tuple[int, ...]:
        """Numbers of four bytes each."""
        return unpack(f"{'<' if self.little else '>'}{count}I", self.data.at(offset, 4 * count))

    def _segments(self) -> list[Segment]:
        struct = self.structs.Elf_Phdr
        count, size = self.header["e_phnum"], self.header["e_phentsize"]
        if count and (size != struct.sizeof() or count * size > MOST_HEADERS):
            raise BrokenError(f"{count} program headers of {size} bytes, which no loader takes")
        names = ("type", "flags", "offset", "vaddr", "filesz", "memsz", "align")
        records = (self.parse(struct, self.header["e_phoff"] + number * size) for number in range(count))
        return [Segment(*(record[f"p_{name}"] for name in names)) for record in records]

    def of(self, kind: str) -> list[Segment]:
        """The segments of a type, in the file's order."""
        return [segment for segment in self.segments if segment.type == kind]

    @cached_property
    def loads(self) -> list[Segment]:
        """What is mapped; of two that lie over each other the later one is seen, so it comes first."""
        return self.of("PT_LOAD")[::-1]

    def place(self, address: int) -> tuple[int, int]:
        """Where in the file an address comes from, and how many bytes of the file are mapped from there on.

        Raises:
            BrokenError: from nowhere.
        """
        for load in self.loads:
            at = address - load.vaddr
            if 0 <= at < load.filesz:
                return load.offset + at, max(0, min(load.filesz - at, self.data.size - load.offset - at))
        raise BrokenError(f"no byte of it is mapped at {address:#x}")

    @property
    def is_debug_file(self) -> bool:
        """Whether it is what debuggers read beside another file, whose segments it names without their bytes."""
        code = [segment for segment in self.of("PT_LOAD") if segment.flags & PF_X]
        empty = any(segment.memsz and not segment.filesz for segment in (*self.of("PT_DYNAMIC"), *code))
        return empty or (bool(code) and self._code_is_elsewhere())

    def _code_is_elsewhere(self) -> bool:
        """The same by its sections, of which no fact is read: some tools keep the segments as they are elsewhere."""
        struct = Struct(f"{'<' if self.little else '>'}{SECTION[self.bits]}")
        start, size = self.header["e_shoff"], self.header["e_shentsize"]
        try:
            heads = [self.data.at(start + size * at, struct.size) for at in range(self.header["e_shnum"])]
        except BrokenError:
            return False
        kinds = [kind for _, kind, flags in map(struct.unpack, heads) if flags & SHF_EXECINSTR]
        return bool(kinds) and set(kinds) == {SHT_NOBITS}
