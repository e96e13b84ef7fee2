"""What a person sees while a verb works: colours and progress on a terminal, plain lines in a pipe."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from elfworlds.cli.echo import echo
from elfworlds.errors import InputError
from elfworlds.report.text import pivot_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from elfworlds.report.summary import Pivot

COLORS = ("auto", "always", "never")


@dataclass(frozen=True, slots=True)
class Terminal:
    """The screen of a command line: where to write, and how."""

    colored: bool
    quiet: bool
    progress: bool

    @staticmethod
    def of(color: str, *, quiet: bool, environment: Mapping[str, str]) -> Terminal:
        if color not in COLORS:
            raise InputError(f"--color is {', '.join(COLORS)}, not `{color}`")
        on_terminal = sys.stdout.isatty() and not environment.get("NO_COLOR") and environment.get("TERM") != "dumb"
        colored = color == "always" or (color == "auto" and on_terminal)
        return Terminal(colored, quiet, sys.stderr.isatty() and not quiet)

    def say(self, *lines: str) -> None:
        """What is of interest when all is well."""
        if not self.quiet:
            self.tell(lines)

    def tell(self, lines: Iterable[str]) -> None:
        """What is of interest in any case."""
        for line in lines:
            echo(line)

    def show_pivot(self, pivot: Pivot) -> None:
        """Coloured on a terminal, else plain."""
        if not self.colored or self.quiet:
            self.say(*pivot_lines(pivot))
            return
        from elfworlds.report.terminal import print_pivot

        print_pivot(pivot)

    @contextmanager
    def working(self, what: str, total: int) -> Iterator[Callable[[], None]]:
        """A bar for work that takes time; each call of what it gives is one piece done."""
        if not self.progress or total == 0:
            yield lambda: None
            return
        from elfworlds.cli.progress import Bar

        bar = Bar(what, total)
        try:
            yield bar.advance
        finally:
            bar.close()
