"""A progress bar on standard error that appears only where the work takes its time."""

from __future__ import annotations

import time

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

PATIENCE_SECONDS = 0.5


class Bar:
    """Nothing is shown for what is done at once: a store that has everything is no work."""

    def __init__(self, what: str, total: int) -> None:
        columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self.progress = Progress(*columns, console=Console(stderr=True), transient=True)
        self.task = self.progress.add_task(what, total=total)
        self.shown = False
        self.begun = time.monotonic()

    def advance(self) -> None:
        self.progress.advance(self.task)
        if not self.shown and time.monotonic() - self.begun > PATIENCE_SECONDS:
            self.progress.start()
            self.shown = True

    def close(self) -> None:
        if self.shown:
            self.progress.stop()
