"""A dynamic section, as the loader reads it: by address, up to DT_NULL."""

from __future__ import annotations

import struct
from functools import cached_property
from typing import TYPE_CHECKING

from elftools.elf.enums import ENUM_D_TAG_COMMON  # noqa: TID251  # the door

from elfworlds.elf.reader import BrokenError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from elfworlds.elf.image import Image

DT_GNU_FLAGS_1 = 0x6FFFFDF4  # glibc's; pyelftools has no name for it
TAGS = {name: number for name, number in ENUM_D_TAG_COMMON.items() if isinstance(number, int)}
ENTRY = {32: "iI", 64: "qQ"}
BATCH = 1 << 12  # bytes read at once


class Dynamic:
    """The entries of the dynamic section that the loader takes, the last one; none where there is none."""

    def __init__(self, image: Image) -> None:
        self.image = image
        segments = image.of("PT_DYNAMIC")
        self.entries = tuple(self._entries(segments[-1].vaddr, segments[-1].filesz)) if segments else ()
        # elf_get_dynamic_info of glibc and decode_vec of musl: of a tag that stands twice the last one counts
        self.values = dict(self.entries)

    def _entries(self, address: int, size: int) -> Iterator[tuple[int, int]]:
        for tag, value in unpacked(self.image, ENTRY[self.image.bits], address, size):
            if tag == 0:
                return
            yield tag, value

    def value(self, tag: str) -> int | None:
        """The number of a tag, such as `DT_FLAGS`."""
        return self.values.get(TAGS[tag])

    def all(self, tag: str) -> list[int]:
        return [value for number, value in self.entries if number == TAGS[tag]]

    @cached_property
    def _strings(self) -> tuple[int, int]:
        address = self.value("DT_STRTAB")
        if address is None:
            raise BrokenError("its dynamic section has no DT_STRTAB")
        return self.image.place(address)

    @property
    def length(self) -> int:
        """Bytes of the string table, as far as anything says so."""
        size = self.value("DT_STRSZ")
        return self._strings[1] if size is None else min(size, self._strings[1])

    def text(self, at: int) -> str:
        """The text at a place of the string table; DT_STRSZ is nothing that a loader looks at."""
        offset, room = self._strings
        if at >= room:
            raise BrokenError(f"a text lies {at} bytes into a string table of {room}")
        return self.image.data.text(offset + at, room - at)

    def named(self, tag: str) -> str | None:
        value = self.value(tag)
        return None if value is None else self.text(value)


def unpacked(image: Image, form: str, address: int, size: int) -> Iterator[tuple[int, ...]]:
    """Records one after the other from an address on; as many as the size and the file hold.

    Args:
        image: the file.
        form: as the module `struct` has it, without the byte order.
        address: of the first one.
        size: bytes that they have at the most.
    """
    record = struct.Struct(f"{'<' if image.little else '>'}{form}")
    offset, room = image.place(address)
    left = min(size, room) // record.size * record.size
    batch = BATCH // record.size * record.size
    while left:
        data = image.data.at(offset, min(left, batch))
        yield from record.iter_unpack(data)
        offset, left = offset + len(data), left - len(data)
