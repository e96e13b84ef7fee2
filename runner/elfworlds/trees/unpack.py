"""Members of archives → a tree on the disk: files first, then links, so that no file is ever written through a link."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

from elfworlds.trees.manifest import DIRECTORY, FILE, LINK, Entry, Manifest, Tally, TreeError, utf8
from elfworlds.trees.members import AGAIN

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from typing import BinaryIO, Protocol

    from elfworlds.trees.manifest import Limits
    from elfworlds.trees.members import Member

    class Readable(Protocol):
        def read(self, size: int, /) -> bytes: ...


CHUNK = 1 << 20
MODES = {True: 0o555, False: 0o444}
TIME = 1  # of every file, as in the Nix store: it would differ with who unpacked the tree


def unpack(members: Iterable[Member], tree: Path, limits: Limits, *, rooted: bool = False) -> Manifest:
    """Write members into an empty directory; the manifest of what is there then.

    Args:
        members: what is written.
        tree: the directory.
        limits: how much they may be.
        rooted: whether the tree is seen as `/`, as of `Manifest.of`.

    Raises:
        TreeError: they make no tree, or one that is too large.
        OSError: it cannot be written.
    """
    entries: dict[str, Entry] = {}
    tally = Tally(limits)
    for member in members:
        if member.path:
            tally.file()
            _take(member, tree, entries, tally)
    manifest = Manifest.of(entries, rooted=rooted)
    for path, entry in manifest.entries.items():
        if entry.kind == LINK:
            _link(tree, path, entry.content)
    return manifest


def _take(member: Member, tree: Path, entries: dict[str, Entry], tally: Tally) -> None:
    """A member as an entry; a link is made later."""
    path = utf8(member.path)
    before = entries.get(path)
    entry = _entry(member, tree, entries, tally) if before is None or member.kind == DIRECTORY else None
    if before is not None and before != entry:
        raise TreeError(f"it holds {path!r:.200} twice")
    if entry is not None:
        entries[path] = entry


def _entry(member: Member, tree: Path, entries: dict[str, Entry], tally: Tally) -> Entry:
    place = f"{tree}/{member.path}"
    try:
        if member.kind == LINK:
            return Entry(LINK, utf8(member.target))
        if member.kind == DIRECTORY:
            os.makedirs(place, exist_ok=True)  # noqa: PTH103  # a Path for each of 30000 files takes its time
            return Entry(DIRECTORY)
        os.makedirs(os.path.dirname(place), exist_ok=True)  # noqa: PTH103, PTH120
        if member.kind == AGAIN:
            return _again(member, place, tree, entries)
        if member.data is None:
            raise TreeError(f"it holds no data for {member.path!r:.200}")
        with member.data() as source, create(place) as target:
            digest, size = copied(source, target, tally)
        settle(place, executable=member.executable)
        return Entry(FILE, digest, member.executable, size)
    except (FileExistsError, NotADirectoryError):
        raise TreeError(f"it holds {member.path!r:.200} twice, or files behind a file") from None


def _again(member: Member, place: str, tree: Path, entries: dict[str, Entry]) -> Entry:
    first = entries.get(member.target)
    if first is None or first.kind != FILE:
        raise TreeError(f"it holds a second name of no file: {member.path!r:.200}")
    os.link(f"{tree}/{member.target}", place)
    return first


def _link(tree: Path, path: str, target: str) -> None:
    place = f"{tree}/{path}"
    os.makedirs(os.path.dirname(place), exist_ok=True)  # noqa: PTH103, PTH120
    os.symlink(target, place)  # noqa: PTH211


def create(place: str) -> BinaryIO:
    """A new file to write to; nothing is there, not even a link.

    Raises:
        FileExistsError: something is there.
    """
    return os.fdopen(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644), "wb", buffering=0)


def copied(source: Readable, target: BinaryIO, tally: Tally) -> tuple[str, int]:
    """Copy a file; its sha256 and its size."""
    digest, size = hashlib.sha256(), 0
    while chunk := source.read(CHUNK):
        tally.add(len(chunk))
        digest.update(chunk)
        size += len(chunk)
        target.write(chunk)
    return digest.hexdigest(), size


def settle(place: str, *, executable: bool) -> None:
    """Give a file the mode and the time that every file of a tree has."""
    os.utime(place, (TIME, TIME))
    os.chmod(place, MODES[executable])  # noqa: PTH101
