"""The facts and versions of a file by a few reads, without pyelftools; nothing where anything is unusual.

Whoever asks reads the file by `files.read` then, which says what is wrong with it. A test holds both to one answer.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from elfworlds.elf.defined import DefinedVersion, NeededVersion, Versions
from elfworlds.elf.segments import LONGEST, MOST_READ, PF_X, UNUSUAL, Segments, UnusualError
from elfworlds.elf.types import DT_AUXILIARY, DT_FILTER, ElfObject

if TYPE_CHECKING:
    import struct
    from collections.abc import Iterator

DT_NEEDED, DT_STRTAB, DT_STRSZ, DT_SONAME, DT_RPATH, DT_RUNPATH = 1, 5, 10, 14, 15, 29
DT_VERDEF, DT_VERNEED = 0x6FFFFFFC, 0x6FFFFFFE
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
GNU, BUILD_ID = b"GNU\0", 3
FDO, DLOPEN = b"FDO\0", 0x407C0C0A
WIDE = 8  # bytes to which some notes are aligned; all others to 4
MOST_NOTES = WINDOW = 4096  # bytes that are read here
MOST_SECTIONS, MOST_VERSIONS = 1 << 10, 1 << 12
SHF_EXECINSTR, SHT_NOBITS = 4, 8
VER_FLG_BASE, VER_FLG_WEAK = 1, 2


class Quick(NamedTuple):
    """What is read at once.

    Attributes:
        declares: whether there may be notes that declare what it may dlopen, `.note.dlopen`.
        end: how many bytes the file has to have for what it says is mapped of it.
    """

    facts: ElfObject
    versions: Versions
    declares: bool
    end: int


def quick(descriptor: int, size: int, head: bytes) -> Quick | None:
    """What is known of an open file; None where `files.read` has to be asked.

    Args:
        descriptor: of the file.
        size: bytes of it.
        head: its first `segments.HEAD` bytes, or all.
    """
    try:
        file = _File(descriptor, size, head)
        facts = file.facts()
        return Quick(facts, file.versions(), file.declares, file.end())
    except UNUSUAL:
        return None


def facts_at(descriptor: int, size: int, head: bytes) -> ElfObject | None:
    """The facts alone; otherwise as `quick`."""
    try:
        return _File(descriptor, size, head).facts()
    except UNUSUAL:
        return None


class _File(Segments):
    __slots__ = ("declares", "entries", "start", "strings", "table", "values", "window")

    def __init__(self, descriptor: int, size: int, head: bytes) -> None:
        super().__init__(descriptor, size, head)
        self.strings: tuple[int, int] | None = None
        self.table = self.window = b""
        self.start = 0
        self.declares = False

    def facts(self) -> ElfObject:
        if self.code:
            self._refuse_code_elsewhere()
        entries = self.entries = tuple(self._dynamic())
        values = self.values = dict(entries)
        return ElfObject(
            type=self.type,
            machine=self.machine,
            interp=self.until_zero(*self.interp) if self.interp else None,
            soname=self._named(DT_SONAME),
            needed=tuple(self.text(value) for tag, value in entries if tag == DT_NEEDED),
            rpath=_entries(self._named(DT_RPATH)),
            runpath=_entries(self._named(DT_RUNPATH)),
            build_id=self._build_id(),
            flags=_flags(values),
            execstack=self.stack is None or bool(self.stack & PF_X),
            filters=self._filters() if FILTERS.keys() & values.keys() else (),
        )

    def _refuse_code_elsewhere(self) -> None:
        """A debug file that keeps its segments as they are elsewhere."""
        offset, size, count = self.sections
        if not count:
            return
        record = self.structs[3]
        if count > MOST_SECTIONS or not record.size <= size <= LONGEST:
            raise UnusualError
        data = os.pread(self.descriptor, size * count, offset)
        if len(data) < size * (count - 1) + record.size:
            return  # cut off: `Image` says nothing of such a table either
        nowhere = False
        for at in range(count):
            _, kind, flags = record.unpack_from(data, at * size)
            if flags & SHF_EXECINSTR:
                if kind != SHT_NOBITS:
                    return
                nowhere = True
        if nowhere:
            raise UnusualError

    def _dynamic(self) -> Iterator[tuple[int, int]]:
        if self.dynamic is None:
            return
        record = self.structs[2]
        offset, room = self.place(self.dynamic[0])
        length = min(self.dynamic[1], room) // record.size * record.size
        for tag, value in record.iter_unpack(self.at(offset, length)):
            if tag == 0:
                return
            yield tag, value

    def _named(self, tag: int) -> str | None:
        return self.text(self.values[tag]) if tag in self.values else None

    def text(self, at: int) -> str:
        """A text of the string table."""
        if self.strings is None:
            offset, room = self.strings = self.place(self.values[DT_STRTAB])
            length = min(room, self.values.get(DT_STRSZ, 0))
            self.table = self.at(offset, length) if length <= MOST_READ else b""
        offset, room = self.strings
        if at >= room:
            raise UnusualError
        end = self.table.find(b"\0", at, at + LONGEST) if at < len(self.table) else -1
        if end >= 0:
            return self.table[at:end].decode("utf-8", "replace")
        return self.until_zero(offset + at, room - at)

    def _build_id(self) -> str | None:
        """The first build ID; on the way it is seen whether there may be a `.note.dlopen`."""
        digits, words = None, self.structs[4]
        for offset, filesz, alignment in self.notes:
            if filesz > MOST_NOTES:
                raise UnusualError
            data = self.at(offset, filesz)
            at, mask = 0, WIDE - 1 if alignment == WIDE else 3
            while at + 12 <= len(data):
                length, size, kind = words.unpack_from(data, at)
                start = at + 12 + length + mask & ~mask
                owner = data[at + 12 : at + 16] if length == 4 else b""  # noqa: PLR2004  # and the zero that ends it
                if kind == BUILD_ID and owner == GNU and digits is None:
                    digits = self.at(offset + start, size).hex()
                self.declares = self.declares or (kind == DLOPEN and (owner == FDO or length != 4))  # noqa: PLR2004
                at = start + size + mask & ~mask
        return digits

    def _filters(self) -> tuple[tuple[str, str, int], ...]:
        found, needed = [], 0
        for tag, value in self.entries:
            needed += tag == DT_NEEDED
            if tag in FILTERS:
                found.append((FILTERS[tag], self.text(value), needed))
        return tuple(found)

    def versions(self) -> Versions:
        """The versions that it needs and defines, in their order."""
        return Versions(needed=tuple(self._needs()), defined=tuple(self._definitions()))

    def _needs(self) -> Iterator[NeededVersion]:
        for place, (_, _, name, aux, _) in self._records(self.values.get(DT_VERNEED), self.structs[5]):
            file = self.text(name)
            for _, (_, flags, _, at, _) in self._records(place + aux, self.structs[6]):
                yield NeededVersion(name=self.text(at), file=file, weak=bool(flags & VER_FLG_WEAK))

    def _definitions(self) -> Iterator[DefinedVersion]:
        for place, (_, flags, _, count, _, aux, _) in self._records(self.values.get(DT_VERDEF), self.structs[7]):
            parts = self._records(place + aux, self.structs[8])
            name, *parents = (self.text(at) for (_, (at, _)), _ in zip(parts, range(max(1, count)), strict=False))
            base, weak = bool(flags & VER_FLG_BASE), bool(flags & VER_FLG_WEAK)
            yield DefinedVersion(name=name, base=base, weak=weak, parents=tuple(parents))

    def _records(self, address: int | None, record: struct.Struct) -> Iterator[tuple[int, tuple[int, ...]]]:
        """Records whose last number is how far the next one is."""
        count = 0
        while address is not None:
            count += 1
            if count > MOST_VERSIONS:
                raise UnusualError
            at = self._in_window(address, record.size)
            fields = record.unpack_from(self.window, at)
            yield address, fields
            address = address + fields[-1] if fields[-1] else None

    def _in_window(self, address: int, size: int) -> int:
        """Where in the window an address lies; the window is read anew where it is not there."""
        at = address - self.start
        if not 0 <= at <= len(self.window) - size:
            offset, room = self.place(address)
            if room < size:
                raise UnusualError
            self.window, self.start, at = self.at(offset, min(room, WINDOW)), address, 0
        return at


def _entries(text: str | None) -> tuple[str, ...] | None:
    return None if text is None else tuple(text.split(":"))


def _flags(values: dict[int, int]) -> tuple[str, ...]:
    flags = {name for tag, name in FLAG_TAGS.items() if tag in values}
    for tag, names in FLAGS:
        value = values.get(tag, 0)
        if value:
            flags.update(name for bit, name in enumerate(names) if value >> bit & 1)
    return tuple(sorted(flags))
