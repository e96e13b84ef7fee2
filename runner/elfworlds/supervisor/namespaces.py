"""A process as the first of a pid namespace, with a /proc that shows that namespace and nothing else.

It takes the right to make them (CAP_SYS_ADMIN), or user namespaces. Both may be refused, so it is tried first.
"""

from __future__ import annotations

import ctypes
import os
import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

# As in clone(2), mount(2), prctl(2).
CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWPID = 0x20000, 0x10000000, 0x20000000
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REC, MS_PRIVATE = 2, 4, 8, 0x4000, 0x40000
PR_SET_PDEATHSIG, PR_SET_DUMPABLE = 1, 4
CLONES = {"x86_64": 56, "aarch64": 220, "riscv64": 220, "loongarch64": 220}  # the number of clone(2)
REFUSED = 1


def flags() -> int:
    """The flags of clone(2) that give a process namespaces of its own here; 0 where this machine refuses them all."""
    apart = CLONE_NEWPID | CLONE_NEWNS
    if os.uname().machine not in CLONES:
        return 0
    return next((wanted for wanted in (apart, apart | CLONE_NEWUSER) if _works(wanted)), 0)


def _works(wanted: int) -> bool:
    """Try it with a process that ends at once."""
    try:
        pid = first(wanted, lambda: None)
    except OSError:
        return False
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def first(wanted: int, work: Callable[[], None]) -> int:
    """Start a process that is the first of its namespaces; it is killed when this one ends.

    Args:
        wanted: flags of clone(2).
        work: what it does until it ends.

    Returns:
        Its id here.

    Raises:
        OSError: there is no such process.
    """
    user, group = os.geteuid(), os.getegid()
    pid = _clone(wanted)
    if pid:
        return pid
    try:
        _settle(wanted, user, group)
    except OSError:
        os._exit(REFUSED)
    work()
    os._exit(0)


def _clone(wanted: int) -> int:
    """fork(2) with flags, done as os.fork does it. Not by clone3(2), which seccomp filters of containers refuse."""
    libc, python = ctypes.PyDLL(None, use_errno=True), ctypes.pythonapi  # these keep the interpreter's lock
    number = CLONES[os.uname().machine]
    python.PyOS_BeforeFork()
    pid: int = libc.syscall(number, ctypes.c_ulong(wanted | signal.SIGCHLD), None, None, None, None)
    if pid == 0:
        python.PyOS_AfterFork_Child()
        return 0
    code = ctypes.get_errno()
    python.PyOS_AfterFork_Parent()
    if pid < 0:
        raise OSError(code, os.strerror(code))
    return pid


def _settle(wanted: int, user: int, group: int) -> None:
    """Be who one was, show in /proc what is here, and keep this process' memory and descriptors from what it starts."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if wanted & CLONE_NEWUSER:
        for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
            with open(f"/proc/self/{name}", "w") as file:  # noqa: PTH123  # pathlib is too slow to import here
                file.write(text)
    _mount(libc, None, b"/", None, MS_REC | MS_PRIVATE)
    _mount(libc, b"proc", b"/proc", b"proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)


def _mount(libc: ctypes.CDLL, source: bytes | None, target: bytes, kind: bytes | None, options: int) -> None:
    if libc.mount(source, target, kind, ctypes.c_ulong(options), None):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
