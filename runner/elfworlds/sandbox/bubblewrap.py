"""Commands as bubblewrap runs them (bwrap(1))."""

from __future__ import annotations

import os
import posixpath
from dataclasses import replace
from typing import TYPE_CHECKING

from elfworlds.sandbox import landlock, seccomp
from elfworlds.sandbox.tree import look
from elfworlds.sandbox.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator

    from elfworlds.process import Command
    from elfworlds.sandbox.tree import Tree
    from elfworlds.sandbox.world import Guard

REAPER = "/.reaper"
OWN = ("/", "/tmp", "/dev", "/proc")  # noqa: S108  # these are a world's own
# bubblewrap 0.8 covers it only where access(2) lets it write the directory, which nobody may. Its files stay open to
# root without any capability, core_pattern among them, which names a program that the machine runs outside.
SETTINGS = ("--ro-bind", "/proc/sys", "/proc/sys")
# Both of --unshare-pid and --die-with-parent: with one alone, children that left the session may stay alive.
# No capabilities, so that a trial's outcome is the same whoever runs it. A name of its own: the machine's is not shown.
APART = (
    *("--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--hostname", "elfworlds"),
    *("--die-with-parent", "--new-session", "--cap-drop", "ALL"),
)


def wrap(command: Command, world: World, writable: tuple[str, ...] = ()) -> Command:
    """The command as it runs in a world.

    Args:
        command: its directory may be written to.
        world: where it runs.
        writable: other directories that it may write to; they and its own are seen at their own paths.
    """
    if world.guard and world.guard.landlock:
        return landlock.confine(command, world, world.guard, writable)
    tree = world.root or (world.guard.tree if world.guard else None)
    if tree is None:
        return command
    words = (*_seen(world, tree, (command.cwd, *writable)), *APART, "--chdir", command.cwd)
    if world.reaper:
        return replace(command, through=(*words, "--as-pid-1", "--", REAPER), seccomp=_filter(command, world))
    env = (word for name, value in command.env.items() for word in ("--setenv", name, value))
    return replace(command, argv=(*words, *env, "--", *command.argv), env={})


def _filter(command: Command, world: World) -> bytes:
    machine = world.guard.machine if world.guard else ""
    return seccomp.program(machine, tracing=command.traces) if machine else b""


def inside(command: Command, bwrap: str, tree: str, changing: tuple[str, ...] = ()) -> Command:
    """The command in a tree that is being made. No reaper exists yet to report how it ends.

    Args:
        command: its paths are those of the tree.
        bwrap: bubblewrap.
        tree: the directory that it sees as `/`.
        changing: directories of the tree's top that it may write to.
    """
    return wrap(command, World(tree, look(tree), bwrap=bwrap, changing=changing))


def _seen(world: World, root: Tree, writable: tuple[str, ...]) -> Iterator[str]:
    """bubblewrap, and the options that build the file system. Later ones cover earlier ones, so parents come first."""
    yield world.bwrap
    yield from _system(root, "", world.changing)
    yield from ("--dev", "/dev", "--proc", "/proc", *SETTINGS, "--tmpfs", "/tmp")  # noqa: S108  # its own
    yield from _guarded(world.guard) if world.guard else ()
    for top, tree in world.others:
        yield from _system(tree, top)
    for path in sorted(world.read_only):
        yield from ("--ro-bind", path, path)
    for path in sorted({posixpath.normpath(directory) for directory in writable} - set(OWN)):
        yield from ("--bind", path, path)
    for placed in world.placed:
        yield from ("--bind" if placed.writable else "--ro-bind", placed.outside, placed.inside)
    if world.reaper:
        yield from ("--ro-bind", world.reaper, REAPER)
    if world.guard:
        yield from ("--remount-ro", "/")  # the directories that lead to what is bound


def _guarded(guard: Guard) -> Iterator[str]:
    """What a world's own /proc, and /etc, show too much of: root may write it, and read it, without a capability."""
    for path in guard.covered:
        yield from ("--ro-bind", path, path)
    for path in guard.hidden:
        yield from ("--tmpfs", path) if os.path.isdir(path) else ("--ro-bind", os.devnull, path)  # noqa: PTH112


def _system(tree: Tree, top: str, changing: tuple[str, ...] = ()) -> Iterator[str]:
    for name in tree.directories:
        yield from ("--bind" if name in changing else "--ro-bind", f"{tree.path}/{name}", f"{top}/{name}")
    for name, target in tree.links:
        yield from ("--symlink", target, f"{top}/{name}")
    for inside, outside in tree.over:
        yield from ("--ro-bind", outside, f"{top}{inside}")
