"""Trees as Nix is given them: where they lie, and the digest of their NAR, by which the store has them.

nix/trees/<key>.json   that digest, computed once for each tree, and the store path that came of it
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from elfworlds import atomic
from elfworlds.errors import BuildFailedError
from elfworlds.trees.manifest import FILE, LINK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from elfworlds.jsondata import JsonObject
    from elfworlds.trees import Entry, Tree

CHUNK = 1 << 20
WORD = 8  # bytes; every text of a NAR is filled up to a multiple


@dataclass(frozen=True, slots=True)
class TreeMemory:
    """What is known of trees in the Nix store; losing it loses time only.

    Attributes:
        root: directory of what is known of stores.
    """

    root: Path

    def given(self, tree: Tree) -> dict[str, str]:
        """A tree as nix/objects.nix reads it.

        Raises:
            BuildFailedError: what lies at its place is not what it was, or cannot be read.
        """
        if tree.stored is not None:
            return {"stored": tree.stored.out}
        known = self._known(tree)
        digest = known.get("sha256")
        if not isinstance(digest, str):
            digest = nar_sha256(tree)
            self.remember(tree, digest, "")
        return {"path": str(tree.place), "sha256": digest}

    def out(self, tree: Tree) -> str:
        """The store path that a tree had; empty where that is not known."""
        return str(self._known(tree).get("out") or "")

    def remember(self, tree: Tree, digest: str, out: str) -> None:
        try:
            atomic.write(self._file(tree), json.dumps({"sha256": digest, "out": out}))
        except OSError:
            return  # it will be computed again next time

    def _known(self, tree: Tree) -> JsonObject:
        try:
            known = json.loads(self._file(tree).read_bytes())
        except (OSError, ValueError):
            return {}
        return known if isinstance(known, dict) else {}

    def _file(self, tree: Tree) -> Path:
        return self.root / "trees" / f"{tree.key}.json"


def nar_sha256(tree: Tree) -> str:
    """The digest of a tree's NAR; each file is checked while it is read.

    Raises:
        BuildFailedError: a file is not what it was when the tree was first read, or cannot be read.
    """
    digest = hashlib.sha256()
    try:
        for piece in _archive(tree):
            digest.update(piece)
    except OSError as error:
        raise BuildFailedError(f"{error.filename or tree.place}: {error.strerror}") from None
    return digest.hexdigest()


def _archive(tree: Tree) -> Iterator[bytes]:
    names: dict[str, list[str]] = {}
    for path in tree.manifest.entries:
        parent, _, name = path.rpartition("/")
        names.setdefault(parent, []).append(name)
    yield _text("nix-archive-1")
    yield from _directory(tree, "", lambda path: sorted(names.get(path, ()), key=str.encode))


def _directory(tree: Tree, path: str, names: Callable[[str], Iterable[str]]) -> Iterator[bytes]:
    yield _texts("(", "type", "directory")
    for name in names(path):
        inner = f"{path}/{name}" if path else name
        entry = tree.manifest.entries[inner]
        yield _texts("entry", "(", "name", name, "node")
        if entry.kind == FILE:
            yield from _file(tree.place / inner, entry)
        elif entry.kind == LINK:
            yield _texts("(", "type", "symlink", "target", entry.content, ")")
        else:
            yield from _directory(tree, inner, names)
        yield _text(")")
    yield _text(")")


def _file(place: Path, entry: Entry) -> Iterator[bytes]:
    yield _texts("(", "type", "regular", *(("executable", "") if entry.executable else ()), "contents")
    yield entry.size.to_bytes(WORD, "little")
    digest = hashlib.sha256()
    with place.open("rb", buffering=0) as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
            yield chunk
    if digest.hexdigest() != entry.content:
        raise BuildFailedError(f"{place} is not what it was when it was first read", hint="run it again")
    yield bytes(-entry.size % WORD) + _text(")")


def _texts(*texts: str) -> bytes:
    return b"".join(map(_text, texts))


def _text(text: str) -> bytes:
    data = text.encode()
    return len(data).to_bytes(WORD, "little") + data + bytes(-len(data) % WORD)
