"""Which entries of a store go, and their removal. Nobody sees an entry of which a part is gone."""

from __future__ import annotations

import shutil
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from elfworlds.locking import locked
from elfworlds.store.entries import Entry, entries, users
from elfworlds.store.holds import LOCK, holds

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence


@dataclass(frozen=True, slots=True)
class Collected:
    """What was removed, or would be.

    Attributes:
        gone: the entries.
        held: how many would have gone if no run needed them.
        left: what killed runs left: directories of unfinished work, and names of archives whose trees are gone.
        kept: bytes of the entries that stay.
    """

    gone: tuple[Entry, ...]
    held: int
    left: tuple[Path, ...]
    kept: int

    @property
    def freed(self) -> int:
        """Bytes of the entries that go."""
        return sum(entry.size for entry in self.gone)


def collect(root: Path, older_than: float | None, keep_size: int | None, *, dry_run: bool = False) -> Collected:
    """Remove entries that no run in progress needs.

    Args:
        root: the store.
        older_than: seconds since a build last asked for an entry, after which it goes; None for no such limit.
        keep_size: bytes that entries may take together: those go first that were asked for longest ago. None: any.
        dry_run: whether nothing is removed.

    Raises:
        OSError: something cannot be removed.
    """
    (root / "locks").mkdir(parents=True, exist_ok=True)
    (root / "tmp").mkdir(exist_ok=True)
    away: list[Path] = []
    with locked(root / LOCK):
        held = frozenset[str]().union(*(hold.keys for hold in holds(root)))
        every = entries(root)
        gone, spared = choose(every, held, time.time(), older_than, keep_size)
        left = _leftovers(root, held, {entry.key for entry in every} - {entry.key for entry in gone})
        if not dry_run:
            away = [_take_away(root, path) for path in (*(entry.path for entry in gone), *left)]
    for path in away:
        with suppress(FileNotFoundError):  # another that collects took it, and removes it
            shutil.rmtree(path)
    kept = sum(entry.size for entry in every) - sum(entry.size for entry in gone)
    return Collected(gone, spared, left, kept)


def choose(
    every: Sequence[Entry], held: Collection[str], now: float, older_than: float | None, keep_size: int | None
) -> tuple[tuple[Entry, ...], int]:
    """The entries that go, and how many more would if nobody held them. What an entry needs goes after it."""
    asked = _last_asked(every)
    size = sum(entry.size for entry in every)
    gone: list[Entry] = []
    spared = 0
    for entry in sorted(every, key=lambda entry: (asked[entry.key], -entry.used)):
        is_old = older_than is not None and now - asked[entry.key] > older_than
        is_too_much = keep_size is not None and size > keep_size
        if not is_old and not is_too_much:
            continue
        if entry.key in held:
            spared += 1
            continue
        gone.append(entry)
        size -= entry.size
    return tuple(gone), spared


def _last_asked(every: Sequence[Entry]) -> dict[str, float]:
    """Key → when a build last asked for the entry, or for one that needs it."""
    needing = users(every)
    asked: dict[str, float] = {}

    def of(entry: Entry) -> float:
        if entry.key not in asked:
            asked[entry.key] = entry.used
            asked[entry.key] = max([entry.used, *map(of, needing.get(entry.key, ()))])
        return asked[entry.key]

    for entry in every:
        of(entry)
    return asked


def _leftovers(root: Path, held: Collection[str], there: Collection[str]) -> tuple[Path, ...]:
    work = [path for path in sorted((root / "tmp").glob("*")) if path.name.partition(".")[0] not in held]
    archives = [path for path in sorted((root / "archives").glob("*")) if path.read_text() not in there]
    return (*work, *archives)


def _take_away(root: Path, path: Path) -> Path:
    """Rename what is to go into a directory of its own, so that nobody finds half of it."""
    away = Path(tempfile.mkdtemp(prefix="gone.", dir=root / "tmp"))
    with suppress(FileNotFoundError):  # unfinished work ends by itself, too
        path.rename(away / path.name)
    return away
