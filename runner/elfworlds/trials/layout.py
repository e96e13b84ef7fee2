"""A trial's `files` laid out in its directory, and whether they were the same all the time."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from elfworlds.backends import Build
    from elfworlds.planning import LaidFile

LAID_OUT_NS = 1_000_000_000 * 10**9  # September 2001: whatever is changed later has another time
PARENTS = 0o755


def lay_out(files: Sequence[LaidFile], directory: Path, build: Build) -> None:
    """Make the files in an existing directory, in which nothing is yet. Everything in it gets the same time.

    Args:
        files: in order of their paths, so that a directory comes before what lies in it.
        directory: the trial's.
        build: the trial's, whose texts are realised.

    Raises:
        OSError: an object's file is gone, or the disk is full.
    """
    if not files:
        return
    for file in files:
        _make_parents(directory / file.path, directory)
        _make(file, directory / file.path, build)
    stamp(directory)


def _make_parents(place: Path, directory: Path) -> None:
    missing = [parent for parent in place.parents if parent.is_relative_to(directory) and not parent.exists()]
    for parent in reversed(missing):
        parent.mkdir()
        parent.chmod(PARENTS)


def _make(file: LaidFile, place: Path, build: Build) -> None:
    holds = build.realise(file.holds)
    if file.kind == "link":
        place.symlink_to(holds)
        return
    if file.kind == "object":
        shutil.copyfile(holds, place)
    elif file.kind == "text":
        place.write_bytes(holds.encode())
    else:
        place.mkdir()
    if file.owner:
        os.chown(place, file.owner, file.owner)  # before the mode: this clears its set-user-ID bit
    place.chmod(file.mode)


def stamp(directory: Path) -> None:
    """Give a directory and all that is in it the time by which a change is known."""
    for above, directories, files in os.walk(directory, topdown=False):
        for name in (*files, *directories):
            os.utime(os.path.join(above, name), ns=(LAID_OUT_NS, LAID_OUT_NS), follow_symlinks=False)  # noqa: PTH118
    os.utime(directory, ns=(LAID_OUT_NS, LAID_OUT_NS))


def unchanged(path: str, directory: str) -> bool:
    """Whether what lies at an absolute path, or does not, is as it was laid out: nothing on the way was touched."""
    return all(_untouched(way, directory) for way in (os.path.normpath(path), os.path.realpath(path)))


def _untouched(path: str, directory: str) -> bool:
    for step in _steps(path, directory):
        try:
            if os.lstat(step).st_mtime_ns != LAID_OUT_NS:
                return False
        except FileNotFoundError:  # nor was it there: its directory is untouched
            return True
        except OSError:
            return False
    return True


def _steps(path: str, directory: str) -> Iterator[str]:
    """The directory and what lies on the way from there to a path; nothing for a path elsewhere."""
    if path != directory and not path.startswith(f"{directory}/"):
        return
    yield directory
    step = directory
    for name in path[len(directory) :].strip("/").split("/") if path != directory else ():
        step = f"{step}/{name}"
        yield step
