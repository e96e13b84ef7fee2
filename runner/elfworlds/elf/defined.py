"""Versions that a file needs and defines: what every inspection reads, apart from what is seldom asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from elfworlds.jsondata import Json


class NeededVersion(NamedTuple):
    """A version that a file needs of another one, by DT_VERNEED; without a weak one the loader goes on."""

    name: str
    file: str
    weak: bool

    def facts(self) -> dict[str, Json]:
        return {"name": self.name, "file": self.file, "weak": self.weak}


class DefinedVersion(NamedTuple):
    """A version that a file defines, by DT_VERDEF.

    Attributes:
        base: whether it is the file's own name, VER_FLG_BASE, which is no version of a symbol.
        parents: the versions that it says it follows.
    """

    name: str
    base: bool
    weak: bool
    parents: tuple[str, ...]

    def facts(self) -> dict[str, Json]:
        return {"name": self.name, "base": self.base, "weak": self.weak, "parents": list(self.parents)}


class Versions(NamedTuple):
    needed: tuple[NeededVersion, ...]
    defined: tuple[DefinedVersion, ...]
