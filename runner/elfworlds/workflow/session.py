"""What every workflow works with."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from elfworlds.process import Pool
    from elfworlds.workflow.screen import Screen


@dataclass(frozen=True, slots=True)
class Session:
    """What every workflow works with.

    Attributes:
        pool: starts every other program.
        environment: variables that choose compilers, the store and the backend, as `os.environ` has them.
        screen: where progress and results are told.
        jobs: how much is done at once.
        build_seconds: those that each build may take; None for those that the experiments say.
    """

    pool: Pool
    environment: Mapping[str, str]
    screen: Screen
    jobs: int
    build_seconds: float | None = None

    def tell(self, line: str) -> None:
        """Tell a person a line that is of interest in any case."""
        self.screen.tell([line])


def processors() -> int:
    """As many as this process may use."""
    return len(os.sched_getaffinity(0))
