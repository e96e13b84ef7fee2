"""The headers that generated programs and observed objects include: shipped with the package, C beside this file."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

DIRECTORY = Path(__file__).parent / "c"
HEADERS = tuple(sorted(header.name for header in DIRECTORY.glob("*.h")))
_OWN = re.compile(r'^#include "([a-z]+\.h)"\n', re.MULTILINE)


@cache
def source(name: str) -> str:
    """A header's text."""
    return (DIRECTORY / name).read_text()


def included(text: str) -> Iterator[str]:
    """Our own headers that a text includes, each followed by what it includes in turn."""
    for name in _OWN.findall(text):
        if name in HEADERS:
            yield name
            yield from included(source(name))


def headers(text: str) -> dict[str, bytes]:
    """Name → bytes of all of our headers that a text needs."""
    return {name: source(name).encode() for name in sorted(set(included(text)))}


def inlined(text: str) -> str:
    """The text with our headers in it, each where it is first included."""
    done: set[str] = set()

    def put(include: re.Match[str]) -> str:
        name = include[1]
        if name not in HEADERS:
            return include[0]
        if name in done:
            return ""
        done.add(name)
        return f"/* ---- {name} ---- */\n{_OWN.sub(put, source(name))}/* ---- end of {name} ---- */\n"

    return _OWN.sub(put, text)
