"""Store paths that no garbage collection takes while this process lives: indirect roots (nix-store(1), --add-root).

They are links in a directory that this process has a lock on. What a killed process left is removed by the next one.
"""

from __future__ import annotations

import atexit
import fcntl
import shutil
import tempfile
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from elfworlds.process import Command, Run

LOCK = "lock"
PATHS_AT_ONCE = 2_000  # they are arguments, which the kernel bounds


def hold(root: Path, outs: Iterable[str], run: Run, command: Callable[..., Command]) -> None:
    """Keep store paths until this process ends; one that is gone already is told by whoever uses it.

    Args:
        root: where directories of roots are.
        outs: valid store paths.
        run: how programs are run.
        command: makes a command of one of Nix' programs and its words.
    """
    listed = sorted(set(outs))
    directory = _own_directory(root)
    for first in range(0, len(listed), PATHS_AT_ONCE):
        link = directory / f"{first}"
        run(
            command(
                "nix-store", "--add-root", str(link), "--indirect", "--realise", *listed[first : first + PATHS_AT_ONCE]
            )
        )


def _own_directory(root: Path) -> Path:
    """A new directory, locked, that is removed when this process ends."""
    root.mkdir(parents=True, exist_ok=True)
    with (root / LOCK).open("ab") as one_at_a_time:
        fcntl.flock(one_at_a_time, fcntl.LOCK_EX)
        _sweep(root)
        directory = Path(tempfile.mkdtemp(dir=root))
        lock = (directory / LOCK).open("ab")
        fcntl.flock(lock, fcntl.LOCK_EX)
    atexit.register(_release, directory, lock)
    return directory


def _release(directory: Path, lock: IO[bytes]) -> None:
    shutil.rmtree(directory, ignore_errors=True)
    lock.close()


def _sweep(root: Path) -> None:
    """Remove the directories that nobody holds."""
    for path in root.glob("*/"):
        with (path / LOCK).open("ab") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            shutil.rmtree(path, ignore_errors=True)
