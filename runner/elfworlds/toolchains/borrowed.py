"""What a world may have of another toolchain: its debugger, the one tool that need not be of its own, and its files.

The debugger runs through its own ld.so with its own libraries, so that nothing of it depends on the libc of that world.
"""

from __future__ import annotations

import posixpath
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from elfworlds import elf
from elfworlds.sandbox import look
from elfworlds.sandbox.world import TOOLS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from elfworlds.sandbox import Tree, World
    from elfworlds.toolchains.toolchain import Package, Toolchain

GDB = "gdb"


def with_gdb(toolchain: Toolchain, other: Toolchain) -> Toolchain:
    """The toolchain with another toolchain's gdb, or without gdb if the other has none."""
    if toolchain.name == other.name:
        return toolchain
    if other.unsupported:
        return replace(toolchain, unsupported=f"{other.name}, whose gdb is asked for: {other.unsupported}")
    tree = other.world.root or look("/")
    words = _gdb(toolchain, other, tree)
    kept = {name: version for name, version in toolchain.versions.items() if name != GDB}
    gdb = [package for package in other.packages if package.name == GDB and words]
    return replace(
        toolchain,
        tools={name: argv for name, argv in toolchain.tools.items() if name != GDB} | ({GDB: words} if words else {}),
        versions=kept | ({GDB: other.versions[GDB]} if words and GDB in other.versions else {}),
        packages=_sorted((*(package for package in toolchain.packages if package.name != GDB), *gdb)),
        lacking=toolchain.lacking if words else {**toolchain.lacking, GDB: _why(other)},
        world=_world(toolchain, other, tree) if words else toolchain.world,
    )


def _world(toolchain: Toolchain, other: Toolchain, tree: Tree) -> World:
    """The toolchain's world with the other's gdb in it: at its own place, or below /tool."""
    if other.world.shows(other.tools[GDB][0]):
        return toolchain.world.reading(*other.world.read_only)
    return _with(toolchain.world, TOOLS, tree) if toolchain.world.root else toolchain.world


def seeing(toolchain: Toolchain, names: Iterable[str], toolchains: Mapping[str, Toolchain]) -> Toolchain:
    """The toolchain in a world that holds other roots too, each below a directory of its name: /debian/bullseye."""
    world = toolchain.world
    for name in names if world.root else ():
        root = toolchains[name].world.root
        world = _with(world, f"/{name}", root) if root else world
    return replace(toolchain, world=world)


def cannot_see(toolchain: Toolchain, names: Sequence[str], toolchains: Mapping[str, Toolchain]) -> str:
    """Why a trial cannot have other roots in its world; empty where it can."""
    if names and toolchain.world.root is None:
        return f"{toolchain.name} is no root, and only a root can have another ({', '.join(names)}) beside it"
    lacking = (toolchains[name] for name in names if toolchains[name].world.root is None)
    return next((f"{rootless.name}: {rootless.unsupported or 'no root'}" for rootless in lacking), "")


def _with(world: World, top: str, tree: Tree) -> World:
    return replace(world, others=(*world.others, (top, tree)))


def _gdb(toolchain: Toolchain, other: Toolchain, tree: Tree) -> tuple[str, ...]:
    """The words that start it; none where it is not there. In a store it finds its own loader."""
    path = other.tools.get(GDB, ("",))[0]
    if other.world.shows(path):
        return other.tools[GDB]
    if not tree.holds(path) or "env" not in toolchain.tools:
        return ()
    top = TOOLS if toolchain.world.root else tree.path.rstrip("/")
    return gdb_words(tree, top, tree.real(path), toolchain.tools["env"])


def gdb_words(tree: Tree, top: str, gdb: str, env: tuple[str, ...]) -> tuple[str, ...]:
    """The words that start a tree's gdb where that tree is seen below `top`; they set PYTHONHOME, for gdb alone.

    Args:
        tree: the tree.
        top: the directory below which it is seen.
        gdb: its path in the tree.
        env: the words of `env`, where gdb is started.
    """
    try:
        interp = elf.read(Path(tree.outside(gdb))).interp
    except (elf.NotElfError, OSError):
        return ()
    loader = tree.real(interp or "")
    directories = ":".join(f"{top}{library}" for library in dict.fromkeys(_libraries(tree, loader)))
    prefix = posixpath.dirname(posixpath.dirname(gdb))
    return (
        *env,
        f"PYTHONHOME={top}{prefix}",
        *(f"{top}{loader}", "--inhibit-cache", "--library-path", directories),
        *(f"{top}{gdb}", f"--data-directory={top}{prefix}/share/gdb"),
        *("-iex", "set debug-file-directory /usr/lib/debug"),  # gdb would look below its own prefix
        *("-iex", "set auto-load safe-path /"),  # libthread_db of the program's libc
    )


def _libraries(tree: Tree, loader: str) -> Iterator[str]:
    """Where its libraries are: beside its ld.so, with usr and without."""
    directory = posixpath.dirname(loader)
    without = directory.removeprefix("/usr")
    for place in (directory, without, f"/usr{without}"):
        if Path(tree.outside(place)).is_dir():
            yield tree.real(place)


def _sorted(packages: tuple[Package, ...]) -> tuple[Package, ...]:
    return tuple(sorted(packages, key=lambda package: package.name))


def _why(other: Toolchain) -> str:
    return other.lack(GDB) or f"the gdb of {other.name} lies where no other world shows it"
