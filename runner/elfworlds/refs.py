"""`${…}` in a text: parsed into literals and references, and put together again.

`${base-1}` names an object, `${base-1.dir}` its directory, `${matrix.way}` an axis' value; references nest
and are resolved from the inside (`${${matrix.plugin}}`). `$${` stands for a literal `${`; a `$` before
anything else is literal, so `$ORIGIN` needs no care.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Meaning = TypeVar("Meaning")
MAX_DEPTH = 10
_TOKEN = re.compile(r"\$\$\{|\$\{|\}")


class RefError(ValueError):
    """A text whose references do not parse; `offset` counts characters from its start."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.offset = offset


@dataclass(frozen=True, slots=True)
class Reference:
    """What stands between `${` and `}`."""

    name: Template


@dataclass(frozen=True, slots=True)
class Template:
    """Literals and references, in order."""

    parts: tuple[str | Reference, ...]

    @property
    def literal(self) -> str | None:
        """The text, where it holds no reference."""
        if any(isinstance(part, Reference) for part in self.parts):
            return None
        return "".join(part for part in self.parts if isinstance(part, str))

    def references(self) -> Iterator[Reference]:
        """Every reference, inner ones first."""
        for part in self.parts:
            if isinstance(part, Reference):
                yield from part.name.references()
                yield part


def parse(text: str) -> Template:
    """Text → `Template`; a `RefError` where a brace is missing or a name is empty."""
    return _template(text, 0, depth=0)[0]


def _template(text: str, start: int, *, depth: int) -> tuple[Template, int]:
    """The template from `start` on, up to the `}` that closes it, and where that stands."""
    parts: list[str | Reference] = []
    literal, at = [""], start
    while token := _TOKEN.search(text, at):
        literal.append(text[at : token.start()])
        if token[0] == "}" and depth:
            return _joined(parts, literal), token.start()
        if token[0] == "${":
            reference, at = _reference(text, token.start(), depth)
            parts += ["".join(literal), reference]
            literal = []
        else:
            literal.append(token[0].removeprefix("$"))
            at = token.end()
    literal.append(text[at:])
    return _joined(parts, literal), len(text)


def _joined(parts: list[str | Reference], literal: list[str]) -> Template:
    return Template(tuple(part for part in (*parts, "".join(literal)) if part != ""))


def _reference(text: str, start: int, depth: int) -> tuple[Reference, int]:
    if depth == MAX_DEPTH:
        raise RefError(f"references nested deeper than {MAX_DEPTH}", start)
    name, end = _template(text, start + 2, depth=depth + 1)
    if end >= len(text):
        raise RefError("`${` without `}`", start)
    if not name.parts:
        raise RefError("`${}` names nothing", start)
    return Reference(name), end + 1


def substitute(template: Template, lookup: Callable[[str], object]) -> str:
    """The text with every reference replaced by what `lookup` says of its name."""
    return "".join(
        part if isinstance(part, str) else str(lookup(substitute(part.name, lookup))) for part in template.parts
    )


def value(template: Template, lookup: Callable[[str], Meaning]) -> Meaning | str:
    """As `substitute`, but a text that is one whole reference keeps the type of what it names."""
    if len(template.parts) == 1 and isinstance(template.parts[0], Reference):
        return lookup(substitute(template.parts[0].name, lookup))
    return substitute(template, lookup)
