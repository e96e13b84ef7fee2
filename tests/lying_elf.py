"""ELF files that say of themselves what cannot be."""

from __future__ import annotations

from collections.abc import Callable

from forging_elf import (
    DT_GNU_HASH,
    DT_HASH,
    DT_NEEDED,
    DT_RELA,
    DT_RELASZ,
    DT_RELR,
    DT_RELRSZ,
    DT_STRSZ,
    DT_STRTAB,
    DT_SYMTAB,
    DT_VERDEF,
    DT_VERNEED,
    DT_VERSYM,
    PT_NOTE,
    Forged,
)


def lying(*more: tuple[int, int], symbols: int = 2) -> Callable[[], bytes]:
    """A library with symbols, and with dynamic entries that say something else of it."""

    def make() -> bytes:
        forged = Forged()
        strtab = forged.add(b"\0name\0")
        symtab = forged.add(forged.symbol(0, 0) + forged.symbol(1) * symbols)
        forged.dynamic([(DT_STRTAB, strtab), (DT_STRSZ, 6), (DT_SYMTAB, symtab), *more])
        return forged.file()

    return make


def hashing(*words: int, tag: int = DT_GNU_HASH, form: str = "I") -> Callable[[], bytes]:
    """The same with a hash table of these words."""

    def make() -> bytes:
        forged = Forged()
        strtab = forged.add(b"\0name\0")
        table = forged.add(forged.pack(f"{len(words)}{form}", *words))
        symtab = forged.add(forged.symbol(0, 0) + forged.symbol(1) * 2)
        forged.dynamic([(DT_STRTAB, strtab), (DT_STRSZ, 6), (DT_SYMTAB, symtab), (tag, table)])
        return forged.file()

    return make


def versions_in_a_circle() -> bytes:
    """vn_next as far round as 32 bits go: addresses only grow, so the chain leaves the file."""
    forged = Forged()
    strtab = forged.add(b"\0name\0")
    symtab = forged.add(forged.symbol(0, 0) + forged.symbol(1))
    need = forged.add(forged.pack("HHIIIIHHII", 1, 1, 1, 16, 0xFFFFFFF0, 0, 0, 2, 1, 0xFFFFFFF0))
    forged.dynamic([(DT_STRTAB, strtab), (DT_SYMTAB, symtab), (DT_VERNEED, need), (DT_VERSYM, strtab)])
    return forged.file()


def overlapping_versions() -> bytes:
    """Needs that each begin a chain in the next need: as a square they would be read."""
    forged = Forged()
    strtab = forged.add(b"\0name\0")
    symtab = forged.add(forged.symbol(0, 0) + forged.symbol(1))
    count = 20_000
    need = forged.add(b"".join(forged.pack("HHIII", 1, 1, 1, 16, 16) for _ in range(count)) + bytes(16))
    forged.dynamic([(DT_STRTAB, strtab), (DT_SYMTAB, symtab), (DT_VERNEED, need)])
    return forged.file()


def overlapping_names() -> bytes:
    """A million bytes without a zero, and names that begin at each of them."""
    forged = Forged()
    strtab = forged.add(b"x" * 60_000 + b"\0")
    forged.dynamic([(DT_STRTAB, strtab), *((DT_NEEDED, at) for at in range(60_000))])
    return forged.file()


def many_notes() -> bytes:
    forged = Forged()
    forged.add(bytes(12) * 1_000_000, PT_NOTE)
    return forged.file()


def many_headers() -> bytes:
    forged = Forged(room=5000)
    for _ in range(4000):
        forged.headers.append((1, 0, 8))
    return forged.file()


def with_entries(*entries: tuple[int, int]) -> Callable[[], bytes]:
    """A library with symbols and with dynamic entries, of which a value 0 is the address of 64 zeros."""

    def make() -> bytes:
        forged = Forged()
        zeros = forged.add(bytes(64))
        strtab = forged.add(b"\0name\0")
        symtab = forged.add(forged.symbol(0, 0) + forged.symbol(1) * 2)
        forged.dynamic(
            [
                *((DT_STRTAB, strtab), (DT_STRSZ, 6), (DT_SYMTAB, symtab), (DT_HASH, zeros)),
                *((tag, value or zeros) for tag, value in entries),
            ]
        )
        return forged.file()

    return make


def relocating(*records: tuple[int, int, int]) -> Callable[[], bytes]:
    """The same with these relocations."""

    def make() -> bytes:
        forged = Forged()
        strtab = forged.add(b"\0name\0")
        symtab = forged.add(forged.symbol(0, 0) + forged.symbol(1) * 2)
        table = forged.add(b"".join(forged.pack("QQQ", *record) for record in records))
        forged.dynamic([(DT_STRTAB, strtab), (DT_SYMTAB, symtab), (DT_RELA, table), (DT_RELASZ, 24 * len(records))])
        return forged.file()

    return make


def noting(count: int, size: int, text: bytes = b"[") -> Callable[[], bytes]:
    """As many segments of one note of .note.dlopen, which holds a text again and again."""

    def make() -> bytes:
        forged = Forged(room=count + 2)
        data = forged.pack("III", 4, size, 0x407C0C0A) + b"FDO\0" + text * (size // len(text))
        forged.add(data, PT_NOTE)
        (place,) = forged.headers
        forged.headers += [(place[0], place[1], place[2] - at) for at in range(count - 1)]
        return forged.file()

    return make


LIES: dict[str, tuple[Callable[[], bytes], str]] = {
    "symbols beyond the file": (lying((DT_HASH, 0x10000)), "symbols, and there is room for"),
    "a hash table nowhere": (lying((DT_HASH, 0x7000000000000000)), "mapped at 0x7000000000000000"),
    "a symbol's name beyond the table": (lying((DT_SYMTAB, 0x10400)), ""),
    "four thousand million symbols": (hashing(1, 0xFFFFFFFF, 0, tag=DT_HASH), "4294967295 symbols"),
    "four thousand million buckets": (hashing(0xFFFFFFFF, 1, 1, 0, 0, 0, 1, 1), ""),
    "four thousand million words": (hashing(1, 1, 0xFFFFFFFF, 0), "mapped at"),
    "a chain without an end": (hashing(1, 1, 1, 0, 0, 0, 1, 2, 2, 2, 2), "has no end"),
    "a bucket beyond the symbols": (hashing(1, 1, 1, 0, 0, 0, 0x7FFFFFFF, 1), ""),
    "a hash that is cut off": (hashing(1), ""),
    "versions nowhere": (lying((DT_VERDEF, 0x70000000)), "mapped at 0x70000000"),
    "versions in a circle": (versions_in_a_circle, ""),
    "versions over each other": (overlapping_versions, "lie over each other"),
    "names over each other": (overlapping_names, "texts lie over each other"),
    "a million notes": (many_notes, "notes"),
    "relocations beyond the file": (with_entries((DT_RELA, 0), (DT_RELASZ, 2400)), "relocations are cut off"),
    "relocations nowhere": (with_entries((DT_RELA, 0x70000000), (DT_RELASZ, 24)), "mapped at 0x70000000"),
    "a thousand million relocations": (with_entries((DT_RELA, 0), (DT_RELASZ, 24 << 30)), "4194304 relocations"),
    "a thousand million packed ones": (with_entries((DT_RELR, 0), (DT_RELRSZ, 8 << 30)), "4194304 relocations"),
    "packed ones beyond the file": (with_entries((DT_RELR, 0), (DT_RELRSZ, 2400)), "relocations are cut off"),
    "a relocation of a symbol that is not there": (relocating((0, (9999 << 32) + 6, 0)), "mapped at"),
    "a relocation of the last symbol of all": (relocating((0, (0xFFFFFFFF << 32) + 6, 0)), "mapped at"),
    "notes of much text": (noting(1, 1 << 21), "bytes of JSON"),
    "text that nests": (noting(1, 1 << 19), ""),
    "the same note a thousand times": (noting(1000, 1 << 12), ""),
    "four thousand segments": (many_headers, "program headers"),
}
