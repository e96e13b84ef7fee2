"""The facts of a file by a few reads, without pyelftools: the same as `facts`, or nothing where anything is unusual.

Whoever asks reads the file by `files.read` then, which says what is wrong with it. A test holds both to one answer.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from elfworlds.elf.types import DT_AUXILIARY, DT_FILTER, ElfObject

if TYPE_CHECKING:
    from collections.abc import Iterator

HEAD = 4096  # bytes that a caller reads first: the header, and mostly the program headers
FORMS = {  # class → header, program header, dynamic entry, section header, whose beginning alone counts
    1: ("HHIIIIIHHHHH", "IIIIIIII", "iI", "III"),
    2: ("HHIQQQIHHHHH", "IIQQQQQQ", "qQ", "IIQ"),
}
ORDERS = {1: "<", 2: ">"}
IDENT = 16
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
DT_NEEDED, DT_STRTAB, DT_SONAME, DT_RPATH, DT_RUNPATH = 1, 5, 14, 15, 29
FILTERS = {0x7FFFFFFD: DT_AUXILIARY, 0x7FFFFFFF: DT_FILTER}
FLAG_TAGS = {24: "DF_BIND_NOW", 16: "DF_SYMBOLIC", 22: "DF_TEXTREL"}
FLAGS = (
    (30, ("DF_ORIGIN", "DF_SYMBOLIC", "DF_TEXTREL", "DF_BIND_NOW", "DF_STATIC_TLS")),
    (
        0x6FFFFFFB,
        tuple(
            f"DF_1_{name}"
            for name in (
                *("NOW", "GLOBAL", "GROUP", "NODELETE", "LOADFLTR", "INITFIRST", "NOOPEN", "ORIGIN", "DIRECT", "TRANS"),
                *("INTERPOSE", "NODEFLIB", "NODUMP", "CONFALT", "ENDFILTEE", "DISPRELDNE", "DISPRELPND", "NODIRECT"),
                *("IGNMULDEF", "NOKSYMS", "NOHDR", "EDITED", "NORELOC", "SYMINTPOSE", "GLOBAUDIT", "SINGLETON"),
                *("STUB", "PIE"),
            )
        ),
    ),
    (0x6FFFFDF4, ("DF_GNU_1_UNIQUE",)),
)
BUILD_ID = 3
WIDE = 8  # bytes to which some notes are aligned; all others to 4
MOST_DYNAMIC, MOST_NOTES, LONGEST = 1 << 14, 4096, 1024  # bytes that are read here
MOST_SECTIONS = 1 << 10
SHF_EXECINSTR, SHT_NOBITS = 4, 8


class _UnusualError(Exception):
    """Something that the slow reader has to look at."""


@dataclass(frozen=True, slots=True)
class _Segment:
    type: int
    flags: int
    offset: int
    vaddr: int
    filesz: int
    memsz: int
    align: int


def facts_at(descriptor: int, size: int, head: bytes) -> ElfObject | None:
    """The facts of an open file; None where `files.read` has to be asked.

    Args:
        descriptor: of the file.
        size: bytes of it.
        head: its first `HEAD` bytes, or all.
    """
    try:
        return _File(descriptor, size, head).facts()
    except (_UnusualError, struct.error, KeyError, OSError):
        return None


def bytes_named(descriptor: int, size: int, head: bytes) -> int:
    """How many bytes a file has to have for what it says is mapped of it; 0 where that is unusual."""
    try:
        loads = _File(descriptor, size, head).loads
    except (_UnusualError, struct.error, KeyError, OSError):
        return 0
    return max((load.offset + load.filesz for load in loads), default=0)


class _File:
    def __init__(self, descriptor: int, size: int, head: bytes) -> None:
        if head[:4] != b"\x7fELF":
            raise _UnusualError
        self.descriptor, self.size, self.head = descriptor, size, head
        self.order = ORDERS[head[5]]
        self.bits = head[4]
        self.forms = FORMS[head[4]]
        fields = struct.unpack_from(f"{self.order}{self.forms[0]}", head, IDENT)
        self.type, self.machine = TYPES[fields[0]], MACHINES[fields[1]]
        self.sections = (fields[5], fields[10], fields[11])
        self.segments = [self._segment(parts) for parts in self._records(self.forms[1], fields[4], *fields[8:10])]
        self.loads = [segment for segment in reversed(self.segments) if segment.type == PT_LOAD]

    def _records(self, form: str, offset: int, size: int, count: int) -> Iterator[tuple[int, ...]]:
        record = struct.Struct(self.order + form)
        if count and size != record.size:
            raise _UnusualError
        return record.iter_unpack(self.at(offset, size * count))

    def _segment(self, parts: tuple[int, ...]) -> _Segment:
        if self.bits == 1:
            kind, offset, vaddr, _, filesz, memsz, flags, align = parts
        else:
            kind, flags, offset, vaddr, _, filesz, memsz, align = parts
        return _Segment(kind, flags, offset, vaddr, filesz, memsz, align)

    def at(self, offset: int, size: int) -> bytes:
        """Exactly so many bytes."""
        end = offset + size
        if end <= len(self.head):
            return self.head[offset:end]
        if end > self.size or size > MOST_DYNAMIC:
            raise _UnusualError
        data = os.pread(self.descriptor, size, offset)
        if len(data) != size:
            raise _UnusualError
        return data

    def of(self, kind: int) -> list[_Segment]:
        return [segment for segment in self.segments if segment.type == kind]

    def place(self, address: int) -> tuple[int, int]:
        """Where an address comes from, and how many bytes of the file are mapped from there on."""
        for load in self.loads:
            at = address - load.vaddr
            if 0 <= at < load.filesz:
                return load.offset + at, max(0, min(load.filesz - at, self.size - load.offset - at))
        raise _UnusualError

    def facts(self) -> ElfObject:
        self._refuse_debug_file()
        entries = tuple(self._dynamic())
        values = dict(entries)
        stack = self.of(PT_GNU_STACK)
        return ElfObject(
            type=self.type,
            machine=self.machine,
            interp=self._interp(),
            soname=self._named(DT_SONAME, values),
            needed=tuple(self._text(value, values) for tag, value in entries if tag == DT_NEEDED),
            rpath=_entries(self._named(DT_RPATH, values)),
            runpath=_entries(self._named(DT_RUNPATH, values)),
            build_id=self._build_id(),
            flags=_flags(values),
            execstack=not stack or bool(stack[-1].flags & PF_X),
            filters=tuple(self._filters(entries, values)),
        )

    def _refuse_debug_file(self) -> None:
        """A file whose segments have no bytes, or whose code is elsewhere."""
        code = [load for load in self.loads if load.flags & PF_X]
        if any(segment.memsz and not segment.filesz for segment in (*self.of(PT_DYNAMIC), *code)):
            raise _UnusualError
        offset, size, count = self.sections
        if not code or not count:
            return
        record = struct.Struct(self.order + self.forms[3])
        if count > MOST_SECTIONS or not record.size <= size <= LONGEST:
            raise _UnusualError
        data = os.pread(self.descriptor, size * count, offset)
        if len(data) < size * (count - 1) + record.size:
            return  # cut off: `Image` says nothing of such a table either
        heads = (record.unpack_from(data, at * size) for at in range(count))
        kinds = {kind for _, kind, flags in heads if flags & SHF_EXECINSTR}
        if kinds == {SHT_NOBITS}:
            raise _UnusualError

    def _dynamic(self) -> Iterator[tuple[int, int]]:
        segments = self.of(PT_DYNAMIC)
        if not segments:
            return
        record = struct.Struct(self.order + self.forms[2])
        offset, room = self.place(segments[-1].vaddr)
        length = min(segments[-1].filesz, room) // record.size * record.size
        for tag, value in record.iter_unpack(self.at(offset, length)):
            if tag == 0:
                return
            yield tag, value

    def _interp(self) -> str | None:
        segments = self.of(PT_INTERP)
        if not segments:
            return None
        return self._until_zero(segments[0].offset, segments[0].filesz)

    def _named(self, tag: int, values: dict[int, int]) -> str | None:
        return self._text(values[tag], values) if tag in values else None

    def _text(self, at: int, values: dict[int, int]) -> str:
        offset, room = self.place(values[DT_STRTAB])
        if at >= room:
            raise _UnusualError
        return self._until_zero(offset + at, room - at)

    def _until_zero(self, offset: int, room: int) -> str:
        data = self.at(offset, min(room, LONGEST, self.size - offset))
        end = data.find(b"\0")
        if end < 0:
            raise _UnusualError
        return data[:end].decode("utf-8", "replace")

    def _build_id(self) -> str | None:
        for segment in self.of(PT_NOTE):
            if segment.filesz > MOST_NOTES:
                raise _UnusualError
            data = self.at(segment.offset, segment.filesz)
            at, align = 0, WIDE if segment.align == WIDE else 4
            while at + 12 <= len(data):
                length, size, kind = struct.unpack_from(f"{self.order}III", data, at)
                start = (at + 12 + length + align - 1) // align * align
                if kind == BUILD_ID and length == 4 and data[at + 12 : at + 15] == b"GNU":  # noqa: PLR2004
                    return self.at(segment.offset + start, size).hex()
                at = (start + size + align - 1) // align * align
        return None

    def _filters(self, entries: tuple[tuple[int, int], ...], values: dict[int, int]) -> Iterator[tuple[str, str, int]]:
        needed = 0
        for tag, value in entries:
            needed += tag == DT_NEEDED
            if tag in FILTERS:
                yield FILTERS[tag], self._text(value, values), needed


def _entries(text: str | None) -> tuple[str, ...] | None:
    return None if text is None else tuple(text.split(":"))


def _flags(values: dict[int, int]) -> tuple[str, ...]:
    flags = {name for tag, name in FLAG_TAGS.items() if tag in values}
    for tag, names in FLAGS:
        value = values.get(tag, 0)
        flags.update(name for bit, name in enumerate(names) if value >> bit & 1)
    return tuple(sorted(flags))
