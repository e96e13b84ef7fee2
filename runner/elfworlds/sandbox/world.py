"""A world: what a command sees as `/`."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from elfworlds.sandbox.tree import Tree

TOOLS = "/tool"


@dataclass(frozen=True, slots=True)
class Placed:
    """A file or directory of this machine that a world shows at another path, over what is there."""

    outside: str
    inside: str
    writable: bool = False


@dataclass(frozen=True, slots=True)
class Guard:
    """What the sandbox adds to a world.

    Attributes:
        tree: what is seen of this machine, read-only, where the world has no root of its own.
        hidden: files and directories that are not seen: what not everybody may read.
        covered: files and directories of its own that are seen read-only, as they are on this machine.
        machine: whose system calls are filtered, as uname(2) has it; empty for no filter.
        landlock: the version of Landlock that stands in for bubblewrap; 0 where there is bubblewrap.
    """

    tree: Tree | None = None
    hidden: tuple[str, ...] = ()
    covered: tuple[str, ...] = ()
    machine: str = ""
    landlock: int = 0


@dataclass(frozen=True, slots=True)
class World:
    """What a command sees as `/`: this machine as it is, or a root and little beside it.

    Attributes:
        name: as people say it.
        root: whose directories are seen; None for this machine as it is.
        reaper: the program that starts commands in there and tells their ends (reaper.c); without it, an end by
            a signal looks like an exit, and resources are bubblewrap's own.
        bwrap: bubblewrap.
        read_only: existing directories of this machine that are seen at their own paths, such as a store.
        others: other roots, each with the directory below which it is seen; the one whose gdb is used is at /tool.
        changing: directories of the root's top that may be written to, while a root is made.
        placed: what is seen over the root's own files.
        guard: what the sandbox adds; None outside of it.
    """

    name: str
    root: Tree | None = None
    reaper: str = ""
    bwrap: str = "/usr/bin/bwrap"
    read_only: tuple[str, ...] = ()
    others: tuple[tuple[str, Tree], ...] = ()
    changing: tuple[str, ...] = ()
    placed: tuple[Placed, ...] = ()
    guard: Guard | None = None

    def reading(self, *directories: str) -> World:
        """The same, with directories that are seen at their own paths."""
        return replace(self, read_only=tuple(dict.fromkeys((*self.read_only, *directories))))

    def with_placed(self, *placed: Placed) -> World:
        """The same, with more files or directories at other paths than their own."""
        return replace(self, placed=(*self.placed, *placed))

    def real(self, path: str) -> str:
        """Resolve the symbolic links of an absolute path of this world; the result is a path of this world."""
        for top, tree in (*self.others, ("", self.root)):
            if tree and path.startswith(f"{top}/") and tree.holds(path.removeprefix(top)):
                inside = tree.real(path.removeprefix(top))
                return os.path.realpath(inside) if self.shows(inside) else f"{top}{inside}"
        return os.path.realpath(path)

    def outside(self, path: str) -> str:
        """Where an absolute path of this world lies on this machine; what is bound lies at its own path."""
        for placed in self.placed:
            if path == placed.inside:
                return placed.outside
        for top, tree in (*self.others, ("", self.root)):
            below = path.removeprefix(top) if path.startswith(f"{top}/") else ""
            if tree and below and tree.holds(below):
                real = tree.real(below)
                return real if self.shows(real) else tree.outside(real)  # a link may lead to what is bound
        return path

    def shows(self, path: str) -> bool:
        """Whether this world shows a path of this machine at the same place."""
        return any(path.startswith(f"{directory}/") for directory in self.read_only)


HOST = World("host")
