"""Store paths that no garbage collection takes while this process lives: indirect roots (nix-store(1), --add-root).

They are links in a directory that this process has a lock on. What a killed process left is removed by the next one.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
from pathlib import Path
from typing import IO, TYPE_CHECKING

from elfworlds.locking import lock, locked, try_to_lock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from elfworlds.process import Command, Runner

LOCK = "lock"
PATHS_AT_ONCE = 2_000  # they are arguments, which the kernel bounds


def hold(root: Path, outs: Iterable[str], run: Runner, command: Callable[..., Command]) -> None:
    """Keep store paths until this process ends. A path that is gone already is no error here, but where it is used.

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
    with locked(root / LOCK):
        _sweep(root)
        directory = Path(tempfile.mkdtemp(dir=root))
        held = (directory / LOCK).open("ab")
        lock(held)
    atexit.register(_release, directory, held)
    return directory


def _release(directory: Path, lock: IO[bytes]) -> None:
    shutil.rmtree(directory, ignore_errors=True)
    lock.close()


def _sweep(root: Path) -> None:
    """Remove the directories that nobody holds."""
    for path in root.glob("*/"):
        with (path / LOCK).open("ab") as file:
            if try_to_lock(file):
                shutil.rmtree(path, ignore_errors=True)
