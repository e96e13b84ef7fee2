"""Experiments played for real: built in a store of the test's, run under supervisors, judged."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from elfworlds.backends import Build
from elfworlds.backends.local import LocalBackend
from elfworlds.observers.table import PLAIN
from elfworlds.outcome.observed import ABSENT, lookup
from elfworlds.planning import Plan, Trial
from elfworlds.process import Pool
from elfworlds.toolchains import Toolchain
from elfworlds.trials.broken import broken_objects
from elfworlds.trials.observe import Observation, TrialRunner
from plans import plan_of

T = TypeVar("T")
R = TypeVar("R")
HOST = "host"
JOBS = 2


@dataclass(frozen=True)
class Played:
    """What came of an experiment: trial id → observation."""

    plan: Plan
    build: Build
    seen: Mapping[str, Observation]

    def of(self, scenario: str) -> Observation:
        """The scenario's only trial."""
        (found,) = (one for one in self.seen.values() if one.trial.scenario == scenario)
        return found


def value(one: Observation, name: str) -> Any:  # noqa: ANN401  # any value
    """What a matcher would see; None where there is nothing."""
    found = lookup(one.values, name)
    return None if found is ABSENT else found


def why(one: Observation) -> str:
    """For a test that fails: what differs, and what was told."""
    told = [(event.name, *event.fields.items()) for event in one.events][-30:]
    stderr = one.completed.stderr.data.decode("utf-8", "replace") if one.completed else ""
    return f"{one.judgement.outcome}: {one.judgement.why}\n{one.notes}\n{told}\n{stderr}"


def built(plan: Plan, store: Path, pool: Pool, toolchain: Toolchain) -> Build:
    backend = LocalBackend(store, pool.run, JOBS, pool.interrupt)
    build = backend.build(plan, {HOST: toolchain}, keep_going=True, report=lambda *_: None)
    assert not build.failures, [f"{one.command}\n{one.output}" for one in build.failures.values()]
    return build


def played(text: str, folder: Path, pool: Pool, toolchain: Toolchain) -> Played:
    """An experiment's text, and its sources in the folder."""
    plan = plan_of(text, folder, {HOST: toolchain})
    build = built(plan, folder / "store", pool, toolchain)
    observer = observer_of(plan, build, folder, pool, toolchain)
    trials = [one for one in plan.trials if one.observer == PLAIN]
    return Played(plan, build, {one.trial.id: one for one in at_once(observer.observe, trials)})


def observer_of(
    plan: Plan,
    build: Build,
    folder: Path,
    pool: Pool,
    toolchain: Toolchain,
    broken: Mapping[str, str] | None = None,
) -> TrialRunner:
    def directory(trial: Trial) -> Path:
        path = folder / "trials" / trial.id / "cwd"
        path.mkdir(parents=True)
        return path

    return TrialRunner(
        names=plan.names(),
        build=build,
        toolchains={HOST: toolchain},
        run=pool.run,
        directory=directory,
        broken=broken_objects(plan, build) if broken is None else broken,
        question=plan.question,
        programs=plan.programs(),
    )


def at_once(do: Callable[[T], R], items: Iterable[T]) -> list[R]:
    with ThreadPoolExecutor(JOBS) as executor:
        return list(executor.map(do, items))
