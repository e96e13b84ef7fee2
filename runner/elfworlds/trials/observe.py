"""`Plan` + `Build` → `Observation`s, as they come in."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, field, replace
from itertools import islice
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from elfworlds import driver, outcome
from elfworlds.backends.schedule import WAKE_SECONDS
from elfworlds.errors import ElfworldsError
from elfworlds.observers.table import OBSERVERS, PLAIN
from elfworlds.outcome import (
    Tried,
    Untried,
    Verdict,
    admit,
    judge,
    unresolved,
    unsupported,
)
from elfworlds.toolchains.borrowed import cannot_see, seeing, with_gdb
from elfworlds.traces import events
from elfworlds.trials import compiled, inspected, limits
from elfworlds.trials.attempt import OBSERVED, Ran, contents, files_directory, realised, watched
from elfworlds.trials.diagnosis import artifacts_of, gave_up, missing_objects, missing_versions
from elfworlds.trials.prepare import impossible, prepare

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from concurrent.futures import Executor, Future
    from pathlib import Path

    from elfworlds.backends import Build
    from elfworlds.jsondata import Json, JsonObject
    from elfworlds.outcome import Judgement
    from elfworlds.planning import Judged, Trial
    from elfworlds.process import Command, Completed, Runner
    from elfworlds.toolchains import Toolchain
    from elfworlds.traces.events import Event
    from elfworlds.trials.machine import Machine

WAITING_PER_WORKER = 4


@dataclass(frozen=True, slots=True)
class Observation:
    """What came of one trial.

    Attributes:
        command, completed: None where the trial could not be tried.
        values: what was observed, by the names that matchers use.
        attempts: the outcome of each try; the last one is what is told.
        events: what the program told, in order.
        program: the C that its steps became, as people read it.
        directory: what `${files.dir}` stood for; empty where the trial has no files.
        notes: what else there is to say: why it was not tried, which object the loader could not find.
        machine: where it ran; None for the runner's own.
    """

    trial: Trial
    judgement: Judgement
    command: Command | None
    completed: Completed | None
    values: JsonObject
    notes: tuple[str, ...]
    attempts: tuple[str, ...] = ()
    events: tuple[Event, ...] = ()
    program: str = ""
    directory: str = ""
    machine: Machine | None = None


@dataclass(frozen=True, slots=True)
class TrialRunner:
    """All that observing a trial takes, but the trial.

    Attributes:
        names: key → the object's name in the experiment.
        directory: where a trial runs; it exists and is empty.
        broken, impossible: key → why the object cannot be used; why it cannot be had on this machine.
        programs: sha256 → the C that steps became.
        builders: key → the toolchain that builds the object.
        here: this machine, where trials for others are UNSUPPORTED; None where somebody else has chosen it.
    """

    names: Mapping[str, str]
    build: Build
    toolchains: Mapping[str, Toolchain]
    run: Runner
    directory: Callable[[Trial], Path]
    broken: Mapping[str, str]
    question: str = ""
    programs: Mapping[str, str] = field(default_factory=dict)
    retries: int = 0
    impossible: Mapping[str, str] = field(default_factory=dict)
    builders: Mapping[str, str] = field(default_factory=dict)
    here: Machine | None = None

    def observe(self, trial: Trial) -> Observation:
        """The trial, tried again where it failed and may be; one that passes at last is FLAKY."""
        observation = self.attempt(trial)
        outcomes = [observation.judgement.outcome]
        while observation.judgement.verdict is Verdict.FAIL and len(outcomes) <= max(self.retries, trial.bound.retries):
            observation = self.attempt(trial)
            outcomes.append(observation.judgement.outcome)
        if len(outcomes) > 1 and observation.judgement.verdict.met:
            observation = replace(observation, judgement=replace(observation.judgement, verdict=Verdict.FLAKY))
        return replace(observation, attempts=tuple(outcomes))

    def attempt(self, trial: Trial) -> Observation:
        """One attempt at the trial; it is UNRESOLVED or UNSUPPORTED where something it needs is missing."""
        lacking = self.lacking(trial)
        if lacking:
            return self.judged(trial, Ran(lacking))
        ran = self.ran(trial)
        return self.judged(trial, replace(ran, result=self.gone(trial) or ran.result))

    def judged(self, trial: Trial, ran: Ran) -> Observation:
        build = self.build.within(ran.directory)
        outcomes = {name: realised(matchers, build) for name, matchers in trial.bound.outcomes.items()}
        program = build.realise(trial.bound.argv[0]) if isinstance(ran.result, Tried) and trial.bound.argv else ""
        result = admit(ran.result, outcomes, program)
        expected = _realised(trial.expected, build) if trial.expected else None
        reasons = result.reasons if isinstance(result, Untried) else ()
        return Observation(
            trial,
            judge(outcomes, expected, [_realised(claim, build) for claim in trial.claims], result),
            ran.command,
            ran.completed,
            result.values,
            (*reasons, *ran.notes),
            events=ran.events,
            program=ran.program,
            directory=ran.directory,
        )

    def lacking(self, trial: Trial) -> Untried | None:
        """Why a trial is not even begun; None where it can be."""
        why = self.unsupported(trial)
        if why:
            return unsupported(why)
        reasons = tuple(dict.fromkeys(self.broken[key] for key in self.needed(trial) if key in self.broken))
        return unresolved(*reasons) if reasons else self.gone(trial)

    def gone(self, trial: Trial) -> Untried | None:
        """Why the trial says nothing where an object that was built is gone; None where all are there."""
        artifacts = [self.build.artifacts[key] for key in self.needed(trial) if key in self.build.artifacts]
        missing = [artifact for artifact in artifacts if not os.path.exists(artifact.path)]  # noqa: PTH110  # thousands of trials
        names = [
            f"object {self.names[artifact.key]} is not in the store any more: {artifact.path}" for artifact in missing
        ]
        return unresolved(*names) if names else None

    def ran(self, trial: Trial) -> Ran:
        if trial.bound.kind == "run":
            return self.tried(trial)
        if trial.bound.kind == "build":
            return Ran(compiled.read(trial, self.build, self.names))
        try:
            return Ran(Tried(inspected.values(trial, self.build, self.toolchains[trial.bound.toolchain])))
        except (OSError, ElfworldsError) as error:
            return Ran(unresolved(str(error)))

    def unsupported(self, trial: Trial) -> str:
        """Why a trial cannot be tried on this machine; empty where it can."""
        toolchain = self.toolchain(trial)
        if toolchain.unsupported:
            return f"{toolchain.name}: {toolchain.unsupported}"
        if why := cannot_see(toolchain, trial.bound.sees, self.toolchains) or impossible(trial, toolchain, self.here):
            return why
        if self.impossible.keys() & {*trial.bound.keys, trial.bound.subject}:
            keys = (*trial.bound.keys, trial.bound.subject)
            return next(self.impossible[key] for key in keys if key in self.impossible)
        lacking = [tool for tool in OBSERVERS[trial.observer].tools if tool not in toolchain.tools]
        if not lacking:
            return ""
        return f"the observer {trial.observer} needs {', '.join(lacking)}, which {toolchain.name} does not have"

    def toolchain(self, trial: Trial) -> Toolchain:
        """The trial's toolchain; with the tool of another one, where an axis says whose the observer uses."""
        own = seeing(self.toolchains[trial.bound.toolchain], trial.bound.sees, self.toolchains)
        other = dict(trial.point).get(OBSERVERS[trial.observer].axis, own.name)
        return with_gdb(own, self.toolchains[other]) if other != own.name else own

    def needed(self, trial: Trial) -> tuple[str, ...]:
        """Objects without which there is no trial; a `build` is about one that may not come to be."""
        return (*trial.bound.keys, trial.bound.subject) if trial.bound.kind == "inspect" else trial.bound.keys

    def tried(self, trial: Trial) -> Ran:
        """Run the trial's command, and read what it left."""
        watching = OBSERVERS[trial.observer]
        try:
            cwd = self.directory(trial)
        except (PermissionError, FileExistsError, NotADirectoryError) as error:
            return Ran(unresolved(f"its directory cannot be had: {error.strerror}: {error.filename}"))
        prepared = prepare(trial, self.build, cwd, self.toolchain(trial), self.run)
        if isinstance(prepared, Untried):
            return Ran(prepared)
        leaves = cwd.parent / OBSERVED
        if trial.observer != PLAIN:
            leaves.mkdir()
        seen = watched(trial, self.build, cwd, leaves)
        command = replace(watching.command(seen, prepared.toolchain), events=True)
        completed = self.run(command)
        emitted = events.parse(completed.events)
        values = {**outcome.event_values(emitted), **_processes(completed)}
        result = limits.told(watching.read(completed, contents(seen.leaves)), completed, trial.bound)
        if isinstance(result, Tried):
            result = replace(result, values={**values, **result.values})
        why = tuple(str(event.fields.get("value")) for event in emitted if event.name == events.UNSUPPORTED)
        if why:
            result = Untried(Verdict.UNSUPPORTED, why, result.values)
        directory = files_directory(trial, cwd)
        notes = (*gave_up(values), *self.notes(trial, command, completed, directory, emitted))
        notes = (*prepared.notes, *notes) if isinstance(result, Tried) else ()
        return Ran(result, command, completed, emitted, notes, self.program(trial), directory)

    def program(self, trial: Trial) -> str:
        """The trial's C program, headed by its question, its point and its claims; empty where it has none."""
        says = (f"{claim.id or 'claim'}: {claim.says}" for claim in trial.claims)
        which = ", ".join((f"scenario {trial.scenario}", *(f"{axis}={label}" for axis, label in trial.point)))
        text = self.programs.get(trial.bound.program)
        return driver.readable(text, (self.question, which, *says)) if text else ""

    def notes(
        self, trial: Trial, command: Command, completed: Completed, directory: str, emitted: Iterable[Event]
    ) -> tuple[str, ...]:
        """A sentence for each object that the loader could not find, and for each version that nothing there has."""
        text = (completed.stderr.data + completed.stdout.data).decode("utf-8", "replace")
        errors = "\n".join(str(event.fields["error"]) for event in emitted if "error" in event.fields)
        if not text and not errors:
            return ()
        artifacts = artifacts_of(trial.bound, self.build.within(directory))
        missing = missing_objects(text, artifacts, self.names, command.env, self.toolchain(trial).family)
        here, said = trial.bound.toolchain, f"{text}\n{errors}"
        return (*missing, *missing_versions(said, artifacts.values(), self.names, self.builders, here))


def _realised(judged: Judged, build: Build) -> Judged:
    return replace(judged, matchers=realised(judged.matchers, build)) if judged.matchers else judged


def _processes(completed: Completed) -> dict[str, Json]:
    """What was still there at the end, before it was killed: which spins, which waits."""
    return {"processes": [asdict(process) for process in completed.left]} if completed.left else {}


def run(trials: tuple[Trial, ...], observer: TrialRunner, executor: Executor, workers: int) -> Iterator[Observation]:
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
        future = _next(ended)
        if future is not None:
            yield future.result()
            running -= 1


def _next(ended: SimpleQueue[Future[Observation]]) -> Future[Observation] | None:
    """What has ended; None where nothing has for a while: an interrupt that came right before the wait is seen then."""
    try:
        return ended.get(timeout=WAKE_SECONDS)
    except Empty:
        return None
