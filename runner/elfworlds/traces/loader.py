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
