"""What a tree holds, path by path: the same wherever it lies and whoever owns it; pure.

Of a file's mode it counts whether the file can be executed, as in the Nix store: the rest differs with who unpacked it.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from elfworlds.jsondata import Json

FORMAT = "elfworlds-tree-1"
KEY_DIGITS = 40
MOST_LINKS = 40  # as many as Linux follows
MOST_STEPS = 4096  # as long as its paths are
LEADS_OUT = "make it relative, with its target in the tree; or take a directory in the tree that is without it"
FILE, LINK, DIRECTORY = "file", "link", "directory"


class TreeError(Exception):
    """A tree that cannot be taken; the message says why, `hint` what would be right."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class OutsideError(Exception):
    """A path that leads out of its tree."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What lies at a path.

    Attributes:
        kind: `file`, `link` or `directory`.
        content: a file's sha256, or a link's target.
        size: bytes of a file.
    """

    kind: str
    content: str = ""
    executable: bool = False
    size: int = 0


@dataclass(frozen=True)
class Manifest:
    """Path → what lies there, in order of the paths; every directory but the tree's own has an entry."""

    entries: Mapping[str, Entry] = field(repr=False)

    @staticmethod
    def of(entries: Mapping[str, Entry], *, rooted: bool = False) -> Manifest:
        """With the directories that paths alone name.

        Args:
            entries: path → what lies there.
            rooted: whether the tree is seen as `/`, above which there is nothing (path_resolution(7)): a link that
                climbs higher leads on from there, and becomes one that leads to the same without.

        Raises:
            TreeError: a path lies behind something else than a directory, or a link leads out.
        """
        parents = {parent for path in entries for parent in parents_of(path)}
        for parent in parents:
            if entries.get(parent, Entry(DIRECTORY)).kind != DIRECTORY:
                raise TreeError(f"files lie behind {parent!r:.200}, which is no directory")
        whole = {**entries, **{parent: Entry(DIRECTORY) for parent in parents}}
        manifest = Manifest({path: whole[path] for path in sorted(whole)})
        if rooted:
            manifest = Manifest({path: manifest._kept_within(path) for path in manifest.entries})
        for path, entry in manifest.entries.items():
            if entry.kind == LINK and manifest.leads_out(path):
                raise TreeError(f"the link {path!r:.200} leads out of the tree, to {entry.content!r:.200}", LEADS_OUT)
        return manifest

    def _kept_within(self, path: str) -> Entry:
        """What lies at a path, where a link that climbs above the top leads to the same without."""
        entry = self.entries[path]
        if entry.kind != LINK or entry.content.startswith("/") or not self.leads_out(path):
            return entry
        return replace(
            entry, content=posixpath.relpath(f"/{self.followed(path, rooted=True)}", f"/{posixpath.dirname(path)}")
        )

    @cached_property
    def key(self) -> str:
        """The digest of paths, links, bytes, and which files can be executed."""
        rows = [[path, entry.kind, entry.executable, entry.content] for path, entry in self.entries.items()]
        text = json.dumps([FORMAT, rows], separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:KEY_DIGITS]

    @property
    def files(self) -> int:
        return sum(entry.kind == FILE for entry in self.entries.values())

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(entry.size for entry in self.entries.values())

    def leads_out(self, path: str) -> bool:
        """Whether a link leads out of the tree, so that it means another file wherever the tree lies."""
        try:
            self.followed(path)
        except OutsideError:
            return True
        return False

    def real(self, path: str) -> str | None:
        """The path of the file to which a path leads, through links too; None where there is none."""
        at = self.followed(path)
        return at if at in self.entries and self.entries[at].kind == FILE else None

    def followed(self, path: str, *, rooted: bool = False) -> str:
        """The path to which a path leads, as the kernel follows links: of something, of nothing, of an endless link.

        Args:
            path: below the tree.
            rooted: whether `..` at the top of the tree stays there, as at `/`.

        Raises:
            OutsideError: it leads out of the tree.
        """
        left, at = path.split("/"), ""
        for _ in range(MOST_LINKS * len(left) + MOST_STEPS):
            if not left:
                return at
            step = left.pop(0)
            if step == ".." and not at and not rooted:
                raise OutsideError
            at = posixpath.dirname(at) if step == ".." else posixpath.join(at, step) if step not in ("", ".") else at
            entry = self.entries.get(at)
            if entry is not None and entry.kind == LINK:
                if not entry.content or entry.content.startswith("/") or "\0" in entry.content:
                    raise OutsideError
                left = [*entry.content.split("/"), *left]
                at = posixpath.dirname(at)
        return path

    @staticmethod
    def in_place(entries: Mapping[str, Entry]) -> Manifest:
        """Of a tree that is used where it lies, so that its links may lead out; directories have entries already."""
        return Manifest({path: entries[path] for path in sorted(entries)})

    def rows(self) -> list[Json]:
        """The entries as JSON data, as `from_rows` reads them."""
        return [[path, entry.kind, entry.content, entry.executable, entry.size] for path, entry in self.entries.items()]

    @staticmethod
    def from_rows(rows: Iterable[tuple[str, str, str, bool, int]]) -> Manifest:
        """Entries of a record of our own."""
        return Manifest(
            {path: Entry(kind, content, executable, size) for path, kind, content, executable, size in rows}
        )


def parents_of(path: str) -> Iterator[str]:
    """The directories above a path, without the tree's own."""
    while path := posixpath.dirname(path):
        yield path


def inside(name: str) -> str:
    """A path in an archive as one below the tree; empty for the tree itself.

    Raises:
        TreeError: it leads out.
    """
    parts = [step for step in name.split("/") if step not in ("", ".")]
    if name.startswith("/") or ".." in parts or "\0" in name:
        raise TreeError(f"it holds a file outside of its own directory: {name!r:.200}")
    return "/".join(parts)


def utf8(path: str) -> str:
    """The path.

    Raises:
        TreeError: its bytes are not UTF-8.
    """
    try:
        path.encode()
    except UnicodeEncodeError:
        raise TreeError(f"it holds a name that is not UTF-8: {path!r:.200}") from None
    return path


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a tree may hold."""

    files: int = 200_000
    size: int = 4 << 30


class Tally:
    """What a tree holds so far."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.files = 0
        self.size = 0

    def file(self) -> None:
        """One entry more.

        Raises:
            TreeError: that is one too many.
        """
        self.files += 1
        if self.files > self.limits.files:
            raise TreeError(f"it holds more than {self.limits.files} files", "name a smaller directory")

    def add(self, size: int) -> None:
        """Some bytes more.

        Raises:
            TreeError: those are too many.
        """
        self.size += size
        if self.size > self.limits.size:
            hint = f"name a smaller directory, or set {VARIABLE} to more bytes"
            raise TreeError(f"its files have more than {self.limits.size} bytes", hint)


VARIABLE = "ELFWORLDS_TREE_BYTES"


def limits(environment: Mapping[str, str]) -> Limits:
    """The limits, as the environment has raised or lowered them.

    Raises:
        TreeError: the variable is no number of bytes.
    """
    text = environment.get(VARIABLE, "")
    if text and not (text.isascii() and text.isdigit()):
        raise TreeError(f"{VARIABLE} is a number of bytes, not `{text[:80]}`")
    return Limits(size=int(text)) if text else Limits()


def told(files: int, size: int) -> str:
    """How much that is, in words."""
    units = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1000, "kB")]
    unit, name = next(((unit, name) for unit, name in units if size >= unit), (1, "bytes"))
    return f"{files} file{'' if files == 1 else 's'}, {size / unit:.3g} {name}"
