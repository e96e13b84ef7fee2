"""Directories that a trial may have shut or removed: made ours again."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def temporary(prefix: str) -> Iterator[Path]:
    """A directory of its own for a program that may do anything to it; what cannot be removed stays there."""
    path = Path(tempfile.mkdtemp(prefix=prefix))
    try:
        yield path
    finally:
        with suppress(OSError):
            remove(path)


def remove(path: Path) -> None:
    """Remove what may be at a path; of a directory all that is in it, also what its owner may not enter (mode 0).

    No link is followed.

    Raises:
        OSError: something in it cannot be removed: it belongs to somebody else, is mounted, or is immutable.
    """
    if not os.path.lexists(path):
        return
    if not _is_directory(path):
        path.unlink()
        return
    _open(str(path))
    for place, directories, _ in os.walk(path):  # a directory is entered after its parent's turn
        for name in directories:
            _open(os.path.join(place, name))  # noqa: PTH118  # as os.walk gives it
    shutil.rmtree(path)


def make(directory: Path) -> None:
    """A directory in which this process can write: made if it is not there, opened if it is shut.

    What else has its name is removed.

    Raises:
        OSError: it cannot be had.
    """
    if os.path.lexists(directory) and not stat.S_ISDIR(os.lstat(directory).st_mode):
        directory.unlink()
    directory.mkdir(exist_ok=True)
    _open(str(directory))


def _is_directory(path: Path) -> bool:
    return stat.S_ISDIR(os.lstat(path).st_mode)


def _open(directory: str) -> None:
    mode = os.lstat(directory).st_mode
    if stat.S_ISDIR(mode) and mode & stat.S_IRWXU != stat.S_IRWXU:
        os.chmod(directory, stat.S_IMODE(mode) | stat.S_IRWXU)  # noqa: PTH101  # as os.walk gives it
