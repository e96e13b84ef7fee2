"""Which directory a run goes to: an interrupted one of the same plan that nobody holds, else a new one."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from dataclasses import dataclass, replace
from typing import IO, TYPE_CHECKING

from elfworlds import atomic
from elfworlds.errors import InputError
from elfworlds.locking import locked, nobody, try_to_lock
from elfworlds.records.directory import RunDirectory
from elfworlds.records.seal import COMPLETE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from elfworlds.jsondata import JsonObject
    from elfworlds.records.types import RunAbout

DIGEST_SHOWN = 12
LOCK = "lock"
STARTED = "started"


@dataclass(frozen=True, slots=True)
class Opened:
    """A run directory that this process holds until `close`.

    Attributes:
        done: trials that need not be tried again.
        history: what a person should know of its past, and of earlier runs that cannot go on.
    """

    directory: RunDirectory
    lock: IO[bytes]
    done: frozenset[str]
    history: tuple[str, ...]

    def finish(self) -> None:
        """From now on the run is never continued."""
        self.directory.finish()

    def close(self) -> None:
        """What was appended is on the disk before another process may have the run."""
        try:
            self.directory.journal.settle()
        finally:
            self.lock.close()


def environment_digest(environment: JsonObject) -> str:
    """Of everything but the time."""
    same = {name: value for name, value in environment.items() if name != STARTED}
    return hashlib.sha256(json.dumps(same, sort_keys=True).encode()).hexdigest()


def open_run(
    results: Path,
    about: RunAbout,
    utc: str,
    begin: Callable[[RunDirectory], None],
    tell: Callable[[str], None] = nobody,
) -> Opened:
    """A directory for a run of a plan.

    Args:
        results: where runs go.
        about: what run.json says.
        utc: the time, as `20261120T214503Z`.
        begin: writes what is known before the first trial, run.json among it, into a new directory.
        tell: is told what is waited for.
    """
    parent = results / about.experiment
    if not parent.exists():
        parent.mkdir(parents=True, exist_ok=True)
        atomic.sync_all(results)
    name = f"{utc}-{about.plan[:DIGEST_SHOWN]}"
    with locked(parent / ".opening", tell):
        _sweep(parent)
        damaged: list[str] = []
        for path in _interrupted(parent, about.plan):
            try:
                opened = _continue(path, about)
            except InputError as error:  # of another version, or damaged: not ours to go on with
                damaged.append(f"{path.name} cannot go on: {error.message}")
                continue
            if opened is not None:
                return replace(opened, history=(*damaged, *opened.history))
        return replace(_new(parent, name, begin), history=tuple(damaged))


def _interrupted(parent: Path, digest: str) -> Iterator[Path]:
    """Runs of the plan that are not complete, the newest first."""
    paths = [path for path in parent.glob(f"*-{digest[:DIGEST_SHOWN]}*") if not (path / COMPLETE).exists()]
    return iter(sorted((path for path in paths if path.is_dir() and not path.name.startswith(".")), reverse=True))


def _continue(path: Path, about: RunAbout) -> Opened | None:
    lock = _hold(path)
    if lock is None:
        return None
    directory = RunDirectory(path)
    try:
        if _same(directory, about):
            past = directory.forget_in_flight()
            return Opened(directory, lock, past.done, (f"continuing {path.name}: {past.words}",))
    except BaseException:
        lock.close()
        raise
    lock.close()
    return None


def _same(directory: RunDirectory, about: RunAbout) -> bool:
    """Whether the run is one of this plan in this environment that is not complete.

    Raises:
        InputError: it is damaged, or of a version that wrote other files.
    """
    before = directory.about()
    directory.check()
    same = (before.schema, before.plan, before.environment) == (about.schema, about.plan, about.environment)
    return same and not directory.complete()


def _new(parent: Path, name: str, begin: Callable[[RunDirectory], None]) -> Opened:
    """Filled under a name that nobody looks for, and held, before it gets its own."""
    hidden = parent / f".{name}.{os.getpid()}"
    hidden.mkdir()
    lock = _hold(hidden)
    if lock is None:
        raise FileExistsError(str(hidden))
    begin(RunDirectory(hidden))
    for attempt in range(1, 1000):
        path = parent / (name if attempt == 1 else f"{name}.{attempt}")
        try:
            hidden.rename(path)
        except OSError:
            continue
        atomic.sync(parent)
        return Opened(RunDirectory(path), lock, frozenset(), ())
    raise FileExistsError(str(parent / name))


def _hold(path: Path) -> IO[bytes] | None:
    """The lock of a directory, or None where another process has it."""
    file = (path / LOCK).open("ab")
    if try_to_lock(file):
        return file
    file.close()
    return None


def _sweep(parent: Path) -> None:
    """Remove what a run left that was killed before its directory had a name; whoever makes one holds `.opening`."""
    for path in parent.glob(".*-*"):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
