"""Failed trials for a report: those that failed alike, or could not be tried for one reason, are one entry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from elfworlds.report.places import where

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from elfworlds.records import TrialRecord
    from elfworlds.report.places import Point


@dataclass(frozen=True, slots=True)
class Alike:
    """Trials of one scenario and point that failed alike, or all those that one cause kept from being tried.

    Attributes:
        trial: the first of them.
        notes: what is to be said of all of them.
        count: how many they are, at least 1.
        places: scenario → the points at which they are.
    """

    trial: TrialRecord
    notes: tuple[str, ...]
    count: int
    places: Mapping[str, Sequence[Point]]

    @property
    def times(self) -> str:
        """How often it happened, as the end of a sentence; empty for once."""
        return f", {self.count} times" if self.count > 1 else ""

    @property
    def scattered(self) -> bool:
        """Whether they are of several scenarios or points."""
        return sum(map(len, self.places.values())) > 1


def failed(trials: Iterable[TrialRecord]) -> list[Alike]:
    """The failed trials in order. A trial that several causes kept from being tried is counted with each of them."""
    groups: dict[tuple[object, ...], list[TrialRecord]] = {}
    notes: dict[tuple[object, ...], tuple[str, ...]] = {}
    for trial in trials:
        for how, said in _how(trial) if trial.verdict.bad else ():
            groups.setdefault(how, []).append(trial)
            notes[how] = said
    return [Alike(members[0], notes[how], len(members), points_of(members)) for how, members in groups.items()]


def points_of(trials: Iterable[TrialRecord]) -> dict[str, list[Point]]:
    """Scenario → its points, each once."""
    points: dict[str, dict[Point, None]] = {}
    for trial in trials:
        points.setdefault(trial.scenario, {})[tuple(trial.point.items())] = None
    return {scenario: list(each) for scenario, each in points.items()}


def place(alike: Alike, axes: Mapping[str, Sequence[str]], every: Mapping[str, Sequence[Point]]) -> str:
    """Where scattered trials are: `a everywhere; b where way = dlopen`; `every` has all points of the run."""
    return "; ".join(_of_scenario(name, where(axes, at, every[name])) for name, at in alike.places.items())


def _of_scenario(name: str, place: str) -> str:
    return f"{name} everywhere" if place == "everywhere" else f"{name} where {place}"


def _how(trial: TrialRecord) -> Iterator[tuple[tuple[object, ...], tuple[str, ...]]]:
    """What makes two failures different for a reader, and what is said of them; a process id or a time does not."""
    if not trial.verdict.tried:
        yield from (((trial.verdict, trial.why, note), (note,) if note else ()) for note in trial.notes or ("",))
        return
    point = tuple(trial.point.items())
    seen = (trial.outcome, trial.attempts, trial.exit, trial.signal, trial.timed_out)
    how = (trial.scenario, point, trial.observer, trial.verdict, trial.expected, *seen, trial.why, trial.notes)
    yield how, tuple(trial.notes)
