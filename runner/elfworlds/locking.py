"""Locks on files (flock(2)), and words for whoever waits.

The kernel releases a lock when its holder ends, however that happens. Whoever waits for one asks for it again and
again, so that an interrupt ends the wait. Whoever has one says so in the file: which process it is, what it was called
as, and since when.
"""

from __future__ import annotations

import fcntl
import os
import sys
import threading
import time
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

POLL_SECONDS = 0.02
QUIET_SECONDS = 2.0  # of waiting, before whoever waits is told what for
PATIENT_SECONDS = 10.0  # the same for what takes its time anyway: a compiler, a mirror
SHOWN_BYTES = 500


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


def nobody(_text: str) -> None:
    """Whoever waits and has nobody to tell."""


@contextmanager
def locked(path: Path, tell: Callable[[str], None] = nobody) -> Iterator[None]:
    """Hold the lock of a file, which is made where it is missing; its directory is there.

    Args:
        path: the file. What it holds is lost: who has the lock stands in it.
        tell: is told, after a while, what is waited for: the file, and who has it.
    """
    with path.open("ab") as file:
        lock(file, Patience(path, tell).pause)
        sign(file)
        try:
            yield
        finally:
            with suppress(OSError):
                file.truncate(0)


@contextmanager
def announced(what: str, tell: Callable[[str], None], after: float = PATIENT_SECONDS) -> Iterator[None]:
    """Tell what is waited for where it takes long.

    Args:
        what: what for.
        tell: is told, once, from a thread.
        after: seconds.
    """
    timer = threading.Timer(after, lambda: tell(f"waiting for {what}"))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


class Patience:
    """Waits, and says once what for."""

    def __init__(self, path: Path, tell: Callable[[str], None]) -> None:
        self.path = path
        self.tell: Callable[[str], None] | None = tell
        self.since = time.monotonic()

    def pause(self, seconds: float) -> None:
        time.sleep(seconds)
        if self.tell and time.monotonic() - self.since >= QUIET_SECONDS:
            self.tell(f"waiting for {self.path}, which {holder(self.path)} holds")
            self.tell = None


def sign(file: IO[bytes]) -> None:
    """Write into a locked file who has it; a disk that is full is no reason not to have it."""
    words = " ".join([os.path.basename(sys.argv[0]) if sys.argv[0] else "python", *sys.argv[1:]])  # noqa: PTH119
    since = time.strftime("%Y-%m-%d %H:%M:%S")
    with suppress(OSError):
        file.truncate(0)
        file.write(f"process {os.getpid()} ({words[:SHOWN_BYTES]}), since {since},".encode("utf-8", "replace"))
        file.flush()


def holder(path: Path) -> str:
    """Who holds the lock of a file, in words."""
    try:
        text = path.read_bytes()[: 2 * SHOWN_BYTES].decode("utf-8", "replace")
    except OSError:
        text = ""
    return text or "another process"
