"""What a person sees while a verb works: colours and progress on a terminal, plain lines in a pipe."""

from __future__ import annotations

import shutil
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from elfworlds.cli.echo import echo
from elfworlds.errors import InputError
from elfworlds.report.text import fitting, pivot_lines
from elfworlds.workflow.screen import TrialEnded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from elfworlds.report.summary import Pivot
    from elfworlds.workflow.screen import RunBegun, RunEnded

COLORS = ("auto", "always", "never")


@dataclass(frozen=True, slots=True)
class Terminal:
    """The screen of a command line: where to write, and how; `columns` is None where it is no terminal."""

    colored: bool
    quiet: bool
    progress: bool
    columns: int | None
    verbose: bool

    @staticmethod
    def of(color: str, *, quiet: bool, environment: Mapping[str, str], verbose: bool = False) -> Terminal:
        if color not in COLORS:
            raise InputError(f"--color is {', '.join(COLORS)}, not `{color}`")
        on_terminal = sys.stdout.isatty() and not environment.get("NO_COLOR") and environment.get("TERM") != "dumb"
        colored = color == "always" or (color == "auto" and on_terminal)
        columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
        return Terminal(colored, quiet, sys.stderr.isatty() and not quiet and not verbose, columns, verbose)

    def say(self, *lines: str) -> None:
        """What is of interest when all is well."""
        if not self.quiet:
            self.tell(lines)

    def tell(self, lines: Iterable[str]) -> None:
        """What is of interest in any case; at once, since the next thing may take its time."""
        for line in lines:
            echo(line)
        sys.stdout.flush()

    def show_pivot(self, pivot: Pivot) -> None:
        """Coloured on a terminal, else plain; on a terminal no wider than it is, where that can be had."""
        if self.columns is not None:
            pivot = fitting(pivot, self.columns)
        if not self.colored or self.quiet:
            self.say(*pivot_lines(pivot))
            return
        from elfworlds.report.terminal import print_pivot

        print_pivot(pivot)

    def happened(self, event: RunBegun | TrialEnded | RunEnded) -> None:
        """Each trial a line, where that is wanted."""
        if self.verbose and isinstance(event, TrialEnded):
            trial = event.trial
            echo(f"  {trial.verdict:<11}  {trial.trial}  {trial.outcome}")

    @contextmanager
    def working(self, what: str, total: int, done: int = 0) -> Iterator[Callable[[], None]]:
        """A bar for work that takes time; each call of what it gives is one piece done."""
        if not self.progress or total == 0:
            yield lambda: None
            return
        from elfworlds.cli.progress import Bar

        bar = Bar(what, total, done)
        try:
            yield bar.advance
        finally:
            bar.close()
