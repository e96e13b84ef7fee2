"""The headers that generated programs and observed objects include: shipped with the package, C beside this file."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from elfworlds.driver.called import called

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

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
    """The text with what it calls of our headers, in place of the first #include of one."""
    needed = [name for name in dict.fromkeys(_OWN.findall(text)) if name in HEADERS]
    if not needed:
        return text
    body = called(_OWN.sub("", text), [source(name) for name in _in_order(needed)])
    first, *_ = (match.start() for match in _OWN.finditer(text) if match[1] in HEADERS)
    keep: Callable[[re.Match[str]], str] = lambda match: "" if match[1] in HEADERS else match[0]  # noqa: E731
    return f"{_OWN.sub(keep, text[:first])}{body}\n{_OWN.sub(keep, text[first:])}"


def _in_order(names: Iterable[str]) -> list[str]:
    """Each header after those that it includes."""
    ordered: dict[str, None] = {}
    for name in names:
        ordered |= dict.fromkeys(_in_order(_OWN.findall(source(name))))
        ordered[name] = None
    return list(ordered)
