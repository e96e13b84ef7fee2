"""Source files of an experiment: found, read once, digested; what they read found by reading them.

A source is looked up beside the experiment, then in csrc/ of the project. Its place below either is its
logical path, and where it lies while it is compiled; nothing else lies there.
"""

from __future__ import annotations

import errno
import hashlib
import os
import posixpath
import re
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from elfworlds import driver, paths, reading
from elfworlds.spec.leaves.languages import SUFFIXES, of_source
from elfworlds.yamltext import closest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

INCLUDE = re.compile(rb'^[ \t]*#[ \t]*include[ \t]*["<]([^">\n]+)[">]', re.MULTILINE)
ASSEMBLED = re.compile(rb'^[ \t]*\.(?:include|incbin)[ \t]+"([^"\n]+)"', re.MULTILINE)
MODULE = re.compile(rb"\bmod\s+(?:r#)?([A-Za-z_][A-Za-z0-9_]*)\s*;")
MODULE_PATH = re.compile(rb'#\[\s*path\s*=\s*"([^"\n\\]+)"\s*\]')
RUST_INCLUDE = re.compile(rb'\binclude(?:_str|_bytes)?!\s*[(\[{]\s*"([^"\n\\]+)"')
INCLUDE_DIRECTORY = "include"
MOST_BYTES = 256 << 20
MOST_ASKED = 20_000
MOST_NAMES = 1000
SMALLER = "a large file can be a `prebuilt` object, or a file of a tree"


@dataclass(frozen=True, slots=True)
class File:
    """One input of a compilation: its place in the build directory, and its bytes."""

    path: str
    data: bytes = field(repr=False)
    sha256: str

    @staticmethod
    def of(path: str, data: bytes) -> File:
        return File(path, data, hashlib.sha256(data).hexdigest())


@dataclass(frozen=True, slots=True)
class Project:
    """Where sources are looked up, and where results go.

    Attributes:
        root: the nearest directory with a csrc/, from the experiment upwards, else from `cwd`; else the nearest
            one with an experiments/; else the experiment's own directory. No source may lie outside it and the
            experiment's directory.
        beside: the experiment's directory.
    """

    root: Path
    beside: Path

    @property
    def places(self) -> tuple[Path, ...]:
        return (self.beside, self.root / "csrc")

    @staticmethod
    def of(experiment: Path, cwd: Path) -> Project:
        beside = experiment.resolve().parent
        for mark in ("csrc", "experiments"):
            for start in (beside, cwd.resolve()):
                for directory in (start, *start.parents):
                    if (directory / mark).is_dir():
                        return Project(directory, beside)
        return Project(beside, beside)


class SourceError(Exception):
    """A source that cannot be used; the message says why, `hint` what would be right, `key` which key it is."""

    def __init__(self, message: str, hint: str | None = None, key: str = "") -> None:
        super().__init__(message)
        self.hint = hint
        self.key = key


class Reader:
    """Reads each file once."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.files: dict[str, File] = {}
        self.asked: set[str] = set()
        self.size = 0

    def closure(self, path: str, *, rust: bool) -> tuple[str, ...]:
        start = self.read(posixpath.normpath(path), required=True)
        return self.follow(start, rust=rust) if start else ()

    def inline(self, path: str, code: str) -> tuple[str, ...]:
        return self.follow(File.of(path, code.encode()), rust=of_source(path) == "rust")[1:]

    def follow(self, start: File, *, rust: bool) -> tuple[str, ...]:
        """The file and all that it includes, in a stable order."""
        reached: dict[str, None] = {}
        waiting = [start]
        while waiting:
            file = waiting.pop(0)
            if file.path in reached:
                continue
            reached[file.path] = None
            choices = _rust(file, root=file is start) if rust else _included(file)
            waiting += filter(None, (self.first(paths) for paths in choices))
        return tuple(reached)

    def first(self, paths: tuple[str, ...]) -> File | None:
        """The first of these files that is there."""
        files = (self.read(posixpath.normpath(path), required=False) for path in paths)
        return next(filter(None, files), None)

    def read(self, path: str, *, required: bool) -> File | None:
        if path in self.files:
            return self.files[path]
        self.asked.add(path)
        if len(self.asked) > MOST_ASKED:
            raise SourceError(f"more than {MOST_ASKED} files are included", "name fewer, or include fewer")
        try:
            place = self.find(path)
        except SourceError:
            if required:
                raise
            return self.shipped(path)
        self.files[path] = File.of(path, self.bounded(path, place))
        return self.files[path]

    def bounded(self, path: str, place: Path) -> bytes:
        """The bytes of a file, where those of all files together are not too many."""
        try:
            data = reading.read(place)
        except OSError as error:
            raise SourceError(f"`{path}`: {error.strerror}", SMALLER if error.errno == errno.EFBIG else None) from None
        self.size += len(data)
        if self.size > MOST_BYTES:
            raise SourceError(f"`{path}` and the files before it have more than {MOST_BYTES >> 20} MiB", SMALLER)
        return data

    def shipped(self, path: str) -> File | None:
        """A header that comes with elfworlds, such as observe.h; one of the project's own stands before it."""
        directory, name = posixpath.split(path)
        if directory == INCLUDE_DIRECTORY and name in driver.HEADERS:
            self.files[path] = File.of(path, driver.source(name).encode())
        return self.files.get(path)

    def find(self, path: str) -> Path:
        if path.startswith(("/", "../")) or path == "..":
            raise SourceError(f"`{path}` lies outside the project", "name a file beside the experiment or in csrc/")
        for place in self.project.places:
            candidate = place / path
            if not paths.why_unreadable(candidate):
                return self.inside(path, candidate)
        raise SourceError(f"no source `{path}` beside the experiment or in csrc/", closest(path, self.all_names()))

    def inside(self, path: str, candidate: Path) -> Path:
        real = candidate.resolve()
        if not any(real.is_relative_to(directory.resolve()) for directory in (self.project.root, self.project.beside)):
            raise SourceError(f"`{path}` is a link that leads outside the project", "copy the file into csrc/")
        return real

    def all_names(self) -> list[str]:
        """What could have been meant: of a large csrc/ not all."""
        csrc = self.project.root / "csrc"
        below = ((directory, files) for directory, _, files in islice(os.walk(csrc), MOST_NAMES))
        paths = (os.path.relpath(os.path.join(directory, name), csrc) for directory, files in below for name in files)  # noqa: PTH118  # texts all the way
        return sorted(path for path in islice(paths, MOST_NAMES) if path.endswith((*SUFFIXES, ".h")))


def _included(file: File) -> Iterator[tuple[str, ...]]:
    """For each file that the preprocessor or the assembler would read, where it could lie, the first first."""
    beside = posixpath.dirname(file.path)
    for match in INCLUDE.finditer(file.data):
        yield tuple(posixpath.join(base, _name(match)) for base in (beside, INCLUDE_DIRECTORY))
    for match in ASSEMBLED.finditer(file.data) if of_source(file.path) == "assembly" else ():
        yield tuple(posixpath.join(base, _name(match)) for base in ("", INCLUDE_DIRECTORY))


def _rust(file: File, *, root: bool) -> Iterator[tuple[str, ...]]:
    """For each file that rustc would read, where it could lie (Rust reference, "Module source filenames")."""
    beside, name = posixpath.split(file.path)
    own = () if root or name == "mod.rs" else (posixpath.join(beside, name.removesuffix(".rs")),)
    for match in MODULE.finditer(file.data):
        module = _name(match)
        yield tuple(
            f"{base}/{file_name}"
            for base in (*own, beside or ".")
            for file_name in (f"{module}.rs", f"{module}/mod.rs")
        )
    for pattern in (MODULE_PATH, RUST_INCLUDE):
        for match in pattern.finditer(file.data):
            yield (posixpath.join(beside, _name(match)),)


def _name(match: re.Match[bytes]) -> str:
    return match[1].decode("utf-8", "replace")
