"""A file that is there whole or not at all, whoever reads it meanwhile and whatever ends the writing.

What a power cut must not take is brought to the disk (fsync(2)) before it gets its name: without that, a file system
may keep the name and lose what the file holds.
"""

from __future__ import annotations

import ctypes
import errno
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

CANNOT = (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS, errno.EROFS)  # of a file system that knows no such thing


def write(target: Path, data: str | bytes, *, synced: bool = True) -> None:
    """Through a temporary sibling and a rename; the directory is made where it is missing.

    Args:
        target: the file.
        data: what it holds.
        synced: whether what it holds is on the disk before it gets its name; needless for what is made again, and for
            what `sync_all` follows.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    temporary.write_bytes(data.encode() if isinstance(data, str) else data)
    if synced:
        sync(temporary)
    temporary.replace(target)


def put(made: Path, place: Path) -> None:
    """Move a finished directory to its place; a damaged one that lies there is moved to `refused` beside where it was.

    Whoever holds the place's lock calls this, and removes the directory of work, `refused` with it.
    """
    if place.exists():
        place.rename(made.with_name("refused"))
    made.rename(place)


def write_all(fd: int, data: bytes) -> None:
    """Write all of the data to a descriptor, however much the kernel takes at once, and close it."""
    try:
        while data:
            data = data[os.write(fd, data) :]
    finally:
        os.close(fd)


def sync(path: Path) -> None:
    """Bring a file to the disk; of a directory the names in it.

    Raises:
        OSError: it cannot be brought there: the disk is full, or does not work.
    """
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    except OSError as error:
        if error.errno not in CANNOT:
            raise OSError(error.errno, error.strerror, str(path)) from None
    finally:
        os.close(fd)


def sync_all(path: Path) -> None:
    """Bring everything to the disk that was written to the file system of a path (syncfs(2)): cheaper than many `sync`.

    Raises:
        OSError: it cannot be brought there.
    """
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.syncfs(fd) and ctypes.get_errno() not in CANNOT:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(path))
    finally:
        os.close(fd)
