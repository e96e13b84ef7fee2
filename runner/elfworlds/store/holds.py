"""What runs in progress need of the store.

holds/<pid>.*   {"pid":…,"command":…,"since":…,"keys":…}   held (flock(2)) as long as its process lives
locks/gc        held while a hold is written, and while entries are taken away
"""

from __future__ import annotations

import fcntl
import json
import os
import sys
import tempfile
import time
import weakref
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from elfworlds.locking import locked, try_to_lock

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

HOLDS, LOCK = "holds", "locks/gc"


@dataclass(frozen=True, slots=True)
class Hold:
    """A process that needs entries.

    Attributes:
        since: the time, as a person reads it.
    """

    pid: int
    command: str
    since: str
    keys: frozenset[str]

    @property
    def words(self) -> str:
        return f"process {self.pid} ({self.command}), since {self.since}"


def hold(root: Path, keys: Iterable[str]) -> Holding:
    """Need entries of a store, there or not, as long as what is given back lives."""
    for part in (HOLDS, "locks"):
        (root / part).mkdir(parents=True, exist_ok=True)
    content = {
        "pid": os.getpid(),
        "command": " ".join(["elfworlds", *sys.argv[1:]]),
        "since": time.strftime("%Y-%m-%d %H:%M:%S"),
        "keys": sorted(keys),
    }
    with locked(root / LOCK):
        list(holds(root))  # so that those of killed processes go
        fd, name = tempfile.mkstemp(prefix=f"{os.getpid()}.", dir=root / HOLDS)
        fcntl.flock(fd, fcntl.LOCK_EX)
        with open(fd, "wb", closefd=False) as file:  # a descriptor
            file.write(json.dumps(content).encode())
    return Holding(fd, Path(name))


class Holding:
    """Entries that are needed as long as this lives."""

    def __init__(self, fd: int, path: Path) -> None:
        self.end = weakref.finalize(self, _end, fd, path)


def _end(fd: int, path: Path) -> None:
    path.unlink(missing_ok=True)
    os.close(fd)


def holds(root: Path) -> Iterator[Hold]:
    """Every hold of a process that lives; those of others are removed. The caller has the lock `locks/gc`."""
    found = map(_held, sorted((root / HOLDS).glob("*")))
    yield from (held for held in found if held is not None)


def _held(path: Path) -> Hold | None:
    """The hold in a file; None where its process ended, which takes it away without a lock, at any moment."""
    try:
        with path.open("r+b") as file:
            if not try_to_lock(file):
                return _read(file.read())
            path.unlink()
    except FileNotFoundError:
        pass
    return None


def _read(data: bytes) -> Hold:
    content = json.loads(data)
    return Hold(content["pid"], content["command"], content["since"], frozenset(content["keys"]))
