"""The bytes of one file: read where they are asked for, and no further than the file goes."""

from __future__ import annotations

import os

BLOCK = 1 << 14
MOST_BLOCKS = 256
LONGEST_TEXT = 1 << 16  # bytes; a mangled name of C++ may have some thousands
TEXTS_PER_BYTE = 4  # bytes of all different texts, for each byte of the file
FEW = 1 << 20


class BrokenError(ValueError):
    """What a file says of itself cannot be; the message says what."""


class Bytes:
    """A file's bytes by offset.

    Texts are remembered, and all different ones together may be a few times as long as the file: more cannot be, unless
    they lie over each other so that a small file would make a large table.
    """

    def __init__(self, descriptor: int, size: int) -> None:
        self.descriptor = descriptor
        self.size = size
        self._blocks: dict[int, bytes] = {}
        self._texts: dict[int, str] = {}
        self._room = FEW + TEXTS_PER_BYTE * size

    def at(self, offset: int, size: int) -> bytes:
        """Exactly so many bytes.

        Raises:
            BrokenError: the file ends before.
        """
        if offset < 0 or size < 0 or offset + size > self.size:
            raise BrokenError(f"it ends at {self.size}, and {size} bytes at {offset} belong to it")
        first, start = divmod(offset, BLOCK)
        data = self._block(first)[start : start + size]
        while len(data) < size:
            first += 1
            more = self._block(first)[: size - len(data)]
            if not more:
                raise BrokenError("it became shorter while it was read")
            data += more
        return data

    def _block(self, number: int) -> bytes:
        block = self._blocks.get(number)
        if block is None:
            if len(self._blocks) == MOST_BLOCKS:
                self._blocks.clear()
            block = self._blocks[number] = os.pread(self.descriptor, BLOCK, number * BLOCK)
        return block

    def text(self, offset: int, room: int) -> str:
        """The text that a zero ends.

        Args:
            offset: where it begins.
            room: how many bytes it may have at the most, the zero included.

        Raises:
            BrokenError: no zero ends it in time.
        """
        if offset not in self._texts:
            self._texts[offset] = self._read_text(offset, min(room, LONGEST_TEXT, self.size - offset))
        return self._texts[offset]

    def _read_text(self, offset: int, room: int) -> str:
        parts = []
        at, end = offset, offset + room
        while at < end:
            number, start = divmod(at, BLOCK)
            block = self._block(number)[start : start + end - at]
            zero = block.find(b"\0")
            parts.append(block if zero < 0 else block[:zero])
            if zero >= 0 or not block:
                break
            at += len(block)
        else:
            raise BrokenError(f"no zero ends the text at {offset}")
        data = b"".join(parts)
        self._room -= len(data)
        if self._room < 0:
            raise BrokenError("its texts lie over each other")
        return data.decode("utf-8", "replace")
