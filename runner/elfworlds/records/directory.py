"""The files of one run.

    run.json           experiment, question, source, axes; digests of plan and environment
    experiment.yaml    the experiment as it was
    plan.json  environment.json  objects.jsonl
    trials.jsonl       one line a trial, appended as it ends; events.jsonl likewise
    traces.jsonl       one line a scenario and point: what the loader did there, in a trial of its own
    trials/<trial>/    cmd.sh; stdout and stderr where something was written; cwd/, where it ran;
                       driver.c, what its steps became; observed/, what its observer wrote
    tables/  pictures/  report.md
    complete           there when all of this is
    lock               held (flock(2)) by whoever runs it

Everything but the three appended files is written whole: a temporary sibling, then `os.replace`.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from elfworlds import atomic
from elfworlds.errors import InputError
from elfworlds.outcome import Verdict
from elfworlds.planning.document import as_document, as_text
from elfworlds.records.rows import event_records, object_records, trial_record

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from elfworlds.backends import Build
    from elfworlds.planning import Plan, Trial
    from elfworlds.trials.observe import Observation

COMPLETE = "complete"
TRIALS = "trials.jsonl"
EVENTS = "events.jsonl"
TRACES = "traces.jsonl"


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

    def write_json(self, name: str, data: object) -> None:
        self.write(name, json.dumps(data, indent=1, ensure_ascii=False) + "\n")

    def write_lines(self, name: str, lines: Iterable[Mapping[str, Any]]) -> None:
        self.write(name, "".join(_line(one) for one in lines))

    def begin(
        self, plan: Plan, build: Build, about: Mapping[str, Any], environment: Mapping[str, Any], text: str
    ) -> None:
        """All that is known before the first trial: `about` is run.json, `text` the experiment's own."""
        (self.path / "trials").mkdir(exist_ok=True)
        self.write("experiment.yaml", text)
        self.write("plan.json", as_text(as_document(plan)))
        self.write_json("environment.json", environment)
        self.write_objects(plan, build)
        self.write_json("run.json", about)

    def write_objects(self, plan: Plan, build: Build) -> None:
        """The objects that there are; a run that goes on may have more than before."""
        self.write_lines("objects.jsonl", object_records(plan, build))

    def trial_directory(self, trial: Trial) -> Path:
        return self.path / "trials" / trial.id

    def working_directory(self, trial: Trial) -> Path:
        """Where a trial runs: a directory of its own, empty."""
        path = self.trial_directory(trial)
        try:
            os.mkdir(path)  # noqa: PTH102  # as _put
        except FileExistsError:  # it is tried again
            shutil.rmtree(path)
            path.mkdir()
        os.mkdir(f"{path}/cwd")  # noqa: PTH102  # as _put
        return path / "cwd"

    def append(self, observation: Observation) -> None:
        """Keep a trial's streams and its command, then its line."""
        self._keep(observation)
        self._append(EVENTS, event_records(observation))
        self._append(TRIALS, [trial_record(observation)])

    def append_trace(self, trace: Mapping[str, Any]) -> None:
        """Keep what the loader did at a scenario and point: the fields of a line of traces.jsonl."""
        self._append(TRACES, [trace])

    def _keep(self, observation: Observation) -> None:
        if observation.completed is None or observation.command is None:
            return
        directory = str(self.trial_directory(observation.trial))
        script = f"#!/bin/sh\n# Runs this trial again, by hand.\nexec {observation.command.as_shell()}\n"
        streams = {"stdout": observation.completed.stdout.data, "stderr": observation.completed.stderr.data}
        if observation.program:
            streams["driver.c"] = observation.program.encode()
        for name, data in streams.items():
            if data:
                _put(f"{directory}/{name}", data)
        _put(f"{directory}/cmd.sh", script.encode(), mode=0o755)

    def _append(self, name: str, lines: Iterable[Mapping[str, Any]]) -> None:
        data = "".join(_line(one) for one in lines).encode()
        if not data:
            return
        fd = os.open(self.path / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        try:
            while data:
                data = data[os.write(fd, data) :]
        finally:
            os.close(fd)

    def trials(self) -> list[dict[str, Any]]:
        """The records so far, in the order of the plan."""
        return sorted(self.lines(TRIALS), key=lambda one: int(one["number"]))

    def events(self) -> list[dict[str, Any]]:
        return self.lines(EVENTS)

    def traces(self) -> list[dict[str, Any]]:
        """What the loader did, in the order in which it was seen."""
        return self.lines(TRACES)

    def objects(self) -> list[dict[str, Any]]:
        return self.lines("objects.jsonl")

    def environment(self) -> dict[str, Any]:
        return self._read_json("environment.json")

    def about(self) -> dict[str, Any]:
        return self._read_json("run.json")

    def complete(self) -> bool:
        return (self.path / COMPLETE).exists()

    def _read_json(self, name: str) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads((self.path / name).read_text())
        except (OSError, ValueError) as error:
            raise InputError(f"{self.path}: not a run directory ({name}: {error})") from None
        return found

    def lines(self, name: str) -> list[dict[str, Any]]:
        """The records of a file; a last line that was cut by a kill does not count."""
        path = self.path / name
        if not path.exists():
            return []
        complete, _, _ = path.read_text(errors="replace").rpartition("\n")
        return [record for line in complete.split("\n") if (record := _record(line)) is not None]

    def forget_in_flight(self) -> Past:
        """Make a run that is not complete one that can go on: what was in flight or UNRESOLVED is tried again."""
        records, cut = self._whole_lines(TRIALS)
        traces, cut_too = self._whole_lines(TRACES)
        done = [one for one in records if one.get("verdict") != Verdict.UNRESOLVED]
        self.write_lines(TRIALS, done)
        if traces or cut_too:
            self.write_lines(TRACES, traces)
        names = {str(one["trial"]) for one in done}
        self.write_lines(EVENTS, [one for one in self.events() if one.get("trial") in names])
        untried = {str(one["trial"]) for one in records} - names
        begun = [one for one in (self.path / "trials").iterdir() if one.name not in names]
        for directory in begun:
            shutil.rmtree(directory)
        in_flight = sum(one.name not in untried for one in begun)
        return Past(frozenset(names), len(untried), in_flight, cut or cut_too)

    def _whole_lines(self, name: str) -> tuple[list[dict[str, Any]], bool]:
        """The records of a file, and whether a line of it was cut."""
        path = self.path / name
        found = self.lines(name)
        return found, path.exists() and len(path.read_bytes().splitlines()) != len(found)

    def point_latest_here(self) -> None:
        """`latest` beside the run becomes a link to it."""
        link = self.path.parent / "latest"
        temporary = self.path.parent / f".latest.{os.getpid()}"
        temporary.unlink(missing_ok=True)
        temporary.symlink_to(self.path.name)
        temporary.replace(link)


def _put(path: str, data: bytes, mode: int = 0o644) -> None:
    """A small file with few system calls: thousands of trials write three each."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
    try:
        while data:
            data = data[os.write(fd, data) :]
    finally:
        os.close(fd)


def _line(data: Mapping[str, Any]) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")) + "\n"


def _record(line: str) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
