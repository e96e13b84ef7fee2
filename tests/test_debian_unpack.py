"""Packages become a tree that nothing leads out of, whatever they hold."""

from __future__ import annotations

import contextlib
import posixpath
import stat
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from debs import forge_deb, make_deb, member
from elfworlds.errors import BuildFailedError
from elfworlds.process import Pool
from elfworlds.toolchains.debian.tree import RootLayout, settled
from elfworlds.toolchains.debian.unpack import Unpacked, unpack
from elfworlds.trees.deb import DebError
from elfworlds.trees.zstd import Decompressor

LAYOUTS = [RootLayout(merged=True), RootLayout(merged=False)]
components = st.sampled_from(["..", ".", "", "bin", "lib", "usr", "lib64", "a", "b"])
paths = st.lists(components, min_size=1, max_size=7).map("/".join)


def no_zstd(_path: Path, _stretch: tuple[int, int]) -> Path:
    raise AssertionError


def unpacked(tree: Path, *debs: Path, merged: bool = True) -> tuple[Unpacked, ...]:
    return unpack(debs, tree, RootLayout(merged), no_zstd, 2, lambda: None)


def refuse(tree: Path, *debs: Path, why: str) -> None:
    with pytest.raises(BuildFailedError, match=why) as caught:
        unpacked(tree, *debs)
    assert caught.value.exit_code == 6


@pytest.mark.parametrize("layout", LAYOUTS, ids=["merged", "unmerged"])
@given(name=paths, target=paths | paths.map("/{}".format))
def test_no_link_leads_out_of_a_tree(layout: RootLayout, name: str, target: str) -> None:
    try:
        place = layout.place(name)
        made = layout.target(name, target)
    except DebError:
        assert ".." in name.split("/") or not target
        return
    assert not made.startswith("/")
    parent = posixpath.dirname(place)
    assert not posixpath.normpath(posixpath.join("tree", parent, made)).startswith("..")
    depth = len([one for one in parent.split("/") if one])
    assert made.split("/").count("..") <= depth


@given(paths)
def test_a_merged_tree_has_no_file_in_what_is_a_link(name: str) -> None:
    try:
        place = RootLayout(merged=True).place(name)
    except DebError:
        return
    assert place.split("/")[0] not in ("bin", "lib", "lib64", "sbin")


@given(st.lists(st.tuples(st.sampled_from(["a", "a/b", "a/b/c", "ab", "d"]), st.sampled_from(["x", "y"]))))
def test_links_that_are_settled_lie_behind_no_other(links: list[tuple[str, str]]) -> None:
    try:
        found = settled(links)
    except DebError:
        return
    assert not any(one.startswith(f"{other}/") for one in found for other in found)
    assert set(found.items()) == set(links)


@pytest.mark.parametrize(
    ("suite", "merged"), [("bullseye", False), ("bookworm", True), ("trixie", True), ("sid", True)]
)
def test_a_suite_has_its_own_layout(suite: str, merged: bool, tmp_path: Path) -> None:  # noqa: FBT001
    assert RootLayout.of(suite) == RootLayout(merged)
    unpacked(tmp_path, merged=merged)
    assert (tmp_path / "bin").is_symlink() == merged
    assert (tmp_path / "lib64").is_dir()


@pytest.fixture
def dpkg_deb(needs: Callable[[str], str]) -> str:
    return needs("dpkg-deb")


@pytest.mark.usefixtures("dpkg_deb")
@pytest.mark.parametrize("compression", ["xz", "gzip", "none"])
def test_a_package_is_unpacked_as_its_maker_put_it(tmp_path: Path, compression: str) -> None:
    files = {"bin/tool": b"tool", "usr/lib/x/libone.so.1.0": b"library", "etc/one.conf": b"conf"}
    links = {"usr/lib/x/libone.so.1": "libone.so.1.0", "lib64/ld.so": "/lib/x/ld.so", "sbin/tool": "../bin/tool"}
    deb = make_deb(tmp_path, "one", files, links=links, compression=compression)
    tree = tmp_path / "tree"
    (found,) = unpacked(tree, deb)
    assert (found.control.name, found.control.version, found.control.architecture) == ("one", "1.0-1", "amd64")
    assert found.size == sum(map(len, files.values()))
    assert (tree / "usr/bin/tool").read_bytes() == (tree / "bin/tool").read_bytes() == b"tool"
    assert (tree / "usr/lib64/ld.so").readlink() == Path("../lib/x/ld.so")
    assert (tree / "usr/sbin/tool").read_bytes() == b"tool"
    assert (tree / "usr/lib/x/libone.so.1").read_bytes() == b"library"


@pytest.mark.usefixtures("dpkg_deb")
def test_bullseye_has_directories_of_its_own(tmp_path: Path) -> None:
    deb = make_deb(tmp_path, "one", {"bin/tool": b"tool"}, links={"lib64/ld.so": "/lib/x/ld.so"})
    unpacked(tmp_path / "tree", deb, merged=False)
    assert not (tmp_path / "tree/usr/bin/tool").exists()
    assert (tmp_path / "tree/lib64/ld.so").readlink() == Path("../lib/x/ld.so")


@pytest.mark.usefixtures("dpkg_deb")
def test_what_maintainer_scripts_would_link_is_there(tmp_path: Path) -> None:
    gcc = make_deb(tmp_path, "gcc", {"usr/bin/gcc": b"gcc"})
    dash = make_deb(tmp_path, "dash", {"bin/dash": b"dash"})
    unpacked(tmp_path / "tree", gcc, dash)
    assert (tmp_path / "tree/usr/bin/cc").read_bytes() == b"gcc"
    assert (tmp_path / "tree/bin/sh").read_bytes() == b"dash"
    assert "root:x:0:0" in (tmp_path / "tree/etc/passwd").read_text()


@pytest.mark.usefixtures("dpkg_deb")
def test_what_a_package_links_itself_stays(tmp_path: Path) -> None:
    deb = make_deb(tmp_path, "dash", {"bin/dash": b"dash", "bin/own": b"own"}, links={"bin/sh": "own"})
    unpacked(tmp_path / "tree", deb)
    assert (tmp_path / "tree/bin/sh").read_bytes() == b"own"


@pytest.mark.usefixtures("dpkg_deb")
def test_nobody_runs_a_maintainer_script(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text(f"#!/bin/sh\ntouch {tmp_path}/was-run\n")
    unpacked(tmp_path / "tree", make_deb(tmp_path, "one", {"DEBIAN/postinst": script, "etc/one": b""}))
    assert not (tmp_path / "was-run").exists()
    assert not list((tmp_path / "tree").rglob("postinst"))


@pytest.mark.usefixtures("dpkg_deb")
def test_manuals_and_translations_stay_packed(tmp_path: Path) -> None:
    deb = make_deb(tmp_path, "one", {"usr/share/man/man1/x.1": b"", "usr/share/gdb/x.py": b""})
    unpacked(tmp_path / "tree", deb)
    assert [one.name for one in (tmp_path / "tree/usr/share").iterdir()] == ["gdb"]


@pytest.mark.usefixtures("dpkg_deb")
def test_a_package_that_zstd_compressed_needs_zstd(tmp_path: Path, pool: Pool, needs: Callable[[str], str]) -> None:
    deb = make_deb(tmp_path, "one", {"etc/one": b"one"}, compression="zstd")
    path = str(Path(needs("zstd")).parent)
    (tmp_path / "work").mkdir()
    without = Decompressor(pool.run, {"PATH": "/nowhere"}, tmp_path / "work")
    with pytest.raises(BuildFailedError, match="compressed with zstd, which is not in PATH"):
        unpack([deb], tmp_path / "tree", RootLayout(merged=True), without.unzstd, 1, lambda: None)
    decompressor = Decompressor(pool.run, {"PATH": path}, tmp_path / "work")
    unpack([deb], tmp_path / "whole", RootLayout(merged=True), decompressor.unzstd, 1, lambda: None)
    assert (tmp_path / "whole/etc/one").read_bytes() == b"one"


@pytest.mark.parametrize("name", ["../outside", "./usr/../../outside", "usr/share/doc/../../../../outside"])
def test_a_file_outside_of_the_root_is_refused(tmp_path: Path, name: str) -> None:
    refuse(tmp_path / "a/tree", forge_deb(tmp_path / "x.deb", [member(name)]), why="outside of its root")
    assert not list(tmp_path.rglob("outside"))


def test_an_absolute_name_is_one_in_the_root(tmp_path: Path) -> None:
    unpacked(tmp_path / "tree", forge_deb(tmp_path / "x.deb", [member("/etc/inside", size=3)]))
    assert (tmp_path / "tree/etc/inside").stat().st_size == 3


@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE], ids=["chr", "blk", "fifo"])
def test_a_device_is_refused(tmp_path: Path, kind: bytes) -> None:
    refuse(
        tmp_path / "tree", forge_deb(tmp_path / "x.deb", [member("etc/x", kind)]), why="neither a file nor a directory"
    )


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    link = forge_deb(tmp_path / "a.deb", [member("etc/x", tarfile.SYMTYPE, str(outside))])
    file = forge_deb(tmp_path / "b.deb", [member("etc/x/file", size=1)])
    refuse(tmp_path / "one", link, file, why="a link and something else")
    refuse(tmp_path / "two", file, link, why="a link and something else")
    behind = forge_deb(tmp_path / "c.deb", [member("etc/x/y", tarfile.SYMTYPE, "z")])
    refuse(tmp_path / "three", link, behind, why="through the link")
    assert not list(outside.iterdir())


def test_a_link_out_of_the_root_stays_in_it(tmp_path: Path) -> None:
    members = [
        member("etc/up", tarfile.SYMTYPE, "../../../../etc/passwd"),
        member("etc/abs", tarfile.SYMTYPE, "/etc/passwd"),
    ]
    unpacked(tmp_path / "tree", forge_deb(tmp_path / "x.deb", members))
    assert (tmp_path / "tree/etc/up").resolve() == (tmp_path / "tree/etc/abs").resolve() == tmp_path / "tree/etc/passwd"


@pytest.mark.parametrize("target", ["/etc/passwd", "etc/nowhere", "../../outside", "usr"])
def test_a_second_name_is_one_of_a_file_of_the_root(tmp_path: Path, target: str) -> None:
    (tmp_path / "outside").write_text("")
    deb = forge_deb(tmp_path / "x.deb", [member("etc/x", tarfile.LNKTYPE, target)])
    refuse(tmp_path / "a/tree", deb, why="second name of no file|outside of its root")


def test_a_second_name_shares_its_file(tmp_path: Path) -> None:
    members = [member("bin/one", size=3), member("bin/two", tarfile.LNKTYPE, "./bin/one")]
    unpacked(tmp_path / "tree", forge_deb(tmp_path / "x.deb", members))
    assert (tmp_path / "tree/usr/bin/one").samefile(tmp_path / "tree/usr/bin/two")


def test_no_file_gets_its_owners_rights(tmp_path: Path) -> None:
    one = member("usr/bin/su")
    one.mode = 0o6777
    unpacked(tmp_path / "tree", forge_deb(tmp_path / "x.deb", [one]))
    assert stat.S_IMODE((tmp_path / "tree/usr/bin/su").stat().st_mode) & 0o7022 == 0


def test_two_packages_with_one_file_are_refused(tmp_path: Path) -> None:
    one = forge_deb(tmp_path / "a.deb", [member("bin/x")])
    refuse(tmp_path / "one", one, one, why="another package has")
    merged = forge_deb(tmp_path / "b.deb", [member("usr/bin/x")])
    refuse(tmp_path / "two", one, merged, why="another package has 'usr/bin/x'")


def test_a_file_where_another_package_has_a_directory_is_refused(tmp_path: Path) -> None:
    one = forge_deb(tmp_path / "a.deb", [member("etc/x")])
    other = forge_deb(tmp_path / "b.deb", [member("etc/x/y")])
    refuse(tmp_path / "tree", one, other, why="another package has")


@given(st.binary(max_size=300) | st.binary(max_size=300).map(b"!<arch>\n".__add__))
def test_what_is_no_package_is_refused(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "x.deb").write_bytes(data)
        refuse(Path(name) / "tree", Path(name) / "x.deb", why="is refused")


@given(st.data())
def test_a_damaged_package_is_refused_or_unpacked(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as name:
        deb = forge_deb(Path(name) / "x.deb", [member("etc/x", size=50), member("etc/y", tarfile.SYMTYPE, "x")])
        content = bytearray(deb.read_bytes())
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] ^= data.draw(st.integers(1, 255))
        deb.write_bytes(content[: data.draw(st.integers(0, len(content)))])
        with contextlib.suppress(BuildFailedError):
            unpacked(Path(name) / "tree", deb)
        assert {one.name for one in Path(name).iterdir()} <= {"x.deb", "tree"}
