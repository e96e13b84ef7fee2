"""`${…}` in a text: parsed into literals and references, and put together again.

`${base-1}` names an object, `${base-1.dir}` its directory, `${matrix.way}` an axis' value; references nest
and are resolved from the inside (`${${matrix.plugin}}`). `$${` stands for a literal `${`; a `$` before
anything else is literal, so `$ORIGIN` needs no care.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


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
    template, end = _template(text, 0, inside=False)
    if end != len(text):
        raise RefError("`}` without `${`", end)
    return template


def _template(text: str, start: int, *, inside: bool) -> tuple[Template, int]:
    parts: list[str | Reference] = []
    literal, at = "", start
    while at < len(text) and not (inside and text[at] == "}"):
        if text.startswith("$${", at):
            literal, at = literal + "${", at + 3
        elif text.startswith("${", at):
            reference, at = _reference(text, at)
            parts += [literal, reference] if literal else [reference]
            literal = ""
        else:
            literal, at = literal + text[at], at + 1
    return Template((*parts, literal) if literal else tuple(parts)), at


def _reference(text: str, start: int) -> tuple[Reference, int]:
    name, end = _template(text, start + 2, inside=True)
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


def value(template: Template, lookup: Callable[[str], object]) -> object:
    """As `substitute`, but a text that is one whole reference keeps the type of what it names."""
    if len(template.parts) == 1 and isinstance(template.parts[0], Reference):
        return lookup(substitute(template.parts[0].name, lookup))
    return substitute(template, lookup)
