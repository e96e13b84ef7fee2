"""Locks on files (flock(2)): the kernel releases a lock when its holder ends, however that happens.

Whoever waits for a lock asks for it again and again, so that an interrupt ends the wait.
"""

from __future__ import annotations

import fcntl
import time
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

POLL_SECONDS = 0.02


def try_to_lock(file: IO[bytes]) -> bool:
    """Lock an open file until it is closed; False where another process holds the lock."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def lock(file: IO[bytes], pause: Callable[[float], None] = time.sleep) -> None:
    """Lock an open file until it is closed, as soon as no other process holds the lock.

    Args:
        file: the open file.
        pause: waits for some seconds; an exception that it raises ends the wait.
    """
    while not try_to_lock(file):
        pause(POLL_SECONDS)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of a file, which is made where it is missing; its directory is there."""
    with path.open("ab") as file:
        lock(file)
        yield
