"""The dynamic loader's own error messages (glibc: elf/dl-load.c, elf/dl-error.c; musl: ldso/dynlink.c)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# A name begins after a blank or a colon and is a path at the most: a megabyte without a blank is read once.
_GLIBC = re.compile(r"(?<![^\s:])(?P<name>[^\s:]{1,4096}): cannot open shared object file: No such file or directory")
_MUSL = re.compile(
    r"Error loading shared library (?P<name>[^\s:]{1,4096}): No such file or directory"
    r"(?: \(needed by (?P<by>[^)]{1,4096})\))?"
)
_VERSION = re.compile(
    r"(?<![^\s:])(?P<file>[^\s:]{1,4096}): version `(?P<version>[^'\s]{1,255})' not found"
    r" \(required by (?P<by>[^)]{1,4096})\)"
)


@dataclass(frozen=True, slots=True)
class NotFound:
    """A name for which the loader found no file, and the path of the object that needs it where it says so."""

    name: str
    needed_by: str | None


def not_found(text: str) -> Iterator[NotFound]:
    """Every object that the loader says it could not find, in order, each once."""
    seen = set()
    for pattern in (_GLIBC, _MUSL):
        for match in pattern.finditer(text):
            missing = NotFound(match["name"], match.groupdict().get("by"))
            if missing not in seen:
                seen.add(missing)
                yield missing


@dataclass(frozen=True, slots=True)
class VersionNotFound:
    """A version that an object requires of a file that has no such version (elf/dl-version.c); both are paths."""

    version: str
    file: str
    required_by: str


def versions_not_found(text: str) -> Iterator[VersionNotFound]:
    """Every version that the loader says a file does not have, in order, each once."""
    found = (VersionNotFound(match["version"], match["file"], match["by"]) for match in _VERSION.finditer(text))
    yield from dict.fromkeys(found)
