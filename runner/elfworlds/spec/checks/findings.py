"""A problem that types cannot see, and the problems that any reference can have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from elfworlds import refs
from elfworlds.refs import RefError, Template
from elfworlds.spec.expand import Names, names
from elfworlds.spec.leaves.forms import label_of
from elfworlds.spec.leaves.versions import TOOLCHAIN_AXES, comparison, wanted
from elfworlds.yamltext import closest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from elfworlds.yamltext import Data, Path


NAMED = ("libc", "gdb")
FAMILIES = (None, "glibc", "musl")
VERSIONS = "a version such as 2.36 means its revisions too, <2.36 compares with it"


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem at a path of the file.

    Attributes:
        at_key: the key is wrong rather than its value.
        in_its_place: the message is followed by where in the file's structure it is.
        part: what of the text there is wrong, as it is written; empty for all of it.
    """

    path: Path
    message: str
    hint: str | None = None
    at_key: bool = False
    in_its_place: bool = False
    part: str = ""


def texts(data: Data | Mapping[str, Data], path: Path) -> Iterator[tuple[Path, str]]:
    """Every scalar below a piece of data, with its place."""
    if isinstance(data, str):
        yield path, data
    elif isinstance(data, dict):
        for key, value in data.items():
            yield from texts(value, (*path, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from texts(value, (*path, index))


def references(text: str | Template, path: Path, known: Names) -> Iterator[Finding]:
    """What is wrong with the references of a text."""
    try:
        template = text if isinstance(text, Template) else refs.parse(text)
    except RefError as error:
        part = "" if isinstance(text, Template) else text[error.offset :]
        yield Finding(path, str(error), "a literal `${` is written `$${`", part=part)
        return
    wrong = False
    for name in names(template, known.axes):
        if "${matrix." in name or (wrong and "${" in name):
            continue  # what the inner reference says of itself is enough
        problem = known.problem(name)
        if problem:
            wrong = True
            yield Finding(path, *problem, part=f"${{{name}}}")


def conditions(when: Mapping[str, tuple[str | None, ...]], path: Path, known: Names) -> Iterator[Finding]:
    """What is wrong with a `when`."""
    for name, choices in when.items():
        here: Path = (*path, name)
        axis = known.every_axis.get(name)
        if axis is None and name not in known.raw_axes and name not in TOOLCHAIN_AXES:
            yield Finding(here, f"no axis `{name}` in the matrix", closest(name, known.raw_axes), at_key=True)
        for index, choice in enumerate(choices):
            label = label_of(choice)
            if axis is not None and label in axis.labels:
                continue
            if name in TOOLCHAIN_AXES or (name in known.versioned and wanted(label)):
                yield from _toolchain(name, label, (*here, index), known)
            elif axis is not None and not comparison(label):
                yield Finding((*here, index), f"the axis `{name}` has no `{label}`", closest(label, axis.labels))


def _toolchain(name: str, label: str, path: Path, known: Names) -> Iterator[Finding]:
    """`libc` and `gdb` take a toolchain's name; these, `rustc` and axes of builders a version, or a comparison."""
    names, of_libc = known.toolchains if name in NAMED else frozenset(), name not in ("gdb", "rustc")
    asked = wanted(label)
    if asked is not None and asked.family not in (FAMILIES if of_libc else (None,)):
        hint = closest(asked.family or "", FAMILIES[1:]) if of_libc else "only libcs have families"
        yield Finding(path, f"`{name}` has no family `{asked.family}`", hint)
    elif asked is None and set(label) & set("<>="):
        yield Finding(path, f"`{label}` is no comparison", "one operator and one version: <2.34")
    elif asked is None and label not in names:
        near = closest(label, names) if names else None
        message = f"`{label}` is neither a toolchain nor a version" if names else f"`{label}` is no version"
        hint = near if near and near.startswith("did") else VERSIONS
        yield Finding(path, message, hint)
