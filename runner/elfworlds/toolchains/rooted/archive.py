"""Roots in a tar archive or an image: unpacked once into the cache, by their sha256, whole or not at all.

own-roots/<sha256>/    the tree that a trial sees as its /
own-roots/.<sha256>.*  work in progress
locks/own-<sha256>     held (flock(2)) while it is made
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from elfworlds.errors import BuildFailedError
from elfworlds.locking import locked
from elfworlds.toolchains.prober import digest
from elfworlds.trees import oci
from elfworlds.trees.image import members_of
from elfworlds.trees.manifest import TreeError, limits
from elfworlds.trees.members import System, members
from elfworlds.trees.unpack import unpack
from elfworlds.trees.zstd import Decompressor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from elfworlds.toolchains.family import Means
    from elfworlds.trees.deb import Unzstd

DIGITS = 16
OWN_ROOTS = "own-roots"  # below the cache


def is_packed(place: Path) -> bool:
    """Whether a root is to be unpacked first: an archive, or the layout of an image."""
    return place.is_file() or oci.is_layout(place)


def unpacked(packed: Path, image: str, means: Means) -> Path:
    """The tree of an archive or an image, unpacked first where it is not there.

    Args:
        packed: a tar archive, of a kind that its name tells, or the layout of an image, or an archive of one.
        image: the name of the image in the layout; empty for the only one.
        means: where the cache is, and how zstd(1) is run.

    Raises:
        BuildFailedError: it holds no tree, or cannot be read or written; what is there is complete or nothing.
    """
    try:
        place = means.cache / OWN_ROOTS / _key(packed, image)[:DIGITS]
        if not place.is_dir():
            for directory in (place.parent, means.cache / "locks"):
                directory.mkdir(parents=True, exist_ok=True)
            with locked(means.cache / "locks" / f"own-{place.name}", means.tell):
                if not place.is_dir():
                    _make(packed, image, place, means)
    except TreeError as error:
        raise BuildFailedError(f"{packed}: {error}", hint=error.hint) from None
    except OSError as error:
        raise BuildFailedError(f"{error.filename or packed}: {error.strerror or error}") from None
    return place


def _key(packed: Path, image: str) -> str:
    """What decides the tree: the digest of an image's manifest, or of an archive and the image in it."""
    if packed.is_dir():
        return oci.image(packed, os.uname().machine, image).digest.partition(":")[2]
    whole = digest(packed)
    return hashlib.sha256(f"{whole} {image}".encode()).hexdigest() if image else whole


def _make(packed: Path, image: str, place: Path, means: Means) -> None:
    for stale in place.parent.glob(f".{place.name}.*"):
        shutil.rmtree(stale, ignore_errors=True)
    work = Path(tempfile.mkdtemp(prefix=f".{place.name}.", dir=place.parent))
    try:
        made = packed if packed.is_dir() else _of_archive(packed, work, means)
        if oci.is_layout(made):
            made = _of_image(made, image, work, means)
        elif image:
            raise TreeError(f"it holds no layout of images, and so no image `{image}`")
        made.rename(place)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _of_archive(archive: Path, work: Path, means: Means) -> Path:
    tree = work / "root"
    tree.mkdir()
    with members(archive, _unzstd(work, means), System()) as held:
        unpack(held, tree, limits(means.environment), rooted=True)
    return tree


def _of_image(layout: Path, name: str, work: Path, means: Means) -> Path:
    tree, most = work / "image", limits(means.environment)
    tree.mkdir()
    unpack(members_of(layout, os.uname().machine, name, _unzstd(work, means), most), tree, most, rooted=True)
    return tree


def _unzstd(work: Path, means: Means) -> Unzstd:
    return Decompressor(means.run, means.environment, work).unzstd


def remove(cache: Path) -> Iterator[str]:
    """Remove every unpacked archive; give a line for each. The next run unpacks what it needs."""
    for place in sorted((cache / OWN_ROOTS).glob("[!.]*")):
        with locked(cache / "locks" / f"own-{place.name}"):
            shutil.rmtree(place)
        yield f"removed {place}, unpacked of an archive or image"
