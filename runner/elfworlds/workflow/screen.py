"""Where a workflow tells what it does: a terminal in the command line, nothing in a library."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from elfworlds.errors import Exit
    from elfworlds.outcome import Verdict
    from elfworlds.records import TrialRecord
    from elfworlds.report.summary import Pivot


@dataclass(frozen=True, slots=True, kw_only=True)
class RunBegun:
    """An experiment's first trial is next.

    Attributes:
        directory: of the run.
        planned: how many trials there are.
        done: how many of them an earlier run has done.
        place, of: which experiment of how many, from 1.
    """

    experiment: str
    question: str
    directory: str
    planned: int
    done: int
    place: int
    of: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnded:
    """An experiment's trials are over, and its report is written.

    Attributes:
        ending: `whole`, `stopped` or `interrupted`.
        code: what the command would exit with, had it run nothing else.
    """

    experiment: str
    directory: str
    ending: str
    verdicts: Mapping[Verdict, int]
    code: Exit


@dataclass(frozen=True, slots=True)
class TrialEnded:
    """A trial is over; its verdict is its own, before repetitions are compared."""

    trial: TrialRecord


class Screen(Protocol):
    """What a person sees while a workflow works."""

    def say(self, *lines: str) -> None:
        """Lines that are of interest when all is well; a quiet screen leaves them out."""

    def tell(self, lines: Iterable[str]) -> None:
        """Lines that are of interest in any case."""

    def show_pivot(self, pivot: Pivot) -> None:
        """The table of outcomes of one run."""

    def happened(self, event: RunBegun | TrialEnded | RunEnded) -> None:
        """Something that whoever follows a run wants to know at once."""

    def working(self, what: str, total: int, done: int = 0) -> AbstractContextManager[Callable[[], None]]:
        """A bar for `total` pieces of work, of which some are done; each call of what it gives is one piece done."""


@dataclass(frozen=True, slots=True)
class Silent:
    """A screen that shows nothing."""

    def say(self, *lines: str) -> None:
        pass

    def tell(self, lines: Iterable[str]) -> None:
        pass

    def show_pivot(self, pivot: Pivot) -> None:
        pass

    def happened(self, event: RunBegun | TrialEnded | RunEnded) -> None:
        pass

    def working(
        self,
        what: str,  # noqa: ARG002  # a Screen's
        total: int,  # noqa: ARG002
        done: int = 0,  # noqa: ARG002
    ) -> AbstractContextManager[Callable[[], None]]:
        return nullcontext(lambda: None)
