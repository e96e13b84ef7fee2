"""Where a workflow tells what it does: a terminal in the command line, nothing in a library."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from elfworlds.report.summary import Pivot


class Screen(Protocol):
    """What a person sees while a workflow works."""

    def say(self, *lines: str) -> None:
        """Lines that are of interest when all is well; a quiet screen leaves them out."""

    def tell(self, lines: Iterable[str]) -> None:
        """Lines that are of interest in any case."""

    def show_pivot(self, pivot: Pivot) -> None:
        """The table of outcomes of one run."""

    def working(self, what: str, total: int) -> AbstractContextManager[Callable[[], None]]:
        """A bar for `total` pieces of work; each call of what it gives is one piece done."""


@dataclass(frozen=True, slots=True)
class Silent:
    """A screen that shows nothing."""

    def say(self, *lines: str) -> None:
        pass

    def tell(self, lines: Iterable[str]) -> None:
        pass

    def show_pivot(self, pivot: Pivot) -> None:
        pass

    def working(self, what: str, total: int) -> AbstractContextManager[Callable[[], None]]:  # noqa: ARG002  # a Screen's
        return nullcontext(lambda: None)
