"""A weaker sandbox, for machines on which no world can be made: Landlock (landlock(7)) and a stricter filter. Pure.

It has neither namespaces nor mounts: a command sees this machine's names and attributes of files, and may neither read
nor write what no rule allows. The filter refuses every socket, System V IPC and message queues, and to trials whatever
changes modes, owners and attributes of files, of which Landlock knows nothing.
"""

from __future__ import annotations

import os
import posixpath
from dataclasses import replace
from typing import TYPE_CHECKING

from elfworlds.sandbox import seccomp

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from elfworlds.process import Command
    from elfworlds.sandbox.world import Guard, World

LEAST = 3  # from here on nothing can be emptied by truncate(2)
OF_NETWORK, OF_DEVICES, OF_SIGNALS = 4, 5, 6  # the versions that brought TCP, ioctl(2) of devices, and scopes
EXECUTE, WRITE, READ, LIST = 1 << 0, 1 << 1, 1 << 2, 1 << 3  # LANDLOCK_ACCESS_FS_*
MAKE_CHARACTER, MAKE_BLOCK, TRUNCATE, DEVICE_REQUESTS = 1 << 6, 1 << 11, 1 << 14, 1 << 15
TCP, SCOPES = 0b11, 0b11  # bind and connect; abstract sockets and signals
SEEN = EXECUTE | READ | LIST
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
PROC = "/proc"


def words(abi: int) -> str:
    """What is said of it wherever a sandbox is spoken of."""
    lacking = "" if abi >= OF_SIGNALS else "; signals reach other processes of this user there"
    return (
        "landlock: weaker: names and owners of files are seen, and command lines of processes where pid namespaces are"
        f" refused{lacking}; /tmp cannot be used; builds may change modes of files (ABI {abi})"
    )


def lack(abi: int) -> str:
    """Why it cannot be had; empty where it can."""
    if abi == 0:
        return "this kernel has no Landlock, or it is off (`lsm=` on the kernel's command line)"
    return f"this kernel's Landlock is too old (ABI {abi}, of Linux 6.2 is {LEAST})" if abi < LEAST else ""


def confine(command: Command, world: World, guard: Guard, writable: Iterable[str]) -> Command:
    """The command as it runs in a Landlock domain.

    Args:
        command: its directory may be written to; what is `apart` is a trial.
        world: whose directories are read.
        guard: what is seen of this machine.
        writable: other directories that it may write to.
    """
    strict = seccomp.MODES if command.apart else ()
    steps = guard.machine and seccomp.program(guard.machine, tracing=command.traces, alone=True, refused=strict)
    handled = (all_rights(guard.landlock), *_others(guard.landlock))
    rules = tuple(_rules(world, guard, (command.cwd, *writable)))
    return replace(command, apart=True, landlock=(handled, rules), seccomp=steps or b"")


def all_rights(abi: int) -> int:
    """All rights on files that a version knows; what is not known is not restricted."""
    return (DEVICE_REQUESTS << 1 if abi >= OF_DEVICES else TRUNCATE << 1) - 1


def _others(abi: int) -> tuple[int, int]:
    return (TCP if abi >= OF_NETWORK else 0), (SCOPES if abi >= OF_SIGNALS else 0)


def _rules(world: World, guard: Guard, writable: Iterable[str]) -> Iterator[tuple[str, int]]:
    every = all_rights(guard.landlock)
    for name in guard.tree.directories if guard.tree else ():
        yield from _seen(f"/{name}", frozenset(guard.hidden))
    yield PROC, SEEN
    yield from ((path, (READ | WRITE | DEVICE_REQUESTS) & every) for path in DEVICES)
    yield from ((path, SEEN) for path in world.read_only)
    yield from ((path, every & ~(MAKE_CHARACTER | MAKE_BLOCK | DEVICE_REQUESTS)) for path in dict.fromkeys(writable))


def _seen(top: str, hidden: frozenset[str]) -> Iterator[tuple[str, int]]:
    """A directory, or where something below it is hidden, what is not."""
    if top in hidden:
        return
    if not any(path.startswith(f"{top}/") for path in hidden):
        yield top, SEEN
        return
    yield top, LIST
    for name in sorted(os.listdir(top)):  # noqa: PTH208  # strings all the way
        yield from _seen(posixpath.join(top, name), hidden)
