"""`Plan` + `Build` → `Observation`s, as they come in."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from elfworlds.diagnosis import missing_objects
from elfworlds.observers import plain
from elfworlds.outcome import Judgement, difference, judge, matches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from concurrent.futures import Executor, Future
    from pathlib import Path

    from elfworlds.backends import Build
    from elfworlds.plan import Placement, Plan, Trial
    from elfworlds.process import Command, Completed, Run
    from elfworlds.toolchains import Toolchain

WAITING_PER_WORKER = 4


@dataclass(frozen=True, slots=True)
class Observation:
    """What came of one trial.

    Attributes:
        command, completed: None where the trial could not be tried.
        notes: what else there is to say: why it was not tried, which object the loader could not find.
    """

    trial: Trial
    judgement: Judgement
    command: Command | None
    completed: Completed | None
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Observer:
    """All that observing a trial takes, but the trial.

    Attributes:
        directory: where a trial runs; it exists and is empty.
        broken: key → why the object cannot be used.
    """

    plan: Plan
    build: Build
    toolchains: Mapping[str, Toolchain]
    run: Run
    directory: Callable[[Trial], Path]
    broken: Mapping[str, str]

    def observe(self, trial: Trial) -> Observation:
        reasons = tuple(self.broken[key] for key in trial.bound.keys if key in self.broken)
        if reasons:
            expected = trial.expected.outcome if trial.expected else None
            return Observation(trial, Judgement("unresolved", expected, "UNRESOLVED", None, ()), None, None, reasons)
        toolchain = self.toolchains[trial.bound.toolchain]
        command = plain.command(trial, self.build, toolchain, str(self.directory(trial)))
        completed = self.run(command)
        values = plain.values(completed)
        outcomes = {name: _realised(matchers, self.build) for name, matchers in trial.bound.outcomes.items()}
        judgement = judge(outcomes, trial.expected, trial.claims, values)
        return Observation(trial, judgement, command, completed, self.notes(trial, command, completed))

    def notes(self, trial: Trial, command: Command, completed: Completed) -> tuple[str, ...]:
        if completed.not_started:
            return (f"{command.argv[0]} could not be started: {completed.not_started}",)
        text = (completed.stderr.data + completed.stdout.data).decode("utf-8", "replace")
        if not text:
            return ()
        artifacts = {key: self.build.artifacts[key] for key in trial.bound.keys}
        return tuple(missing_objects(text, artifacts, self.plan.names(), command.env))


def _realised(data: Any, build: Build) -> Any:  # noqa: ANN401  # matchers hold any data
    """A matcher with the objects' paths put in."""
    if isinstance(data, str):
        return build.realise(data)
    if isinstance(data, dict):
        return {key: _realised(value, build) for key, value in data.items()}
    if isinstance(data, list):
        return [_realised(one, build) for one in data]
    return data


def broken_objects(plan: Plan, build: Build) -> dict[str, str]:
    """Objects that no trial can use: they were not built, or their ELF facts are not as the experiment says."""
    names = plan.names()
    found = {key: f"object {names[key]} was not built" for key in build.failures}
    for placed in plan.placements:
        why = _wrong_fact(placed, build) if placed.key in build.artifacts else None
        if why is not None:
            found.setdefault(placed.key, why)
    return found


def _wrong_fact(placed: Placement, build: Build) -> str | None:
    facts = build.artifacts[placed.key].facts.facts()
    for name, matcher in placed.expect.items():
        wanted = _realised(matcher, build)
        if not matches(wanted, facts[name], facts):
            return f"object {placed.object}: {difference(name, wanted, facts[name], facts)}"
    return None


def run(trials: tuple[Trial, ...], observer: Observer, executor: Executor, workers: int) -> Iterator[Observation]:
    """Observe every trial; the observations come in the order in which they end."""
    ended: SimpleQueue[Future[Observation]] = SimpleQueue()
    waiting = iter(trials)
    running = 0
    while True:
        for trial in islice(waiting, workers * WAITING_PER_WORKER - running):
            executor.submit(observer.observe, trial).add_done_callback(ended.put)
            running += 1
        if not running:
            return
        yield ended.get().result()
        running -= 1
