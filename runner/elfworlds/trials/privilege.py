"""Whether a set-user-ID or set-group-ID program can be what it is in a trial, and what is said of it then."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from elfworlds.planning.types import FILES, directory_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from elfworlds.backends import Build
    from elfworlds.planning import Bound, LaidFile, Trial
    from elfworlds.toolchains import Toolchain

SET_ID = stat.S_ISUID | stat.S_ISGID
VALGRIND = "valgrind"
STATUS = Path("/proc/self/status")


def set_id_files(bound: Bound) -> tuple[LaidFile, ...]:
    return tuple(file for file in bound.files if file.mode & SET_ID)


def unsupported(bound: Bound, toolchain: Toolchain, status: Path = STATUS) -> str:
    """Why a trial's set-user-ID files would mean nothing here; empty where they do, or where it has none.

    Args:
        bound: the trial's command.
        toolchain: whose world it runs in.
        status: what the kernel says of this process.
    """
    file = next(iter(set_id_files(bound)), None)
    if file is None:
        return ""
    what = f"the mode {file.mode:05o} of {file.path} would have no effect"
    if toolchain.world.root is not None:
        return f"{what}: bubblewrap, in which trials of {toolchain.name} run, sets no_new_privs; libc host can, as root"
    if toolchain.world.guard is not None:
        return f"{what}: the sandbox sets no_new_privs"
    if os.geteuid() != 0:
        return f"{what}: only root can give the file to user {file.owner}"
    if "NoNewPrivs:\t1" in status.read_text():
        return f"{what}: no_new_privs is set for this very process"
    return ""


def unwatched(trial: Trial) -> str:
    """Why an observer cannot watch a trial's set-user-ID program; empty where it can, or where there is none."""
    programs = {f"{directory_of(FILES)}/{file.path}": file for file in set_id_files(trial.bound)}
    if trial.observer != VALGRIND or not trial.bound.argv or trial.bound.argv[0] not in programs:
        return ""
    file = programs[trial.bound.argv[0]]
    return f"valgrind executes no set-user-ID or set-group-ID program: {file.path} has the mode {file.mode:05o}"


def unreachable(bound: Bound, directory: str, build: Build) -> str:
    """What keeps a set-user-ID program from what it needs; empty where nothing does.

    Args:
        bound: the trial's command.
        directory: the trial's.
        build: where its objects lie.
    """
    for file in set_id_files(bound):
        if os.statvfs(directory).f_flag & os.ST_NOSUID:
            return f"the mode {file.mode:05o} of {file.path} would have no effect: its file system is mounted nosuid"
        if not file.mode & stat.S_ISUID:
            continue  # as a member of another group it is still root
        for place in (directory, *(build.directory(key) for key in bound.keys)):
            closed = next(_closed(Path(place), file.owner), None)
            if closed is not None:
                return (
                    f"user {file.owner}, as whom {file.path} runs, cannot enter {closed}: have the store"
                    " (XDG_CACHE_HOME) and the results (-o) where everybody may read"
                )
    return ""


def _closed(place: Path, user: int) -> Iterator[Path]:
    """The directories on the way to a place, itself included, that a user with no group may not search."""
    for directory in (*reversed(place.parents), place):
        status = directory.stat()
        searchable = stat.S_IXUSR if status.st_uid == user else stat.S_IXOTH
        if not status.st_mode & searchable:
            yield directory


def notes(bound: Bound) -> tuple[str, ...]:
    """How a set-user-ID program was started."""
    return tuple(
        f"{file.path} (mode {file.mode:05o}, owner {file.owner}) was started by root without bubblewrap,"
        " whose no_new_privs would make the mode mean nothing"
        for file in set_id_files(bound)
    )
