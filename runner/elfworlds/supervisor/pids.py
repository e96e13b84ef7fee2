"""A pids cgroup for a supervisor and all that it starts: how many processes and threads there may be (cgroups(7)).

It takes a cgroup of this process, of either version, in which directories can be made.
"""

from __future__ import annotations

import os
import threading
from contextlib import suppress

MEMBERSHIP, MOUNTS = "/proc/self/cgroup", "/proc/self/mountinfo"
CONTROLLER = "pids"


class PidsCgroup:
    """Made when it is first needed; `name` is its directory's, in the cgroup that this process is in."""

    def __init__(self, name: str) -> None:
        self.path = ""
        self.name = name

    def allow(self, most: int | None) -> None:
        """Let there be so many from here on; None for any number.

        Raises:
            OSError: there can be no such cgroup.
        """
        if most is None and not self.path:
            return
        if not self.path:
            self.path = made(self.name)
            _write(f"{self.path}/cgroup.procs", "0")
        _write(f"{self.path}/pids.max", "max" if most is None else str(most))

    def refused(self) -> int:
        """How often a process or thread was refused so far."""
        if not self.path:
            return 0
        with open(f"{self.path}/pids.events") as file:  # noqa: PTH123  # pathlib is too slow to import here
            return int(file.read().split()[1])


def available() -> bool:
    """Whether there can be such a cgroup."""
    name = f"elfworlds-try-{os.getpid()}-{threading.get_native_id()}"
    try:
        made(name)
    except OSError:
        return False
    removed(name)
    return True


def made(name: str) -> str:
    """The path of a new cgroup below the one that this process is in.

    Raises:
        OSError: there can be none.
    """
    above = place()
    path = f"{above}/{name}"
    os.mkdir(path)  # noqa: PTH102
    if not os.path.exists(f"{path}/pids.max"):  # noqa: PTH110
        with suppress(OSError):
            _write(f"{above}/cgroup.subtree_control", f"+{CONTROLLER}")
    if not os.path.exists(f"{path}/pids.max"):  # noqa: PTH110
        os.rmdir(path)  # noqa: PTH106
        raise OSError("the pids controller is not handed on")
    return path


def removed(name: str) -> None:
    """Remove a cgroup that may have been made, once nobody is in it."""
    with suppress(OSError):
        os.rmdir(f"{place()}/{name}")  # noqa: PTH106


def place() -> str:
    """The directory of the cgroup that this process is in, of the version that has the pids controller here.

    Raises:
        OSError: there is none.
    """
    with open(MEMBERSHIP) as file:  # noqa: PTH123
        own = [line.rstrip("\n").split(":", 2) for line in file]
    for _, controllers, path in own:
        if CONTROLLER in controllers.split(","):
            return _mounted("cgroup", CONTROLLER, path)
    for number, _, path in own:
        if number == "0":
            return _mounted("cgroup2", "", path)
    raise OSError("no cgroup")


def _mounted(kind: str, option: str, path: str) -> str:
    """Where a cgroup's path lies: below the mount of its hierarchy."""
    with open(MOUNTS) as file:  # noqa: PTH123
        for line in file:
            before, _, after = line.partition(" - ")
            root, point = before.split()[3:5]
            type_, _, options = after.split()[:3]
            if type_ == kind and (not option or option in options.split(",")) and path.startswith(root.rstrip("/")):
                return point + path[len(root.rstrip("/")) :].rstrip("/")
    raise OSError("its hierarchy is not mounted")


def _write(path: str, text: str) -> None:
    with open(path, "w") as file:  # noqa: PTH123
        file.write(text)
