"""Of our own headers what a program calls, directly or not: so that a script for a bug report is short.

This reads no C but that of `c/`: each definition begins in the first column, ends with a brace there or on its own
line, and stands behind a guard; tests compile what is left for every program of the project.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_WORD = re.compile(r"[A-Za-z_]\w*")
_ATTRIBUTE = re.compile(r"__attribute__\(\(.*?\)\)\)*")
_GUARD = re.compile(r"\A(?:/\*.*?\*/\n)?#ifndef \w+_H\n#define \w+_H\n(.*)#endif\n\Z", re.DOTALL)
_FUNCTION = re.compile(r"\(\*(\w+)\)\(|(\w+)\(")
_DIRECTIVES = ("#if", "#el", "#endif")
_MADE = re.compile(r"[A-Z_]+\((\w+),")  # OBSERVE_VALUE(name, …) defines `name` and `name_of`
_DEFINED = re.compile(r"#define (\w+)")


@dataclass(frozen=True, slots=True)
class Item:
    """A definition with the comment before it; `names` are what it defines, none for an #include."""

    lines: tuple[str, ...]
    names: frozenset[str]

    @property
    def words(self) -> frozenset[str]:
        return frozenset(_WORD.findall("\n".join(self.lines)))


@dataclass(frozen=True, slots=True)
class Group:
    """#if … #endif: directives and the definitions between them."""

    parts: tuple[str | Item, ...]

    @property
    def items(self) -> tuple[Item, ...]:
        return tuple(part for part in self.parts if isinstance(part, Item))


Part: TypeAlias = "Item | Group"


def called(program: str, headers: Sequence[str]) -> str:
    """What a program needs of headers, which stand in the order of their dependence."""
    parts = [part for header in headers for part in parsed(header)]
    needed = _needed(frozenset(_WORD.findall(program)), parts)
    includes = dict.fromkeys(line for part in parts if isinstance(part, Item) and not part.names for line in part.lines)
    blocks = ["\n".join(lines) for part in parts if (lines := list(_kept(part, needed)))]
    return "\n".join(includes) + "\n\n" + "\n\n".join(blocks) + "\n"


def _needed(words: frozenset[str], parts: Iterable[Part]) -> frozenset[str]:
    """The words, and those of everything that they lead to."""
    items = [item for part in parts for item in (part.items if isinstance(part, Group) else (part,))]
    while more := frozenset().union(*(item.words for item in items if item.names & words)) - words:
        words |= more
    return words


def _kept(part: Part, needed: frozenset[str]) -> Iterator[str]:
    if isinstance(part, Item):
        yield from part.lines if part.names & needed else ()
    elif any(item.names & needed for item in part.items):
        for inner in part.parts:
            if isinstance(inner, str):
                yield inner
            elif inner.names & needed:
                yield from inner.lines


@cache
def parsed(header: str) -> tuple[Part, ...]:
    """The parts of a header within its guard, but for its #includes of our own."""
    body = _GUARD.sub(r"\1", header)
    lines = [line for line in body.split("\n") if not line.startswith('#include "')]
    return tuple(_parts(lines))


def _parts(lines: Sequence[str]) -> Iterator[Part]:
    at = 0
    while at < len(lines):
        if lines[at].startswith("#if"):
            end = _after_group(lines, at)
            yield Group(tuple(_inside(lines[at:end])))
            at = end
        else:
            item, at = _item(lines, at)
            yield from (item,) if item else ()


def _inside(lines: Sequence[str]) -> Iterator[str | Item]:
    """A group's directives and definitions; groups are nested in functions alone."""
    at = 0
    while at < len(lines):
        if lines[at].startswith(_DIRECTIVES):
            yield lines[at]
            at += 1
        else:
            item, at = _item(lines, at)
            yield from (item,) if item else ()


def _item(lines: Sequence[str], at: int) -> tuple[Item | None, int]:
    """The definition that begins at a line, if one does, with the comment before it; and the line after it."""
    first = at
    if lines[at].startswith("/*"):
        while not lines[at].endswith("*/"):
            at += 1
        at += 1
    if not lines[at] or lines[at].startswith(_DIRECTIVES):
        return None, at + (not lines[at])
    end = _after_definition(lines, at)
    return Item(tuple(lines[first:end]), _names(lines[at:end])), end


def _after_group(lines: Sequence[str], at: int) -> int:
    depth = 0
    while True:
        depth += lines[at].startswith("#if") - lines[at].startswith("#endif")
        at += 1
        if not depth:
            return at


def _after_definition(lines: Sequence[str], at: int) -> int:
    """The line after a directive with its continuations, a declaration of one line, or what ends with a brace."""
    if lines[at].startswith("#"):
        while lines[at].endswith("\\"):
            at += 1
        return at + 1
    if not lines[at].endswith("{") and lines[at + 1 : at + 2] != ["{"]:
        return at + 1
    while not lines[at].startswith("}"):
        at += 1
    return at + 1


def _names(lines: Sequence[str]) -> frozenset[str]:
    """What a definition defines; nothing for an #include."""
    head = _ATTRIBUTE.sub("", lines[0])
    if head.startswith("#"):
        return frozenset(_DEFINED.findall(head))
    if match := _MADE.match(head):
        return frozenset({match[1], f"{match[1]}_of"})
    if head.startswith("struct ") and head.endswith("{"):
        return frozenset({_WORD.findall(head)[1]})
    if head.startswith(("static ", "extern ")) and "(*" not in head:
        declared = re.split(r" = |;", head)[0].split(",")
        return frozenset(_WORD.findall(name.partition("[")[0])[-1] for name in declared)
    function = _FUNCTION.search(head)
    return frozenset(filter(None, function.groups())) if function else frozenset()
