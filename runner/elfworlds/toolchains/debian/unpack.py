"""Packages into a tree: files first, then links, so that no file is ever written through a link."""

from __future__ import annotations

import os
import shutil
import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from elfworlds.errors import BuildFailedError
from elfworlds.toolchains.debian import archive
from elfworlds.toolchains.debian.tree import FILES, OF_FEW, RootLayout, settled, unread
from elfworlds.trees.deb import DebError, tar

if TYPE_CHECKING:
    import tarfile
    from collections.abc import Callable, Collection, Sequence
    from pathlib import Path

    from elfworlds.toolchains.debian.archive import Control
    from elfworlds.trees.deb import Unzstd

COPY = 1 << 20


@dataclass(frozen=True, slots=True)
class Unpacked:
    """What a package brought.

    Attributes:
        links: place → target of each symbolic link, none of which is made yet.
        size: bytes of its files.
    """

    control: Control
    links: tuple[tuple[str, str], ...]
    size: int


def unpack(
    debs: Sequence[Path], tree: Path, layout: RootLayout, unzstd: Unzstd, jobs: int, report: Callable[[], None]
) -> tuple[Unpacked, ...]:
    """Unpack packages into an empty directory, several at once; the tree does not depend on their order.

    Raises:
        BuildFailedError: one is damaged, or holds what no package of a root should.
        OSError: the tree cannot be written.
    """
    for name in layout.directories():
        (tree / name).mkdir(parents=True, exist_ok=True)

    def unpack_deb(deb: Path) -> Unpacked:
        try:
            contents = _unpack(deb, tree, layout, unzstd)
        except DebError as error:
            raise _refused(deb, error) from None
        report()
        return contents

    executor = ThreadPoolExecutor(jobs)
    try:
        unpacked = tuple(executor.map(unpack_deb, debs))
    finally:
        executor.shutdown(cancel_futures=True)
    try:
        _finish(tree, layout, unpacked)
    except DebError as error:
        raise BuildFailedError(f"the packages make no root: {error}") from None
    return unpacked


def _refused(deb: Path, error: DebError) -> BuildFailedError:
    hint = "nothing of it was kept; is the lock file the one that came with the project?"
    return BuildFailedError(f"{deb} is refused: {error}", hint=hint)


def _unpack(deb: Path, tree: Path, layout: RootLayout, unzstd: Unzstd) -> Unpacked:
    links: list[tuple[str, str]] = []
    size = 0
    with tar(deb, "data", unzstd) as members:
        for member in members:
            place = layout.place(member.name)
            if unread(place):
                continue
            if member.issym():
                links.append((place, layout.target(member.name, member.linkname)))
            else:
                size += _make(members, member, tree, place, layout)
    return Unpacked(archive.control(deb, unzstd), tuple(links), size)


def _make(members: tarfile.TarFile, member: tarfile.TarInfo, tree: Path, place: str, layout: RootLayout) -> int:
    """A file, a directory or a second name of a file; its size."""
    path = f"{tree}/{place}"
    try:
        if member.isdir():
            os.makedirs(path, exist_ok=True)  # noqa: PTH103  # a Path for each of 30000 files takes its time
            return 0
        os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120
        if member.islnk():
            _second_name(f"{tree}/{layout.place(member.linkname)}", path)
            return 0
        if not member.isreg():
            raise DebError(f"it holds neither a file nor a directory: {member.name!r:.200}")
        return _write(members, member, path)
    except (FileExistsError, NotADirectoryError):
        raise DebError(f"another package has {place!r:.200} too") from None


def _second_name(first: str, path: str) -> None:
    try:
        regular = stat.S_ISREG(os.lstat(first).st_mode)
    except FileNotFoundError:
        regular = False
    if not regular:
        raise DebError(f"it holds a second name of no file: {path!r:.200}")
    os.link(first, path)


def _write(members: tarfile.TarFile, member: tarfile.TarInfo, path: str) -> int:
    source = members.extractfile(member)
    if source is None:
        raise DebError(f"it holds no data for {member.name!r:.200}")
    mode = (member.mode & 0o755) | 0o644
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb", buffering=0) as target:
        shutil.copyfileobj(source, target, COPY)
        os.utime(target.fileno(), (int(member.mtime), int(member.mtime)))
    return member.size


def _finish(tree: Path, layout: RootLayout, unpacked: Sequence[Unpacked]) -> None:
    links = settled(link for package in unpacked for link in package.links)
    for place, target in {**links, **layout.links(_taken(tree, layout, links))}.items():
        _link(tree / place, target)
    for place, text in FILES.items():
        if not (tree / place).exists():
            (tree / place).write_text(text)


def _taken(tree: Path, layout: RootLayout, links: Collection[str]) -> set[str]:
    """The places of the layout's own links that are not made: something is there, or what they lead to is not."""
    made = layout.links(())
    lost = {
        place for place, target in made.items() if target in OF_FEW and not (tree / place).with_name(target).exists()
    }
    return lost | {place for place in made if place in links or (tree / place).exists()}


def _link(path: Path, target: str) -> None:
    """Make a link; an empty directory in its place gives way, since another package may name it as a parent."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir() and not any(path.iterdir()):
        path.rmdir()
    try:
        path.symlink_to(target)
    except FileExistsError:
        if os.path.basename(target) == path.name and (path.parent / target).exists() and not path.is_symlink():  # noqa: PTH119
            return  # on a merged /usr, a link from one of its names to the other
        raise DebError(f"a link and something else are both called {str(path)!r:.200}") from None
