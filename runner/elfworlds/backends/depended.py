"""Files beyond its inputs that a compiler read, as it says itself; an object is taken again while they are the same.

SUNPRO_DEPENDENCIES (GCC manual, "Environment Variables Affecting GCC") names a file to which each preprocessor
appends what it read, in the words of make. It changes no command line and no output.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from elfworlds import reading

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from elfworlds.jsondata import Json

VARIABLE = "SUNPRO_DEPENDENCIES"
OF_TOOLCHAINS = ("/usr/", "/lib/", "/lib64/", "/nix/store/")
NOT_OF_TOOLCHAINS = "/usr/local/"
_WORD = re.compile(r"((?:\\.|[^\s\\])+)", re.DOTALL)


def outside(told: Path, build: Path, known: Collection[str]) -> dict[str, str]:
    """Path → sha256 of each file that was read beyond the build's own and the toolchain's.

    Args:
        told: what the preprocessors wrote; nothing where none ran.
        build: where the compiler ran, in a directory that is the build's own.
        known: directories whose files are part of the key.
    """
    try:
        text = reading.read(told).decode("utf-8", "surrogateescape")
    except OSError:
        return {}
    own = (f"{build.parent}/", *(f"{directory}/" for directory in known))
    paths = (str(build / name) for name in _names(text))
    return {path: digest for path in sorted({*paths}) if _counts(path, own) and (digest := _digest(path))}


def same(digests: Json) -> bool:
    """Whether the files are still what they were; None where there were none."""
    return digests is None or (
        isinstance(digests, dict) and all(_digest(path) == digest for path, digest in digests.items())
    )


def _names(text: str) -> Iterator[str]:
    for line in text.replace("\\\n", " ").split("\n"):
        _, _, read = line.partition(": ")
        yield from (re.sub(r"\\(.)", r"\1", word).replace("$$", "$") for word in _WORD.findall(read))


def _counts(path: str, own: tuple[str, ...]) -> bool:
    return not path.startswith(own) and (path.startswith(NOT_OF_TOOLCHAINS) or not path.startswith(OF_TOOLCHAINS))


def _digest(path: str) -> str:
    try:
        return hashlib.sha256(reading.read(path)).hexdigest()
    except (OSError, ValueError):
        return ""
