"""The run directory: what was planned, where it ran, and one line for each trial as it ends.

Everything but `trials.jsonl` and `events.jsonl` is written whole (a temporary sibling, then `os.replace`);
those two are appended to, one write(2) a line.
"""

from __future__ import annotations

import json
import os
import shlex
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from elfworlds.plan.document import as_document, as_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from elfworlds.backends import Build
    from elfworlds.plan import Plan, Trial
    from elfworlds.run import Observation

SCHEMA = 1
DIGEST_SHOWN = 12


@dataclass(frozen=True, slots=True)
class RunDirectory:
    """The directory results/<experiment>/<UTC time>-<plan digest>/ of one run."""

    path: Path

    @staticmethod
    def create(results: Path, plan: Plan, utc: str) -> RunDirectory:
        """A new directory; `utc` is the time as `20261120T214503Z`."""
        parent = results / plan.experiment
        parent.mkdir(parents=True, exist_ok=True)
        name = f"{utc}-{plan.digest[:DIGEST_SHOWN]}"
        for attempt in range(1, 1000):
            path = parent / (name if attempt == 1 else f"{name}.{attempt}")
            try:
                path.mkdir()
            except FileExistsError:
                continue
            (path / "trials").mkdir()
            return RunDirectory(path)
        raise FileExistsError(str(parent / name))

    def write(self, name: str, text: str) -> Path:
        """A file of the run, whole or not at all."""
        target = self.path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(f".{target.name}.{os.getpid()}")
        temporary.write_text(text)
        temporary.replace(target)
        return target

    def write_json(self, name: str, data: object) -> None:
        self.write(name, json.dumps(data, indent=1, ensure_ascii=False) + "\n")

    def write_lines(self, name: str, lines: Iterable[Mapping[str, Any]]) -> None:
        self.write(name, "".join(_line(one) for one in lines))

    def begin(self, plan: Plan, environment: Mapping[str, Any], build: Build) -> None:
        """All that is known before the first trial."""
        self.write("plan.json", as_text(as_document(plan)))
        self.write_json("environment.json", environment)
        self.write_lines("objects.jsonl", object_records(plan, build))

    def trial_directory(self, trial: Trial) -> Path:
        return self.path / "trials" / trial.id

    def working_directory(self, trial: Trial) -> Path:
        """Where a trial runs: a directory of its own, empty."""
        path = self.trial_directory(trial) / "cwd"
        path.mkdir(parents=True)
        return path

    def append(self, observation: Observation) -> None:
        """Keep a trial's streams and its command, then its line."""
        self._keep(observation)
        self._append("events.jsonl", event_records(observation))
        self._append("trials.jsonl", [trial_record(observation)])

    def _keep(self, observation: Observation) -> None:
        if observation.completed is None or observation.command is None:
            return
        directory = str(self.trial_directory(observation.trial))
        script = f"#!/bin/sh\n# Runs this trial again, by hand.\nexec {observation.command.as_shell()}\n"
        _put(f"{directory}/stdout", observation.completed.stdout.data)
        _put(f"{directory}/stderr", observation.completed.stderr.data)
        _put(f"{directory}/cmd.sh", script.encode(), mode=0o755)
        try:
            os.rmdir(f"{directory}/cwd")  # noqa: PTH106  # as _put
        except OSError:
            return  # the trial left files there; they stay

    def _append(self, name: str, lines: Iterable[Mapping[str, Any]]) -> None:
        data = "".join(_line(one) for one in lines).encode()
        if not data:
            return
        fd = os.open(self.path / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        try:
            os.write(fd, data)
        finally:
            os.close(fd)

    def trials(self) -> list[dict[str, Any]]:
        """The records so far, in the order of the plan."""
        return sorted(_read_lines(self.path / "trials.jsonl"), key=lambda one: int(one["number"]))

    def objects(self) -> list[dict[str, Any]]:
        return _read_lines(self.path / "objects.jsonl")

    def environment(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.path / "environment.json").read_text())
        return found

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


def _read_lines(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text().splitlines()]


def trial_record(observation: Observation) -> dict[str, Any]:
    """One trial as one flat record; times are seconds, sizes are bytes unless the name says otherwise."""
    trial, judged, done = observation.trial, observation.judgement, observation.completed
    return {
        "schema": SCHEMA,
        "number": trial.number,
        "trial": trial.id,
        "scenario": trial.scenario,
        "point": dict(trial.point),
        "observer": trial.observer,
        "repeat": trial.repeat,
        "outcome": judged.outcome,
        "expected": judged.expected,
        "verdict": judged.verdict,
        "why": judged.why,
        "notes": list(observation.notes),
        "exit": done.exit if done else None,
        "signal": done.signal if done else None,
        "timed_out": done.timed_out if done else None,
        "wall_s": round(done.wall_s, 6) if done else None,
        "user_s": round(done.user_s, 6) if done else None,
        "sys_s": round(done.sys_s, 6) if done else None,
        "max_rss_kb": done.max_rss_kb if done else None,
        "stdout_bytes": done.stdout.total if done else None,
        "stderr_bytes": done.stderr.total if done else None,
        "cut_bytes": done.stdout.cut + done.stderr.cut if done else None,
        "command": shlex.join(observation.command.argv) if observation.command else None,
        "claims": [asdict(one) for one in judged.claims],
    }


def event_records(observation: Observation) -> list[dict[str, Any]]:
    """What happened in a trial beside its end: processes that had to be killed."""
    left = observation.completed.left if observation.completed else ()
    return [{"trial": observation.trial.id, "event": "left-behind", **asdict(one)} for one in left]


def object_records(plan: Plan, build: Build) -> list[dict[str, Any]]:
    """Every object of the experiment that was built, with its ELF facts."""
    records = []
    for placed in plan.placements:
        artifact = build.artifacts.get(placed.key)
        if artifact is None:
            continue
        facts = {name.replace("-", "_"): value for name, value in artifact.facts.facts().items()}
        records.append(
            {
                "object": placed.object,
                "at": dict(placed.at),
                "key": placed.key,
                "path": artifact.path,
                "sha256": artifact.sha256,
                "toolchain": plan.requests[placed.key].toolchain,
                "needs": list(placed.needs),
                **facts,
                "compiler_output": artifact.output,
            }
        )
    return records
