"""A directory that holds a system: what a world shows of it, and where its paths lie on this machine."""

from __future__ import annotations

import os
import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

WHOLE = ("usr", "etc")
BESIDE = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
MOST_LINKS = 40  # as path_resolution(7) has it


@dataclass(frozen=True, slots=True)
class Tree:
    """A system's directories.

    Attributes:
        path: where it lies; absolute.
        directories: those of its top that are shown.
        links: symbolic links at its top and what they hold: with a merged usr, `lib` → `usr/lib`.
        over: files that are seen instead of its own: a path inside without links, and where the file lies on this
            machine.
    """

    path: str
    directories: tuple[str, ...]
    links: tuple[tuple[str, str], ...]
    over: tuple[tuple[str, str], ...] = ()

    def holds(self, path: str) -> bool:
        """Whether a path inside lies in what is shown."""
        names = (*self.directories, *(name for name, _ in self.links))
        return posixpath.normpath(path).strip("/").partition("/")[0] in names

    def real(self, path: str) -> str:
        """Resolve the symbolic links of a path inside; the result is a path inside. A loop of links stays as it is."""
        place, waiting, followed = "/", path.split("/")[::-1], 0
        while waiting:
            name = waiting.pop()
            if name in ("", "."):
                continue
            step = posixpath.dirname(place) if name == ".." else posixpath.join(place, name)
            link = self._link(step) if name != ".." else None
            if link is None:
                place = step
                continue
            followed += 1
            if followed > MOST_LINKS:
                return path
            waiting += link.split("/")[::-1]
            place = "/" if link.startswith("/") else place
        return place

    def outside(self, path: str) -> str:
        """Where a path inside lies on this machine, whatever its symbolic links hold."""
        real = self.real(path)
        return self.laid_over(real) or posixpath.join(self.path, real.lstrip("/"))

    def laid_over(self, real: str) -> str | None:
        """Where the file lies that is seen at a path inside without links; None where the tree's own is seen."""
        return next((outside for inside, outside in self.over if inside == real), None)

    def _link(self, path: str) -> str | None:
        """What a symbolic link inside holds; None where there is none."""
        for name, target in self.links:
            if path == f"/{name}":
                return target
        try:
            return os.readlink(posixpath.join(self.path, path.lstrip("/")))  # noqa: PTH115  # a string all the way
        except (OSError, ValueError):
            return None


def look(path: str) -> Tree:
    """The tree of a directory; links that packages do not bring are those of a merged usr."""
    directories = tuple(name for name in (*WHOLE, *BESIDE) if _is_directory(path, name))
    links = ((name, _led(path, name, directories)) for name in BESIDE if name not in directories)
    return Tree(path, directories, tuple((name, target) for name, target in links if target))


def _led(path: str, name: str, directories: Collection[str]) -> str:
    """Where a link at the top leads to, if that is shown; without one, into usr. Empty where nothing is."""
    real = Tree(path, (), ()).real(f"/{name}").lstrip("/")
    target = real if real.partition("/")[0] in directories else f"usr/{name}"
    return target if _is_directory(path, target) else ""


def _is_directory(path: str, name: str) -> bool:
    place = os.path.join(path, name)  # noqa: PTH118  # a string all the way
    return os.path.isdir(place) and not os.path.islink(place)  # noqa: PTH112, PTH114
