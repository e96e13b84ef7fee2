"""What archives hold, member by member: zip files (wheels are some), tar archives, Debian packages."""

from __future__ import annotations

import lzma
import posixpath
import stat
import struct
import zipfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import IO, TYPE_CHECKING, Protocol

from elfworlds.trees import deb
from elfworlds.trees.deb import DebError, Stretch
from elfworlds.trees.manifest import DIRECTORY, FILE, LINK, TreeError, inside

if TYPE_CHECKING:
    import tarfile
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from elfworlds.trees.deb import Unzstd

ZIPS = (".whl", ".zip", ".egg", ".jar")
SHORT = {".tar": "", ".tgz": ".gz", ".txz": ".xz", ".tbz2": ".bz2", ".tzst": ".zst"}
TARS = {**SHORT, **{f".tar{suffix}": suffix for suffix in (".gz", ".xz", ".bz2", ".zst")}}
DEBS = (".deb", ".udeb")
KINDS = f"known are {', '.join((*ZIPS, *DEBS, *TARS))}"
AGAIN = "again"  # a second name of a file that came before
LONGEST_TARGET = 4096
ENCRYPTED = 1
UNIX = 3
KERNELS = ("dev", "proc", "sys")  # what of a system's directories is no file's
BROKEN_ZIP = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, RuntimeError, EOFError, ValueError)


@dataclass(frozen=True, slots=True)
class Member:
    """What an archive holds at a path.

    Attributes:
        kind: `file`, `link`, `directory`, or `again` for a second name of the file at `target`.
        size: bytes of a file, as a tar archive says it; 0 of other archives.
        data: opens a file's bytes, before the next member is asked for.
    """

    path: str
    kind: str
    target: str = ""
    executable: bool = False
    size: int = 0
    data: Callable[[], IO[bytes]] | None = None


class Layout(Protocol):
    """Where members of an archive go: a path below the tree, and what a link leads to, relative to the link.

    What goes nowhere, the empty path, is left out.
    """

    def place(self, name: str) -> str: ...

    def target(self, name: str, target: str) -> str: ...


class AsItIs:
    """The layout of archives that are unpacked anywhere."""

    def place(self, name: str) -> str:
        return inside(name)

    def target(self, _name: str, target: str) -> str:
        return target


class Rooted:
    """The layout of archives that are unpacked in `/`: an absolute link leads to the same file, told relatively."""

    def place(self, name: str) -> str:
        return inside(name.lstrip("/"))

    def target(self, name: str, target: str) -> str:
        if not target.startswith("/"):
            return target
        seen, place = (inside(path.lstrip("/")) for path in (posixpath.normpath(target), name))
        return posixpath.relpath(f"/{seen}", f"/{posixpath.dirname(place)}")


class System(Rooted):
    """The layout of archives of a whole system: what a kernel provides is left out, devices are there."""

    def place(self, name: str) -> str:
        place = super().place(name)
        return "" if place.partition("/")[0] in KERNELS else place


class Layer(System):
    """The layout of one of several archives that make a system: whither a link leads shows where it comes to lie."""

    def target(self, _name: str, target: str) -> str:
        return target


def members(path: Path, unzstd: Unzstd, layout: Layout | None = None) -> AbstractContextManager[Iterator[Member]]:
    """The members of an archive, whose kind its name tells.

    Args:
        path: the archive.
        unzstd: undoes what zstd(1) compressed.
        layout: where members of a tar archive go; None for where it says.

    Raises:
        TreeError: it is none, or what is read of it is damaged or refused.
    """
    name = path.name.lower()
    if name.endswith(ZIPS):
        return _of_zip(path)
    if name.endswith(DEBS):
        return of_deb(path, unzstd, Rooted())
    suffix = next((kind for ending, kind in TARS.items() if name.endswith(ending)), None)
    if suffix is None:
        raise TreeError(f"`{path.name}` is no archive that is known here", KINDS)
    return of_tar(path, suffix, unzstd, layout or AsItIs())


@contextmanager
def of_deb(path: Path, unzstd: Unzstd, layout: Layout) -> Iterator[Iterator[Member]]:
    """What a Debian package would unpack."""
    with deb.tar(path, "data", unzstd) as archive:
        yield _members_of_tar(archive, layout)


@contextmanager
def of_tar(path: Path, suffix: str, unzstd: Unzstd, layout: Layout) -> Iterator[Iterator[Member]]:
    """The members of a tar archive, compressed as a suffix says, `.gz` or empty; errors as of `members`."""
    size = path.stat().st_size
    if suffix == ".zst":
        path, suffix = unzstd(path, (0, size)), ""
        size = path.stat().st_size
    with Stretch(path, 0, size) as file, deb.damage_told(), deb.opened(file, deb.MODES[suffix]) as archive:
        yield _members_of_tar(archive, layout)


def _members_of_tar(archive: tarfile.TarFile, layout: Layout) -> Iterator[Member]:
    for member in archive:
        place = layout.place(member.name)
        if not place:
            continue
        if member.issym():
            yield Member(place, LINK, layout.target(member.name, member.linkname))
        elif member.islnk():
            yield Member(place, AGAIN, layout.place(member.linkname))
        elif member.isdir():
            yield Member(place, DIRECTORY)
        elif member.isreg():
            executable = bool(member.mode & stat.S_IXUSR)
            yield Member(place, FILE, "", executable, member.size, partial(_data, archive, member))
        else:
            raise TreeError(f"it holds neither a file nor a directory nor a link: {member.name!r:.200}")


def _data(archive: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    file = archive.extractfile(member)
    if file is None:
        raise DebError(f"it holds no data for {member.name!r:.200}")
    return file


@contextmanager
def _of_zip(path: Path) -> Iterator[Iterator[Member]]:
    try:
        with zipfile.ZipFile(path) as archive:
            yield (_member_of_zip(archive, info) for info in archive.infolist())
    except BROKEN_ZIP as error:
        raise TreeError(f"its archive is damaged: {error}") from None


def _member_of_zip(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Member:
    """Its mode stands in the upper half of `external_attr`, where it was made on Unix."""
    if info.flag_bits & ENCRYPTED:
        raise TreeError(f"it is encrypted: {info.filename!r:.200}")
    place = inside(info.filename)
    mode = info.external_attr >> 16 if info.create_system == UNIX else 0
    if info.is_dir():
        return Member(place, DIRECTORY)
    if stat.S_ISLNK(mode):
        return Member(place, LINK, _target(archive, info))
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        raise TreeError(f"it holds neither a file nor a directory nor a link: {info.filename!r:.200}")
    return Member(place, FILE, "", bool(mode & stat.S_IXUSR), data=partial(archive.open, info))


def _target(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> str:
    with archive.open(info) as file:
        data = file.read(LONGEST_TARGET + 1)
    try:
        target = data.decode()
    except UnicodeDecodeError:
        target = ""
    if not target or len(data) > LONGEST_TARGET:
        raise TreeError(f"it holds a link to nothing: {info.filename!r:.200}")
    return target
