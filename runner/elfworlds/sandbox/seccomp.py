"""What a program in the sandbox may not ask of the kernel, as a filter for bubblewrap's --seccomp (seccomp(2)). Pure.

A world keeps files, the network and other processes away. The filter adds what no namespace has: keyrings, the memory
of processes, terminals' input queues, sockets to other machines' hosts, and the ways to mount and to make namespaces.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

EPERM, ENOSYS, EAFNOSUPPORT = 1, 38, 97
ALLOW, ERRNO = 0x7FFF0000, 0x00050000  # SECCOMP_RET_*
LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06  # BPF_LD|W|ABS, BPF_JMP|*|K, BPF_RET|K
NUMBER, ARCHITECTURE, ARGUMENTS = 0, 4, 16  # offsets in struct seccomp_data; low halves of little-endian arguments
X32 = 0x40000000
NEW_NAMESPACES = 0x7E020000  # CLONE_NEW* that clone(2) takes
FAMILIES = (1, 2, 10, 16)  # AF_UNIX, AF_INET, AF_INET6, AF_NETLINK
TERMINAL_REQUESTS = (0x5412, 0x541C)  # TIOCSTI, TIOCLINUX
AUDIT: Mapping[str, int] = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
# The numbers of system calls: x86_64, aarch64 (arch/x86/entry/syscalls, include/uapi/asm-generic/unistd.h).
CLONE, CLONE3, IOCTL, SOCKET = (56, 220), (435, 435), (16, 29), (41, 198)
TRACING = ((101, 117), (310, 270), (311, 271), (312, 272), (438, 438))  # ptrace, process_vm_*v, kcmp, pidfd_getfd
REFUSED = (
    *((248, 217), (249, 218), (250, 219)),  # add_key, request_key, keyctl
    *((165, 40), (166, 39), (155, 41), (161, 51), (272, 97), (308, 268)),  # mount … unshare, setns
    *((number, number) for number in (428, 429, 430, 431, 432, 433, 442)),  # open_tree, move_mount, fs*, mount_setattr
    *((321, 280), (298, 241), (323, 282)),  # bpf, perf_event_open, userfaultfd
    *((number, number) for number in (425, 426, 427)),  # io_uring_*
    *((246, 104), (320, 294), (175, 105), (313, 273), (176, 106)),  # kexec_*, *_module
    *((169, 142), (167, 224), (168, 225), (163, 89), (179, 60), (103, 116), (153, 58)),  # reboot … vhangup
    *((304, 265), (300, 262), (212, 18)),  # open_by_handle_at, fanotify_init, lookup_dcookie
    *((164, 170), (227, 112), (159, 171), (305, 266), (170, 161), (171, 162)),  # clocks and names of the machine
)
# What a world keeps apart, and Landlock alone does not; NONE where a machine has no such call.
NONE = -1
SHARED = (
    *((29, 194), (30, 196), (31, 195), (64, 190), (65, 193), (66, 191), (220, 192)),  # shm*, sem*
    *((68, 186), (69, 189), (70, 188), (71, 187), (240, 180), (241, 181)),  # msg*, mq_open, mq_unlink
)
MODES = (
    *((90, NONE), (91, 52), (268, 53), (452, 452), (92, NONE), (93, 55), (94, NONE), (260, 54)),  # *chmod*, *chown*
    *(
        (188, 5),
        (189, 6),
        (190, 7),
        (197, 14),
        (198, 15),
        (199, 16),
        (463, 463),
        (466, 466),
    ),  # *setxattr*, *removexattr*
    (469, 469),  # file_setattr
)


def supported(machine: str) -> bool:
    return machine in AUDIT


def program(machine: str, *, tracing: bool, alone: bool = False, refused: tuple[tuple[int, int], ...] = ()) -> bytes:
    """The filter for a machine's own programs; others get ENOSYS for whatever they ask.

    Args:
        machine: as uname(2) has it.
        tracing: whether what is started traces what it starts, as gdb does.
        alone: whether no world keeps the network and what processes share away: then every socket is refused.
        refused: more system calls, with their numbers on each machine.
    """
    at = list(AUDIT).index(machine)
    every = (*REFUSED, *(() if tracing else TRACING), *(SHARED if alone else ()), *refused)
    families = () if alone else FAMILIES
    return b"".join(
        (
            *_unless_equal(ARCHITECTURE, AUDIT[machine], ENOSYS),
            _step(LOAD, NUMBER),
            *((_step(AT_LEAST, X32, 0, 1), _error(ENOSYS)) if machine == "x86_64" else ()),
            *_if_equal(CLONE3[at], ENOSYS),
            *(
                step
                for number in sorted({numbers[at] for numbers in every} - {NONE})
                for step in _if_equal(number, EPERM)
            ),
            *_arguments(CLONE[at], 0, [_step(ANY_BIT, NEW_NAMESPACES, 0, 1), _error(EPERM)]),
            *_arguments(IOCTL[at], 1, [step for request in TERMINAL_REQUESTS for step in _if_equal(request, EPERM)]),
            *_arguments(SOCKET[at], 0, [*_unless_any(families), _error(EAFNOSUPPORT)]),
            _step(RETURN, ALLOW),
        )
    )


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    """A struct sock_filter; jumps count the steps that are left out."""
    return struct.pack("=HBBI", code, if_true, if_false, value)


def _error(number: int) -> bytes:
    return _step(RETURN, ERRNO | number)


def _if_equal(value: int, error: int) -> tuple[bytes, bytes]:
    return _step(EQUAL, value, 0, 1), _error(error)


def _unless_equal(offset: int, value: int, error: int) -> tuple[bytes, bytes, bytes]:
    return _step(LOAD, offset), _step(EQUAL, value, 1, 0), _error(error)


def _unless_any(values: tuple[int, ...]) -> Iterator[bytes]:
    """Go on with the step after the next one where the value is one of these."""
    for left, value in zip(range(len(values), 0, -1), values, strict=True):
        yield _step(EQUAL, value, left, 0)


def _arguments(number: int, argument: int, steps: list[bytes]) -> list[bytes]:
    """Steps about an argument of one system call; where none of them ends the filter, the call is allowed."""
    inner = [_step(LOAD, ARGUMENTS + 8 * argument), *steps, _step(RETURN, ALLOW)]
    return [_step(EQUAL, number, 0, len(inner)), *inner]
