"""How many trials one task has: one where they take long, many where what a task costs would outweigh them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from elfworlds.trials.machine import wanted

if TYPE_CHECKING:
    from collections import Counter, deque

    from elfworlds.planning import Trial

LARGEST = 100
TASK_SECONDS = 1.0
TASKS_PER_THREAD = 4
LATEST = 0.2  # how much of the pace the latest task decides


@dataclass(slots=True)
class Pace:
    """How long a trial takes on this run's workers.

    Attributes:
        seconds: of a trial; 0 before the first answer.
    """

    seconds: float = 0.0

    def heard(self, seconds: float, trials: int) -> None:
        """So many trials of a task took so long."""
        if not trials:
            return
        latest = seconds / trials
        self.seconds = latest if not self.seconds else (1 - LATEST) * self.seconds + LATEST * latest

    def size(self, waiting: int, threads: int) -> int:
        """How many trials the next task has: towards the end fewer, so that all threads end together."""
        if not self.seconds:
            return 1
        share = waiting // max(1, threads * TASKS_PER_THREAD)
        return max(1, min(LARGEST, int(TASK_SECONDS / self.seconds), share))


def taken(waiting: deque[Trial], size: int, tries: Counter[str]) -> tuple[Trial, ...]:
    """The next trials of those that wait, which are removed there; one that went out before goes alone.

    All are for one machine.
    """
    batch = [waiting.popleft()]
    machine = wanted(batch[0])
    while waiting and len(batch) < size and not (tries[batch[0].id] or tries[waiting[0].id]):
        if wanted(waiting[0]) != machine:
            break
        batch.append(waiting.popleft())
    return tuple(batch)
