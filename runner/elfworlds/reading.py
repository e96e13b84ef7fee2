"""The door to files that somebody names: regular ones of bounded size, which nobody has to wait for.

A FIFO, a device, a file of the kernel such as /proc/kmsg, and 40 GB of nothing are refused before a byte is read.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import FileIO
    from pathlib import Path

MEBI = 1 << 20
MOST = 64 * MEBI
NO_FILE, KERNEL = "not a regular file", "a file of the kernel, not of a disk"
MOUNTS = "/proc/self/mountinfo"
# proc(5), sysfs(5) and their like: to read a file there may wait, or change something.
OF_THE_KERNEL = (
    *("binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "debugfs", "devpts", "efivarfs", "fusectl", "mqueue"),
    *("nfsd", "proc", "pstore", "rpc_pipefs", "securityfs", "selinuxfs", "sysfs", "tracefs"),
)


def read(path: Path | str, most: int = MOST) -> bytes:
    """All bytes of a regular file.

    Raises:
        OSError: it is none, has more than `most` bytes, or cannot be read; `strerror` says which.
        ValueError: its name has a NUL byte.
    """
    pieces, room = [], most
    with opened(path) as file:
        if os.fstat(file.fileno()).st_size <= most:
            while room >= 0 and (piece := file.read(MEBI)):
                pieces.append(piece)
                room -= len(piece)
            if room >= 0:
                return b"".join(pieces)
    raise OSError(errno.EFBIG, f"larger than {most // MEBI} MiB", str(path))


@contextmanager
def opened(path: Path | str) -> Iterator[FileIO]:
    """A regular file to be read; errors as of `read`."""
    _refuse(path)
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY  # what lies there now may be something else
    with open(os.open(path, flags), "rb", buffering=0) as file:  # noqa: PTH123  # of a descriptor
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, NO_FILE, str(path))
        yield file


def why_not(path: Path | str) -> str:
    """Why there is no regular file to read at a path; empty where there is one."""
    try:
        _refuse(path)
    except FileNotFoundError:
        return "no file"
    except OSError as error:
        return str(error.strerror)
    except ValueError:
        return "a name with a NUL byte"
    return ""


def _refuse(path: Path | str) -> None:
    state = os.stat(path)  # noqa: PTH116  # a string or a path
    if not stat.S_ISREG(state.st_mode):
        raise OSError(errno.EISDIR if stat.S_ISDIR(state.st_mode) else errno.EINVAL, NO_FILE, str(path))
    if of_the_kernel(path, state):
        raise OSError(errno.EINVAL, KERNEL, str(path))


def of_the_kernel(path: Path | str, state: os.stat_result) -> bool:
    """Whether what lies at a path is made by the kernel when it is read. Such file systems have no blocks."""
    return os.statvfs(path).f_blocks == 0 and _file_system(state.st_dev) in OF_THE_KERNEL


def _file_system(device: int) -> str:
    """The type of a mounted file system (proc_pid_mountinfo(5)); empty where it is not known."""
    number = f"{os.major(device)}:{os.minor(device)}"
    try:
        with open(MOUNTS, encoding="utf-8", errors="replace") as mounts:  # noqa: PTH123  # one fixed path
            rows = (line.split() for line in mounts)
            return next((row[row.index("-") + 1] for row in rows if row[2:3] == [number] and "-" in row), "")
    except OSError:
        return ""
