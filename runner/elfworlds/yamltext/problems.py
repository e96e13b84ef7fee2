"""Problems of a text file: where they are, what would be right, and how they look on a terminal."""

from __future__ import annotations

import difflib
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from elfworlds.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

SHOWN_COLUMNS = 100
LONGEST_MESSAGE = 400
LONGEST_WORD = 100
MOST_COMPARED = 300
_LINE_BREAK = re.compile(r"\r\n|[\n\r\x85\u2028\u2029]")


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """A place in a text: line and column from 1, in characters; `end` is the column after the last one."""

    line: int
    column: int
    end: int = 0


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing that is wrong, and what would be right."""

    mark: Mark | None
    message: str
    hint: str | None = None


class ProblemsError(InputError):
    """Everything that is wrong with one file, in order of the places."""

    def __init__(self, name: str, text: str, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems), key=_place))
        self.name = name
        lines = lines_of(text)
        super().__init__("\n".join(render(name, lines, problem) for problem in self.problems))


def _place(problem: Problem) -> tuple[Mark, str]:
    return problem.mark or Mark(0, 0), problem.message


def lines_of(text: str) -> list[str]:
    """The lines of a text, as the marks of a YAML parser count them."""
    return _LINE_BREAK.split(text)


def closest(word: str, known: Iterable[str]) -> str | None:
    """A hint: the known word that the author may have meant, or all known words if they are few."""
    candidates = sorted(set(known))
    matches = difflib.get_close_matches(word, _comparable(word, candidates), n=1, cutoff=0.6)
    if matches:
        return f"did you mean `{matches[0]}`?"
    if 0 < len(candidates) <= 12:  # noqa: PLR2004  # as many as fit on a line
        return "known here: " + ", ".join(f"`{candidate}`" if candidate else "``" for candidate in candidates)
    return None


def _comparable(word: str, candidates: list[str]) -> list[str]:
    """The candidates to compare, few and short enough for any file to be checked quickly."""
    if len(word) > LONGEST_WORD:
        return []
    short = [candidate for candidate in candidates if len(candidate) <= LONGEST_WORD]
    return (
        short
        if len(short) <= MOST_COMPARED
        else [candidate for candidate in short if candidate[:1] == word[:1]][:MOST_COMPARED]
    )


def render(name: str, lines: list[str], problem: Problem, level: str = "error") -> str:
    """`file:line:column: error: …`, the line, a caret below it, and the hint."""
    mark = problem.mark
    if mark is None:
        head = [f"{sentence(name)}: {level}: {sentence(problem.message)}"]
    else:
        head = [f"{sentence(name)}:{mark.line}:{mark.column}: {level}: {sentence(problem.message)}"]
        head += excerpt(lines, mark)
    return "\n".join(head + ([f"       = {sentence(problem.hint)}"] if problem.hint else []))


def excerpt(lines: list[str], mark: Mark) -> list[str]:
    """The offending line, cut to what a terminal shows, and carets under the offending words."""
    line = lines[mark.line - 1] if mark.line <= len(lines) else ""
    start = max(0, mark.column - SHOWN_COLUMNS // 2) if len(line) > SHOWN_COLUMNS else 0
    shown = line[start : start + SHOWN_COLUMNS]
    before = printable(shown[: mark.column - 1 - start])
    stop = min(max(mark.end, mark.column + 1) - 1, start + SHOWN_COLUMNS)
    marked = printable(line[mark.column - 1 : stop])
    caret = " " * width(before) + "^" * max(1, width(marked))
    return [f"{mark.line:6} | {printable(shown)}", f"       | {caret}"]


def sentence(text: str) -> str:
    """One printable line of bounded length: what a file holds cannot look like another message."""
    shown = printable(text).replace("\n", "\N{SYMBOL FOR NEWLINE}")
    return shown if len(shown) <= LONGEST_MESSAGE else f"{shown[:LONGEST_MESSAGE]}…"


def printable(text: str) -> str:
    """Text that cannot move a terminal's cursor: control characters become visible, tabs one space."""
    if text.isprintable():
        return text
    return "".join(_shown(char) for char in text.replace("\t", " "))


def _shown(char: str) -> str:
    return char if char == "\n" or char.isprintable() else "\N{REPLACEMENT CHARACTER}"


def width(text: str) -> int:
    """Columns on a terminal: East Asian wide characters take two, combining marks none."""
    wide = sum(unicodedata.east_asian_width(char) in "WF" for char in text)
    return len(text) + wide - sum(unicodedata.category(char) in ("Mn", "Me") for char in text)
