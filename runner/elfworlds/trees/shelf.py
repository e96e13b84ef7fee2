"""Trees in the store: one directory per content, complete or absent, shared safely by any number of runs.

objects/<key>/tree            the tree; <key> digests what is in it
objects/<key>/tree.json       its manifest, and what its files looked like when they were right
archives/<sha256>             the key of the tree that an archive holds
locks/<key>, locks/<sha256>   held (flock(2)) while one is made
tmp/<key>.*, tmp/<sha256>.*   work in progress; what a killed run left is removed by the next one
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from elfworlds import atomic
from elfworlds.locking import locked, nobody
from elfworlds.process import Pool
from elfworlds.trees import directory
from elfworlds.trees.manifest import FILE, KEY_DIGITS, LINK, Limits, Manifest, Tally, TreeError, limits, told
from elfworlds.trees.members import members
from elfworlds.trees.unpack import copied, create, settle, unpack
from elfworlds.trees.zstd import Decompressor

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from elfworlds.jsondata import Json

SCHEMA = 1
TREE, RECORD = "tree", "tree.json"
KINDS = {stat.S_IFREG: FILE, stat.S_IFLNK: LINK, stat.S_IFDIR: "directory"}


@dataclass(frozen=True, slots=True)
class Packages:
    """Pinned packages that make a tree: their suite, its Release's date, and the package files, as locks have them."""

    suite: str
    date: str
    debs: tuple[Json, ...]


@dataclass(frozen=True, slots=True)
class StorePath:
    """A path of the Nix store, as a lock file has it.

    Attributes:
        kind: the key of `prebuilt`, `nix` or `flake`.
        text: what the experiment says there.
        out: the path.
        sha256: the digest of its NAR.
        locked: the flake with its revision; empty for one that lies on this machine, and for `nix`.
    """

    kind: str
    text: str
    out: str
    sha256: str
    locked: str = ""


@dataclass(frozen=True, slots=True)
class Tree:
    """A tree and a place where it lies.

    Attributes:
        name: what a person calls it: the last part of a directory's or an archive's path.
        place: where it can be read; what lies there may have changed since.
        archive: the sha256 of the archive that it was; empty for a directory.
        packages: what it is made of where it is not there yet; None for what lies at its place.
        stored: the path of the Nix store that it is, and stays; None for all others.
    """

    name: str
    manifest: Manifest
    place: Path
    archive: str = ""
    packages: Packages | None = None
    stored: StorePath | None = None

    @property
    def told(self) -> str:
        """How much it is, in words."""
        return f"{self.name}: {told(self.manifest.files, self.manifest.size)}"

    @property
    def key(self) -> str:
        """The digest of what is in it; of a store path, which refers to others, of the path too."""
        if self.stored is None:
            return self.manifest.key
        return hashlib.sha256(f"{self.manifest.key} {self.stored.out}".encode()).hexdigest()[:KEY_DIGITS]


@dataclass(frozen=True, slots=True)
class Shelf:
    """The trees of a store.

    Attributes:
        root: the store.
        environment: has PATH, to find zstd(1), and the limits.
        tell: is told what is waited for.
    """

    root: Path
    environment: Mapping[str, str]
    tell: Callable[[str], None] = nobody

    def tree(self, key: str) -> Path:
        """Where the tree of a key is, or would be."""
        return self.root / "objects" / key / TREE

    def taken(self, place: Path) -> Tree:
        """A person's directory as a tree; nothing is copied.

        Raises:
            TreeError: it cannot be one.
            OSError: it cannot be read.
        """
        return Tree(place.name, directory.manifest(place, limits(self.environment)), place)

    def unpacked(self, archive: Path) -> Tree:
        """What an archive holds; it is unpacked into the store where it is not there.

        Raises:
            TreeError: it is no archive, is damaged, or holds what no tree can.
            OSError: it cannot be read, or the store cannot be written.
        """
        digest = directory.sha256(str(archive))

        def make(work: Path) -> Manifest:
            return unpacked_to(work / TREE, archive, work, self.environment)

        return Tree(archive.name, *self.remembered(digest, make), digest)

    def remembered(self, digest: str, make: Callable[[Path], Manifest]) -> tuple[Manifest, Path]:
        """The tree that something with a digest comes to; `make` makes it in a directory, where it is not there."""
        known = self._recalled(digest)
        if known is not None:
            return known, self.tree(known.key)
        for part in ("objects", "locks", "tmp", "archives"):
            (self.root / part).mkdir(parents=True, exist_ok=True)
        with locked(self.root / "locks" / digest, self.tell):
            known = self._recalled(digest)
            if known is None:
                known = self._made(digest, make)
                atomic.write(self.root / "archives" / digest, known.key)
        return known, self.tree(known.key)

    def _recalled(self, digest: str) -> Manifest | None:
        try:
            key = (self.root / "archives" / digest).read_text()
        except OSError:
            return None
        return self.stored(key)

    def _made(self, digest: str, make: Callable[[Path], Manifest]) -> Manifest:
        work = self._work(digest)
        try:
            (work / TREE).mkdir()
            manifest = make(work)
            with locked(self.root / "locks" / manifest.key, self.tell):
                if self.stored(manifest.key) is None:
                    self._keep(manifest, work)
            return manifest
        finally:
            _remove(work)

    def ensure(self, tree: Tree) -> bool:
        """Have the tree in the store; whether it was there.

        Raises:
            TreeError: what lies at its place is not what it was.
            OSError: the store cannot be written.
        """
        for part in ("objects", "locks", "tmp"):
            (self.root / part).mkdir(parents=True, exist_ok=True)
        with locked(self.root / "locks" / tree.key, self.tell):
            if self.stored(tree.key) is not None:
                with suppress(OSError):  # of somebody else: it is used all the same
                    os.utime(self.tree(tree.key).parent)
                return True
            work = self._work(tree.key)
            try:
                _copy(tree, work / TREE)
                self._keep(tree.manifest, work)
            finally:
                _remove(work)
        return False

    def _work(self, name: str) -> Path:
        """A directory of one's own. Whoever holds the lock of the name is the only one at work on it."""
        for stale in (self.root / "tmp").glob(f"{name}.*"):
            _remove(stale)
        return Path(tempfile.mkdtemp(prefix=f"{name}.", dir=self.root / "tmp"))

    def _keep(self, manifest: Manifest, work: Path) -> None:
        """Write the record beside the tree, and put both into the store at once."""
        whole = work / "whole"
        whole.mkdir()
        (work / TREE).rename(whole / TREE)
        _write_record(whole, manifest)
        atomic.sync_all(whole)  # thousands of files
        atomic.put(whole, self.tree(manifest.key).parent)

    def stored(self, key: str) -> Manifest | None:
        """The manifest of a tree that is in the store as it should be; None where it is not."""
        place = self.tree(key).parent
        try:
            record = json.loads((place / RECORD).read_bytes())
            manifest = Manifest.from_rows(record["entries"])
            known = record["looked"]
            if record["schema"] != SCHEMA or manifest.key != key:
                return None
        except (OSError, ValueError, KeyError, TypeError):
            return None
        looks = _looks(place / TREE)
        if looks is None or looks == known:
            return manifest if looks is not None else None
        return self._read_again(place, manifest)

    def _read_again(self, place: Path, manifest: Manifest) -> Manifest | None:
        """The manifest where files look otherwise than remembered and are right: a store that was copied."""
        if not is_right(place / TREE, manifest):
            return None
        with suppress(OSError):  # where it cannot be written, they are read again next time
            _write_record(place, manifest)
        return manifest


def unpacked_to(tree: Path, archive: Path, work: Path, environment: Mapping[str, str]) -> Manifest:
    """What an archive holds, in an empty directory; errors as of `Shelf.unpacked`. `work` may be written too."""
    bound = limits(environment)
    with Pool() as pool, members(archive, Decompressor(pool.run, environment, work, bound.size).unzstd) as found:
        return unpack(found, tree, bound)


def is_right(place: Path, manifest: Manifest) -> bool:
    """Whether a tree holds what its manifest says: every file is read."""
    try:
        return directory.in_place(place, Limits(files=len(manifest.entries), size=manifest.size)) == manifest
    except (OSError, TreeError):
        return False


def _looks(place: Path) -> dict[str, Json] | None:
    """What changes with any change of a file, without reading it; ctime cannot be set. None where it is not there."""
    try:
        return {
            path: [state.st_mode, state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns]
            if not stat.S_ISDIR(state.st_mode)
            else state.st_mode
            for path, state in directory.below(str(place))
        }
    except OSError:
        return None


def _write_record(whole: Path, manifest: Manifest) -> None:
    record = {"schema": SCHEMA, "looked": _looks(whole / TREE), "entries": manifest.rows()}
    atomic.write(whole / RECORD, json.dumps(record, separators=(",", ":")))


def _copy(tree: Tree, target: Path) -> None:
    """Write what the manifest says, from the tree's place, each file checked."""
    target.mkdir()
    tally = Tally(Limits(len(tree.manifest.entries), tree.manifest.size))
    for path, entry in tree.manifest.entries.items():
        place = f"{target}/{path}"
        if entry.kind == FILE:
            try:
                with (tree.place / path).open("rb", buffering=0) as source, create(place) as written:
                    digest, _ = copied(source, written, tally)
            except (FileNotFoundError, NotADirectoryError, TreeError):
                digest = ""
            if digest != entry.content:
                raise TreeError(f"{tree.place}/{path} is not what it was when it was first read", "run it again")
            settle(place, executable=entry.executable)
        elif entry.kind == LINK:
            os.symlink(entry.content, place)  # noqa: PTH211
        else:
            os.mkdir(place)  # noqa: PTH102


def _remove(place: Path) -> None:
    shutil.rmtree(place, ignore_errors=True)
