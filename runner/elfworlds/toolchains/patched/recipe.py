"""Recipes: `toolchains/glibc-NAME.yaml` says what the toolchain `glibc/NAME` is built of; digests decide its key."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from elfworlds import paths, reading
from elfworlds.errors import InputError
from elfworlds.toolchains.pinning import matching, refuse_unknown
from elfworlds.yamltext import Scalar, closest, read

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from elfworlds.yamltext import Data

PREFIX = "glibc"
SCHEMA = 1  # of how a recipe becomes files
KEYS = ("base", "source", "patches", "configure", "make", "headers")
FILE = re.compile(r"glibc-([a-z][a-z0-9_.+-]*)\.yaml")
PATCH_BYTES = 16 << 20
_TITLE = re.compile(r"^Subject: *(.{1,200})$", re.MULTILINE)
_BELOW = re.compile(r"(?:[A-Za-z0-9_][A-Za-z0-9_.+-]*/)*[A-Za-z0-9_][A-Za-z0-9_.+-]*")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Patch:
    """A patch as it was read.

    Attributes:
        file: its name, without the directory.
        title: what its line `Subject:` says; its file's name where it has none.
        sha256: of its bytes.
        data: its bytes.
    """

    file: str
    title: str
    sha256: str
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What a libc is built of.

    Attributes:
        name: the toolchain's, `glibc/dl-nns`.
        base: the toolchain that it is built with, and whose files all others are.
        package: the part of the base's lock file that has the sources; empty where `archive` has them.
        archive: a tar archive of sources; None where a package has them.
        sha256: of the archive, as the recipe pins it; empty where a package has the sources.
        patches: in the order in which they are applied.
        configure: words for the sources' configure.
        make: targets for make; none for all that the sources have.
        headers: a header as programs include it, `bits/dlfcn.h` → its file in the sources; those that patches change.
    """

    name: str
    base: str
    package: str
    archive: Path | None
    sha256: str
    patches: tuple[Patch, ...]
    configure: tuple[str, ...]
    make: tuple[str, ...]
    headers: Mapping[str, str]

    def key(self, base: str) -> str:
        """What decides the files that are built, as one digest.

        Args:
            base: the digest of the base, of the package with the sources too.
        """
        patches = [patch.sha256 for patch in self.patches]
        words = [SCHEMA, base, self.sha256, patches, self.configure, self.make, sorted(self.headers.items())]
        return hashlib.sha256(json.dumps(words).encode()).hexdigest()


def names(where: Iterable[Path]) -> tuple[str, ...]:
    """The names of all toolchains that recipes in these directories make."""
    return tuple(f"{PREFIX}/{name}" for name in matching(where, FILE))


def file_of(name: str, where: Sequence[Path]) -> Path:
    """The file of the recipe of this name, which is known."""
    return paths.first(place / f"{name.replace('/', '-')}.yaml" for place in where)


def find(name: str, where: Sequence[Path]) -> Recipe:
    """The recipe of this toolchain, with its patches.

    Raises:
        InputError: no file is there, it is no recipe, or a patch cannot be read.
    """
    known = names(where)
    if name not in known:
        raise InputError(f"no toolchain `{name}` is known here"[:200], hint=closest(name, known))
    file = file_of(name, where)
    data = read(file).data()
    refuse_unknown(data, KEYS, str(file))
    package, archive, sha256 = _source(data.get("source"), file)
    return Recipe(
        name=name,
        base=_word(data.get("base"), f"{file}: `base`", "base: debian/trixie"),
        package=package,
        archive=archive,
        sha256=sha256,
        patches=tuple(_patch(file, word) for word in _words(data.get("patches", []), f"{file}: `patches`")),
        configure=_words(data.get("configure", []), f"{file}: `configure`"),
        make=_words(data.get("make", []), f"{file}: `make`"),
        headers=_headers(data.get("headers", {}), f"{file}: `headers`"),
    )


def _source(data: Data, file: Path) -> tuple[str, Path | None, str]:
    """The package, or the archive and its digest."""
    if not isinstance(data, dict) or ("package" in data) == ("archive" in data):
        hint = "source: {package: glibc-source}, or {archive: PATH, sha256: DIGEST}"
        raise InputError(f"{file}: `source` names a package or an archive", hint=hint)
    refuse_unknown(data, ("archive", "sha256") if "archive" in data else ("package",), f"{file}: `source`")
    if "package" in data:
        return _word(data["package"], f"{file}: `source.package`", "package: glibc-source"), None, ""
    sha256 = _word(data.get("sha256"), f"{file}: `source.sha256`", "sha256sum says it")
    if not _SHA256.fullmatch(sha256):
        raise InputError(f"{file}: `source.sha256` is 64 hexadecimal digits", hint="sha256sum says them")
    archive = _word(data["archive"], f"{file}: `source.archive`", "archive: PATH")
    return "", paths.real(file.parent / paths.word(archive)), sha256


def _word(data: Data, place: str, hint: str) -> str:
    if not isinstance(data, Scalar) or not data:
        raise InputError(f"{place} is missing, or no word", hint=hint)
    return str(data)


def _words(data: Data, place: str) -> tuple[str, ...]:
    if not isinstance(data, list):
        raise InputError(f"{place} is a list")
    return tuple(_word(item, f"{place}: an item", "a list of words") for item in data)


def _headers(data: Data, place: str) -> dict[str, str]:
    hint = "headers: {bits/dlfcn.h: bits/dlfcn.h}"
    if not isinstance(data, dict):
        raise InputError(f"{place} has the file of each header", hint=hint)
    headers = {str(name): _word(path, f"{place}: `{name}`", hint) for name, path in data.items()}
    for path in (*headers, *headers.values()):
        if not _BELOW.fullmatch(path):
            raise InputError(f"{place}: `{path[:80]}` leads out of the sources", hint=hint)
    return headers


def _patch(file: Path, word: str) -> Patch:
    path = file.parent / paths.word(word)
    try:
        data = reading.read(path, PATCH_BYTES)
    except OSError as error:
        raise InputError(f"{file}: the patch {word}: {error.strerror or error}") from None
    match = _TITLE.search(data.decode("utf-8", "replace"))
    return Patch(path.name, match[1].strip() if match else path.name, hashlib.sha256(data).hexdigest(), data)
