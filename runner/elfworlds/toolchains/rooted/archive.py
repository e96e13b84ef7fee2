"""Roots in a tar archive: unpacked once into the cache, by the archive's sha256, whole or not at all.

own-roots/<sha256>/    the tree that a trial sees as its /
own-roots/.<sha256>.*  work in progress
locks/own-<sha256>     held (flock(2)) while it is made
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from elfworlds.errors import BuildFailedError
from elfworlds.locking import locked
from elfworlds.toolchains.prober import digest
from elfworlds.trees.manifest import TreeError, limits
from elfworlds.trees.members import Rooted, members
from elfworlds.trees.unpack import unpack
from elfworlds.trees.zstd import Decompressor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from elfworlds.toolchains.family import Means

DIGITS = 16
OWN_ROOTS = "own-roots"  # below the cache


def unpacked(archive: Path, means: Means) -> Path:
    """The tree of an archive, unpacked first where it is not there.

    Args:
        archive: a tar archive, of a kind that its name tells.
        means: where the cache is, and how zstd(1) is run.

    Raises:
        BuildFailedError: it holds no tree, or cannot be read or written; what is there is complete or nothing.
    """
    try:
        place = means.cache / OWN_ROOTS / digest(archive)[:DIGITS]
        if not place.is_dir():
            for directory in (place.parent, means.cache / "locks"):
                directory.mkdir(parents=True, exist_ok=True)
            with locked(means.cache / "locks" / f"own-{place.name}", means.tell):
                if not place.is_dir():
                    _make(archive, place, means)
    except TreeError as error:
        raise BuildFailedError(f"{archive}: {error}", hint=error.hint) from None
    except OSError as error:
        raise BuildFailedError(f"{error.filename or archive}: {error.strerror or error}") from None
    return place


def _make(archive: Path, place: Path, means: Means) -> None:
    for stale in place.parent.glob(f".{place.name}.*"):
        shutil.rmtree(stale, ignore_errors=True)
    work = Path(tempfile.mkdtemp(prefix=f".{place.name}.", dir=place.parent))
    try:
        (work / "root").mkdir()
        decompressor = Decompressor(means.run, means.environment, work)
        with members(archive, decompressor.unzstd, Rooted()) as held:
            unpack(held, work / "root", limits(means.environment))
        (work / "root").rename(place)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def remove(cache: Path) -> Iterator[str]:
    """Remove every unpacked archive; give a line for each. The next run unpacks what it needs."""
    for place in sorted((cache / OWN_ROOTS).glob("[!.]*")):
        with locked(cache / "locks" / f"own-{place.name}"):
            shutil.rmtree(place)
        yield f"removed {place}, unpacked of an archive"
