"""memcheck's XML (valgrind: docs/internals/xml-output-protocol4.txt) → errors and leaks."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.parsers import expat  # document types, and with them entities, are refused below

if TYPE_CHECKING:
    from collections.abc import Iterator

DEEPEST = 20  # the protocol nests five or six
LEAKS = {
    "Leak_DefinitelyLost": "definitely-lost",
    "Leak_IndirectlyLost": "indirectly-lost",
    "Leak_PossiblyLost": "possibly-lost",
    "Leak_StillReachable": "still-reachable",
}
_DIRECT = re.compile(r"[0-9,]{1,30} \(([0-9,]{1,30}) direct, [0-9,]{1,30} indirect\) bytes")


@dataclass(frozen=True, slots=True)
class Frame:
    function: str | None
    object: str | None
    file: str | None
    line: int | None


@dataclass(frozen=True, slots=True)
class Error:
    """Something that is wrong, or a record of blocks that were never freed.

    Attributes:
        kind: as the protocol names it: InvalidRead, Leak_DefinitelyLost.
        count: how many times it came.
        bytes, blocks: of a leak; what is lost by way of another block is not in it.
    """

    kind: str
    what: str
    count: int
    frames: tuple[Frame, ...]
    bytes: int
    blocks: int

    @property
    def is_leak(self) -> bool:
        return self.kind in LEAKS


@dataclass(frozen=True, slots=True)
class MemcheckReport:
    """What memcheck said.

    Attributes:
        started: whether the program began to run.
        finished: whether memcheck came to its end.
    """

    started: bool
    finished: bool
    errors: tuple[Error, ...]


@dataclass(slots=True)
class _Element:
    name: str
    texts: list[str] = field(default_factory=list)
    children: list[_Element] = field(default_factory=list)

    def text(self, name: str) -> str | None:
        return next(("".join(child.texts).strip() for child in self.children if child.name == name), None)

    def all(self, name: str) -> Iterator[_Element]:
        return (child for child in self.children if child.name == name)


class _RefusedError(Exception):
    pass


def parse(data: bytes) -> MemcheckReport:
    """Everything up to where the XML ends, is cut, stops being XML or declares a document type."""
    elements = _elements(data)
    states = [element.text("state") for element in elements if element.name == "status"]
    counts = {
        pair.text("unique"): _number(pair.text("count"))
        for element in elements
        if element.name == "errorcounts"
        for pair in element.all("pair")
    }
    return MemcheckReport(
        started="RUNNING" in states,
        finished="FINISHED" in states,
        errors=tuple(
            _error(element, counts.get(element.text("unique")) or 1) for element in elements if element.name == "error"
        ),
    )


class _Reader:
    """Keeps the whole elements right below the outermost one."""

    def __init__(self) -> None:
        self.elements: list[_Element] = []
        self._open: list[_Element] = []

    def start(self, name: str, _: dict[str, str]) -> None:
        if len(self._open) == DEEPEST:
            raise _RefusedError
        self._open.append(_Element(name))

    def text(self, piece: str) -> None:
        self._open[-1].texts.append(piece)

    def end(self, _: str) -> None:
        element = self._open.pop()
        if len(self._open) == 1:
            self.elements.append(element)
        elif self._open:
            self._open[-1].children.append(element)

    def refuse(self, *_: str | int | None) -> None:
        raise _RefusedError


def _elements(data: bytes) -> list[_Element]:
    reader = _Reader()
    parser = expat.ParserCreate()
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = reader.refuse
    with suppress(expat.ExpatError, _RefusedError, ValueError, LookupError):
        parser.Parse(data, False)  # noqa: FBT003  # takes no keyword; there may be no end
    return reader.elements


def _error(element: _Element, count: int) -> Error:
    extended = next(element.all("xwhat"), None)
    stack = next(element.all("stack"), None)
    what = (extended.text("text") if extended else None) or element.text("what") or ""
    direct = _DIRECT.match(what)
    leaked = _number(extended.text("leakedbytes")) if extended else None
    return Error(
        kind=element.text("kind") or "",
        what=what,
        count=count,
        frames=tuple(_frame(frame) for frame in stack.all("frame")) if stack else (),
        bytes=(_number(direct[1]) if direct else leaked) or 0,
        blocks=(_number(extended.text("leakedblocks")) if extended else None) or 0,
    )


def _frame(element: _Element) -> Frame:
    return Frame(element.text("fn"), element.text("obj"), element.text("file"), _number(element.text("line")))


def _number(text: str | None) -> int | None:
    digits = (text or "").replace(",", "")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= len(str(1 << 64)) else None
