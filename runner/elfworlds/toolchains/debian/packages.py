"""Packages whose files are objects: pinned with what they need beyond a suite's root, fetched, unpacked as trees."""

from __future__ import annotations

import hashlib
import json
from dataclasses import astuple, fields
from pathlib import Path
from typing import TYPE_CHECKING

from elfworlds import elf
from elfworlds.errors import BuildFailedError, InputError
from elfworlds.sources.packages import PinnedPackage
from elfworlds.toolchains.debian.fetch import Download, fetch
from elfworlds.toolchains.debian.lock import BASE, PARTS, Lock, Pinned, pinned
from elfworlds.toolchains.debian.mirror import mirrors
from elfworlds.toolchains.debian.solve import solve
from elfworlds.toolchains.debian.tree import RootLayout, unread
from elfworlds.trees import Shelf, TreeError
from elfworlds.trees.manifest import limits
from elfworlds.trees.members import of_deb
from elfworlds.trees.shelf import TREE
from elfworlds.trees.unpack import unpack
from elfworlds.trees.zstd import Decompressor

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from elfworlds.jsondata import Json
    from elfworlds.sources.packages import Pins
    from elfworlds.toolchains.debian.solve import Apt
    from elfworlds.toolchains.family import Means
    from elfworlds.trees import Manifest, Packages, Tree
    from elfworlds.trees.members import Member

PREFIX = "debian/"


def pin(suite: str, wanted: Mapping[str, Collection[str]], apt: Apt, means: Means) -> Pins:
    """Packages of a suite as a mirror has them now.

    Args:
        suite: a toolchain's name, `debian/bookworm`.
        wanted: package → paths of its files that objects are.
        apt: how apt is asked.
        means: how packages are fetched and unpacked.

    Raises:
        InputError: no mirror has such a suite, or a package lacks such a file.
        BuildFailedError: apt cannot solve it, or it cannot be fetched.
    """
    parts = {BASE: PARTS[BASE], **{name: (name,) for name in wanted}}
    lock = solve(suite.removeprefix(PREFIX), apt, parts)
    return {(suite, name): _pinned(lock, name, files, means) for name, files in wanted.items()}


def _pinned(lock: Lock, name: str, files: Collection[str], means: Means) -> PinnedPackage:
    debs = _debs(lock, name)
    manifest, place = _tree(lock, debs, means)
    objects = {}
    for path in sorted(files):
        real = manifest.real(path)
        if real is None:
            same = [other for other in manifest.entries if other.endswith(f"/{Path(path).name}")]
            hint = f"did you mean `{same[0]}`?" if same else None
            raise InputError(f"the package `{name}` of debian/{lock.suite} brings no file `{path}`", hint=hint)
        objects[path] = elf.read(place / real)
    return PinnedPackage(lock.date, tuple(map(_data, debs)), manifest, objects)


def _debs(lock: Lock, name: str) -> tuple[Pinned, ...]:
    """The package, whether the root has it or not, and what it needs beyond the root."""
    more = lock.parts[name]
    own = () if any(deb.name == name for deb in more) else [deb for deb in lock.parts[BASE] if deb.name == name]
    return (*own, *more)


def _data(package: Pinned) -> Json:
    return dict(zip([field.name for field in fields(Pinned)], astuple(package), strict=True))


def provide(tree: Tree, packages: Packages, means: Means) -> None:
    """Have a tree of packages in the store, fetched and unpacked where it is not there.

    Raises:
        InputError: the lock file is damaged.
        BuildFailedError: it cannot be had, or it holds something else than what is pinned.
    """
    if Shelf(means.cache, means.environment).stored(tree.key) is not None:
        return
    try:
        debs = tuple(pinned(deb) for deb in packages.debs if isinstance(deb, dict))
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"the lock file of the package {tree.name} is damaged: {error}") from None
    lock = Lock(packages.suite.removeprefix(PREFIX), packages.date, "", {BASE: (), tree.name: debs})
    manifest, _ = _tree(lock, debs, means)
    if manifest.key != tree.key:
        hint = "`elfworlds toolchain lock --for FILE` writes the lock file anew"
        raise BuildFailedError(f"the package {tree.name} does not hold what the lock file says", hint=hint)


def _tree(lock: Lock, debs: Sequence[Pinned], means: Means) -> tuple[Manifest, Path]:
    """The packages as one tree of the store."""
    shelf = Shelf(means.cache, means.environment)
    layout = RootLayout.of(lock.suite)
    digests = json.dumps([layout.merged, sorted(deb.sha256 for deb in debs)])

    def make(work: Path) -> Manifest:
        download = Download(cache=means.cache / "debs", mirrors=lambda: mirrors(means.environment), tell=means.tell)
        with means.working(f"fetching packages of debian/{lock.suite}", len(debs)) as advance:
            fetch(lock, debs, download, advance)
        bound = limits(means.environment)
        decompressor = Decompressor(means.run, means.environment, work, bound.size)
        return unpack(_members([download.place(deb) for deb in debs], layout, decompressor), work / TREE, bound)

    try:
        return shelf.remembered(hashlib.sha256(digests.encode()).hexdigest(), make)
    except TreeError as error:
        raise BuildFailedError(f"the packages make no tree: {error}", hint=error.hint) from None


def _members(debs: Sequence[Path], layout: RootLayout, decompressor: Decompressor) -> Iterator[Member]:
    """What all of them would unpack, but for what no program reads."""
    for deb in sorted(debs):
        with of_deb(deb, decompressor.unzstd, layout) as found:
            yield from (member for member in found if not unread(member.path))
