"""Files of one's own that name a root: `toolchains/mine.yaml` makes the toolchain `mine`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from elfworlds import paths
from elfworlds.errors import InputError
from elfworlds.yamltext import Scalar, closest, read

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

KEYS = ("root",)
_FILE = re.compile(r"(?!glibc-)([a-z][a-z0-9_.+-]*)\.yaml")  # glibc-NAME.yaml says how a libc is built
_TAKEN = ("host",)


@dataclass(frozen=True, slots=True)
class Pin:
    """A root that a file names.

    Attributes:
        name: of the toolchain, as the axis `libc` says it.
        file: which names it.
        root: where it lies; absolute. It is in no key and in no table.
    """

    name: str
    file: Path
    root: Path


def names(where: Iterable[Path]) -> tuple[str, ...]:
    """The names of all that files in these directories name."""
    listed = (path.name for place in where if place.is_dir() for path in place.iterdir())
    matches = filter(None, map(_FILE.fullmatch, listed))
    return tuple(sorted({match[1] for match in matches} - set(_TAKEN)))


def find(name: str, where: Sequence[Path]) -> Pin:
    """The root of this name.

    Raises:
        InputError: no file is there, or it names no root.
    """
    known = names(where)
    if name not in known:
        raise InputError(f"no toolchain `{name}` is known here", hint=closest(name, known))
    file = paths.first(place / f"{name}.yaml" for place in where)
    data = read(file).data()
    for key in data:
        if key not in KEYS:
            raise InputError(f"{file}: no key `{key}` is known here", hint=closest(key, KEYS))
    root = data.get("root")
    if not isinstance(root, Scalar) or not root:
        raise InputError(f"{file}: `root` is missing", hint="`root: PATH` names a directory that holds a system")
    return Pin(name, file, paths.real(file.parent / paths.word(root)))
