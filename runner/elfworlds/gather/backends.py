"""Two runs of one plan, with the objects of two backends: which trials ended differently? None should."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from elfworlds.records import TrialRecord

    Place = tuple[str, tuple[tuple[str, str], ...], str]


def trials(names: tuple[str, str], first: Sequence[TrialRecord], second: Sequence[TrialRecord]) -> Iterator[str]:
    """A sentence for each trial that ended differently, or that ran with one backend only."""
    here, there = ({trial.trial: trial for trial in side if trial.verdict.tried} for side in (first, second))
    racing = {place for side in (here, there) for place in _races(side.values())}
    for trial in dict.fromkeys([*here, *there]):
        if trial not in here or trial not in there:
            yield f"trial {trial}: tried with {names[trial not in here]} only"
        elif not (_place(here[trial]) in racing and here[trial].verdict.met and there[trial].verdict.met):
            yield from _differences(names, here[trial], there[trial])


def _differences(names: tuple[str, str], here: TrialRecord, there: TrialRecord) -> Iterator[str]:
    pairs = {
        "outcome": (here.outcome, there.outcome),
        "exit": (here.exit, there.exit),
        "signal": (here.signal, there.signal),
        "timed_out": (here.timed_out, there.timed_out),
    }
    for name, (first, second) in pairs.items():
        if first != second:
            yield f"trial {here.trial}: {name} is {first} with objects by {names[0]}, {second} by {names[1]}"


def _place(trial: TrialRecord) -> Place:
    return trial.scenario, tuple(trial.point.items()), trial.observer


def _races(trials: Iterable[TrialRecord]) -> Iterator[Place]:
    """Places whose repetitions gave several outcomes: chance decides there, not the backend."""
    outcomes: dict[Place, set[str]] = {}
    for trial in trials:
        outcomes.setdefault(_place(trial), set()).add(trial.outcome)
    return (place for place, seen in outcomes.items() if len(seen) > 1)
