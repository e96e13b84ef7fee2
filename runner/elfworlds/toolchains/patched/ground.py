"""What a recipe is built on: a root with the sources and the tools, or this machine."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from elfworlds.errors import BuildFailedError, InputError
from elfworlds.sandbox import HOST, World, availability, look
from elfworlds.toolchains.debian.lock import find, with_base
from elfworlds.toolchains.debian.root import ensure
from elfworlds.toolchains.debian.toolchain import ENV
from elfworlds.toolchains.host.family import Host
from elfworlds.toolchains.patched.steps import PATCHES
from elfworlds.toolchains.prober import digest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from elfworlds.toolchains.family import Means
    from elfworlds.toolchains.patched.recipe import Recipe

DEBIAN, MACHINE = "debian/", "host"
ARCHIVE = "archive"  # in the directory of the build
BESIDE = f"../{ARCHIVE}"
ARCHIVES = "usr/src/*/*.tar.*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What a recipe is built on.

    Attributes:
        digest: of all that the base has: its compiler, its tools, and the sources where they are a package.
        world: where the steps run.
        env: their environment.
        seen: the path of the sources' archive in the world, from a directory of the build.
        archive: where they are no package: the archive on this machine, which is put beside the build.
    """

    digest: str
    world: World
    env: Mapping[str, str]
    seen: str
    archive: Path | None = None

    def laid_out(self, recipe: Recipe) -> dict[str, bytes]:
        """What lies in the directory of the build at first: path → bytes.

        Raises:
            OSError: the archive cannot be read.
        """
        files = {f"{PATCHES}/{number:04}": patch.data for number, patch in enumerate(recipe.patches, 1)}
        return files if self.archive is None else {**files, ARCHIVE: self.archive.read_bytes()}


def digest_of(recipe: Recipe, means: Means) -> str:
    """The digest of all that a recipe is built on; no root is fetched.

    Raises:
        InputError: its base is of no kind that a libc is built on, or has no such package.
    """
    if recipe.base == MACHINE and recipe.archive:
        return Host().provided(MACHINE, means).digest
    if not recipe.base.startswith(DEBIAN):
        hint = "debian/SUITE with `source: {package: glibc-source}`; host with an archive"
        raise InputError(f"{recipe.name}: nothing can be built on `{recipe.base}`", hint=hint)
    lock, parts = find(recipe.base.removeprefix(DEBIAN), means.where), _parts(recipe)
    lock.packages(parts)  # or it says which part it has not
    return lock.digest_of(parts)


def ground(recipe: Recipe, means: Means) -> Ground:
    """What a recipe is built on, fetched and unpacked where it is not there.

    Raises:
        InputError: as of `digest_of`; or the archive is not what the recipe pins.
        BuildFailedError: the root cannot be had, or its package holds no sources.
    """
    known = digest_of(recipe, means)
    if recipe.archive is not None:
        _is_as_pinned(recipe, recipe.archive)
    if recipe.base == MACHINE:
        path = means.environment.get("PATH", os.defpath)
        env = {"PATH": path, "LC_ALL": "C", "SOURCE_DATE_EPOCH": "0"}
        archive = recipe.archive or _no_archive(recipe)
        return Ground(digest=known, world=HOST, env=env, seen=BESIDE, archive=archive)
    lock = find(recipe.base.removeprefix(DEBIAN), means.where)
    root = ensure(lock, _parts(recipe), means.cache, means)
    world = World(recipe.base, look(str(root.path)), bwrap=availability.found(means.run, means.environment))
    if recipe.archive is not None:
        return Ground(digest=known, world=world, env=ENV, seen=BESIDE, archive=recipe.archive)
    archives = sorted(root.path.glob(ARCHIVES))
    if len(archives) != 1:
        raise BuildFailedError(f"{recipe.name}: the package {recipe.package} holds {len(archives)} archives of sources")
    return Ground(digest=known, world=world, env=ENV, seen=f"/{archives[0].relative_to(root.path)}")


def _parts(recipe: Recipe) -> tuple[str, ...]:
    return with_base([recipe.package] if recipe.package else [])


def _no_archive(recipe: Recipe) -> Path:
    raise InputError(f"{recipe.name}: sources for this machine are an archive")


def _is_as_pinned(recipe: Recipe, archive: Path) -> None:
    try:
        here = digest(archive)
    except OSError as error:
        raise InputError(f"{recipe.name}: {archive}: {error.strerror or error}") from None
    if here != recipe.sha256:
        raise InputError(f"{recipe.name}: {archive} is not what is pinned: its SHA-256 is {here}")
