"""The files of one run.

    run.json           experiment, question, source, axes; digests of plan and environment
    experiment.yaml    the experiment as it was
    plan.json  environment.json  objects.jsonl
    trials.jsonl       one line a trial, appended as it ends; events.jsonl likewise
    traces.jsonl       one line a scenario and point: what the loader did there, in a trial of its own
    trials/<trial>/    cmd.sh; stdout and stderr where something was written; cwd/, where it ran; etc/, its own cache;
                       driver.c, what its steps became; observed/, what its observer wrote
    files/<number>/    what trials/<trial> leads to, where the experiment says what lies in cwd/
    tables/  pictures/  report.md
    complete           there when all of this is
    lock               held (flock(2)) by whoever runs it
    nix-objects        a link to what keeps its objects in the Nix store, where Nix made them

Everything but the three appended files is written whole: a temporary sibling, then `os.replace`.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from itertools import compress
from pathlib import Path
from typing import TYPE_CHECKING

from elfworlds import atomic, reclaim
from elfworlds.errors import ElfworldsError
from elfworlds.outcome import Verdict
from elfworlds.planning.document import as_document, as_text
from elfworlds.records import forms
from elfworlds.records.lines import placed, read_lines, read_object, was_cut, whole_lines
from elfworlds.records.rows import event_records, object_records, trial_record

if TYPE_CHECKING:
    from collections.abc import Iterable

    from elfworlds.backends import Build
    from elfworlds.jsondata import JsonObject
    from elfworlds.planning import Plan, Trial
    from elfworlds.records.forms import Record
    from elfworlds.records.lines import Axes
    from elfworlds.records.types import (
        EnvironmentRecord,
        EventRecord,
        ObjectRecord,
        RunAbout,
        TraceRecord,
        TrialRecord,
    )
    from elfworlds.trials.observe import Observation

COMPLETE = "complete"
TRIALS = "trials.jsonl"
EVENTS = "events.jsonl"
TRACES = "traces.jsonl"
OBJECTS = "objects.jsonl"
NUMBERED = "files"


@dataclass(frozen=True, slots=True)
class Past:
    """What a run that goes on has behind it.

    Attributes:
        done: trials that need not be tried again.
        untried: how many were UNRESOLVED.
        in_flight: how many had begun when it ended.
        cut: whether a line was cut short.
    """

    done: frozenset[str]
    untried: int
    in_flight: int
    cut: bool

    @property
    def words(self) -> str:
        parts = [f"{len(self.done)} trials were done"]
        parts += [f"{self.untried} could not be tried and are tried again"] if self.untried else []
        parts += [f"{self.in_flight} had begun and are tried again"] if self.in_flight else []
        parts += ["a line that was cut short is dropped"] if self.cut else []
        return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class RunDirectory:
    """The directory results/<experiment>/<UTC time>-<plan digest>/ of one run."""

    path: Path

    def write(self, name: str, data: str | bytes) -> Path:
        """A file of the run, whole or not at all."""
        target = self.path / name
        atomic.write(target, data)
        return target

    def write_json(self, name: str, data: JsonObject | RunAbout) -> None:
        self.write(name, forms.page(data))

    def write_records(self, name: str, records: Iterable[Record]) -> None:
        self.write(name, "".join(map(forms.line, records)))

    def begin(self, plan: Plan, build: Build, about: RunAbout, environment: JsonObject, text: str) -> None:
        """All that is known before the first trial: `about` is run.json, `text` the experiment's own."""
        (self.path / "trials").mkdir(exist_ok=True)
        self.write("experiment.yaml", text)
        self.write("plan.json", as_text(as_document(plan)))
        self.write_json("environment.json", environment)
        self.write_objects(plan, build)
        self.write_json("run.json", about)

    def write_objects(self, plan: Plan, build: Build) -> None:
        """The objects that there are; a run that goes on may have more than before."""
        self.write_records(OBJECTS, object_records(plan, build))

    def trial_directory(self, trial: Trial) -> Path:
        return self.path / "trials" / trial.id

    def working_directory(self, trial: Trial) -> Path:
        """Where a trial runs: a directory of its own, empty.

        One with files has a name that can stand in LD_LIBRARY_PATH: its number. A trial's own may hold a colon.

        Raises:
            OSError: there cannot be one; an earlier attempt may have left what cannot be removed.
        """
        path = self._cleared(trial)
        if trial.bound.files:
            numbered = self._numbered(trial)
            numbered.mkdir(parents=True)
            path.symlink_to(_link_to(trial))
            path = numbered
        else:
            os.mkdir(path)  # noqa: PTH102  # as _put
        os.mkdir(f"{path}/cwd")  # noqa: PTH102  # as _put
        return path / "cwd"

    def _numbered(self, trial: Trial) -> Path:
        return self.path / NUMBERED / str(trial.number)

    def _cleared(self, trial: Trial) -> Path:
        """Where a trial's directory will be, with nothing left of an earlier attempt, whatever a trial did to it."""
        path = self.trial_directory(trial)
        if os.path.lexists(path) or not os.access(path.parent, os.W_OK | os.X_OK):
            self._reclaim_trials()
            reclaim.remove(path)
        if trial.bound.files:
            reclaim.remove(self._numbered(trial))
        return path

    def append(self, observation: Observation) -> None:
        """Keep a trial's streams and its command, then its line."""
        self._keep(observation)
        self._append(EVENTS, event_records(observation))
        self._append(TRIALS, [trial_record(observation)])

    def append_trace(self, trace: TraceRecord) -> None:
        """Keep what the loader did at a scenario and point."""
        self._append(TRACES, [trace])

    def _keep(self, observation: Observation) -> None:
        if observation.completed is None or observation.command is None:
            return
        directory = str(self._still_there(observation.trial))
        script = f"#!/bin/sh\n# Runs this trial again, by hand.\nexec {observation.command.as_shell()}\n"
        streams = {"stdout": observation.completed.stdout.data, "stderr": observation.completed.stderr.data}
        if observation.program:
            streams["driver.c"] = observation.program.encode()
        for name, data in streams.items():
            if data:
                _put(f"{directory}/{name}", data)
        _put(f"{directory}/cmd.sh", script.encode(), mode=0o755)

    def _still_there(self, trial: Trial) -> Path:
        """A trial's directory, whatever the trial did to it; a link that the trial made there is not followed."""
        path = self.trial_directory(trial)
        foreign = path.is_symlink() and str(path.readlink()) != _link_to(trial)
        if foreign or not os.access(path, os.W_OK | os.X_OK):
            self._reclaim_trials()
            reclaim.make(path)
        return path

    def _reclaim_trials(self) -> None:
        if not self.path.is_dir():
            raise _gone(self.path)
        reclaim.make(self.path / "trials")

    def _append(self, name: str, records: Iterable[Record]) -> None:
        data = "".join(map(forms.line, records)).encode()
        if not data:
            return
        try:
            fd = os.open(self.path / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        except FileNotFoundError:
            raise _gone(self.path) from None
        try:
            while data:
                data = data[os.write(fd, data) :]
        finally:
            os.close(fd)

    def trials(self, axes: Axes | None = None) -> list[TrialRecord]:
        """The records so far, in the order of the plan.

        Args:
            axes: those of the run, on which every trial has a label; not looked at where they are None.

        Raises:
            InputError: a line is damaged, or of another run.
        """
        return sorted(self._trials(axes), key=lambda trial: trial.number)

    def _trials(self, axes: Axes | None) -> list[TrialRecord]:
        return read_lines(self.path / TRIALS, placed(forms.TRIAL.read, axes))

    def events(self) -> list[EventRecord]:
        return read_lines(self.path / EVENTS, forms.event)

    def traces(self, axes: Axes | None = None) -> list[TraceRecord]:
        """What the loader did, in the order in which it was seen; arguments and errors as for `trials`."""
        return read_lines(self.path / TRACES, placed(forms.TRACE.read, axes))

    def objects(self) -> list[ObjectRecord]:
        return read_lines(self.path / OBJECTS, forms.OBJECT.read)

    def environment(self) -> EnvironmentRecord:
        return read_object(self.path / "environment.json", forms.ENVIRONMENT.read)

    def about(self) -> RunAbout:
        return read_object(self.path / "run.json", forms.ABOUT.read)

    def complete(self) -> bool:
        return (self.path / COMPLETE).exists()

    def forget_in_flight(self) -> Past:
        """Make a run that is not complete one that can go on: what was in flight or UNRESOLVED is tried again.

        Raises:
            InputError: a line is damaged; then nothing was changed.
        """
        trials, events, traces = self._trials(None), self.events(), self.traces()
        done = frozenset(trial.trial for trial in trials if trial.verdict is not Verdict.UNRESOLVED)
        cut = any(was_cut(self.path / name) for name in (TRIALS, TRACES))
        self._keep_lines(TRIALS, (trial.trial in done for trial in trials))
        self._keep_lines(EVENTS, (event.trial in done for event in events))
        if (self.path / TRACES).exists():
            self._keep_lines(TRACES, (True for _ in traces))
        untried = {trial.trial for trial in trials} - done
        begun = [path for path in (self.path / "trials").iterdir() if path.name not in done]
        for directory in begun:
            self._try_to_remove(directory)
        in_flight = sum(path.name not in untried for path in begun)
        return Past(done, len(untried), in_flight, cut)

    def _try_to_remove(self, directory: Path) -> None:
        """What cannot be removed is in the way of that trial alone, which says so when it is tried again."""
        with suppress(OSError):
            reclaim.remove(directory)

    def _keep_lines(self, name: str, kept: Iterable[bool]) -> None:
        """Some lines of a file, as they are."""
        lines = compress(whole_lines(self.path / name), kept)
        self.write(name, "".join(f"{line}\n" for line in lines))

    def point_latest_here(self) -> None:
        """`latest` beside the run becomes a link to it."""
        link = self.path.parent / "latest"
        temporary = self.path.parent / f".latest.{os.getpid()}"
        temporary.unlink(missing_ok=True)
        temporary.symlink_to(self.path.name)
        temporary.replace(link)


def _gone(directory: Path) -> ElfworldsError:
    return ElfworldsError(f"the run's directory is gone: {directory}", hint="did a trial remove it?")


def _link_to(trial: Trial) -> str:
    """Where the directory of a trial with files leads."""
    return f"../{NUMBERED}/{trial.number}"


def _put(path: str, data: bytes, mode: int = 0o644) -> None:
    """A small new file with few system calls: thousands of trials write three each.

    What a trial left under its name is removed: it may be a link to anywhere.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        fd = os.open(path, flags, mode)
    except FileExistsError:
        reclaim.remove(Path(path))
        fd = os.open(path, flags, mode)
    try:
        while data:
            data = data[os.write(fd, data) :]
    finally:
        os.close(fd)
