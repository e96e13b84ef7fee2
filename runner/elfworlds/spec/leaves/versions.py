"""Versions and comparisons with them, as `when` writes them: `<2.34`, `>=13.1`, `musl >=1.2`, `2.36`."""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

    SortKey: TypeAlias = tuple[tuple[int, int, str], ...]

TOOLCHAIN_AXES = ("libc", "gdb", "rustc")  # what has a version wherever a trial is
_VERSION = r"[0-9]+(?:\.[0-9]+)*(?:[A-Za-z+~-][0-9A-Za-z.+~-]*)?"
_WANTED = re.compile(rf"(?:(?P<family>[a-z]+) +)?(?P<op><=|>=|==|!=|<|>|) *(?P<version>{_VERSION})")
_REVISION = re.compile(r"[-+]")
_PIECE = re.compile(r"(~?)(?:([0-9]+)|([A-Za-z]+))")
_BEFORE = ("a", "alpha", "b", "beta", "dev", "pre", "preview", "rc")
_OPERATORS: dict[str, Callable[[SortKey, SortKey], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


@dataclass(frozen=True, slots=True)
class WantedVersion:
    """`family` is None where the author named none; without `op` it is the version itself that is wanted."""

    family: str | None
    op: str
    version: str

    def holds(self, version: str) -> bool:
        return _OPERATORS[self.op](order(version), order(self.version)) if self.op else is_of(version, self.version)


def comparison(text: str) -> WantedVersion | None:
    """A comparison, or None where the text is a label."""
    asked = wanted(text)
    return asked if asked and asked.op else None


def wanted(text: str) -> WantedVersion | None:
    """A comparison or a bare version, or None where the text is neither."""
    match = _WANTED.fullmatch(text)
    return WantedVersion(match["family"], match["op"], match["version"]) if match else None


def is_of(version: str, wanted: str) -> bool:
    """Whether a version is the one that is wanted, or a revision of it: 2.36-9+deb12u13 is of 2.36 and of 2.36-9."""
    ends = [revision.start() for revision in _REVISION.finditer(version)]
    return any(order(version[:end]) == order(wanted) for end in (*ends, len(version)))


def order(version: str) -> SortKey:
    """A key that sorts versions as people do: 2.9 < 2.34, 2.34 = 2.34.0, 1.0rc1 < 1.0 < 1.0-3 < 1.0-3+deb12u1."""
    pieces: list[tuple[int, int, str]] = []
    for tilde, number, word in _PIECE.findall(version):
        if number:
            pieces.append((2, int(number), ""))
            continue
        _drop_zeros(pieces)
        pieces.append((-1 if tilde or word.lower() in _BEFORE else 1, 0, word))
    _drop_zeros(pieces)
    return (*pieces, (0, 0, ""))


def _drop_zeros(pieces: list[tuple[int, int, str]]) -> None:
    while pieces and pieces[-1] == (2, 0, ""):
        pieces.pop()
