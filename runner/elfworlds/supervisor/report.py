"""How a program began and ended, as the process that started it reports (sandbox/reaper.c)."""

from __future__ import annotations

import os
from typing import NamedTuple

from elfworlds.supervisor.streams import lifted

LONGEST_REPORT = 1 << 10
MILLION = 1_000_000


class Ended(NamedTuple):
    """A wait status (wait(2)) and what was used until then, in seconds and kilobytes."""

    status: int
    user_s: float
    sys_s: float
    max_rss_kb: int


class ReportPipe:
    """A pipe with two lines in it: `started`, or `failed ERRNO`; then `ended` and how."""

    pollable = True

    def __init__(self) -> None:
        self.reading, writing = os.pipe()
        os.set_blocking(self.reading, False)
        self.writing = lifted(writing)
        self.text = b""

    def started(self) -> None:
        """Close our writing end; the process that reports has its own copy."""
        os.close(self.writing)

    def take(self) -> bool:
        """Read what is there; False where no more is to come."""
        try:
            piece = os.read(self.reading, LONGEST_REPORT)
        except BlockingIOError:
            return True
        self.text += piece
        return bool(piece) and len(self.text) < LONGEST_REPORT

    @property
    def execve_succeeded(self) -> bool:
        return self._line("started") is not None

    @property
    def errno(self) -> int:
        """The errno of execve(2) where it failed, else 0."""
        line = self._line("failed")
        return line[0] if line else 0

    @property
    def ended(self) -> Ended | None:
        """How the program ended; None while that is not told."""
        line = self._line("ended")
        return Ended(line[0], line[2] / MILLION, line[3] / MILLION, line[4]) if line else None

    @property
    def left(self) -> bool:
        """Whether the program has ended, and other processes of its world have not."""
        line = self._line("ended")
        return bool(line and line[1])

    @property
    def settled(self) -> bool:
        """Whether nothing more is to be told."""
        return bool(self.errno or self.ended)

    def _line(self, word: str) -> list[int] | None:
        """The numbers behind a word; None while its line is not whole."""
        for line in self.text.rpartition(b"\n")[0].split(b"\n"):
            words = line.decode("ascii", "replace").split()
            if words[:1] == [word]:
                return [int(number) for number in words[1:]]
        return None

    def close(self) -> None:
        os.close(self.reading)
