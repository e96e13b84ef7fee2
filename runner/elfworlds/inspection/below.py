"""The programs and libraries below a directory."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from elfworlds.elf.segments import TYPES

if TYPE_CHECKING:
    from collections.abc import Iterator

MAGIC = b"\x7fELF"
PLACES = {1: "little", 2: "big"}  # EI_DATA → the order of its bytes


def programs_below(directory: str) -> Iterator[str]:
    """Every regular file that begins as a program or a shared library, in order; links are not followed."""
    for place, directories, names in os.walk(directory):
        directories.sort()
        for name in sorted(names):
            path = os.path.join(place, name)  # noqa: PTH118  # a string all the way
            if _begins_as_one(path):
                yield path


def _begins_as_one(path: str) -> bool:
    if os.path.islink(path) or not os.path.isfile(path):  # noqa: PTH113, PTH114
        return False
    try:
        with open(path, "rb") as file:  # noqa: PTH123
            head = file.read(18)
    except OSError:
        return False
    order = PLACES.get(head[5]) if head.startswith(MAGIC) and len(head) == 18 else None  # noqa: PLR2004  # up to e_type
    return order is not None and int.from_bytes(head[16:18], "big" if order == "big" else "little") in TYPES
