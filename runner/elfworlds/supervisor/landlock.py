"""A command in a Landlock domain (landlock(7)), without capabilities and with a filter of system calls (seccomp(2)).

All of this is of a thread, and what a thread starts inherits it: so a command is started by a thread of its own, and
the supervisor stays outside, where the command can neither signal nor trace it.
"""

from __future__ import annotations

import _thread
import ctypes
import os
import stat
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from elfworlds.supervisor.messages import Confinement

# linux/landlock.h, linux/prctl.h, linux/capability.h; the numbers of these calls are the same on every machine.
CREATE, ADD_RULE, RESTRICT = 444, 445, 446
VERSION, PATH_BENEATH = 1, 1
OF_FILES = 1 << 0 | 1 << 1 | 1 << 2 | 1 << 14 | 1 << 15  # rights that a file can have; the others are of directories
NO_NEW_PRIVS, SECCOMP, FILTER, DROP_BOUND, AMBIENT, CLEAR = 38, 22, 2, 24, 47, 4
CAPABILITIES, CAPABILITY_VERSION = range(64), 0x20080522


class ConfinementError(Exception):
    """A command could not be confined, and was not started; in words, why."""


def abi() -> int:
    """The version of Landlock that this kernel has; 0 where it has none, or it is off."""
    number: int = ctypes.CDLL(None).syscall(CREATE, None, ctypes.c_size_t(0), ctypes.c_uint(VERSION))
    return max(number, 0)


def within(confinement: Confinement, start: Callable[[], int]) -> int:
    """What `start` gives, from a thread that is confined first.

    Raises:
        ConfinementError: it could not be confined.
        OSError: of `start`.
    """
    outcome: list[int | Exception] = []
    ended = _thread.allocate_lock()
    ended.acquire()

    def confined() -> None:
        try:
            _confine(confinement)
            outcome.append(start())
        except Exception as error:  # noqa: BLE001  # it is raised again where somebody waits
            outcome.append(error)
        finally:
            ended.release()

    _thread.start_new_thread(confined, ())
    ended.acquire()
    if isinstance(outcome[0], Exception):
        raise outcome[0]
    return outcome[0]


def _confine(confinement: Confinement) -> None:
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        _checked(libc.prctl(NO_NEW_PRIVS, 1, 0, 0, 0))
        _restrict(libc, confinement)
        _drop_capabilities(libc)
        if confinement["filter"]:
            _filter(libc, confinement["filter"])
    except OSError as error:
        raise ConfinementError(f"Landlock refuses: {error.strerror}") from None


def _restrict(libc: ctypes.CDLL, confinement: Confinement) -> None:
    ruleset = struct.pack("=QQQ", *confinement["handled"])
    domain = _checked(libc.syscall(CREATE, ruleset, ctypes.c_size_t(len(ruleset)), ctypes.c_uint(0)))
    try:
        for path, rights in confinement["rules"]:
            _allow(libc, domain, path, rights)
        _checked(libc.syscall(RESTRICT, domain, ctypes.c_uint(0)))
    finally:
        os.close(domain)


def _allow(libc: ctypes.CDLL, domain: int, path: str, rights: int) -> None:
    """Allow what is done below a path; where there is nothing, nothing is allowed."""
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        here = rights if stat.S_ISDIR(os.fstat(place).st_mode) else rights & OF_FILES
        rule = struct.pack("=Qi", here, place)
        _checked(libc.syscall(ADD_RULE, domain, ctypes.c_int(PATH_BENEATH), rule, ctypes.c_uint(0)))
    finally:
        os.close(place)


def _drop_capabilities(libc: ctypes.CDLL) -> None:
    """None are left, and a program of root gets none again; whoever has none has nothing to drop."""
    libc.prctl(AMBIENT, CLEAR, 0, 0, 0)
    for capability in CAPABILITIES:
        libc.prctl(DROP_BOUND, capability, 0, 0, 0)
    _checked(libc.capset(struct.pack("=Ii", CAPABILITY_VERSION, 0), bytes(24)))


def _filter(libc: ctypes.CDLL, steps: bytes) -> None:
    text = ctypes.create_string_buffer(steps)
    program = struct.pack("@HP", len(steps) // 8, ctypes.addressof(text))
    _checked(libc.prctl(SECCOMP, FILTER, program, 0, 0))


def _checked(answer: int) -> int:
    if answer < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return answer
