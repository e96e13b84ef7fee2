"""What is known while a program is written: its names, what it is given in argv, and the C of each text."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from elfworlds import refs
from elfworlds.ctext import identifier, renamed, string

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from elfworlds.refs import Template

    When = Mapping[str, tuple[str | None, ...]]

INDEX = "loop.index"
_INDEX = _HOLE = "\0"  # no text of an experiment holds one
_SYMBOLIC = re.compile(r"@(?:[0-9a-f]{40}|files\.dir)@")


class TextsAtPoint(Protocol):
    """What a point of the matrix says of a scenario's texts."""

    def lookup(self, name: str) -> object:
        """What `${name}` stands for, as text; an object's path is symbolic: `@key@/file`."""

    def words(self, templates: Iterable[Template]) -> Iterator[str]:
        """The items of a list: a whole reference to a list stands for its items, one to null for none."""

    def applies(self, when: When) -> bool:
        """Whether a `when` holds here."""


class Scope:
    """The names of one program.

    Attributes:
        given: name in C → symbolic text, in the order of argv.
        variables: name in the experiment → its C type, a member of `it`.
        rounds: how many there can be of one that is bound in loops.
        loops: how many loops are around what is being written.
        arrays: names that are used after the loop that binds them, so that every one is kept; and the room for them.
    """

    def __init__(self, point: TextsAtPoint) -> None:
        self.point = point
        self.given: dict[str, str] = {}
        self.variables: dict[str, str] = {}
        self.rounds: dict[str, int] = {}
        self.arrays: dict[str, int] = {}
        self.loops = 0

    @contextmanager
    def round(self) -> Iterator[str]:
        """Within a loop's steps: the name of its index."""
        self.loops += 1
        try:
            yield self.index
        finally:
            self.loops -= 1

    @property
    def index(self) -> str:
        """The index of the innermost loop."""
        return "index" if self.loops == 1 else f"index_{self.loops}"

    def members(self) -> Mapping[str, str]:
        return {identifier(name): f"it.{identifier(name)}" for name in self.variables}

    def lookup(self, name: str) -> str:
        return _INDEX if name == INDEX else str(self.point.lookup(name))

    def text(self, template: Template) -> str:
        """A text at this point; paths are symbolic, the loop's index is a NUL."""
        return refs.substitute(template, self.lookup)

    def object(self, template: Template) -> str:
        """An object's path, which the program is given."""
        return self.argument(self.lookup(self.text(template)), spelled(template))

    def argument(self, symbolic: str, hint: str) -> str:
        """The C name of a text that the program finds in argv."""
        name = identifier(hint)
        for number in range(1, len(self.given) + 2):
            tried = name if number == 1 else f"{name}_{number}"
            if self.given.setdefault(tried, symbolic) == symbolic:
                return f"given.{tried}"
        raise AssertionError(name)

    def path(self, template: Template) -> tuple[str | None, str]:
        """A file name as C: the snprintf format's arguments where it is made at run time, and the expression."""
        pieces = self.text(template).split(_INDEX)
        if len(pieces) == 1:
            return None, self.piece(pieces[0], template)
        form, values = [], []
        for number, piece in enumerate(pieces):
            if number:
                form.append("%ld")
                values.append(self.index)
            symbolic = _SYMBOLIC.search(piece)
            form.append("%s" if symbolic else piece.replace("%", "%%"))
            values += [self.piece(piece, template)] if symbolic else []
        return f"{string(''.join(form))}, {', '.join(values)}", "path"

    def piece(self, text: str, template: Template) -> str:
        return self.argument(text, spelled(template)) if _SYMBOLIC.search(text) else string(text)

    def expression(self, template: Template) -> str:
        """The author's C, with the program's own names in it."""
        values = iter([self.value(part) for part in template.parts if not isinstance(part, str)])
        whole = "".join(part if isinstance(part, str) else _HOLE for part in template.parts)
        return re.sub(_HOLE, lambda _: next(values), renamed(whole, self.members()))

    def value(self, part: refs.Reference) -> str:
        """What a reference becomes in C."""
        name = self.text(part.name)
        value = self.lookup(name)
        if _INDEX in value:
            return self.index
        if _SYMBOLIC.search(value):
            return self.argument(value, spelled(part.name))
        return value if name.startswith("matrix.") else string(value)


def spelled(template: Template) -> str:
    """What a text is called in C: its literals, and the names of its references without `matrix.`."""
    parts = [part if isinstance(part, str) else spelled(part.name) for part in template.parts]
    return re.sub(r"[^A-Za-z0-9]+", "_", "".join(parts).removeprefix("matrix.")).strip("_") or "text"
