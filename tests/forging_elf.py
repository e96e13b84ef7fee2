"""ELF files made by hand, for machines and for lies that no compiler here makes."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass, field

EM_PPC64, EM_S390, EM_386, EM_X86_64, EM_ALPHA = 21, 22, 3, 62, 0x9026
PT_LOAD, PT_DYNAMIC, PT_INTERP, PT_NOTE = 1, 2, 3, 4
DT_NEEDED, DT_HASH, DT_STRTAB, DT_SYMTAB, DT_STRSZ, DT_SONAME, DT_RUNPATH = 1, 4, 5, 6, 10, 14, 29
DT_GNU_HASH, DT_VERSYM, DT_VERDEF, DT_VERNEED = 0x6FFFFEF5, 0x6FFFFFF0, 0x6FFFFFFC, 0x6FFFFFFE
DT_RELA, DT_RELASZ, DT_RELAENT, DT_RELRSZ, DT_RELR = 7, 8, 9, 35, 36
BASE = 0x10000  # where it is mapped


@dataclass
class Forged:
    """A file of one PT_LOAD: parts one after the other, each at an address that others may name."""

    bits: int = 64
    order: str = "<"
    machine: int = EM_X86_64
    kind: int = 3
    body: bytearray = field(default_factory=bytearray)
    headers: list[tuple[int, int, int]] = field(default_factory=list)  # type, place in the body, size
    room: int = 16  # program headers

    @property
    def start(self) -> int:
        return (64 if self.bits == 64 else 52) + self.room * (56 if self.bits == 64 else 32)

    def pack(self, form: str, *values: int) -> bytes:
        return struct.pack(self.order + form, *values)

    def add(self, data: bytes, header: int | None = None) -> int:
        """The address of a new part."""
        self.body += b"\0" * (-len(self.body) % 8)
        at = len(self.body)
        self.body += data
        if header is not None:
            self.headers.append((header, at, len(data)))
        return BASE + self.start + at

    def dynamic(self, entries: Iterable[tuple[int, int]]) -> None:
        form = "qQ" if self.bits == 64 else "iI"
        self.add(b"".join(self.pack(form, *one) for one in (*entries, (0, 0))), PT_DYNAMIC)

    def symbol(self, name: int, section: int = 1, info: int = 0x12) -> bytes:
        if self.bits == 64:
            return self.pack("IBBHQQ", name, info, 0, section, 0x1234, 8)
        return self.pack("IIIBBH", name, 0x1234, 8, info, 0, section)

    def file(self) -> bytes:
        size = self.start + len(self.body)
        whole = [(PT_LOAD, 0, BASE, size)]
        whole += [(kind, self.start + at, BASE + self.start + at, length) for kind, at, length in self.headers]
        table = b"".join(self._header(*one) for one in whole)
        ident = b"\x7fELF" + bytes([1 if self.bits == 32 else 2, 1 if self.order == "<" else 2, 1]) + bytes(9)
        word = "Q" if self.bits == 64 else "I"
        ehsize, phentsize = (64, 56) if self.bits == 64 else (52, 32)
        head = ident + self.pack(
            f"HHI{word}{word}{word}IHHHHHH",
            *(self.kind, self.machine, 1, 0, ehsize, 0, 0, ehsize, phentsize, len(whole), 0, 0, 0),
        )
        return (head + table).ljust(self.start, b"\0") + bytes(self.body)

    def _header(self, kind: int, offset: int, address: int, size: int) -> bytes:
        if self.bits == 64:
            return self.pack("IIQQQQQQ", kind, 5, offset, address, address, size, size, 8)
        return self.pack("IIIIIIII", kind, offset, address, address, size, size, 5, 8)


def library(forged: Forged, names: Iterable[str] = ("one", "two"), *, wide: bool = False) -> Forged:
    """With two needed names, a soname, a run path, and as many symbols as names, counted by DT_HASH."""
    texts = b"\0liba.so\0libb.so\0libme.so\0$ORIGIN/x:/y\0"
    symbols = [forged.symbol(0, 0, 0)]
    for name in names:
        symbols.append(forged.symbol(len(texts)))
        texts += name.encode() + b"\0"
    strtab = forged.add(texts)
    symtab = forged.add(b"".join(symbols))
    hashed = forged.add(forged.pack("QQQ" if wide else "III", 1, len(symbols), 0) + bytes(8 * len(symbols)))
    forged.dynamic(
        [
            *((DT_NEEDED, 1), (DT_NEEDED, 9), (DT_SONAME, 17), (DT_RUNPATH, 26)),
            *((DT_STRTAB, strtab), (DT_STRSZ, len(texts)), (DT_SYMTAB, symtab), (DT_HASH, hashed)),
        ]
    )
    return forged
