"""An entry of a store as a value: packed on one machine, checked and put at the same path on another."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from elfworlds import atomic, elf
from elfworlds.locking import locked
from elfworlds.store import manifest
from elfworlds.store.entries import OBJECTS, begin
from elfworlds.store.verify import why_damaged
from elfworlds.trees.shelf import RECORD

if TYPE_CHECKING:
    from collections.abc import Iterator


class WrongParcelError(Exception):
    """What came is not the entry that was asked for; the message says why."""


@dataclass(frozen=True, slots=True)
class Packed:
    """What lies at a path of an entry.

    Attributes:
        path: below the entry.
        link: what a symbolic link holds; None for a file.
        mode: permission bits of a file.
    """

    path: str
    data: bytes = b""
    mode: int = 0
    link: str | None = None


@dataclass(frozen=True, slots=True)
class Parcel:
    """An entry: its key, its empty and other directories, and all that lies in them."""

    key: str
    directories: tuple[str, ...]
    contents: tuple[Packed, ...]


def pack(root: Path, key: str) -> Parcel:
    """The entry of a key.

    Raises:
        OSError: it is not there, or cannot be read.
    """
    top = root / OBJECTS / key
    top.stat()
    directories: list[str] = []
    contents: list[Packed] = []
    for place, names, files in os.walk(top):
        below = Path(place)
        for name in sorted((*names, *files)):
            path = below / name
            where = path.relative_to(top).as_posix()
            if path.is_symlink():
                contents.append(Packed(where, link=str(path.readlink())))
            elif name in names:
                directories.append(where)
            else:
                contents.append(Packed(where, path.read_bytes(), path.stat().st_mode & 0o777))
    return Parcel(key, tuple(directories), tuple(contents))


def has(root: Path, key: str, sha256: str) -> bool:
    """Whether a store has the entry, undamaged; `sha256` is the object's, empty for a tree."""
    place = root / OBJECTS / key
    return place.is_dir() and not _why_wrong(place, sha256)


def put(root: Path, parcel: Parcel, key: str, sha256: str) -> None:
    """Have an entry in a store: it is laid out beside it, read again, and only then gets its name.

    Args:
        root: the store.
        parcel: the entry.
        key: the one that was asked for.
        sha256: of the object, as whoever built it says; empty for a tree, whose key digests all of it.

    Raises:
        WrongParcelError: it is another entry, or not what its digests say.
        OSError: the store cannot be written.
    """
    if parcel.key != key:
        raise WrongParcelError(f"an entry {parcel.key} was sent for {key}")
    begin(root)
    with locked(root / "locks" / key):
        if has(root, key, sha256):
            return
        work = Path(tempfile.mkdtemp(prefix=f"{key}.", dir=root / "tmp"))
        try:
            _lay_out(parcel, work / key)
            if why := _why_wrong(work / key, sha256) or _why_other_facts(work / key):
                raise WrongParcelError(f"{key}: {why}")
            atomic.put(work / key, root / OBJECTS / key)
        finally:
            shutil.rmtree(work, ignore_errors=True)


def _lay_out(parcel: Parcel, top: Path) -> None:
    """Directories, then files, and links last, so that nothing is written through a link."""
    for path in ("", *_inside(parcel.directories)):
        (top / path).mkdir()
    for packed in sorted(parcel.contents, key=lambda packed: packed.link is not None):
        place = top / next(_inside((packed.path,)))
        if packed.link is not None:
            place.symlink_to(packed.link)
        else:
            with place.open("xb") as file:
                file.write(packed.data)
            place.chmod(packed.mode & 0o777)


def _inside(paths: tuple[str, ...]) -> Iterator[str]:
    """Paths, none of which leads out of where they are laid out."""
    for path in paths:
        pure = PurePosixPath(path)
        if pure.is_absolute() or ".." in pure.parts or not pure.parts:
            raise WrongParcelError(f"`{path}` leads out of the entry")
        yield path


def _why_wrong(place: Path, sha256: str) -> str:
    """Why an entry is not the one that was meant; empty where it is."""
    if why := why_damaged(place):
        return why
    if (place / RECORD).exists():
        return "" if not sha256 else "is a tree, and no object"
    known = manifest.read((place / manifest.FILE).read_bytes())
    return "" if known["sha256"] == sha256 else f"its sha256 is {known['sha256']}, and the runner's is {sha256}"


def _why_other_facts(place: Path) -> str:
    """Whether an object has other facts than whoever built it says; of a tree there are none."""
    if (place / RECORD).exists():
        return ""
    known = manifest.read((place / manifest.FILE).read_bytes())
    request = known.get("request")
    name = str(request.get("filename")) if isinstance(request, dict) else ""
    try:
        same = _canonical(elf.read(place / name).facts()) == _canonical(known.get("facts"))
    except (OSError, elf.NotElfError) as error:
        return f"{name}: {error}"
    return "" if same else f"{name} has other facts than its {manifest.FILE} says"


def _canonical(facts: object) -> str:
    return json.dumps(facts, sort_keys=True)
