"""ld.so.cache (glibc: sysdeps/generic/dl-cache.h, the format of 2.2 and later) → name → path."""

from __future__ import annotations

import struct

MAGIC = b"glibc-ld.so.cache1.1"
HEADER = struct.Struct("<20sII5I")
ENTRY = struct.Struct("<iIIIQ")
ELF_LIBC6 = 0x3
NATIVE = {"x86_64": 0x300, "aarch64": 0xA00}


def library_cache(data: bytes, machine: str) -> dict[str, str]:
    """Name → path of the entries for a machine's own ABI, the loader's first choice; empty for what is no cache."""
    start = data.find(MAGIC)
    if start < 0:
        return {}
    found: dict[str, str] = {}
    try:
        count = HEADER.unpack_from(data, start)[1]
        for index in range(count):
            flags, name, path, _, hwcap = ENTRY.unpack_from(data, start + HEADER.size + index * ENTRY.size)
            if flags == ELF_LIBC6 | NATIVE.get(machine, 0) and hwcap == 0:
                found.setdefault(_text(data, start + name), _text(data, start + path))
    except (struct.error, ValueError):
        return {}
    return found


def _text(data: bytes, at: int) -> str:
    return data[at : data.index(b"\0", at)].decode()
