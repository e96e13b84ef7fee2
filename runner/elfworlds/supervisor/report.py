"""How a program ended that another process started, in that process' words (sandbox/reaper.c)."""

from __future__ import annotations

import fcntl
import os
from typing import NamedTuple

ABOVE = 32  # every number that a program is given a descriptor at
LONGEST_LINE = 1 << 10
MILLION = 1_000_000


class Ended(NamedTuple):
    """A wait status (wait(2)) and what was used until then, in seconds and kilobytes."""

    status: int
    user_s: float
    sys_s: float
    max_rss_kb: int


class Told(NamedTuple):
    """What was told: the end, or the errno of what could not be started, and whether other processes are left."""

    ended: Ended
    failure: int
    left: bool


class Report:
    """A pipe with one line in it."""

    def __init__(self) -> None:
        self.reading, writing = os.pipe()
        os.set_blocking(self.reading, False)
        self.writing = fcntl.fcntl(writing, fcntl.F_DUPFD_CLOEXEC, ABOVE)
        os.close(writing)
        self.line = b""

    def started(self) -> None:
        """What tells has its own copy of the writing end."""
        os.close(self.writing)

    def take(self) -> bool:
        """Read what is there; False where no more is to come."""
        try:
            piece = os.read(self.reading, LONGEST_LINE)
        except BlockingIOError:
            return True
        self.line += piece
        return bool(piece) and len(self.line) < LONGEST_LINE

    @property
    def told(self) -> Told | None:
        """None while the line is not whole."""
        if not self.line.endswith(b"\n"):
            return None
        status, failure, left, user, system, max_rss = map(int, self.line.split())
        return Told(Ended(status, user / MILLION, system / MILLION, max_rss), failure, bool(left))

    def close(self) -> None:
        os.close(self.reading)
