"""Whether a loader takes a file, by the bytes that it looks at first; pure but for the reading.

glibc: elf/dl-load.c, `open_verify`. A file of another class or machine is passed over; whatever else is wrong with the
first bytes ends the search with an error. musl: ldso/dynlink.c, `map_library`, which looks at no magic number, no
class and no machine: the first file that can be opened is the one.
"""

from __future__ import annotations

import errno
import os
import stat
import struct
import sys
from functools import cache
from typing import TYPE_CHECKING

from elfworlds.resolve.types import MUSL, Refusal

if TYPE_CHECKING:
    from pathlib import Path

HEADER = 64
EI_CLASS, EI_DATA, EI_VERSION, EI_OSABI, EI_ABIVERSION, EI_PAD, EI_NIDENT = 4, 5, 6, 7, 8, 9, 16
ELFOSABI_NONE, ELFOSABI_GNU = 0, 3
ET_EXEC, ET_DYN = 2, 3
EV_CURRENT = 1
PHDR_BYTES = {1: 32, 2: 56}
PHENTSIZE = {1: 42, 2: 54}
ABSENT = (errno.ENOENT, errno.ENOTDIR)


def refusal(path: Path, family: str) -> Refusal | None:
    """Why a loader of this machine would not take what lies at a path; None where it takes it or nothing is there."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        return not_opened(error.errno, family)
    except ValueError:  # a name that no file can have
        return None
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):  # it is opened, and cannot be read
            return Refusal.FATAL
        if not stat.S_ISREG(mode):
            return Refusal.UNKNOWN
        head = os.pread(descriptor, HEADER, 0)
    except OSError:
        return Refusal.UNKNOWN
    finally:
        os.close(descriptor)
    return judged(head, own(), family)


def judged(head: bytes, own: bytes, family: str) -> Refusal | None:
    """Why a loader would not take a file with these first bytes; `own` are those of a file that it takes."""
    return musl(head, own) if family == MUSL else glibc(head, own)


def not_opened(number: int | None, family: str) -> Refusal | None:
    """Why a loader would not take a file that cannot be opened, by errno; None where nothing is there."""
    if number in ABSENT or (family == MUSL and number == errno.ENAMETOOLONG):
        return None
    return Refusal.UNKNOWN if number == errno.EACCES else Refusal.SHUT


def glibc(head: bytes, own: bytes) -> Refusal | None:
    """What `open_verify` says of a file's first bytes; `own` are those of a program of this machine."""
    if len(head) < HEADER or not head.startswith(b"\x7fELF"):
        return Refusal.FATAL
    if head[EI_CLASS] != own[EI_CLASS]:
        return Refusal.PASSED
    return _ident(head, own) or _fields(head, own)


def _ident(head: bytes, own: bytes) -> Refusal | None:
    if head[EI_DATA] != own[EI_DATA] or head[EI_VERSION] != EV_CURRENT or any(head[EI_PAD:EI_NIDENT]):
        return Refusal.FATAL
    if head[EI_OSABI] == ELFOSABI_GNU:  # how many versions there are depends on libc's
        return Refusal.UNKNOWN if head[EI_ABIVERSION] else None
    return Refusal.FATAL if head[EI_OSABI] != ELFOSABI_NONE or head[EI_ABIVERSION] else None


def _fields(head: bytes, own: bytes) -> Refusal | None:
    kind, machine, version = _rest(head, own)
    if version == EV_CURRENT and machine != _rest(own, own)[1]:
        return Refusal.PASSED
    fits = version == EV_CURRENT and kind in (ET_EXEC, ET_DYN) and _phentsize(head, own) == PHDR_BYTES[own[EI_CLASS]]
    return None if fits else Refusal.FATAL


def musl(head: bytes, own: bytes) -> Refusal | None:
    """What `map_library` makes of a file's first bytes: of another machine's file, nobody knows what."""
    if len(head) < HEADER or _rest(head, own)[0] not in (ET_EXEC, ET_DYN):
        return Refusal.FATAL
    same = head[: EI_DATA + 1] == own[: EI_DATA + 1] and _rest(head, own)[1] == _rest(own, own)[1]
    return None if same and _phentsize(head, own) == PHDR_BYTES[own[EI_CLASS]] else Refusal.UNKNOWN


@cache
def own() -> bytes:
    """The first bytes of a program of this machine: of the one that runs this."""
    with open(sys.executable, "rb") as file:  # noqa: PTH123  # a string all the way
        return file.read(HEADER)


def _rest(head: bytes, own: bytes) -> tuple[int, int, int]:
    kind, machine, version = struct.unpack_from(f"{_order(own)}HHI", head, EI_NIDENT)
    return kind, machine, version


def _phentsize(head: bytes, own: bytes) -> int:
    return int(struct.unpack_from(f"{_order(own)}H", head, PHENTSIZE[own[EI_CLASS]])[0])


def _order(own: bytes) -> str:
    return ">" if own[EI_DATA] == 2 else "<"  # noqa: PLR2004  # ELFDATA2MSB
