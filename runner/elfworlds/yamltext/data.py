"""The data of a YAML file: mappings, lists, and scalars that stay the text their author typed."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self, TypeAlias, Union

from elfworlds.yamltext.problems import Mark, Problem, ProblemsError, lines_of, render

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_CONSTANTS: tuple[tuple[re.Pattern[str], bool | None], ...] = (
    (re.compile(r"null|Null|NULL|~|"), None),
    (re.compile(r"true|True|TRUE"), True),
    (re.compile(r"false|False|FALSE"), False),
)
_PLAIN = re.compile(r"(?:[A-Za-z0-9_./$+]|-(?=[^ ]))[^,\[\]{}#:\"'\s]*(?::[^,\[\]{}#:\"'\s]+)*")
_NUMBERS: tuple[tuple[re.Pattern[str], Callable[[str], float]], ...] = (
    (re.compile(r"[-+]?[0-9]{1,1000}"), int),
    (re.compile(r"0o[0-7]{1,1000}"), lambda text: int(text, 8)),
    (re.compile(r"0x[0-9a-fA-F]{1,1000}"), lambda text: int(text, 16)),
    (re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"), float),
    (re.compile(r"[-+]?\.(inf|Inf|INF)"), lambda text: float(text.replace(".", ""))),
)


class Scalar(str):
    """A scalar as typed; `plain` where it was neither quoted nor a block."""

    __slots__ = ("plain",)
    plain: bool

    def __new__(cls, text: str, *, plain: bool = True) -> Self:
        scalar = super().__new__(cls, text)
        scalar.plain = plain
        return scalar


def core(text: str) -> str | int | float | bool | None:
    """What a scalar is by YAML 1.2's core schema; `no`, `on`, `1:30` and `0777`'s zero stay what they look like.

    A number that is not written as Python would write it (`2.30`, `010`, `0x10`) stays text: nothing typed is
    lost, and `number` says what it is where a number is asked for.
    """
    if isinstance(text, Scalar) and not text.plain:
        return str(text)
    for pattern, constant in _CONSTANTS:
        if pattern.fullmatch(text):
            return constant
    value = number(text)
    return value if value is not None and repr(value) == text else str(text)


def is_null(data: Data) -> bool:
    """Whether it is YAML's null: `null`, `~` or nothing, none of them in quotes."""
    return data is None or (isinstance(data, Scalar) and core(data) is None)


def number(text: str) -> float | None:
    """The number that a text is by YAML 1.2's core schema, however it is written."""
    return next((make(text) for pattern, make in _NUMBERS if pattern.fullmatch(text)), None)


def flow(text: str) -> str:
    """What was meant for a list, as YAML has it on one line: its words, in quotes where they need them."""
    try:
        words = shlex.split(text)
    except ValueError:
        words = text.split()
    cut = (kept for word in words for kept in ([word.rstrip(",")] if word.rstrip(",") else []))
    return f"[{', '.join(item if _PLAIN.fullmatch(item) else json.dumps(item, ensure_ascii=False) for item in cut)}]"


# What a file holds; its scalars are `Scalar`s.
Data: TypeAlias = Union[str, "list[Data]", "dict[str, Data]", None]
Path: TypeAlias = tuple[str | int, ...]


def entries(data: Data) -> dict[str, Data]:
    """The mapping that a piece of data is; empty where it is none."""
    return data if isinstance(data, dict) else {}


@dataclass(frozen=True, slots=True)
class ScalarNode:
    """A scalar and its place."""

    mark: Mark
    text: Scalar

    @property
    def size(self) -> int:
        return 1

    def data(self) -> Data:
        return None if self.text.plain and core(self.text) is None else self.text

    def child(self, _step: str | int) -> None:
        return None


@dataclass(frozen=True, slots=True)
class ListNode:
    """A list; `size` counts the nodes below it, those behind aliases as often as they are named.

    `home` is the place of the key, or of the list's item, that it was written at: an alias has that of its anchor.
    """

    mark: Mark
    home: Mark
    items: tuple[Node, ...]
    size: int

    def data(self) -> Data:
        return [item.data() for item in self.items]

    def child(self, step: str | int) -> tuple[Node, Node] | None:
        if not isinstance(step, int) or step >= len(self.items):
            return None
        return self.items[step], self.items[step]


@dataclass(frozen=True, slots=True)
class MappingNode:
    """A mapping, in the order of the file, what was merged into it first; `home` as for a list."""

    mark: Mark
    home: Mark
    entries: tuple[tuple[ScalarNode, Node], ...]
    size: int

    def data(self) -> dict[str, Data]:
        return {key.text: value.data() for key, value in self.entries}

    def child(self, step: str | int) -> tuple[ScalarNode, Node] | None:
        return next((entry for entry in self.entries if entry[0].text == step), None)


Node: TypeAlias = ScalarNode | ListNode | MappingNode


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML file: its name as the user gave it, its text, and its root."""

    name: str
    text: str
    root: MappingNode

    def data(self) -> dict[str, Data]:
        return self.root.data()

    def mark(self, path: Path, *, key: bool = False) -> Mark:
        """The place of a path's value, or of its key; the nearest place above where there is none."""
        node: Node = self.root
        place = node.mark
        for step in path:
            child = node.child(step)
            if child is None and step == 0:
                continue  # one value where a list may stand counts as a list of it
            if child is None:
                break
            node = child[1]
            place = child[0].mark if key else node.mark if isinstance(node, ScalarNode) else node.home
        return place

    def mark_within(self, path: Path, part: str) -> Mark:
        """The place of a part of a path's text; the place of the whole text where it is not written like that."""
        mark, node = self.mark(path), self._node(path)
        if not isinstance(node, ScalarNode) or not part or part not in node.text:
            return mark
        lines = lines_of(self.text)
        for number in range(mark.line, len(lines) + 1):
            start = lines[number - 1].find(part, mark.column - 1 if number == mark.line else 0)
            if start >= 0:
                return Mark(number, start + 1, start + 1 + len(part))
        return mark

    def _node(self, path: Path) -> Node | None:
        """What a path leads to, or None."""
        node: Node = self.root
        for step in path:
            child = node.child(step)
            if child is None and step != 0:
                return None
            node = child[1] if child else node
        return node

    def first_line(self, path: Path) -> int:
        """The line in which the text of a block scalar (`code: |`) begins."""
        mark = self.mark(path)
        lines = lines_of(self.text)
        is_block = mark.line <= len(lines) and lines[mark.line - 1][mark.column - 1 : mark.column] in (
            "|",
            ">",
        )
        return mark.line + 1 if is_block else mark.line

    def warning(self, problem: Problem) -> str:
        """What is told of something that may be meant."""
        return render(self.name, lines_of(self.text), problem, "warning")

    def refuse(self, problems: Iterable[Problem]) -> ProblemsError:
        return ProblemsError(self.name, self.text, problems)
