"""Output streams, drained to their ends and kept to a bound, whatever they are to the program: pipe, file or pty."""

from __future__ import annotations

import ctypes
import fcntl
import os
import select
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

READ_BYTES = 1 << 18
MOST_EVENTS = 1 << 24
EVENTS_DESCRIPTOR = 9
GIVEN = range(EVENTS_DESCRIPTOR, EVENTS_DESCRIPTOR + 4)  # numbers at which a program is given descriptors
PUNCH_HOLE = 0x01 | 0x02  # FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, fallocate(2)


def lifted(fd: int) -> int:
    """Move a descriptor to a number that is not needed when the program is started.

    As low as can be: posix_spawn_file_actions_adddup2(3) takes none above the limit that the program is given.
    """
    if fd not in GIVEN:
        return fd
    high = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, GIVEN.stop)
    os.close(fd)
    return high


def memory_file(name: str, data: bytes) -> int:
    """A descriptor from which data can be read."""
    fd = os.memfd_create(name)
    while data:
        data = data[os.write(fd, data) :]
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


def close_all(descriptors: Iterable[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


class Kept:
    """The start and the end of what was read, and how much it was."""

    def __init__(self, bound: int) -> None:
        self.half = bound // 2
        self.head = bytearray()
        self.tail = bytearray()
        self.total = 0

    def add(self, piece: bytes) -> None:
        self.total += len(piece)
        room = self.half - len(self.head)
        self.head += piece[:room]
        self.tail += piece[room:]
        if len(self.tail) > 2 * self.half + READ_BYTES:
            del self.tail[: -self.half]

    def result(self) -> tuple[bytes, bytes, int]:
        return bytes(self.head), bytes(self.tail[-self.half :]), self.total


class Pipe:
    """What most programs are given."""

    pollable = True

    def __init__(self, bound: int) -> None:
        self.kept = Kept(bound)
        self.reading, writing = self.open()
        self.writing = lifted(writing)
        os.set_blocking(self.reading, False)

    def open(self) -> tuple[int, int]:
        return os.pipe()

    def redirect(self, path: str) -> None:
        """Let the writing end be a file that somebody else reads."""
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        os.dup2(file, self.writing, inheritable=False)
        os.close(file)

    def take(self) -> bool:
        """Read what is there; False at the stream's end."""
        try:
            piece = os.read(self.reading, READ_BYTES)
        except BlockingIOError:
            return True
        except OSError:  # a pty whose other end is closed
            return False
        self.kept.add(piece)
        return bool(piece)

    def drain(self, deadline_ms: int) -> None:
        """Read to the end. No writer is left, so this does not wait."""
        poller = select.poll()
        poller.register(self.reading, select.POLLIN)
        while poller.poll(deadline_ms) and self.take():
            pass

    def started(self) -> None:
        """Close our writing end; the program has its own copy."""
        os.close(self.writing)

    def close(self) -> None:
        os.close(self.reading)


class Pty(Pipe):
    """A terminal to the program; what it writes is not processed, so the bytes stay as written."""

    def open(self) -> tuple[int, int]:
        import termios  # noqa: PLC0415  # few trials need it

        master, slave = os.openpty()
        attributes = termios.tcgetattr(slave)
        attributes[1] &= ~termios.OPOST
        termios.tcsetattr(slave, termios.TCSANOW, attributes)
        return master, slave


class FileStream(Pipe):
    """A regular file, read as it grows; what was read is given back to the system."""

    pollable = False

    def open(self) -> tuple[int, int]:
        self.offset = 0
        writing = os.memfd_create("stdout")
        return os.dup(writing), writing

    def take(self) -> bool:
        piece = os.pread(self.reading, READ_BYTES, self.offset)
        self.kept.add(piece)
        self.offset += len(piece)
        if self.offset > READ_BYTES:
            libc = ctypes.CDLL(None)
            libc.fallocate(self.reading, PUNCH_HOLE, ctypes.c_long(0), ctypes.c_long(self.offset))
        return bool(piece)

    def drain(self, deadline_ms: int) -> None:
        del deadline_ms
        while self.take():
            pass


class Events:
    """A file that the program and all that it starts append to; it takes no more than a bound."""

    def __init__(self) -> None:
        self.file = os.memfd_create("events", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        self.writing = lifted(os.open(f"/proc/self/fd/{self.file}", os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC))

    def bound(self) -> None:
        """Let a flood end: from here on a write(2) fails."""
        if os.fstat(self.file).st_size > MOST_EVENTS:
            fcntl.fcntl(self.file, fcntl.F_ADD_SEALS, fcntl.F_SEAL_GROW)

    def taken(self) -> bytes:
        """All of it, once nobody is left to write."""
        data = os.pread(self.file, MOST_EVENTS, 0)
        os.close(self.writing)
        os.close(self.file)
        return data


KINDS = {"pipe": Pipe, "file": FileStream, "pty": Pty}
