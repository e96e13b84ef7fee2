"""The languages of objects, and the suffixes of their sources."""

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
    """The language of a file, by its suffix; None for an unknown suffix."""
    return SUFFIXES.get(posixpath.splitext(path)[1])
