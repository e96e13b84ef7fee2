"""Which object, in which link namespace, an address lies in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from elfworlds.jsondata import Json
    from elfworlds.traces.ldtrace import LinkMap

LM_ID_BASE = 0
# gdb's `info proc mappings`: start, end, size, offset, permissions since gdb 12, and what is mapped,
# with blanks behind it since gdb 16.
_MAPPING = re.compile(
    r"\s{0,80}(0x[0-9a-f]{1,16})\s{1,80}(0x[0-9a-f]{1,16})\s{1,80}0x[0-9a-f]{1,16}\s{1,80}0x[0-9a-f]{1,16}"
    r"(?:\s{1,80}[r-][w-][x-][ps])?\s{1,80}(/.*)"
)
_ADDRESS = re.compile(r"(?:[({][^\"]{1,1000}[)}] )?(0x[0-9a-f]{1,16})(?: .*)?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class MappedRange:
    """Part of a file in memory, from `start` up to `end`."""

    start: int
    end: int
    path: str


@dataclass(frozen=True, slots=True)
class Places:
    """A process' memory at one moment.

    Attributes:
        application: the path of the program itself, which has no link map with an address in the loader's account.
        link_maps: those at one place in the order of loading: the last one is there.
    """

    application: str | None
    mappings: tuple[MappedRange, ...]
    link_maps: Sequence[LinkMap]

    def locate(self, address: int) -> dict[str, Json]:
        """The address with its object and the object's namespace, each None where nothing is known.

        ld.so itself is mapped once for all namespaces, and has none.
        """
        path = next((mapping.path for mapping in self.mappings if mapping.start <= address < mapping.end), None)
        return {"address": f"{address:#x}", "object": path, "lmid": self._lmid(address, path)}

    def _lmid(self, address: int, path: str | None) -> int | None:
        for link_map in reversed(self.link_maps):
            if (
                link_map.base is not None
                and link_map.size is not None
                and link_map.base <= address < link_map.base + link_map.size
            ):
                return link_map.lmid
        return LM_ID_BASE if path is not None and path == self.application else None


def mappings(text: str) -> tuple[MappedRange, ...]:
    """The objects in what `info proc mappings` prints; `[heap]`, `[stack]` and memory without a name left out."""
    matches = (_MAPPING.fullmatch(line) for line in text.split("\n"))
    return tuple(
        MappedRange(int(match[1], 16), int(match[2], 16), match[3].rstrip().removesuffix(" (deleted)"))
        for match in matches
        if match
    )


def address(value: str) -> int | None:
    """The address that a value is as gdb prints it: `0x7f… <counter>`, `(int *) 0x7f…`; None for other values."""
    match = _ADDRESS.fullmatch(value)
    return int(match[1], 16) if match else None
