"""Trees: one digest wherever they lie and however they came; what no tree can hold is refused, and nothing is kept."""

from __future__ import annotations

import io
import os
import socket
import stat
import struct
import subprocess
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

import debs
from bundling import put
from elfworlds.trees import Shelf, TreeError
from elfworlds.trees.manifest import VARIABLE, Entry, Manifest
from waiting import AGES

FILES = {"bin/tool": b"#!/bin/sh\n", "lib/data": b"\0\xff" * 100, "lib/empty": b""}
LINKS = {"lib/again": "data", "up": "lib/../bin/tool"}
EXECUTABLE = {"bin/tool"}


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    path = tmp_path / "tree"
    for name, data in FILES.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data)
        (path / name).chmod(0o700 if name in EXECUTABLE else 0o640)
    for name, target in LINKS.items():
        (path / name).symlink_to(target)
    return path


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "store", os.environ)


def zipped(path: Path, members: Mapping[str, tuple[bytes, int]]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, (data, mode) in members.items():
            put(archive, name, data, mode)
    return path


def tarred(path: Path, *members: tarfile.TarInfo) -> Path:
    with tarfile.open(path, "w") as archive:
        for member in members:
            archive.addfile(member, io.BytesIO(bytes(member.size)))
    return path


def kept(shelf: Shelf) -> list[str]:
    """What is in the store, but for locks."""
    places = [path for part in ("objects", "archives", "tmp") for path in sorted((shelf.root / part).glob("*"))]
    return [str(path.relative_to(shelf.root)) for path in places]


class TestADirectory:
    def test_is_the_same_wherever_it_lies_and_whoever_may_read_it(self, directory: Path, shelf: Shelf) -> None:
        before = shelf.taken(directory)
        moved = directory.rename(directory.parent / "elsewhere")
        (moved / "lib/data").chmod(0o444)
        os.utime(moved / "lib/data", (1, 1))
        assert shelf.taken(moved).key == before.key
        assert (before.manifest.files, before.manifest.size) == (3, sum(map(len, FILES.values())))

    @pytest.mark.parametrize("change", ["bytes", "mode", "name", "link", "directory"])
    def test_is_another_one_where_anything_in_it_is(self, change: str, directory: Path, shelf: Shelf) -> None:
        before = shelf.taken(directory).key
        if change == "bytes":
            (directory / "lib/data").write_bytes(b"\0\xfe" * 100)
        elif change == "mode":
            (directory / "lib/data").chmod(0o755)
        elif change == "name":
            (directory / "lib/empty").rename(directory / "lib/void")
        elif change == "link":
            (directory / "up").unlink()
            (directory / "up").symlink_to("bin/tool")
        else:
            (directory / "more").mkdir()
        assert shelf.taken(directory).key != before

    @pytest.mark.parametrize("target", ["/etc/passwd", "../outside", "lib/../../outside", "lib/deep/down/../outside"])
    def test_with_a_link_that_leads_out_is_refused(self, target: str, directory: Path, shelf: Shelf) -> None:
        (directory / "lib/deep").mkdir()
        (directory / "lib/deep/down").symlink_to("../..")
        (directory / "out").symlink_to(target)
        with pytest.raises(TreeError, match="leads out of the tree"):
            shelf.taken(directory)

    def test_may_have_links_to_nothing_and_round_in_a_circle(self, directory: Path, shelf: Shelf) -> None:
        (directory / "dangling").symlink_to("nowhere/at/all")
        (directory / "round").symlink_to("lib/round")
        (directory / "lib/round").symlink_to("../round")
        manifest = shelf.taken(directory).manifest
        assert (manifest.real("dangling"), manifest.real("round"), manifest.real("up")) == (None, None, "bin/tool")

    @pytest.mark.parametrize("what", ["a fifo", "a socket"])
    def test_with_something_else_than_files_is_refused(self, what: str, directory: Path, shelf: Shelf) -> None:
        if what == "a fifo":
            os.mkfifo(directory / "odd")
        else:
            with socket.socket(socket.AF_UNIX) as listener:
                listener.bind(str(directory / "odd"))
        with pytest.raises(TreeError, match=f"'odd' is {what}"):
            shelf.taken(directory)

    def test_with_a_name_that_is_not_utf_8_is_refused(self, directory: Path, shelf: Shelf) -> None:
        os.mkdir(os.fsencode(directory) + b"/\xff")  # noqa: PTH102  # bytes
        with pytest.raises(TreeError, match="not UTF-8"):
            shelf.taken(directory)

    def test_that_is_too_large_is_refused_with_the_limit_and_the_way_to_raise_it(self, directory: Path) -> None:
        small = Shelf(directory.parent / "store", {VARIABLE: "100"})
        with pytest.raises(TreeError, match="more than 100 bytes") as refused:
            small.taken(directory)
        assert VARIABLE in str(refused.value.hint)
        with pytest.raises(TreeError, match="is a number of bytes"):
            Shelf(directory.parent / "store", {VARIABLE: "much"}).taken(directory)


class TestTheStore:
    def test_has_a_tree_as_it_is(self, directory: Path, shelf: Shelf) -> None:
        tree = shelf.taken(directory)
        assert [shelf.ensure(tree), shelf.ensure(tree)] == [False, True]
        there = shelf.tree(tree.key)
        assert {name: (there / name).read_bytes() for name in FILES} == FILES
        assert {name: os.readlink(there / name) for name in LINKS} == LINKS  # noqa: PTH115
        modes = {name: stat.S_IMODE((there / name).stat().st_mode) for name in FILES}
        assert modes == {name: 0o555 if name in EXECUTABLE else 0o444 for name in FILES}

    @pytest.mark.parametrize("damage", ["bytes", "more", "less", "record"])
    def test_makes_a_damaged_tree_again(self, damage: str, directory: Path, shelf: Shelf) -> None:
        tree = shelf.taken(directory)
        shelf.ensure(tree)
        there = shelf.tree(tree.key)
        if damage == "bytes":
            (there / "lib/data").chmod(0o644)
            (there / "lib/data").write_bytes(bytes(200))
            (there / "lib/data").chmod(0o444)
            os.utime(there / "lib/data", (1, 1))
        elif damage == "more":
            (there / "lib/more").write_bytes(b"")
        elif damage == "less":
            (there / "lib/empty").unlink()
        else:
            (there.parent / "tree.json").write_text("{}")
        assert shelf.ensure(tree) is False
        assert shelf.taken(there).key == tree.key
        assert shelf.ensure(tree) is True

    def test_reads_a_tree_again_that_was_copied_with_it(self, directory: Path, shelf: Shelf) -> None:
        tree = shelf.taken(directory)
        shelf.ensure(tree)
        subprocess.run(["cp", "-r", str(shelf.root), str(shelf.root) + "-2"], check=True, timeout=AGES)
        assert Shelf(Path(f"{shelf.root}-2"), os.environ).ensure(tree) is True

    def test_refuses_a_directory_that_has_changed_since_it_was_read(self, directory: Path, shelf: Shelf) -> None:
        tree = shelf.taken(directory)
        (directory / "lib/data").write_bytes(b"\1" * 200)
        with pytest.raises(TreeError, match="is not what it was"):
            shelf.ensure(tree)
        assert kept(shelf) == []

    def test_removes_what_a_killed_run_left(self, directory: Path, shelf: Shelf) -> None:
        tree = shelf.taken(directory)
        (shelf.root / "tmp" / f"{tree.key}.killed" / "tree").mkdir(parents=True)
        shelf.ensure(tree)
        assert kept(shelf) == [f"objects/{tree.key}"]


class TestAnArchive:
    @pytest.mark.parametrize("name", ["t.tar", "t.tar.gz", "t.tgz", "t.tar.xz", "t.tar.bz2", "t.tar.zst", "t.whl"])
    def test_comes_to_the_tree_that_was_packed(
        self, name: str, directory: Path, shelf: Shelf, needs: Callable[[str], str]
    ) -> None:
        path = directory.parent / name
        if name.endswith(".whl"):
            members = {name: (data, 0o100755 if name in EXECUTABLE else 0o100644) for name, data in FILES.items()}
            zipped(path, {**members, **{name: (target.encode(), 0o120777) for name, target in LINKS.items()}})
        else:
            words = ["--zstd"] if name.endswith(".zst") else ["-a"]
            needs("zstd" if name.endswith(".zst") else "tar")
            subprocess.run(["tar", *words, "-cf", str(path), "-C", str(directory), "."], check=True, timeout=AGES)
        tree = shelf.unpacked(path)
        assert tree.key == shelf.taken(directory).key
        assert shelf.taken(tree.place).key == tree.key

    def test_of_debian_is_unpacked_as_dpkg_does_with_links_made_relative(
        self, tmp_path: Path, shelf: Shelf, needs: Callable[[str], str]
    ) -> None:
        needs("dpkg-deb")
        files: dict[str, debs.File] = {"usr/lib/p/libp.so.1": b"p", "usr/share/doc/p/copyright": b"c"}
        links = {"usr/lib/libp.so": "/usr/lib/p/libp.so.1", "usr/lib/p/libp.so": "libp.so.1"}
        tree = shelf.unpacked(debs.make_deb(tmp_path, "p", files, links=links))
        assert tree.manifest.entries["usr/lib/libp.so"].content == "p/libp.so.1"
        assert tree.manifest.real("usr/lib/libp.so") == "usr/lib/p/libp.so.1"
        assert (tree.place / "usr/share/doc/p/copyright").read_bytes() == b"c"

    def test_is_unpacked_once(self, tmp_path: Path, shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
        path = zipped(tmp_path / "t.zip", {"a": (b"a", 0o644)})
        first = shelf.unpacked(path)
        monkeypatch.setattr("elfworlds.trees.shelf.unpack", None)
        assert shelf.unpacked(path.rename(tmp_path / "other.zip")).key == first.key

    def test_is_unpacked_again_where_its_tree_is_damaged(self, tmp_path: Path, shelf: Shelf) -> None:
        path = zipped(tmp_path / "t.zip", {"a": (b"a", 0o644)})
        (shelf.unpacked(path).place / "a").unlink()
        assert (shelf.unpacked(path).place / "a").read_bytes() == b"a"

    def test_from_another_system_than_unix_has_no_programs_in_it(self, tmp_path: Path, shelf: Shelf) -> None:
        with zipfile.ZipFile(tmp_path / "t.zip", "w") as archive:
            info = zipfile.ZipInfo("a")
            info.create_system, info.external_attr = 0, 0o100755 << 16
            archive.writestr(info, b"")
        assert shelf.unpacked(tmp_path / "t.zip").manifest.entries["a"].executable is False

    def test_may_name_a_file_twice_as_a_hard_link(self, tmp_path: Path, shelf: Shelf) -> None:
        first, second = debs.member("a/first", size=3), debs.member("b/second", tarfile.LNKTYPE, "a/first")
        tree = shelf.unpacked(tarred(tmp_path / "t.tar", first, second))
        assert tree.manifest.entries["b/second"] == tree.manifest.entries["a/first"]

    @pytest.mark.parametrize(
        ("members", "why"),
        [
            ([debs.member("../out", size=1)], "outside of its own directory"),
            ([debs.member("/etc/out", size=1)], "outside of its own directory"),
            ([debs.member("a", size=1), debs.member("a", size=1)], "twice"),
            ([debs.member("a", size=1), debs.member("a/b", size=1)], "behind a file"),
            ([debs.member("a", tarfile.SYMTYPE, "b"), debs.member("a/b", size=1)], "which is no directory"),
            ([debs.member("a", tarfile.SYMTYPE, "../../etc")], "leads out of the tree"),
            ([debs.member("a", tarfile.SYMTYPE, "/etc")], "leads out of the tree"),
            ([debs.member("a", tarfile.SYMTYPE, "b"), debs.member("a", size=1)], "twice"),
            ([debs.member("a", tarfile.LNKTYPE, "b")], "a second name of no file"),
            ([debs.member("a", tarfile.LNKTYPE, "../b")], "outside of its own directory"),
            ([debs.member("a", tarfile.FIFOTYPE)], "neither a file nor a directory nor a link"),
            ([debs.member("a", tarfile.CHRTYPE)], "neither a file nor a directory nor a link"),
        ],
    )
    def test_that_no_tree_comes_of_is_refused(
        self, members: list[tarfile.TarInfo], why: str, tmp_path: Path, shelf: Shelf
    ) -> None:
        with pytest.raises(TreeError, match=why):
            shelf.unpacked(tarred(tmp_path / "t.tar", *members))
        assert kept(shelf) == []
        assert not (tmp_path / "out").exists()

    @pytest.mark.parametrize(
        ("members", "why"),
        [
            ({"../out": (b"", 0o644)}, "outside of its own directory"),
            ({"a": (b"/etc/passwd", 0o120777)}, "leads out of the tree"),
            ({"a": (b"", 0o120777)}, "a link to nothing"),
            ({"a": (b"x" * 5000, 0o120777)}, "a link to nothing"),
            ({"a": (b"\xff", 0o120777)}, "a link to nothing"),
            ({"a": (b"", 0o010644)}, "neither a file nor a directory nor a link"),
            ({"a/b": (b"", 0o644), "a": (b"", 0o644)}, "twice, or files behind a file"),
        ],
    )
    def test_of_the_kind_zip_that_no_tree_comes_of_is_refused(
        self, members: Mapping[str, tuple[bytes, int]], why: str, tmp_path: Path, shelf: Shelf
    ) -> None:
        with pytest.raises(TreeError, match=why):
            shelf.unpacked(zipped(tmp_path / "t.whl", members))
        assert kept(shelf) == []

    def test_that_grows_beyond_its_bound_is_refused_whatever_it_says_of_itself(self, tmp_path: Path) -> None:
        with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("zeros", bytes(1 << 24))
        shelf = Shelf(tmp_path / "store", {VARIABLE: str(1 << 20)})
        with pytest.raises(TreeError, match="more than 1048576 bytes"):
            shelf.unpacked(tmp_path / "bomb.zip")
        assert kept(shelf) == []

    def test_that_is_encrypted_is_refused(self, tmp_path: Path, shelf: Shelf) -> None:
        path = zipped(tmp_path / "t.zip", {"a": (b"a", 0o644)})
        data = bytearray(path.read_bytes())
        for mark, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
            struct.pack_into("<H", data, data.index(mark) + at, 1)
        path.write_bytes(data)
        with pytest.raises(TreeError, match="encrypted"):
            shelf.unpacked(path)

    @pytest.mark.parametrize("name", ["t.whl", "t.tar.gz", "t.tar.xz", "t.tar.zst", "t.deb"])
    def test_that_is_damaged_is_refused(self, name: str, directory: Path, shelf: Shelf) -> None:
        path = directory.parent / name
        path.write_bytes(b"PK\3\4 and nothing more")
        with pytest.raises(TreeError):
            shelf.unpacked(path)
        assert kept(shelf) == []

    def test_that_is_cut_off_is_refused(self, tmp_path: Path, shelf: Shelf) -> None:
        path = tarred(tmp_path / "t.tar", debs.member("a", size=100_000))
        path.write_bytes(path.read_bytes()[:50_000])
        with pytest.raises(TreeError, match="damaged"):
            shelf.unpacked(path)

    def test_of_an_unknown_kind_is_refused_with_the_known_ones(self, tmp_path: Path, shelf: Shelf) -> None:
        (tmp_path / "t.rar").write_bytes(b"Rar!")
        with pytest.raises(TreeError, match="no archive that is known here") as refused:
            shelf.unpacked(tmp_path / "t.rar")
        assert ".whl" in str(refused.value.hint)


def test_a_manifest_is_read_back_as_it_was() -> None:
    manifest = Manifest.of({"a/b": Entry("file", "0" * 64, executable=True, size=3), "l": Entry("link", "a/b")})
    assert Manifest.from_rows(manifest.rows()) == manifest  # type: ignore[arg-type]  # as JSON gives them
    assert list(manifest.entries) == ["a", "a/b", "l"]
