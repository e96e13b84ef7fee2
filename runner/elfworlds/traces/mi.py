"""GDB/MI (GDB manual, "GDB/MI Output Syntax") → records, a line each."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MiValue: TypeAlias = "str | list[MiValue] | dict[str, MiValue]"
DEEPEST = 50  # nested tuples and lists; gdb itself nests four or five
RESULT, EXEC, NOTIFY, CONSOLE, LOG = "^", "*", "=", "~", "&"
_STARTS = re.compile(r"(?P<token>[0-9]{0,18})(?P<kind>[\^*=+])(?P<word>[A-Za-z0-9_-]{1,100})")
_STREAM = re.compile(r"[~@&]")
_STRING = re.compile(r'"([^"\\]*+(?:\\.[^"\\]*+)*+)"')
_NAME = re.compile(r"([A-Za-z_][A-Za-z0-9_-]{0,99})=")
_ESCAPED = re.compile(r"(?:\\[0-7]{3})+|\\.")
_CHARACTERS = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "b": "\b", "v": "\v", "a": "\a", "e": "\x1b"}


@dataclass(frozen=True, slots=True)
class Record:
    """One line of output.

    Attributes:
        kind: `^` an answer, `*` a change of the program's state, `=` and `+` a notice; `~` what a command
            printed, `@` what the program printed through gdb, `&` gdb's own messages.
        token: the number that stood before the command that is answered.
        word: the answer's or notice's name: done, error, stopped.
        results: what it says; texts, lists and mappings. A list of results keeps their values only.
        text: what a stream record holds.
    """

    kind: str
    token: int | None = None
    word: str = ""
    results: Mapping[str, MiValue] = field(default_factory=dict)
    text: str = ""


class _MalformedError(Exception):
    pass


def parse(text: str) -> tuple[Record, ...]:
    """Every record, in order; lines that are none are left out, the last one of a killed gdb among them."""
    return tuple(_records(text))


def _records(text: str) -> Iterator[Record]:
    for line in text.split("\n"):
        try:
            record = _record(line.rstrip("\r"))
        except _MalformedError:
            continue
        if record is not None:
            yield record


def _record(line: str) -> Record | None:
    if _STREAM.match(line):
        return Record(line[0], text=_string(line, 1, whole=True)[0])
    start = _STARTS.match(line)
    if start is None:
        return None
    results, at = _items(line, start.end(), "", 0) if line[start.end() :] else ({}, len(line))
    if at != len(line):
        raise _MalformedError
    token = int(start["token"]) if start["token"] else None
    return Record(start["kind"], token, start["word"], {name: value for name, value in results if name})


def _items(line: str, at: int, end: str, depth: int) -> tuple[list[tuple[str, MiValue]], int]:
    """Values with or without names up to a closing bracket, or to the line's end; each begins after a comma."""
    items: list[tuple[str, MiValue]] = []
    while line[at : at + 1] == ",":
        name, at = _name(line, at + 1)
        value, at = _value(line, at, depth)
        items.append((name, value))
    if line[at : at + 1] != end:
        raise _MalformedError
    return items, at + len(end)


def _name(line: str, at: int) -> tuple[str, int]:
    match = _NAME.match(line, at)
    return (match[1], match.end()) if match else ("", at)


def _value(line: str, at: int, depth: int) -> tuple[MiValue, int]:
    match line[at : at + 1]:
        case '"':
            return _string(line, at)
        case "{":
            items, at = _bracketed(line, at, "}", depth)
            return {name: value for name, value in items if name}, at
        case "[":
            items, at = _bracketed(line, at, "]", depth)
            return [value for _, value in items], at
    raise _MalformedError


def _bracketed(line: str, at: int, end: str, depth: int) -> tuple[list[tuple[str, MiValue]], int]:
    if depth == DEEPEST:
        raise _MalformedError
    if line[at + 1 : at + 2] == end:
        return [], at + 2
    name, after = _name(line, at + 1)
    value, after = _value(line, after, depth + 1)
    rest, after = _items(line, after, end, depth + 1)
    return [(name, value), *rest], after


def _string(line: str, at: int, *, whole: bool = False) -> tuple[str, int]:
    match = _STRING.match(line, at)
    if match is None or (whole and match.end() != len(line)):
        raise _MalformedError
    return _ESCAPED.sub(_character, match[1]), match.end()


def _character(escape: re.Match[str]) -> str:
    """A character behind a backslash; bytes that gdb wrote in octal are UTF-8."""
    text = escape[0]
    if text[1] in "01234567" and len(text) > len("\\0"):
        return bytes(int(digits, 8) & 0xFF for digits in text.split("\\")[1:]).decode("utf-8", "replace")
    return _CHARACTERS.get(text[1], text[1])


def quoted(text: str) -> str:
    """A text as an argument of an MI command, on one line whatever it holds."""
    return '"' + "".join(_quoted(character) for character in text) + '"'


def _quoted(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    if character == "\n":
        return "\\n"
    return f"\\{ord(character):03o}" if ord(character) < ord(" ") else character
