"""The entries of a store: objects and trees, with what can be known of them without reading their files."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from elfworlds.store import manifest
from elfworlds.trees.shelf import RECORD

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from elfworlds.jsondata import Json

OBJECTS = "objects"
PARTS = (OBJECTS, "locks", "tmp")


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry.

    Attributes:
        path: its directory, named after its key.
        name: the file's, for an object; `tree` for a tree.
        size: bytes of all that is in it.
        used: when a build last asked for it, in seconds since the epoch.
        needs: keys of the objects that it is linked with.
        manifest: of an object; empty where that is damaged, and for a tree.
    """

    path: Path
    name: str
    size: int
    used: float
    needs: tuple[str, ...]
    manifest: Mapping[str, Json]

    @property
    def key(self) -> str:
        return self.path.name

    @property
    def is_tree(self) -> bool:
        return (self.path / RECORD).exists()


def begin(root: Path) -> None:
    """Have a store's directories."""
    for part in PARTS:
        (root / part).mkdir(parents=True, exist_ok=True)


def entry_of(directory: str, root: Path) -> str:
    """The key of the entry of a store that a directory lies in; empty where it lies elsewhere."""
    objects, place = root / OBJECTS, Path(directory)
    return place.relative_to(objects).parts[0] if place.is_relative_to(objects) else ""


def used(directory: Path) -> None:
    """An entry was asked for now."""
    with suppress(OSError):  # of somebody else: it is used all the same
        os.utime(directory)


def entries(root: Path) -> list[Entry]:
    """Every entry, in the order of the keys."""
    return [made for path in sorted((root / OBJECTS).glob("*")) if (made := entry(path)) is not None]


def entry(path: Path) -> Entry | None:
    """The entry in a directory; None where there is none any more."""
    try:
        asked = path.stat().st_mtime
        size = sum(os.lstat(os.path.join(place, name)).st_size for place, _, names in os.walk(path) for name in names)  # noqa: PTH118
    except OSError:
        return None
    known = _manifest(path)
    request = known.get("request")
    fields = request if isinstance(request, dict) else {}
    keys = tuple(str(key) for name in ("needs", "circle") for key in _listed(fields.get(name)))
    name = "tree" if (path / RECORD).exists() else str(fields.get("filename", "?"))
    return Entry(path, name, size, asked, keys, known)


def _listed(data: Json) -> list[Json]:
    return data if isinstance(data, list) else []


def _manifest(path: Path) -> dict[str, Json]:
    try:
        return manifest.read((path / manifest.FILE).read_bytes())
    except (OSError, ValueError):
        return {}


def users(every: Iterable[Entry]) -> dict[str, list[Entry]]:
    """Key → the entries that are linked with it."""
    found: dict[str, list[Entry]] = {}
    for each in every:
        for key in each.needs:
            found.setdefault(key, []).append(each)
    return found
