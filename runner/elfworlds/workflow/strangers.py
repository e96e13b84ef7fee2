"""Whose an experiment is: whether somebody else may write what it builds and runs."""

from __future__ import annotations

import grp
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = 0
UNMAPPED = Path("/proc/sys/kernel/overflowuid")  # whose files seem those of users that a user namespace does not have
MAP = Path("/proc/self/uid_map")
ALL_USERS = 4294967295


@dataclass(frozen=True, slots=True)
class Writable:
    """A file or directory that another user may write, and who that is, in words."""

    path: Path
    by: str

    def __str__(self) -> str:
        return f"{self.by} can write {self.path}"


def writable_by_others(*named: Path) -> Writable | None:
    """The first on the way from the root to a path, itself included, that somebody else may write; None for none.

    A path at which nothing is may be one of them.
    """
    seen: set[tuple[Path, bool]] = set()
    for real in (path.resolve() for path in named if os.path.exists(path)):  # noqa: PTH110  # one that cannot be seen
        for place in (*reversed(real.parents), real):
            within = place != real
            if (place, within) in seen:
                continue
            seen.add((place, within))
            if by := next(_writers(place, within=within), None):
                return Writable(place, by)
    return None


def _writers(place: Path, *, within: bool) -> Iterator[str]:
    """Who else may write a place; in a sticky directory nobody may replace what is not theirs."""
    status = place.stat()
    mode = status.st_mode
    if status.st_uid not in _trusted() and mode & stat.S_IWUSR:
        yield f"user {status.st_uid}"
    if within and mode & stat.S_ISVTX:
        return
    if mode & stat.S_IWOTH:
        yield "everybody"
    elif mode & stat.S_IWGRP and not _alone_in(status.st_gid):
        yield f"group {status.st_gid}"


def _trusted() -> set[int]:
    """This user and root; where root is not of this user namespace, whoever seems to be nobody."""
    users = {os.geteuid(), ROOT}
    count = MAP.read_text().split()[2:3] if MAP.exists() else []
    return users if count == [str(ALL_USERS)] else {*users, int(UNMAPPED.read_text())}


def _alone_in(group: int) -> bool:
    """Whether a group is this user's own, with no other member."""
    if group == ROOT:
        return True
    try:
        return group == os.getegid() and not grp.getgrgid(group).gr_mem
    except KeyError:
        return False
