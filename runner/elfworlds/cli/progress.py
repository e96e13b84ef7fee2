"""A progress bar on standard error that appears only where the work takes its time."""

from __future__ import annotations

import time

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

PATIENCE_SECONDS = 0.5


class _Rate(ProgressColumn):
    """Pieces of work in a second."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:,.0f}/s" if task.speed else "")


class Bar:
    """Nothing is shown for what is done at once: a store that has everything is no work."""

    def __init__(self, what: str, total: int, done: int) -> None:
        columns = (TextColumn(what), BarColumn(20), MofNCompleteColumn(), _Rate(), TimeRemainingColumn())
        self.progress = Progress(*columns, console=Console(stderr=True), transient=True)
        self.task = self.progress.add_task(what, total=total, completed=done)
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
