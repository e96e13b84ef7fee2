"""ld.so.cache (glibc: sysdeps/generic/dl-cache.h, elf/dl-cache.c; the format of 2.2 and later) → name → path."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from elfworlds.resolve import cache_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MAGIC = b"glibc-ld.so.cache1.1"
HEADER = struct.Struct("<20sII5I")
ENTRY = struct.Struct("<iIIIQ")
EXTENSIONS = struct.Struct("<II")
SECTION = struct.Struct("<IIII")
EXTENSION_MAGIC = 0xEAA42174
HWCAPS_SECTION = 1
MOST_SECTIONS = 16
ELF_LIBC6 = 0x3
NATIVE = {"x86_64": 0x300, "aarch64": 0xA00}
NAMED, ISA_LEVELS = 1 << 62, 0x3FF << 32
PREFIX = "glibc-hwcaps/"
# dl-procinfo.h of x86: which bit stands for which subdirectory. Those of 32-bit programs are left out.
LEGACY = {"x86_64": {1: "x86_64", 2: "avx512_1", 50: "haswell", 51: "xeon_phi", 63: "tls"}}


def library_cache(data: bytes, machine: str, subdirectories: Sequence[str] = ()) -> dict[str, str | None]:
    """Each name in the cache → the path that the loader takes for it; empty for a file that is no cache.

    Args:
        data: the file.
        machine: as uname(2) has it; entries for another ABI than its own are left out.
        subdirectories: those that the loader searches, best first; it takes nothing from others.

    Returns:
        The names as `cache_key` has them; a path that is None where it is not known which one the loader takes.
    """
    start = data.find(MAGIC)
    if start < 0:
        return {}
    choices: dict[str, list[tuple[int, str]]] = {}
    try:
        for name, path, rank in _entries(data, start, machine, tuple(subdirectories)):
            choices.setdefault(cache_key(name), []).append((rank, path))
    except (struct.error, ValueError):
        return {}
    return {name: _best(ranked) for name, ranked in choices.items() if any(rank >= 0 for rank, _ in ranked)}


UNFIT, UNKNOWN, FIRST = -1, 0, 1


def _best(ranked: list[tuple[int, str]]) -> str | None:
    """The first path of the best rank; None where the rank of any path is unknown."""
    usable = [choice for choice in ranked if choice[0] != UNFIT]
    rank, path = min(usable, key=lambda choice: choice[0])
    return None if rank == UNKNOWN else path


def _entries(data: bytes, start: int, machine: str, subdirectories: tuple[str, ...]) -> Iterator[tuple[str, str, int]]:
    """Name, path, and the rank of each entry: those of named subdirectories in their order, the others as they come."""
    count = HEADER.unpack_from(data, start)[1]
    names = _named(data, start)
    for index in range(count):
        flags, name, path, _, hwcap = ENTRY.unpack_from(data, start + HEADER.size + index * ENTRY.size)
        if flags == ELF_LIBC6 | NATIVE.get(machine, 0):
            rank = _rank(hwcap, machine, names, subdirectories)
            yield _text(data, start + name), _text(data, start + path), rank


def _rank(hwcap: int, machine: str, names: Sequence[str], subdirectories: tuple[str, ...]) -> int:
    last = FIRST + len(subdirectories)
    if hwcap == 0:
        return last
    if hwcap & ~0xFFFFFFFF & ~ISA_LEVELS == NAMED:
        index, level = hwcap & 0xFFFFFFFF, (hwcap & ISA_LEVELS) >> 32
        named = f"{PREFIX}{names[index]}" if index < len(names) else ""
        fits = named in subdirectories and (level == 0 or f"{PREFIX}x86-64-v{level + 1}" in subdirectories)
        return FIRST + subdirectories.index(named) if fits else UNFIT
    bits = [bit for bit in range(64) if hwcap >> bit & 1]
    known = LEGACY.get(machine, {})
    if not all(bit in known for bit in bits):
        return UNFIT if machine in LEGACY else UNKNOWN
    searched = {
        part
        for subdirectory in subdirectories
        if not subdirectory.startswith(PREFIX)
        for part in subdirectory.split("/")
    }
    return last if searched.issuperset(known[bit] for bit in bits) else UNFIT


def _named(data: bytes, start: int) -> list[str]:
    """The names of the glibc-hwcaps subdirectories, which entries refer to by their index."""
    at = HEADER.unpack_from(data, start)[4]
    if not at:
        return []
    magic, count = EXTENSIONS.unpack_from(data, at)
    if magic != EXTENSION_MAGIC:
        return []
    for index in range(min(count, MOST_SECTIONS)):
        tag, _, offset, size = SECTION.unpack_from(data, at + EXTENSIONS.size + index * SECTION.size)
        if tag == HWCAPS_SECTION:
            numbers = struct.unpack_from(f"<{size // 4}I", data, offset)
            return [_text(data, start + number) for number in numbers]
    return []


def _text(data: bytes, at: int) -> str:
    return data[at : data.index(b"\0", at)].decode()
