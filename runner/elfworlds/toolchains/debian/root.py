"""Roots in the cache: complete or absent, each made once, whoever asks.

roots/<suite>-<digest>[+part…]/root/        the tree that a trial sees as its /
roots/<suite>-<digest>[+part…]/root.json    what it is made of; written last
roots/.<the same>.*                         work in progress; what a killed one left is removed by the next one
locks/root-<the same>                       held (flock(2)) while it is made or removed
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from elfworlds import atomic, sandbox
from elfworlds.errors import BuildFailedError
from elfworlds.locking import locked, nobody
from elfworlds.process import Command
from elfworlds.sandbox import availability
from elfworlds.toolchains.debian.fetch import DEBS, Download, fetch
from elfworlds.toolchains.debian.lock import Lock, with_base
from elfworlds.toolchains.debian.mirror import mirrors
from elfworlds.toolchains.debian.tree import RootLayout
from elfworlds.toolchains.debian.unpack import Unpacked, unpack
from elfworlds.toolchains.toolchain import Package
from elfworlds.trees.zstd import Decompressor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from elfworlds.process import Runner
    from elfworlds.toolchains.debian.lock import Pinned
    from elfworlds.toolchains.family import Means

SCHEMA = 1  # of root.json, and of how packages become a tree
RECORD = "root.json"
TREE = "root"
LDCONFIG_SECONDS = 120.0
MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True, slots=True)
class Root:
    """An unpacked tree of pinned packages.

    Attributes:
        path: the tree.
        packages: as the packages' own control files say, in order of their names.
        parts: `base` and what else was asked for.
        size: bytes of its files.
    """

    suite: str
    path: Path
    packages: tuple[Package, ...]
    parts: tuple[str, ...]
    size: int


def directory(lock: Lock, parts: Iterable[str], cache: Path) -> Path:
    """Where a root is, or would be."""
    whole = with_base(parts)
    more = "".join(f"+{part}" for part in whole[1:])
    return cache / "roots" / f"{lock.suite}-{lock.digest_of(whole)[:16]}{more}"


def found(lock: Lock, parts: Iterable[str], cache: Path) -> Root | None:
    """The root; None if it is not there. Only its record is read."""
    return _read(directory(lock, parts, cache))


def ensure(lock: Lock, parts: Iterable[str], cache: Path, means: Means) -> Root:
    """The root, fetched and unpacked first where it is not there.

    Args:
        lock: what it is made of.
        parts: those wanted beside `base`.
        cache: $XDG_CACHE_HOME/elfworlds.
        means: how it is made.

    Raises:
        InputError: the lock has no such part.
        BuildFailedError: it cannot be fetched or unpacked; what is there is complete or nothing.
    """
    place = directory(lock, parts, cache)
    root = _read(place)
    if root is not None:
        return root
    _same_machine(lock)
    try:
        with _held(cache, place.name, means.tell):
            return _read(place) or _make(lock, with_base(parts), place, cache, means)
    except OSError as error:
        raise _no_place(lock, cache, error) from None


def _same_machine(lock: Lock) -> None:
    here = MACHINES.get(os.uname().machine, os.uname().machine)
    if lock.architecture != here:
        raise BuildFailedError(
            f"debian/{lock.suite} is pinned for {lock.architecture}; this machine is {here}",
            hint="run it on such a machine, or with the toolchain `host`",
        )


def _no_place(lock: Lock, cache: Path, error: OSError) -> BuildFailedError:
    full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    return BuildFailedError(
        f"debian/{lock.suite} cannot be fetched and unpacked: {error.filename or cache}: {error.strerror or error}",
        hint=("make room (a root takes 450 to 900 MB), or " if full else "make it writable, or ")
        + "set XDG_CACHE_HOME to another place; nothing is left half-unpacked",
    )


@contextmanager
def _held(cache: Path, name: str, tell: Callable[[str], None] = nobody) -> Iterator[None]:
    """Hold a root's lock."""
    (cache / "locks").mkdir(parents=True, exist_ok=True)
    with locked(cache / "locks" / f"root-{name}", tell):
        yield


def _make(lock: Lock, parts: Sequence[str], place: Path, cache: Path, means: Means) -> Root:
    bwrap = availability.found(means.run, means.environment)
    wanted = lock.packages(parts)
    debs = _fetch(lock, wanted, cache, means)
    _sweep(place)
    work = Path(tempfile.mkdtemp(prefix=f".{place.name}.", dir=place.parent))
    try:
        made = work / "made"
        tree = made / TREE
        tree.mkdir(parents=True)
        with means.working(f"unpacking debian/{lock.suite}", len(debs)) as advance:
            decompressor = Decompressor(means.run, means.environment, work)
            unpacked = unpack(debs, tree, RootLayout.of(lock.suite), decompressor.unzstd, means.jobs, advance)
        _is_as_pinned(wanted, unpacked)
        _run_ldconfig(tree, bwrap, means.run)
        _record(lock, parts, unpacked, made)
        return _name(made, place)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _fetch(lock: Lock, wanted: Sequence[Pinned], cache: Path, means: Means) -> list[Path]:
    download = Download(cache=cache / DEBS, mirrors=lambda: mirrors(means.environment), tell=means.tell)
    with means.working(f"fetching debian/{lock.suite}", len(wanted)) as advance:
        for name in fetch(lock, wanted, download, advance):
            means.tell(f"debian/{lock.suite}: {name} in the cache was not what is pinned: refused, and fetched again")
    return [download.place(pinned) for pinned in wanted]


def _sweep(place: Path) -> None:
    """Remove what runs that were killed left; whoever holds the lock is the only one at work."""
    place.parent.mkdir(parents=True, exist_ok=True)
    for stale in place.parent.glob(f".{place.name}.*"):
        shutil.rmtree(stale, ignore_errors=True)


def _is_as_pinned(wanted: Sequence[Pinned], unpacked: Sequence[Unpacked]) -> None:
    for pinned, other in zip(wanted, unpacked, strict=True):
        if (pinned.name, pinned.version) != (other.control.name, other.control.version):
            raise BuildFailedError(
                f"{pinned.name} {pinned.version} is pinned, "
                f"and its file holds {other.control.name} {other.control.version}",
                hint="the lock file is damaged: `elfworlds toolchain lock SUITE` writes it anew",
            )


def _run_ldconfig(tree: Path, bwrap: str, run: Runner) -> None:
    """The cache of the dynamic loader, as on a system that was installed."""
    command = Command(argv=("/sbin/ldconfig", "-X"), env={"PATH": "/sbin"}, cwd="/", timeout=LDCONFIG_SECONDS)
    done = run(sandbox.inside(command, bwrap, str(tree), ("etc",)))
    if not done.ok or not (tree / "etc/ld.so.cache").is_file():
        reason = done.stderr.data.decode("utf-8", "replace").strip() or done.not_started or f"exit {done.exit}"
        raise BuildFailedError(f"ldconfig failed in the root: {reason[:1000]}", hint="nothing is left half-unpacked")


def _record(lock: Lock, parts: Sequence[str], unpacked: Sequence[Unpacked], made: Path) -> None:
    record = {
        "schema": SCHEMA,
        "suite": lock.suite,
        "date": lock.date,
        "parts": list(parts),
        "digest": lock.digest_of(parts),
        "size": sum(package.size for package in unpacked),
        "packages": [[package.control.name, package.control.version] for package in unpacked],
    }
    (made / RECORD).write_text(json.dumps(record, indent=1))


def _name(made: Path, place: Path) -> Root:
    """Move a complete tree to its place. A damaged root that lies there is moved away."""
    atomic.sync_all(made)  # of a root that is there only its record is read
    atomic.put(made, place)
    root = _read(place)
    if root is None:
        raise BuildFailedError(f"{place} vanished while it was made")
    return root


def _read(place: Path) -> Root | None:
    try:
        record = json.loads((place / RECORD).read_bytes())
        packages = tuple(Package(str(name), str(version)) for name, version in record["packages"])
        if record["schema"] != SCHEMA:
            return None
        return Root(record["suite"], place / TREE, packages, tuple(record["parts"]), int(record["size"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def roots(cache: Path) -> tuple[Root, ...]:
    """Every root that is there."""
    places = sorted((cache / "roots").glob("[!.]*"))
    return tuple(root for root in map(_read, places) if root is not None)


def is_of(root: Root, lock: Lock) -> bool:
    """Whether a root is what a lock file pins today: another suite has other parts, and an older file had others."""
    if root.suite != lock.suite or not set(root.parts) <= set(lock.parts):
        return False
    return directory(lock, root.parts, root.path.parents[2]) == root.path.parent


def remove(root: Root, cache: Path) -> None:
    """Remove a root. It is renamed first, so that nobody sees a half-removed root."""
    place = root.path.parent
    with _held(cache, place.name):
        _sweep(place)
        gone = Path(tempfile.mkdtemp(prefix=f".{place.name}.", dir=place.parent))
        place.rename(gone / "removed")
        shutil.rmtree(gone)


def remove_packages(cache: Path, keep: Iterable[Pinned]) -> int:
    """Remove fetched packages, except those to keep; return the freed bytes."""
    kept = {pinned.sha256 for pinned in keep}
    freed = 0
    for path in sorted((cache / DEBS).glob("*")):
        if path.stem not in kept:
            freed += path.stat().st_size
            path.unlink()
    return freed
