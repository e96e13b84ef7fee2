"""Shared objects of a few hundred bytes that say what they need, and hold nothing: no compiler takes part."""

from __future__ import annotations

import os
import struct
from collections.abc import Sequence
from pathlib import Path

DT_NEEDED, DT_SONAME, DT_RPATH, DT_RUNPATH = 1, 14, 15, 29
DT_AUXILIARY, DT_FILTER, DT_FLAGS_1 = 0x7FFFFFFD, 0x7FFFFFFF, 0x6FFFFFFB
DF_1_NODEFLIB = 0x800
MACHINES = {"x86_64": 62, "aarch64": 183}
_SYMTAB, _HASH, _DYNAMIC = 240, 264, 280
_LOAD, _DYN, _STACK = 1, 2, 0x6474E551


def make(  # noqa: PLR0913  # each is a tag
    path: Path,
    needed: Sequence[str] = (),
    *,
    soname: str | None = None,
    rpath: str | None = None,
    runpath: str | None = None,
    filters: Sequence[tuple[int, str]] = (),
    nodeflib: bool = False,
    machine: str | None = None,
) -> Path:
    """An object at a path; the tags of `filters` stand before those of `needed`."""
    wanted: list[tuple[int, str]] = [*filters, *((DT_NEEDED, name) for name in needed)]
    wanted += [(tag, text) for tag, text in ((DT_SONAME, soname), (DT_RPATH, rpath), (DT_RUNPATH, runpath)) if text]
    strings, tags = b"\0", []
    for tag, text in wanted:
        tags.append((tag, len(strings)))
        strings += os.fsencode(text) + b"\0"
    tags += [(DT_FLAGS_1, DF_1_NODEFLIB)] if nodeflib else []
    at = _DYNAMIC + 16 * (len(tags) + 6)
    tags += [(5, at), (10, len(strings)), (6, _SYMTAB), (11, 24), (4, _HASH), (0, 0)]
    dynamic = b"".join(struct.pack("<QQ", *one) for one in tags)
    end = at + len(strings)
    segments = (
        _segment(_LOAD, 0, end, 6, 0x1000),
        _segment(_DYN, _DYNAMIC, len(dynamic), 6, 8),
        _segment(_STACK, 0, 0, 6, 16),
    )
    number = MACHINES[machine or os.uname().machine]
    header = b"\x7fELF" + bytes([2, 1, 1]) + bytes(9)
    header += struct.pack("<HHIQQQIHHHHHH", 3, number, 1, 0, 64, 0, 0, 64, 56, len(segments), 64, 0, 0)
    body = (header + b"".join(segments)).ljust(_SYMTAB, b"\0") + bytes(24) + struct.pack("<IIII", 1, 1, 0, 0)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body + dynamic + strings)
    path.chmod(0o755)
    return path


def _segment(kind: int, offset: int, size: int, flags: int, align: int) -> bytes:
    return struct.pack("<IIQQQQQQ", kind, flags, offset, offset, offset, size, size, align)
