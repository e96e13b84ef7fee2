"""What is kept of a trial beside its line: its streams, the program of its steps, and how to run it again."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from elfworlds import atomic, reclaim
from elfworlds.errors import InputError
from elfworlds.records.seal import digest_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from elfworlds.records.types import TrialRecord
    from elfworlds.trials.observe import Observation

SCRIPT = "cmd.sh"
LARGEST = 1 << 26  # bytes; far more than is kept of a stream


def files(observation: Observation) -> dict[str, bytes]:
    """File name → what it holds, for a trial that was tried; none for another."""
    if observation.completed is None or observation.command is None:
        return {}
    script = f"#!/bin/sh\n# Runs this trial again, by hand.\nexec {observation.command.as_shell()}\n"
    kept = {
        "stdout": observation.completed.stdout.data,
        "stderr": observation.completed.stderr.data,
        "driver.c": observation.program.encode(),
    }
    return {**{name: data for name, data in kept.items() if data}, SCRIPT: script.encode()}


def put(directory: str, files: Mapping[str, bytes]) -> dict[str, str]:
    """Write the files into a trial's directory; return the digest of each."""
    for name, data in files.items():
        _put(f"{directory}/{name}", data, mode=0o755 if name == SCRIPT else 0o644)
    return {name: digest_of(data) for name, data in files.items()}


def damaged(directory: Path, trial: TrialRecord) -> str | None:
    """The first of a trial's files that is not what its line says; None where all of them are."""
    return next((name for name, digest in trial.written.items() if _whole(directory / name, digest) is None), None)


def content(directory: Path, trial: TrialRecord, name: str) -> bytes:
    """What a trial left in a file of its directory; nothing where it left none.

    Raises:
        InputError: what lies there is not what the trial left.
    """
    path = directory / name
    if trial.events is None:  # an earlier version wrote no digests
        return path.read_bytes() if path.is_file() else b""
    if name not in trial.written:
        return b""
    data = _whole(path, trial.written[name])
    if data is None:
        raise InputError(f"{path}: is not what the trial's line in the run's records says")
    return data


def _whole(path: Path, digest: str) -> bytes | None:
    """What a file holds, read once; None where it is not what was written."""
    try:
        data = path.read_bytes() if path.lstat().st_size <= LARGEST and path.is_file() else None
    except OSError:
        return None
    return data if data is not None and digest_of(data) == digest else None


def _put(path: str, data: bytes, mode: int) -> None:
    """A small new file with few system calls: thousands of trials write three each.

    What a trial left under its name is removed: it may be a link to anywhere.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        fd = os.open(path, flags, mode)
    except FileExistsError:
        reclaim.remove(Path(path))
        fd = os.open(path, flags, mode)
    atomic.write_all(fd, data)
