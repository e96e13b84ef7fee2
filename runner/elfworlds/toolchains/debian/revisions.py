"""Which revisions a tree holds, as its own files say: what ran, whatever a lock file or a package's data claim."""

from __future__ import annotations

import mmap
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_PATTERN = rb"%s([0-9][0-9A-Za-z.+:~-]{1,100})\)"
_LIBC = re.compile(_PATTERN % rb"GNU C Library \(Debian GLIBC ")
_TOOL = re.compile(_PATTERN % rb"\(Debian " + rb" \0")  # --with-pkgversion, as --version prints it
FILES = (
    ("libc6", "lib/x86_64-linux-gnu/libc.so.6", _LIBC),
    ("gcc", "usr/bin/gcc", _TOOL),
    ("gdb", "usr/bin/gdb", _TOOL),
)


def revisions(tree: Path) -> dict[str, str]:
    """Package → revision of `libc6`, `gcc` and `gdb` where the tree has them; gcc's is that of gcc-12 and its like."""
    known = {name: _search(tree / file, pattern) for name, file, pattern in FILES}
    return {name: revision for name, revision in known.items() if revision}


def _search(path: Path, pattern: re.Pattern[bytes]) -> str:
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            match = pattern.search(data)
            return match[1].decode() if match else ""
    except (OSError, ValueError):  # not there, or empty
        return ""
