"""A system's files, each read once: this machine's, or those of a directory that holds another system."""

from __future__ import annotations

import os
import posixpath
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from elfworlds import elf
from elfworlds.elf.quick import quick
from elfworlds.elf.segments import HEAD, end_of
from elfworlds.resolve import Refusal
from elfworlds.resolve.header import HEADER, judged, not_opened

if TYPE_CHECKING:
    from collections.abc import Hashable

    from elfworlds.elf import ElfObject, Versions
    from elfworlds.resolve.types import Read
    from elfworlds.sandbox import Tree


class Looked(NamedTuple):
    """What lies at a path: its first bytes and facts, or why it cannot be read.

    Attributes:
        error: errno of opening it; 0 where it can be opened.
        refusal: what no loader takes, whatever its rules.
        identity: device and inode.
        versions: where they could be read with the facts; `elf.versions` knows them in any case.
        declares: whether there may be notes that declare what it may dlopen.
        size, end: bytes of the file, and up to where it says that it is mapped; 0 where that is not known.
    """

    error: int = 0
    refusal: Refusal | None = None
    head: bytes = b""
    facts: ElfObject | None = None
    identity: tuple[int, int] | None = None
    versions: Versions | None = None
    declares: bool = True
    size: int = 0
    end: int = 0


@dataclass(slots=True)
class Files:
    """The files of a system.

    Attributes:
        tree: the directory that holds it; None for this machine.
        beside: directories and files of this machine that are seen where the tree has nothing.
        looked, by_identity: what is known already, by path, and by device and inode: a file has many names.
    """

    tree: Tree | None = None
    beside: tuple[str, ...] = ()
    looked: dict[str, Looked] = field(default_factory=dict)
    directories: dict[str, str] = field(default_factory=dict)
    by_identity: dict[tuple[int, int], Looked] = field(default_factory=dict)

    def outside(self, path: str) -> str:
        """Where a path of the system lies on this machine."""
        if self.tree is None:
            return path
        if path in self.beside:
            return path
        inside = self._outside(path)
        if path.startswith(tuple(f"{place}/" for place in self.beside)) and not os.path.lexists(inside):
            return path
        return inside

    def _outside(self, path: str) -> str:
        if self.tree is None or not path.startswith("/"):
            return "/dev/null/no-such-path"  # nothing is there: a system has no current directory
        directory, name = posixpath.split(path)
        known = self.directories.get(directory)
        if known is None:
            known = self.directories[directory] = self.tree.real(directory)
        joined = posixpath.join(known, name)
        plain = self.tree.laid_over(joined) or posixpath.join(self.tree.path, joined.lstrip("/"))
        return self.tree.outside(joined) if name == ".." or os.path.islink(plain) else plain  # noqa: PTH114

    def real(self, path: str) -> str:
        """A path of the system without symbolic links."""
        if self.tree is None or self.outside(path) == path:
            return os.path.realpath(path)
        return self.tree.real(path)

    def dangles(self, path: str) -> bool:
        """Whether a symbolic link at a path of the system leads to nothing."""
        directory, name = posixpath.split(path)
        real = posixpath.join(self.real(directory), name)
        outside = real if self.tree is None else posixpath.join(self.tree.path, real.lstrip("/"))
        return os.path.islink(outside) and not os.path.exists(self.outside(path))  # noqa: PTH110, PTH114

    def look(self, path: str) -> Looked:
        """What lies at a path of the system."""
        known = self.looked.get(path)
        if known is None:
            known = self.looked[path] = self._look(self.outside(path))
        return known

    def _look(self, path: str) -> Looked:
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError as error:
            return Looked(error=error.errno or -1)
        except ValueError:  # a name that no file can have
            return Looked(error=2)
        try:
            about = os.fstat(descriptor)
            identity = (about.st_dev, about.st_ino)
            known = self.by_identity.get(identity)
            if known is None:
                known = self.by_identity[identity] = _opened(descriptor, path, about)
        except OSError:
            return Looked(refusal=Refusal.UNKNOWN)
        finally:
            os.close(descriptor)
        return known

    def bytes(self, path: str, most: int) -> bytes:
        """The first bytes of a regular file; none where it cannot be read."""
        try:
            descriptor = os.open(self.outside(path), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except (OSError, ValueError):
            return b""
        with open(descriptor, "rb") as file:  # noqa: PTH123  # of a descriptor
            return file.read(most) if stat.S_ISREG(os.fstat(descriptor).st_mode) else b""


@dataclass(slots=True)
class View:
    """A system's files as one loader takes them.

    Attributes:
        own: the first bytes of a file that it takes.
        family: whose rules hold, glibc's or musl's.
    """

    files: Files
    own: bytes
    family: str
    known: dict[str, Read] = field(default_factory=dict)

    def read(self, path: str) -> Read:
        """As `resolve.Surroundings` wants it."""
        if path in self.known:
            return self.known[path]
        read = self.known[path] = self._read(self.files.look(path))
        return read

    def _read(self, looked: Looked) -> Read:
        if looked.error:
            return not_opened(looked.error, self.family)
        if looked.refusal:
            return looked.refusal
        return judged(looked.head, self.own, self.family) or looked.facts or Refusal.UNKNOWN

    def identity(self, path: str) -> Hashable:
        """The file's device and inode, the same for all its names; the path itself where nothing can be read of it."""
        return self.files.look(path).identity or path


def _opened(descriptor: int, path: str, about: os.stat_result) -> Looked:
    identity = (about.st_dev, about.st_ino)
    if stat.S_ISDIR(about.st_mode):  # it is opened, and cannot be read
        return Looked(refusal=Refusal.FATAL, identity=identity)
    if not stat.S_ISREG(about.st_mode):
        return Looked(refusal=Refusal.UNKNOWN, identity=identity)
    head = os.pread(descriptor, HEAD, 0)
    if not head.startswith(b"\x7fELF"):
        return Looked(head=head[:HEADER], identity=identity)
    known = quick(descriptor, about.st_size, head)
    if known:
        return Looked(
            head=head[:HEADER],
            facts=known.facts,
            identity=identity,
            versions=known.versions,
            declares=known.declares,
            size=about.st_size,
            end=known.end,
        )
    end = end_of(descriptor, about.st_size, head)
    try:
        facts = elf.read(Path(path))
    except elf.NotElfError:
        return Looked(head=head[:HEADER], identity=identity)
    return Looked(head=head[:HEADER], facts=facts, identity=identity, size=about.st_size, end=end)
