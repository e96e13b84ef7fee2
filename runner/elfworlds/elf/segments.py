"""A file's header and segments by a few reads, for `quick`."""

from __future__ import annotations

import os
import struct
from functools import lru_cache

HEAD = 4096  # bytes that a caller reads first: the header, and mostly the program headers
FORMS = {  # class → header, program header, dynamic entry, and how a section header begins
    1: ("HHIIIIIHHHHH", "IIIIIIII", "iI", "III"),
    2: ("HHIQQQIHHHHH", "IIQQQQQQ", "qQ", "IIQ"),
}
ORDERS = {1: "<", 2: ">"}
IDENT, SHORTEST = 16, 64
TYPES = {2: "ET_EXEC", 3: "ET_DYN"}
MACHINES = {
    3: "EM_386",
    8: "EM_MIPS",
    20: "EM_PPC",
    21: "EM_PPC64",
    22: "EM_S390",
    40: "EM_ARM",
    43: "EM_SPARCV9",
    62: "EM_X86_64",
    183: "EM_AARCH64",
    243: "EM_RISCV",
    258: "EM_LOONGARCH",
}
PT_LOAD, PT_DYNAMIC, PT_INTERP, PT_NOTE, PT_GNU_STACK = 1, 2, 3, 4, 0x6474E551
PF_X = 1
MOST_READ, LONGEST = 1 << 16, 1024  # bytes that are read here


class UnusualError(Exception):
    """Something that the slow reader has to look at."""


UNUSUAL = (UnusualError, struct.error, LookupError, OverflowError, OSError)


@lru_cache(maxsize=8)
def _structs(kind: int, order: int) -> tuple[struct.Struct, ...]:
    """Header, program header, dynamic entry, section header; a word triple, Verneed, Vernaux, Verdef, Verdaux."""
    forms = (*FORMS[kind], "III", "HHIII", "IHHII", "HHHHIII", "II")
    return tuple(struct.Struct(ORDERS[order] + form) for form in forms)


class Segments:
    """Segments are tuples: offset, address, bytes in the file, bytes in memory, flags; notes have an alignment more."""

    __slots__ = (
        *("code", "descriptor", "dynamic", "head", "interp", "loads", "machine", "notes"),
        *("sections", "size", "stack", "structs", "type"),
    )

    def __init__(self, descriptor: int, size: int, head: bytes) -> None:
        if len(head) < SHORTEST or head[:4] != b"\x7fELF":
            raise UnusualError
        self.descriptor, self.size, self.head = descriptor, size, head
        self.structs = _structs(head[4], head[5])
        fields = self.structs[0].unpack_from(head, IDENT)
        self.type, self.machine = TYPES[fields[0]], MACHINES[fields[1]]
        self.sections = (fields[5], fields[10], fields[11])
        self.loads: list[tuple[int, int, int, int, int]] = []
        self.notes: list[tuple[int, int, int]] = []
        self.dynamic: tuple[int, int, int] | None = None
        self.interp: tuple[int, int] | None = None
        self.stack: int | None = None
        self.code = False
        self._segments(fields[4], fields[8], fields[9], wide=head[4] != 1)

    def _segments(self, start: int, each: int, count: int, *, wide: bool) -> None:
        if count and each != self.structs[1].size:
            raise UnusualError
        for parts in self.structs[1].iter_unpack(self.at(start, each * count)):
            if wide:
                kind, flags, offset, vaddr, _, filesz, memsz, align = parts
            else:
                kind, offset, vaddr, _, filesz, memsz, flags, align = parts
            if kind == PT_LOAD:
                self._load(offset, vaddr, filesz, memsz, flags)
            elif kind == PT_DYNAMIC:
                self._dynamic_at(vaddr, filesz, memsz)
            else:
                self._other(kind, offset, filesz, flags, align)

    def _other(self, kind: int, offset: int, filesz: int, flags: int, align: int) -> None:
        if kind == PT_NOTE:
            self.notes.append((offset, filesz, align))
        elif kind == PT_GNU_STACK:
            self.stack = flags
        elif kind == PT_INTERP:
            self.interp = self.interp or (offset, filesz)

    def _load(self, offset: int, vaddr: int, filesz: int, memsz: int, flags: int) -> None:
        if self.loads and vaddr < self.loads[0][1] + self.loads[0][2]:
            raise UnusualError  # over each other, or in no order
        self.loads.insert(0, (offset, vaddr, filesz, memsz, flags))
        if flags & PF_X:
            self.code = True
            if memsz and not filesz:
                raise UnusualError  # a debug file

    def _dynamic_at(self, vaddr: int, filesz: int, memsz: int) -> None:
        if memsz and not filesz:
            raise UnusualError  # a debug file
        self.dynamic = (vaddr, filesz, memsz)

    def at(self, offset: int, size: int) -> bytes:
        """Exactly so many bytes."""
        end = offset + size
        if end <= len(self.head):
            return self.head[offset:end]
        if end > self.size or size > MOST_READ:
            raise UnusualError
        data = os.pread(self.descriptor, size, offset)
        if len(data) != size:
            raise UnusualError
        return data

    def place(self, address: int) -> tuple[int, int]:
        """Where an address comes from, and how many bytes of the file are mapped from there on."""
        for offset, vaddr, filesz, _, _ in self.loads:
            at = address - vaddr
            if 0 <= at < filesz:
                return offset + at, max(0, min(filesz - at, self.size - offset - at))
        raise UnusualError

    def until_zero(self, offset: int, room: int) -> str:
        """The text at an offset that a zero ends."""
        most = min(room, LONGEST, self.size - offset)
        if offset + most <= len(self.head):
            end = self.head.find(b"\0", offset, offset + most)
            data = self.head[offset:end]
        else:
            data = os.pread(self.descriptor, min(most, 64), offset)
            end = data.find(b"\0")
            if end < 0:
                data = self.at(offset, most)
                end = data.find(b"\0")
            data = data[:end]
        if end < 0:
            raise UnusualError
        return data.decode("utf-8", "replace")

    def end(self) -> int:
        """How many bytes the file has to have for what it says is mapped of it."""
        return max((offset + filesz for offset, _, filesz, _, _ in self.loads), default=0)


def end_of(descriptor: int, size: int, head: bytes) -> int:
    """The same of an open file; 0 where that is unusual."""
    try:
        return Segments(descriptor, size, head).end()
    except UNUSUAL:
        return 0
