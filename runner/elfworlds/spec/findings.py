"""A problem that types cannot see, and the ones that every reference can have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from elfworlds import refs
from elfworlds.refs import RefError, Template
from elfworlds.spec.expand import Names, names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from elfworlds.yamltext import Path


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem at a path of the file.

    Attributes:
        at_key: the key is wrong rather than its value.
        in_its_place: the message is followed by where in the file's structure it is.
    """

    path: Path
    message: str
    hint: str | None = None
    at_key: bool = False
    in_its_place: bool = False


def texts(data: Any, path: Path) -> Iterator[tuple[Path, str]]:  # noqa: ANN401  # any data of the file
    """Every scalar below a piece of data, with its place."""
    if isinstance(data, str):
        yield path, data
    elif isinstance(data, dict):
        for key, value in data.items():
            yield from texts(value, (*path, key))
    elif isinstance(data, list | tuple):
        for index, value in enumerate(data):
            yield from texts(value, (*path, index))


def references(text: str | Template, path: Path, known: Names) -> Iterator[Finding]:
    """What is wrong with the references of a text."""
    try:
        template = text if isinstance(text, Template) else refs.parse(text)
    except RefError as error:
        yield Finding(path, str(error), "a literal `${` is written `$${`")
        return
    wrong = False
    for name in names(template, known.axes):
        if "${matrix." in name or (wrong and "${" in name):
            continue  # what the inner reference says of itself is enough
        problem = known.problem(name)
        if problem:
            wrong = True
            yield Finding(path, *problem)
