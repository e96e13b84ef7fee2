"""A directory that a person names → its manifest; every file is read."""

from __future__ import annotations

import hashlib
import os
import stat
from typing import TYPE_CHECKING

from elfworlds import reading
from elfworlds.trees.manifest import DIRECTORY, FILE, LINK, Entry, Manifest, Tally, TreeError, utf8

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from elfworlds.trees.manifest import Limits

OTHERS = {
    stat.S_IFIFO: "a fifo",
    stat.S_IFSOCK: "a socket",
    stat.S_IFBLK: "a device",
    stat.S_IFCHR: "a device",
}


def manifest(place: Path, limits: Limits) -> Manifest:
    """What lies below a directory; nothing there is followed.

    Raises:
        TreeError: it holds what no tree can, or too much.
        OSError: it cannot be read.
    """
    return Manifest.of(in_place(place, limits).entries)


def in_place(place: Path, limits: Limits) -> Manifest:
    """The same of a tree that is used where it lies: its links may lead out.

    Raises:
        TreeError: it holds what no tree can, or too much.
        OSError: it cannot be read.
    """
    entries: dict[str, Entry] = {}
    tally, devices = Tally(limits), _Devices()
    devices.refuse(str(place), "", os.stat(place))  # noqa: PTH116  # as all that lies below
    for path, state in below(str(place)):
        tally.file()
        devices.refuse(f"{place}/{path}", path, state)
        entries[utf8(path)] = _entry(f"{place}/{path}", path, state, tally)
    return Manifest.in_place(entries)


class _Devices:
    """The file systems on which a tree lies; none is the kernel's, where reading a file may wait for ever."""

    def __init__(self) -> None:
        self.fine: set[int] = set()

    def refuse(self, place: str, path: str, state: os.stat_result) -> None:
        if state.st_dev in self.fine or stat.S_ISLNK(state.st_mode):
            return
        if reading.of_the_kernel(place, state):
            raise TreeError(f"{path or '.'!r:.200} holds files of the kernel, not of a disk", "name another directory")
        self.fine.add(state.st_dev)


def below(place: str) -> Iterator[tuple[str, os.stat_result]]:
    """Every path below a directory, and the state of what lies there; a directory before what is in it."""
    levels = [_listed(place, "")]
    while levels:
        path, state = next(levels[-1], ("", None))
        if state is None:
            levels.pop()
            continue
        yield path, state
        if stat.S_ISDIR(state.st_mode):
            levels.append(_listed(f"{place}/{path}", f"{path}/"))


def _listed(place: str, prefix: str) -> Iterator[tuple[str, os.stat_result]]:
    with os.scandir(place) as found:
        return iter(sorted((f"{prefix}{entry.name}", entry.stat(follow_symlinks=False)) for entry in found))


def _entry(place: str, path: str, state: os.stat_result, tally: Tally) -> Entry:
    if stat.S_ISDIR(state.st_mode):
        return Entry(DIRECTORY)
    if stat.S_ISLNK(state.st_mode):
        return Entry(LINK, utf8(os.readlink(place)))  # noqa: PTH115
    if not stat.S_ISREG(state.st_mode):
        what = OTHERS.get(stat.S_IFMT(state.st_mode), "something else")
        raise TreeError(f"{path!r:.200} is {what}: a tree holds files, directories and links")
    tally.add(state.st_size)
    return Entry(FILE, sha256(place), bool(state.st_mode & stat.S_IXUSR), state.st_size)


def sha256(place: str) -> str:
    with reading.opened(place) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
