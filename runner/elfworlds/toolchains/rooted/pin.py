"""Files of one's own that name a root or a libc's build: `toolchains/mine.yaml` makes the toolchain `mine`."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from elfworlds import atomic, paths
from elfworlds.errors import InputError
from elfworlds.toolchains.pinning import matching, refuse_unknown
from elfworlds.yamltext import closest, read

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from elfworlds.yamltext import Data

Kind = Literal["root", "tree"]
KINDS: tuple[Kind, ...] = get_args(Kind)
BASE, IMAGE, BUILT_BY = "base", "image", "built-by"
BESIDE = {"root": IMAGE, "tree": BASE}  # what may stand beside the path, and behind it after an @
KEYS = (*KINDS, BASE, IMAGE, BUILT_BY)
HOST = "host"
NAME = r"[a-z][a-z0-9_.+-]*"
WORD = "NAME=root:PATH, NAME=root:PATH@IMAGE, or NAME=tree:PATH@BASE for a libc's build directory over a toolchain"
_FILE = re.compile(rf"(?!glibc-)({NAME})\.yaml")  # glibc-NAME.yaml says how a libc is built
_WORD = re.compile(rf"({NAME})=(root|tree):([^@]+)(?:@([^@]+))?")
_TAKEN = (HOST,)


@dataclass(frozen=True, slots=True)
class Pin:
    """What a file names.

    Attributes:
        name: of the toolchain, as the axis `libc` says it.
        file: which names it.
        kind: `root`, a directory, archive or image that holds a system; `tree`, a directory in which a libc was built.
        place: where that lies; absolute. It is in no key and in no table.
        base: the toolchain that a build is laid over; empty for a root.
        image: which one of those that a layout holds; empty for the only one.
        built_by: the toolchain that builds what runs in a root; empty for its own compiler.
    """

    name: str
    file: Path
    kind: Kind
    place: Path
    base: str = ""
    image: str = ""
    built_by: str = ""


def names(where: Iterable[Path]) -> tuple[str, ...]:
    """The names of all that files in these directories name."""
    return tuple(name for name in matching(where, _FILE) if name not in _TAKEN)


def find(name: str, where: Sequence[Path]) -> Pin:
    """What the file of this name names.

    Raises:
        InputError: no file is there, or it names neither a root nor a build.
    """
    known = names(where)
    if name not in known:
        raise InputError(f"no toolchain `{name}` is known here", hint=closest(name, known))
    file = paths.first(place / f"{name}.yaml" for place in where)
    data = read(file).data()
    refuse_unknown(data, KEYS, str(file))
    kind = next((kind for kind in KINDS if _word(data.get(kind))), None)
    if kind is None:
        raise InputError(f"{file}: `root` is missing, or `tree`", hint=HINT)
    if all(kind in data for kind in KINDS):
        raise InputError(f"{file}: `root` and `tree` are both there, and one of them is the toolchain", hint=HINT)
    base, built_by = _word(data.get(BASE)), _word(data.get(BUILT_BY))
    if BASE in data and (kind == "root" or base in ("", name)):
        raise InputError(f"{file}: `base` is the toolchain that a `tree` is laid over", hint="base: debian/trixie")
    if IMAGE in data and (kind == "tree" or not _word(data[IMAGE])):
        raise InputError(f"{file}: `image` is the name of one of the images that a `root` holds", hint="image: latest")
    if BUILT_BY in data and (kind == "tree" or built_by in ("", name)):
        hint = "built-by: musl/bookworm"
        raise InputError(f"{file}: `built-by` is the toolchain that builds what runs in a `root`", hint=hint)
    place = paths.real(file.parent / paths.word(_word(data[kind])))
    return Pin(name, file, kind, place, _base(kind, base), _word(data.get(IMAGE)), built_by)


HINT = "`root: PATH` names a directory that holds a system, `tree: PATH` one in which a libc was built"


def _base(kind: Kind, base: str) -> str:
    return "" if kind == "root" else base or HOST


def _word(value: Data) -> str:
    return value if isinstance(value, str) else ""


def define(word: str, here: Path, cache: Path) -> tuple[str, Path]:
    """The name that a word such as `mine=tree:PATH@debian/trixie` gives, and the directory of a file that says it.

    Args:
        word: a label of an axis that holds `=`.
        here: what its path starts from.
        cache: where the file is written.

    Raises:
        InputError: it is no such word.
    """
    match = _WORD.fullmatch(word)
    if match is None or match[1] in _TAKEN:
        raise InputError(f"`{word}` defines no toolchain", hint=WORD)
    name, kind, place, beside = match.groups()
    text = f"{kind}: {_quoted(str(paths.real(here / paths.word(place))))}\n"
    text += f"{BESIDE[kind]}: {_quoted(beside)}\n" if beside else ""
    directory = cache / "own-toolchains" / hashlib.sha256(f"{name}\n{text}".encode()).hexdigest()[:16]
    atomic.write(directory / f"{name}.yaml", text, synced=False)
    return name, directory


def _quoted(text: str) -> str:
    return "'{}'".format(text.replace("'", "''"))
