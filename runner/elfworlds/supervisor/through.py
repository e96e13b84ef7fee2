"""What starts a program in a world of its own, seen from outside: what it reports of the program, and its own words."""

from __future__ import annotations

import os

from elfworlds.supervisor.procfs import signal_name
from elfworlds.supervisor.report import ReportPipe
from elfworlds.supervisor.streams import Pipe

WORDS_BYTES = 1 << 12


class Through:
    """What starts the program in a world of its own: its report, and its own standard error."""

    def __init__(self, descriptors: tuple[int, int]) -> None:
        self.report_at, self.stderr_at = descriptors
        self.report = ReportPipe()
        self.words = Pipe(WORDS_BYTES)
        self.settled = False

    def close_report(self) -> None:
        """Read the report up to now. What comes later is about a program that we kill."""
        self.report.take()
        self.settled = self.report.settled

    def untried(self, name: str, status: int | None, seconds: float | None) -> str | None:
        """Why the program has no result; None if its report is complete, or if it ran until the timeout.

        Args:
            name: of what starts it.
            status: how that ended (wait(2)); None while it has not.
            seconds: the timeout, where time was up.
        """
        report = self.report
        if self.settled or (report.execve_succeeded and seconds is not None):
            return None
        if seconds is not None:
            return f"{name} did not start the program within {seconds:g} s"
        how = "failed" if status is None else _ending_of(status)
        head, tail, _ = self.words.kept.result()
        last = (head + tail).decode("utf-8", "replace").strip().rpartition("\n")[2]
        when = " before it told how the program ended" if report.execve_succeeded else " before it started the program"
        return f"{name} {how}{when}{f': {last}' if last else ''}"


def _ending_of(status: int) -> str:
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        return f"was ended by {signal_name(-code)}"
    return f"failed with exit {code}" if code else "ended"
