"""A Debian package file: an ar archive of two tar archives (deb(5)), read without unpacking anything."""

from __future__ import annotations

import io
import tarfile
from contextlib import contextmanager
from typing import TYPE_CHECKING

from elfworlds.trees.manifest import TreeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Unzstd = Callable[[Path, tuple[int, int]], Path]

MAGIC = b"!<arch>\n"
HEADER = 60
MEMBERS = 64  # more than any package has
BUFFER = 1 << 20
MODES = {"": "r|", ".gz": "r|gz", ".xz": "r|xz", ".bz2": "r|bz2"}
BROKEN = (tarfile.TarError, EOFError, ValueError, OverflowError, RecursionError)


class DebError(TreeError):
    """A file that is no Debian package, or one that holds what no package should."""


class Stretch(io.RawIOBase):
    """Some bytes of a file, as a file."""

    def __init__(self, path: Path, start: int, length: int) -> None:
        self.file = path.open("rb")
        self.file.seek(start)
        self.left = length

    def read(self, size: int = -1, /) -> bytes:
        data = self.file.read(self.left if size < 0 else min(size, self.left))
        self.left -= len(data)
        return data

    def close(self) -> None:
        self.file.close()
        super().close()


def members(path: Path) -> dict[str, tuple[int, int]]:
    """What an ar archive holds: name → where it starts, how long it is."""
    stretches: dict[str, tuple[int, int]] = {}
    with path.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise DebError("it is no Debian package")
        while len(stretches) < MEMBERS and (header := file.read(HEADER)):
            name, size = header[:16].decode("latin-1").strip().removesuffix("/"), header[48:58].strip()
            if len(header) != HEADER or not size.isdigit():
                raise DebError("its archive is damaged")
            stretches[name] = (file.tell(), int(size))
            file.seek(int(size) + int(size) % 2, io.SEEK_CUR)
    return stretches


@contextmanager
def tar(path: Path, which: str, unzstd: Unzstd) -> Iterator[tarfile.TarFile]:
    """The tar archive `control` or `data` of a package, to be read once from its start to its end.

    Args:
        path: the package.
        which: the member, without its suffixes.
        unzstd: decompresses a stretch of a file, where the member is of the one kind that Python may not know.

    Raises:
        DebError: it has no such member, or what is read from it is damaged.
    """
    stretches = members(path)
    name = next((member for member in stretches if member.partition(".tar")[0] == which), None)
    if name is None:
        raise DebError(f"it has no {which}.tar")
    suffix = name.removeprefix(f"{which}.tar")
    place, stretch = path, stretches[name]
    if suffix == ".zst":
        place, suffix = unzstd(path, stretch), ""
        stretch = (0, place.stat().st_size)
    if suffix not in MODES:
        raise DebError(f"its {name} is of an unknown kind")
    with Stretch(place, *stretch) as file, damage_told(), opened(file, MODES[suffix]) as archive:
        yield archive


def opened(file: io.RawIOBase, mode: str) -> tarfile.TarFile:
    """A tar archive that is read once, from its start."""
    return tarfile.open(fileobj=file, mode=mode, bufsize=BUFFER)  # type: ignore[call-overload,no-any-return]


@contextmanager
def damage_told() -> Iterator[None]:
    """What Python says of a damaged archive becomes a `DebError`."""
    try:
        yield
    except BROKEN as error:
        raise DebError(f"its archive is damaged: {error}") from None
