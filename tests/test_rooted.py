"""Roots of one's own as toolchains: what is in them decides, never where they lie."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from conftest import World
from elfworlds import paths
from elfworlds.errors import BuildFailedError, InputError
from elfworlds.process import Pool
from elfworlds.toolchains import Package, Toolchain
from elfworlds.toolchains.families import family_of, foreseen, known, provided
from elfworlds.toolchains.family import Means
from elfworlds.toolchains.rooted.content import content
from elfworlds.toolchains.rooted.packages import of_apk, of_dpkg, of_rpm
from elfworlds.toolchains.rooted.pin import find, names
from pinned_roots import rooted
from rooting import bubblewrap, small_root

EXPERIMENT = """
experiment: own-root
question: "Whose root is it?"
matrix: {libc: [mine]}
objects: {app: {executable: app, sources: [app.c]}}
scenarios:
  ends:
    run: "${app}"
    outcomes: {bullseye: {exit: 31}, other: {exit: 1}}
    expect:
      - {when: {libc: "<2.32"}, outcome: bullseye}
"""
SOURCE = (
    "#include <gnu/libc-version.h>\n#include <stdlib.h>\nint main(void) { return atoi(gnu_get_libc_version() + 2); }\n"
)
STATUS = """\
Package: libc6
Status: install ok installed
Version: 2.36-9
Description: a libc
 Version: of a description

Package: gone
Status: deinstall ok config-files
Version: 1

Package: never
Status: unknown ok not-installed
Version: 1
"""


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A root without a compiler, of this machine's shell."""
    root = small_root(tmp_path / "root", ("sh",))
    (root / "usr/lib").mkdir(exist_ok=True)
    (root / "usr/lib/one.so").symlink_to("one.so.1")
    return root


@pytest.fixture
def bullseye() -> str:
    """The path of that pinned root, looked for before a test has a cache of its own."""
    with Pool() as pool:
        root = rooted("debian/bullseye", pool).world.root
    assert root
    return root.path


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache of the test's own, and bubblewrap."""
    bubblewrap()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def toolchain_of(root: Path, tmp_path: Path) -> Toolchain:
    where = tmp_path / "toolchains"
    where.mkdir(exist_ok=True)
    (where / "mine.yaml").write_text(f"root: {root}\n")
    with Pool() as pool:
        return provided("mine", Means(run=pool.run, environment=os.environ, where=(where,)))


def test_what_a_root_holds_is_the_same_wherever_it_lies(small: Path, tmp_path: Path) -> None:
    other = tmp_path / "elsewhere/root"
    shutil.copytree(small, other, symlinks=True)
    assert content(small, None) == content(other, None)


@pytest.mark.parametrize(
    "change", ["touch etc/new", "chmod a-x usr/bin/sh", "ln -s one.so.1 usr/lib/two.so", "mkdir usr/lib/empty"]
)
def test_a_file_a_mode_a_link_or_a_directory_makes_another_root(change: str, small: Path, tmp_path: Path) -> None:
    (tmp_path / "remembered").mkdir()
    before = content(small, tmp_path / "remembered")
    subprocess.run(change.split(), cwd=small, check=True)
    assert content(small, tmp_path / "remembered") != before


def test_a_file_names_a_root_beside_itself(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("root: tree\n")
    assert find("mine", [tmp_path]).place == tmp_path.resolve() / "tree"
    assert names([tmp_path]) == ("mine",)
    assert "mine" in known([tmp_path])
    assert family_of("mine").prefix == "root"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}\n", "`root` is missing"),
        ("rot: x\n", "no key `rot`"),
        ("root: [a]\n", "`root` is missing"),
        ("root: a\nimage: [x]\n", "`image` is the name"),
        ("tree: a\nimage: x\n", "`image` is the name"),
        ("root: a\nbuilt-by: mine\n", "`built-by` is the toolchain"),
        ("tree: a\nbuilt-by: host\n", "`built-by` is the toolchain"),
    ],
)
def test_a_file_that_names_no_root_is_refused(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(text)
    with pytest.raises(InputError, match=message):
        find("mine", [tmp_path])


def test_packages_are_what_is_installed() -> None:
    assert of_dpkg(STATUS) == (Package("libc6", "2.36-9"),)
    assert of_apk("P:musl\nV:1.2.5-r0\nF:lib\n\nP:zlib\nV:1.3-r2\n") == (
        Package("musl", "1.2.5-r0"),
        Package("zlib", "1.3-r2"),
    )
    assert of_rpm("glibc\t2.39-1.fc40\nnoise\n") == (Package("glibc", "2.39-1.fc40"),)


@pytest.mark.usefixtures("here")
def test_a_root_without_a_compiler_says_so(small: Path, tmp_path: Path) -> None:
    found = toolchain_of(small, tmp_path)
    assert found.interp
    assert found.versions["libc-family"] == "glibc"
    assert found.lack("cc") == "mine: the root has no such program"


@pytest.mark.usefixtures("here")
def test_a_plan_knows_a_directory_as_a_run_does_and_writes_nothing(small: Path, tmp_path: Path) -> None:
    where = tmp_path / "toolchains"
    where.mkdir()
    (where / "mine.yaml").write_text(f"root: {small}\n")
    with Pool() as pool:
        planned = foreseen("mine", Means(run=pool.run, environment=os.environ, where=(where,)))
    assert not (tmp_path / "cache").exists()
    run = toolchain_of(small, tmp_path)
    assert (planned.identity, planned.versions) == (run.identity, run.versions)


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("compression", ["tar", "tar.gz"])
def test_a_tar_of_a_root_is_the_same_toolchain(compression: str, small: Path, tmp_path: Path) -> None:
    archive = tmp_path / f"root.{compression}"
    subprocess.run(["tar", "-caf", archive, "-C", small, "."], check=True)
    directory, unpacked = toolchain_of(small, tmp_path), toolchain_of(archive, tmp_path)
    assert unpacked.identity == directory.identity
    assert unpacked.versions == directory.versions
    assert unpacked.world.root != directory.world.root
    assert toolchain_of(archive, tmp_path) == unpacked


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("data", "message"), [(b"not a tar", "damaged"), (b"", "damaged|holds no|names nothing|neither")]
)
def test_a_damaged_archive_is_named_and_leaves_nothing(data: bytes, message: str, tmp_path: Path) -> None:
    archive = tmp_path / "root.tar"
    archive.write_bytes(data)
    with pytest.raises(BuildFailedError, match=message) as raised:
        toolchain_of(archive, tmp_path)
    assert str(archive) in raised.value.message
    assert list((tmp_path / "cache/elfworlds/own-roots").iterdir()) == []


@pytest.mark.usefixtures("here")
def test_the_list_names_roots_of_ones_own_and_remove_takes_what_was_unpacked(small: Path, tmp_path: Path) -> None:
    archive, cache = tmp_path / "root.tar", tmp_path / "cache/elfworlds"
    subprocess.run(["tar", "-caf", archive, "-C", small, "."], check=True)
    root = toolchain_of(archive, tmp_path).world.root
    assert root
    family, where = family_of("root/mine"), [tmp_path / "toolchains"]
    where[0].mkdir(exist_ok=True)
    (where[0] / "mine.yaml").write_text(f"root: {archive}\n")
    (where[0] / "tree.yaml").write_text("tree: nowhere\n")
    assert [(listed.name, listed.versions["libc"], listed.here) for listed in family.listed(where, cache)] == [
        ("mine", "a root", ""),
        ("tree", "a build over host", "not there"),
    ]
    assert list(family.remove([], where, cache)) == []
    assert list(family.remove(None, where, cache)) == [f"removed {root.path}, unpacked of an archive or image"]
    assert (Path(root.path).exists(), archive.exists()) == (False, True)


@pytest.mark.usefixtures("here")
def test_a_root_that_is_not_there_runs_no_trial(tmp_path: Path) -> None:
    assert "names nothing that is here" in toolchain_of(tmp_path / "none", tmp_path).unsupported


def test_a_pinned_root_by_its_path_is_run_and_its_path_is_in_no_record(bullseye: str, world: World) -> None:
    (world.path / "toolchains").mkdir()
    (world.path / "toolchains/mine.yaml").write_text(f"root: {bullseye}\n")
    (world.path / "csrc/app.c").write_text(SOURCE)
    path = world.experiment("own-root", EXPERIMENT)
    code, _, err = world.run("run", path)
    assert (code, err) == (0, "")
    run = world.latest("own-root")
    (trial,) = (json.loads(line) for line in (run / "trials.jsonl").read_text().splitlines())
    assert (trial["point"]["libc"], trial["outcome"], trial["verdict"]) == ("mine", "bullseye", "PASS")
    files = (path for path in run.rglob("*") if path.is_file() and path.name != "cmd.sh")
    assert [path.name for path in files if bullseye.encode() in path.read_bytes()] == []


ON_MUSL = """
experiment: on-musl
question: "Does what musl/bookworm builds run in a root with nothing but musl?"
matrix: {libc: [mine]}
objects: {app: {executable: app, sources: [app.c], toolchain: musl/bookworm}}
scenarios:
  ends:
    run: "${app}"
    outcomes: {ends: {exit: 7}}
    expect: {outcome: ends}
"""


@pytest.fixture
def musl_root(tmp_path: Path) -> Path:
    """A root as Alpine's is, with musl's loader and nothing else."""
    with Pool() as pool:
        pinned = rooted("musl/bookworm", pool).world.root
    assert pinned
    root = tmp_path / "root"
    for directory in ("lib/apk/db", "usr", "etc"):
        (root / directory).mkdir(parents=True)
    shutil.copy(pinned.outside("/usr/lib/x86_64-linux-musl/libc.so"), root / f"lib/ld-musl-{os.uname().machine}.so.1")
    (root / "lib/apk/db/installed").write_text("P:musl\nV:1.2.3-r4\n")
    return root


ON_EITHER = ON_MUSL.replace(", toolchain: musl/bookworm", "")


@pytest.fixture
def users_cache() -> Path:
    return paths.store(os.environ)


@pytest.mark.parametrize(
    ("experiment", "built_by"), [(ON_MUSL, ""), (ON_EITHER, "built-by: musl/bookworm\n")], ids=["object", "root"]
)
def test_a_root_of_musl_says_its_version_and_runs_what_another_toolchain_built(
    experiment: str, built_by: str, musl_root: Path, users_cache: Path, world: World
) -> None:
    (world.store).mkdir(parents=True, exist_ok=True)
    (world.store / "roots").symlink_to(users_cache / "roots")
    (world.path / "toolchains").mkdir()
    (world.path / "toolchains/mine.yaml").write_text(f"root: {musl_root}\n{built_by}")
    (world.path / "csrc/app.c").write_text("int main(void) { return 7; }\n")
    code, _, err = world.run("run", world.experiment("on-musl", experiment))
    assert (code, err) == (0, "")
    mine = _toolchain(world.latest("on-musl"), "mine")
    assert mine["versions"] == {"libc": "1.2.3", "libc-family": "musl", "libc-revision": "1.2.3-r4"}


def _toolchain(run: Path, name: str) -> dict[str, dict[str, str]]:
    environment = json.loads((run / "environment.json").read_text())
    return next(toolchain for toolchain in environment["toolchains"] if toolchain["name"] == name)
