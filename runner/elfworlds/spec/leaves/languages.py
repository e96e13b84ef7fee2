"""The languages that objects are written in, and the suffixes that tell them."""

from __future__ import annotations

import posixpath

SUFFIXES = {
    ".c": "c",
    ".cc": "c++",
    ".cpp": "c++",
    ".cxx": "c++",
    ".C": "c++",
    ".s": "assembly",
    ".S": "assembly",
    ".rs": "rust",
}
INLINE = {"c": ".c", "c++": ".cc", "assembly": ".S", "rust": ".rs"}
LANGUAGES = tuple(INLINE)


def of_source(path: str) -> str | None:
    """The language that a file's name tells; None where it tells none."""
    return SUFFIXES.get(posixpath.splitext(path)[1])
