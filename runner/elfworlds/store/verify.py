"""Whether every entry of a store is what it was when it was made: every file is read."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from elfworlds.locking import locked
from elfworlds.store import manifest
from elfworlds.store.entries import OBJECTS, entries
from elfworlds.trees.manifest import Manifest
from elfworlds.trees.shelf import RECORD, TREE, is_right

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def damaged(root: Path) -> Iterator[tuple[str, str]]:
    """Each entry that is not what it was: where it lies below the store, and what is wrong with it."""
    for entry in entries(root):
        if why_damaged(entry.path):
            with locked(root / "locks" / entry.key):  # it may have been made anew meanwhile
                why = why_damaged(entry.path)
            if why:
                yield f"{OBJECTS}/{entry.key}", why
    for path in sorted((root / "debs").glob("*.deb")):
        if _digest(path) != path.stem:
            yield f"debs/{path.name}", "is not the package that its name says"


def why_damaged(path: Path) -> str:
    """What is wrong with an entry; empty where nothing is, or where it is gone."""
    if not path.exists():
        return ""
    return _why_no_tree(path) if (path / RECORD).exists() else _why_no_object(path)


def _why_no_object(path: Path) -> str:
    try:
        known = manifest.read((path / manifest.FILE).read_bytes())
    except (OSError, ValueError) as error:
        return f"{manifest.FILE}: {error}"
    request = known.get("request")
    if known.get("key") != path.name or not isinstance(request, dict):
        return f"{manifest.FILE} is another object's"
    name = str(request.get("filename"))
    if _digest(path / name) != known.get("sha256"):
        return f"{name} is not what was built"
    links = request.get("links")
    wrong = [str(link) for link in links if _target(path / str(link)) != name] if isinstance(links, list) else []
    return f"{wrong[0]} does not lead to {name}" if wrong else ""


def _why_no_tree(path: Path) -> str:
    try:
        tree = Manifest.from_rows(json.loads((path / RECORD).read_bytes())["entries"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        return f"{RECORD}: {error}"
    if tree.key != path.name:
        return f"{RECORD} is another tree's"
    return "" if is_right(path / TREE, tree) else "a file of the tree is not what it was"


def _target(path: Path) -> str:
    try:
        return str(path.readlink())
    except OSError:
        return ""


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""
