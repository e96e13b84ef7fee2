"""Failed trials for a report: repetitions that failed alike are one entry, with how many they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from elfworlds.records import TrialRecord


@dataclass(frozen=True, slots=True)
class Alike:
    """Trials of one scenario and point that failed alike.

    Attributes:
        trial: the first of them.
        count: how many they are, at least 1.
    """

    trial: TrialRecord
    count: int

    @property
    def times(self) -> str:
        """How often it happened, as the end of a sentence; empty for once."""
        return f", {self.count} times" if self.count > 1 else ""


def failed(trials: Iterable[TrialRecord]) -> list[Alike]:
    """The failed trials in order; of repetitions that failed alike the first stands for all."""
    groups: dict[tuple[object, ...], list[TrialRecord]] = {}
    for trial in trials:
        if trial.verdict.bad:
            groups.setdefault(_how(trial), []).append(trial)
    return [Alike(members[0], len(members)) for members in groups.values()]


def _how(trial: TrialRecord) -> tuple[object, ...]:
    """What makes two failures different for a reader; a process id or a time does not."""
    point = tuple(trial.point.items())
    seen = (trial.outcome, trial.attempts, trial.exit, trial.signal, trial.timed_out)
    return (trial.scenario, point, trial.observer, trial.verdict, trial.expected, *seen, trial.why, trial.notes)
