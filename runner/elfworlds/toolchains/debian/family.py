"""`debian/<suite>`: roots of the packages that lock files pin."""

from __future__ import annotations

import os
from collections import ChainMap
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from elfworlds.errors import InputError
from elfworlds.sandbox import look
from elfworlds.toolchains.debian.fetch import DEBS
from elfworlds.toolchains.debian.lock import BASE, OPTIONAL, filename, find, suites, with_base, write
from elfworlds.toolchains.debian.root import ensure, is_of, remove, remove_packages, roots
from elfworlds.toolchains.debian.toolchain import RootSystem, pinned, toolchain
from elfworlds.toolchains.family import NOBODY_LOOKS, DoctorLine, Family, Listed, Source
from elfworlds.yamltext import closest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from elfworlds.toolchains.debian.lock import Lock, Pinned
    from elfworlds.toolchains.debian.root import Root
    from elfworlds.toolchains.family import Means
    from elfworlds.toolchains.toolchain import Toolchain

MEGABYTE = 1_000_000
PART_OF = {"linkers": frozenset({"ld.gold", "ld.lld", "ld.mold"}), "clang": frozenset({"clang", "clang++"})}
COLUMNS: Mapping[str, tuple[str, ...]] = {  # column → the first of these packages that is pinned
    "libc": ("libc6",),
    "gcc": (r"gcc-\d+",),
    "gdb": ("gdb",),
    "rustc": ("rustc",),
    "musl": ("musl",),
    "bfd": ("binutils",),
    "gold": ("binutils-gold", "binutils"),  # of its own package since trixie
    "lld": (r"lld-\d+",),
    "mold": ("mold",),
    "clang": (r"clang-\d+",),
}


class Debian(Family):
    """Roots of a suite: fetched from any mirror, and unpacked once."""

    prefix = RootSystem.prefix
    seen_beside = True
    system: ClassVar[type[RootSystem]] = RootSystem

    def names(self, where: Sequence[Path]) -> tuple[str, ...]:
        return tuple(f"{self.prefix}/{suite}" for suite in suites(where))

    def parts(self, languages: Collection[str]) -> tuple[str, ...]:
        """The parts that experiments in these languages need beside `base`."""
        rustc = ("rustc",) if "rust" in languages else ()
        return (*rustc, *(part for part, tools in PART_OF.items() if not tools.isdisjoint(languages)))

    def pinned_parts(self, lock: Lock, languages: Collection[str]) -> tuple[str, ...]:
        """Those of them that a suite has; one without linkers or clang lacks them, and stops nothing."""
        return tuple(part for part in self.parts(languages) if part in lock.parts or part not in OPTIONAL)

    def lock(self, name: str, where: Sequence[Path]) -> Lock:
        return find(name.removeprefix(f"{self.prefix}/"), where)

    def stand_in(
        self, name: str, where: Sequence[Path], languages: Collection[str] = (), why: str = NOBODY_LOOKS
    ) -> Toolchain:
        lock = self.lock(name, where)
        return replace(pinned(lock, self.pinned_parts(lock, languages), self.system), unsupported=why)

    def foreseen(self, name: str, means: Means) -> Toolchain:
        """What the lock file says, wherever the root is."""
        return self.stand_in(name, means.where, means.languages, why="")

    def provided(self, name: str, means: Means) -> Toolchain:
        lock = self.lock(name, means.where)
        root = ensure(lock, self.pinned_parts(lock, means.languages), means.cache, means)
        return toolchain(root, means.run, bwrap=means.bwrap, system=self.system)

    def libraries(self, name: str, sonames: Collection[str], where: Sequence[Path], cache: Path) -> Mapping[str, str]:
        lock = self.lock(name, where)
        unpacked = (root for root in roots(cache) if is_of(root, lock))
        systems = [self.system(root, look(str(root.path)), os.uname().machine) for root in unpacked]
        return ChainMap(*(system.libraries(sonames) for system in systems))

    def pins(self, name: str, where: Sequence[Path]) -> Mapping[str, str]:
        lock = self.lock(name, where)
        return {filename(lock.suite): write(lock)}

    def sources(self, name: str, means: Means) -> Sequence[Source]:
        """The packages, as they were fetched."""
        lock = self.lock(name, means.where)
        packages = lock.packages(with_base(self.pinned_parts(lock, means.languages)))
        names = {package: f"{DEBS}/{package.sha256}.deb" for package in packages}
        return [Source(file, means.cache / file, package.sha256) for package, file in names.items()]

    def listed(self, where: Sequence[Path], cache: Path) -> Iterator[Listed]:
        here = roots(cache)
        for name in self.names(where):
            yield _listed(name, self.lock(name, where), here)

    def fetch(self, names: Sequence[str], parts: Sequence[str], means: Means) -> Iterator[str]:
        wanted = (*self.parts(()), *parts)
        locks = [self.lock(name, means.where) for name in names]
        for lock in locks:
            lock.packages(wanted)  # or it says which part it has not
        roots_made = (ensure(lock, wanted, means.cache, means) for lock in locks)
        return (_fetched(name, root) for name, root in zip(names, roots_made, strict=True))

    def remove(self, names: Sequence[str] | None, where: Sequence[Path], cache: Path) -> Iterator[str]:
        """Remove roots, and every fetched package that the remaining roots do not need."""
        here = roots(cache)
        unpacked = {root.suite for root in here}
        wanted = unpacked if names is None else {name.removeprefix(f"{self.prefix}/") for name in names}
        for suite in sorted(wanted - unpacked):
            raise InputError(f"no root of {self.prefix}/{suite} is here", hint=closest(suite, unpacked))
        yield from removed([root for root in here if root.suite in wanted], cache)
        freed = remove_packages(cache, self._packages(unpacked - wanted, where))
        yield f"removed fetched packages, {freed // MEGABYTE} MB"

    def _packages(self, kept: Iterable[str], where: Sequence[Path]) -> Iterator[Pinned]:
        for suite in set(kept).intersection(suites(where)):
            lock = find(suite, where)
            yield from lock.packages(tuple(lock.parts))

    def doctor(self, means: Means) -> Iterator[DoctorLine]:
        here = [f"{self.prefix}/{'+'.join((root.suite, *root.parts[1:]))}" for root in roots(means.cache)]
        text = ", ".join(here) or "none unpacked; elfworlds toolchain fetch SUITE"
        yield DoctorLine("roots", here=bool(here), needed=False, text=text)


def removed(unwanted: Iterable[Root], cache: Path) -> Iterator[str]:
    """Remove roots; give a line for each."""
    for root in unwanted:
        remove(root, cache)
        yield f"removed {root.path.parent}, {root.size // MEGABYTE} MB"


def _fetched(name: str, root: Root) -> str:
    return f"{name}: {len(root.packages)} packages, {root.size // MEGABYTE} MB · {root.path}"


def _listed(name: str, lock: Lock, here: Sequence[Root]) -> Listed:
    size = sum(package.size for package in lock.packages((BASE,)))
    return Listed(
        name=name,
        release=lock.date.partition("T")[0],
        versions={column: next(filter(None, map(lock.version, names)), "") for column, names in COLUMNS.items()},
        packages=f"{size // MEGABYTE} MB",
        here="; ".join(_unpacked(lock, root) for root in here if root.suite == lock.suite),
    )


def _unpacked(lock: Lock, root: Root) -> str:
    older = "" if is_of(root, lock) else " (of an older lock file)"
    return f"{'+'.join(root.parts)}, {root.size // MEGABYTE} MB{older}"
