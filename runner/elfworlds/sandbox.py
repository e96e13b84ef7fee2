"""The only maker of a wrapped command: what a build or a trial sees of the file system and the network."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from elfworlds.process import Command


@dataclass(frozen=True, slots=True)
class World:
    """What a command sees as `/`. Today there is one: this machine, as it is."""

    name: str


HOST = World("host")
ALONE = ("--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--die-with-parent", "--new-session")


def wrap(command: Command, world: World) -> Command:
    """The command as it runs in a world."""
    if world == HOST:
        return command
    raise NotImplementedError(f"no way into the world {world.name}")


def inside(command: Command, bwrap: str, tree: str, writable: tuple[str, ...] = ()) -> Command:
    """The command with a tree as its `/`: nothing of this machine is seen, and nothing written but some directories.

    Args:
        command: its paths are those of the tree.
        bwrap: bubblewrap's own path.
        tree: a directory with dev, proc and tmp in it.
        writable: directories of the tree, relative to it.
    """
    binds = (word for name in writable for word in ("--bind", f"{tree}/{name}", f"/{name}"))
    mounts = ("--ro-bind", tree, "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp", *binds)  # noqa: S108
    return replace(command, argv=(bwrap, *mounts, *ALONE, "--chdir", command.cwd, *command.argv), cwd="/")
