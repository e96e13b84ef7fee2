"""What a search of a trace came to, as far as its own lines say."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from elfworlds.traces.ldlines import Destroyed, MapMade, OpenReturning, Started

if TYPE_CHECKING:
    from elfworlds.traces.ldlines import Line
    from elfworlds.traces.ldtrace import Search, TriedFile

_LOADER = ("ld-linux", "ld64.so", "ld.so")  # sonames of the psABIs


def marked(lines: list[tuple[int, Line]]) -> list[tuple[int, Line]]:
    """The lines, with `opened` set in each link map of LM_ID_BASE where later lines show that dlopen made it."""
    later: dict[int, set[str]] = {}
    for at in range(len(lines) - 1, -1, -1):
        pid, line = lines[at]
        opened = later.setdefault(pid, set())
        if isinstance(line, Started):
            opened.clear()
        elif isinstance(line, OpenReturning | Destroyed) and line.lmid == 0:
            opened.add(line.path)
        elif isinstance(line, MapMade) and line.lmid == 0 and line.name in opened:
            lines[at] = pid, replace(line, opened=True)
    return lines


def is_loader(path: str) -> bool:
    return posixpath.basename(path).startswith(_LOADER)


@dataclass(slots=True)
class Wanted:
    """The search that is under way: its place in the story, and what was tried."""

    at: int
    search: Search
    tried: list[TriedFile] = field(default_factory=list)
    rule: str = "default"
    last: str = ""
    optional: bool = False

    @property
    def path(self) -> str | None:
        """What was tried last."""
        return self.tried[-1].path if self.tried else None

    @property
    def left_some(self) -> str | None:
        """The file tried last; None where it may have been the last of all places, and tried in vain."""
        if not self.tried or "/" in self.search.name:
            return None
        tried = self.tried[-1]
        over = self.rule == "default" and posixpath.dirname(tried.path) == self.last
        return None if over or tried.rule != self.rule else tried.path
