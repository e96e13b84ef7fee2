"""A trial with every path real, what it left behind, and what came of it before anybody judges it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from elfworlds.observers.types import Watched
from elfworlds.planning import realise
from elfworlds.trials.limits import limits

if TYPE_CHECKING:
    from pathlib import Path

    from elfworlds.backends import Build
    from elfworlds.jsondata import Json
    from elfworlds.outcome import Result
    from elfworlds.planning import Trial
    from elfworlds.planning.types import Resolved
    from elfworlds.process import Command, Completed
    from elfworlds.traces.events import Event

Value = TypeVar("Value", "Json", "Resolved")

MOST_LEFT = 1 << 24
OBSERVED = "observed"


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of one attempt before it is judged: the fields of an `Observation` but those that judging adds."""

    result: Result
    command: Command | None = None
    completed: Completed | None = None
    events: tuple[Event, ...] = ()
    notes: tuple[str, ...] = ()
    program: str = ""
    directory: str = ""


def files_directory(trial: Trial, cwd: Path) -> str:
    """What `${files.dir}` stands for in a trial; empty where it has no files."""
    return str(cwd) if trial.bound.files else ""


def watched(trial: Trial, build: Build, cwd: Path, leaves: Path) -> Watched:
    """The trial's program with every path real."""
    bound, build = trial.bound, build.within(files_directory(trial, cwd))
    return Watched(
        argv=tuple(build.realise(word) for word in bound.argv),
        env={name: build.realise(value) for name, value in bound.env},
        stdin=build.realise(bound.stdin).encode(),
        cwd=str(cwd),
        timeout=bound.timeout,
        capture=bound.capture,
        cpus=bound.cpus,
        settings=realised(bound.watch.get(trial.observer, {}), build),
        limits=limits(bound),
        exactly="processes" in dict(bound.limits),
        leaves=str(leaves),
    )


def contents(directory: str) -> dict[str, bytes]:
    """What an observer left behind, file by file."""
    try:
        entries = sorted(os.scandir(directory), key=lambda entry: entry.name)
    except (FileNotFoundError, NotADirectoryError, PermissionError):  # a trial may have removed or shut it
        return {}
    return {entry.name: _start_of(entry.path) for entry in entries if entry.is_file(follow_symlinks=False)}


def _start_of(path: str) -> bytes:
    with open(path, "rb") as file:  # noqa: PTH123  # as os.scandir gave it
        return file.read(MOST_LEFT)


def realised(data: Mapping[str, Value], build: Build) -> Mapping[str, Value]:
    """Matchers, or an observer's settings, with the objects' paths put in."""
    return {
        name: _pattern(value, build) if name == "matches" and isinstance(value, str) else _realised(value, build)
        for name, value in data.items()
    }


def _realised(data: Value, build: Build) -> Value:
    if isinstance(data, str):
        return build.realise(data)
    if isinstance(data, Mapping):
        return realised(data, build)
    return [_realised(item, build) for item in data] if isinstance(data, list) else data


def _pattern(text: str, build: Build) -> str:
    """A regular expression with the objects' paths put in as they are."""
    return realise(text, lambda key: re.escape(build.directory(key)))
