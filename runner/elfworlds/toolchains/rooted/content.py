"""What a root holds, as one digest: of the directories that a world shows, with every name, link and file."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from elfworlds.errors import BuildFailedError
from elfworlds.sandbox import look
from elfworlds.toolchains.prober import Facts, digest, remembered

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from elfworlds.jsondata import Json
    from elfworlds.sandbox import Tree

    Member = tuple[Path, os.stat_result]


@dataclass(frozen=True, slots=True, kw_only=True)
class Content(Facts):
    """What a root was when it was read.

    Attributes:
        digest: SHA-256 of all that it holds, 64 hexadecimal digits.
    """

    digest: str


def content(root: Path, cache: Path | None) -> str:
    """The digest of what a root holds; nothing of it depends on where the root lies, nor on times and owners.

    Args:
        root: absolute.
        cache: a directory to remember in, made where it is not there, until
            something in the root changes; None for none.

    Raises:
        BuildFailedError: something in it cannot be read.
    """
    try:
        tree = look(str(root))
        members = [member for name in tree.directories for member in _below(root / name)]
        if cache is not None:
            cache.mkdir(parents=True, exist_ok=True)
        asked: list[Json] = [str(root), _signature(members)]
        return remembered(cache, "root", asked, Content, lambda: _read(root, tree, members)).digest
    except OSError as error:
        raise BuildFailedError(
            f"{error.filename or root}: {error.strerror or error}", hint="every file of a root must be readable"
        ) from None


def _signature(members: Iterable[Member]) -> str:
    """What changes whenever anything below changes; a mode is in no time of modification, but in that of the status."""
    total = hashlib.sha256()
    for path, status in members:
        facts = (status.st_mode, status.st_size, status.st_ino, status.st_mtime_ns, status.st_ctime_ns)
        total.update(b"%s %s\0" % (os.fsencode(path), repr(facts).encode()))
    return total.hexdigest()


def _read(root: Path, tree: Tree, members: Iterable[Member]) -> Content:
    total = hashlib.sha256("".join(f"{name} -> {target}\n" for name, target in tree.links).encode())
    for path, status in members:
        total.update(b"%s %o %s\0" % (os.fsencode(path.relative_to(root)), _kind(status), _held(path, status)))
    return Content(digest=total.hexdigest(), stamps={})


def _below(directory: Path) -> Iterator[Member]:
    """A directory and all below it, in the order of the names; links are not followed."""
    yield directory, directory.lstat()
    for entry in sorted(os.scandir(directory), key=lambda entry: entry.name):
        if entry.is_dir(follow_symlinks=False):
            yield from _below(Path(entry.path))
        else:
            yield Path(entry.path), entry.stat(follow_symlinks=False)


def _kind(status: os.stat_result) -> int:
    """The kind, and of a file whether its owner may execute it: all that an archive in the cache keeps of its mode."""
    return stat.S_IFMT(status.st_mode) | (status.st_mode & stat.S_IXUSR if stat.S_ISREG(status.st_mode) else 0)


def _held(path: Path, status: os.stat_result) -> bytes:
    if stat.S_ISLNK(status.st_mode):
        return os.fsencode(path.readlink())
    return digest(path).encode() if stat.S_ISREG(status.st_mode) else b""
