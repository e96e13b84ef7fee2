"""A libc's build directory over a base as a toolchain: loader and libc are the build's, the rest is the base's."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import World
from elfworlds.errors import BuildFailedError, InputError
from elfworlds.process import Pool
from elfworlds.toolchains import Toolchain
from elfworlds.toolchains.families import provided
from elfworlds.toolchains.family import Means
from elfworlds.toolchains.rooted.build import CORE, look
from elfworlds.toolchains.rooted.pin import HOST, define, find
from rooting import CC, bubblewrap, small_root

WORDS = b"cannot open shared object file"
OTHER = b"cannot 0pen shared object file"
EXPERIMENT = """
experiment: whose-loader
question: "Whose loader says that a file is missing?"
matrix: {libc: [host]}
scenarios:
  missing:
    steps:
      - dlopen: {as: none, path: "/nowhere/none.so"}
        may-fail: true
    outcomes:
      of-the-base: {none.error: {contains: cannot open}}
      of-the-build: {none.error: {contains: cannot 0pen}}
    expect:
      - {when: {libc: host}, outcome: of-the-base}
      - {outcome: of-the-build}
"""


@pytest.fixture(scope="module")
def base() -> Toolchain:
    with Pool() as pool:
        return provided(HOST, Means(run=pool.run, environment=os.environ))


@pytest.fixture
def build(tmp_path: Path, base: Toolchain) -> Path:
    """As a build leaves it: each library in a directory of its own, and a copy of all for tests; this machine's own."""
    bubblewrap()
    place = tmp_path / "build"
    loader = Path(base.interp)
    for name in (loader.name, *CORE):
        source = loader if name == loader.name else _own(name)
        if source is None:
            continue
        target = place / ("" if name == "libc.so.6" else name.partition(".")[0]) / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
        copy = place / "testroot/lib" / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(b"a copy that nobody wants")
    return place


def _own(name: str) -> Path | None:
    said = subprocess.run([CC, f"-print-file-name={name}"], check=True, capture_output=True, text=True).stdout.strip()
    return Path(said) if said != name else None


def changed(build: Path) -> Path:
    """The build with a loader that says another word."""
    (loader,) = (path for path in build.glob("ld*/ld*") if WORDS in path.read_bytes())
    loader.write_bytes(loader.read_bytes().replace(WORDS, OTHER))
    return build


def laid(place: Path, tmp_path: Path, environment: dict[str, str]) -> Toolchain:
    (tmp_path / "mine.yaml").write_text(f"tree: {place}\n")
    with Pool() as pool:
        return provided("mine", Means(run=pool.run, environment=environment, where=(tmp_path,)))


@pytest.fixture
def over_host(tmp_path: Path) -> Callable[[Path], Toolchain]:
    return lambda place: laid(place, tmp_path, {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")})


def test_the_nearest_file_of_each_name_is_the_builds(build: Path) -> None:
    found = look(build)
    assert set(CORE[:2]) <= set(found.files)
    assert not any("testroot" in path.parts for path in found.files.values())
    assert (found.musl, found.headers) == (False, None)


def test_a_libc_that_make_left_no_link_to_is_known_by_its_soname(build: Path) -> None:
    (build / "libc.so.6").rename(build / "libc.so")
    assert look(build).files["libc.so.6"] == build / "libc.so"


def test_its_loader_is_seen_by_trials_and_the_base_builds(build: Path, world: World) -> None:
    path = world.experiment("whose-loader", EXPERIMENT)
    code, _, err = world.run("run", path, "-S", f"libc=mine=tree:{changed(build)},host")
    assert (code, err) == (0, "")
    run = world.latest("whose-loader")
    trials = [json.loads(line) for line in (run / "trials.jsonl").read_text().splitlines()]
    assert {trial["point"]["libc"]: trial["outcome"] for trial in trials} == {
        "mine": "of-the-build",
        "host": "of-the-base",
    }
    keys = {key for trial in trials for key in trial["objects"].values()} if "objects" in trials[0] else set()
    assert len(keys) <= 1  # one program serves both
    files = (path for path in run.rglob("*") if path.is_file() and path.name != "cmd.sh")
    assert [path.name for path in files if str(build).encode() in path.read_bytes()] == []


def test_its_identity_is_its_files_wherever_they_lie(
    build: Path, tmp_path: Path, over_host: Callable[[Path], Toolchain]
) -> None:
    elsewhere = shutil.copytree(build, tmp_path / "elsewhere/build")
    first, second = over_host(build), over_host(elsewhere)
    assert first.unsupported == ""
    assert first.identity == second.identity
    assert over_host(changed(elsewhere)).identity != first.identity


@pytest.mark.needs("git")
def test_what_it_says_of_itself_is_its_version(
    build: Path, base: Toolchain, over_host: Callable[[Path], Toolchain]
) -> None:
    mine = over_host(build)
    assert mine.versions["libc"] == base.versions["libc"]
    assert ", file " in mine.versions["libc-revision"]
    assert mine.versions["libc-variant"] == "mine"
    subprocess.run(["git", "init", "-q", build], check=True)
    (build / "elf").mkdir(exist_ok=True)
    (build / "elf/rtld.c").write_text("")
    identity = ("-c", "user.name=a", "-c", "user.email=a@b")
    subprocess.run(["git", "-C", build, *identity, "commit", "-q", "--allow-empty", "-m", "one"], check=True)
    head = subprocess.run(["git", "-C", build, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout
    assert over_host(build).versions["libc-revision"].endswith(f"commit {head[:12]}")


def test_installed_headers_make_it_build_what_runs_with_it(build: Path, over_host: Callable[[Path], Toolchain]) -> None:
    assert over_host(build).built_by == HOST
    (build / "include").mkdir()
    (build / "include/features.h").write_text("#define MINE 1\n")
    mine = over_host(build)
    assert mine.built_by == ""
    assert mine.tools["cc"][-2:] == ("-isystem", "/libc-headers")
    assert "headers" in mine.identity


def test_a_build_that_is_not_at_its_end_says_what_is_missing(
    build: Path, over_host: Callable[[Path], Toolchain]
) -> None:
    shutil.rmtree(build / "testroot")
    (build / "libm/libm.so.6").unlink()
    assert over_host(build).unsupported == ""  # libm of the same release is the base's
    libc = build / "libc.so.6"
    libc.write_bytes(re.sub(rb"release version 2\.\d\d", b"release version 2.99", libc.read_bytes()))
    assert over_host(build).unsupported == "its directory has no libm.so.6; is it built to its end?"


def test_a_loader_that_starts_nothing_is_told(build: Path, over_host: Callable[[Path], Toolchain]) -> None:
    (loader,) = build.glob("ld*/ld*")
    data = loader.read_bytes()
    for path, other in ((b"-linux-gnu/", b"-linux-xyz/"), (b"/ld.so.cache\0", b"/ld.so.nocac\0")):
        data = data.replace(path, other)
    loader.write_bytes(data)
    mine = over_host(build)
    assert "no program of host starts with it" in mine.unsupported
    assert "--prefix=/usr" in mine.unsupported


def test_a_directory_without_a_libc_is_refused(tmp_path: Path, over_host: Callable[[Path], Toolchain]) -> None:
    bubblewrap()
    (tmp_path / "empty").mkdir()
    with pytest.raises(BuildFailedError, match=r"has neither libc\.so\.6 nor a libc\.so of musl"):
        over_host(tmp_path / "empty")


def test_a_libc_of_another_family_is_told(build: Path, over_host: Callable[[Path], Toolchain]) -> None:
    shutil.rmtree(build)
    build.mkdir()
    (build / "libc.so").write_bytes(b"\0musl libc (x86_64)\0")
    assert over_host(build).unsupported == "it is musl, and host is glibc"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tree: x\nroot: y\n", "`root` and `tree` are both there"),
        ("root: x\nbase: host\n", "`base` is the toolchain that a `tree` is laid over"),
        ("tree: x\nbase: mine\n", "`base` is the toolchain that a `tree` is laid over"),
        ("tree: x\nbase: debian/none\n", "no toolchain `debian/none` is known to lay it over"),
    ],
)
def test_a_file_that_names_no_build_is_refused(text: str, message: str, tmp_path: Path) -> None:
    bubblewrap()
    (tmp_path / "mine.yaml").write_text(text)
    with Pool() as pool, pytest.raises(InputError, match=message):
        provided("mine", Means(run=pool.run, environment=os.environ, where=(tmp_path,)))


def test_a_word_defines_what_a_file_would(tmp_path: Path) -> None:
    name, directory = define("mine=tree:it's here@debian/trixie", tmp_path, tmp_path / "cache")
    pin = find(name, [directory])
    assert (pin.kind, pin.place, pin.base) == ("tree", tmp_path.resolve() / "it's here", "debian/trixie")
    name, directory = define("other=root:here", tmp_path, tmp_path / "cache")
    assert (find(name, [directory]).kind, find(name, [directory]).base) == ("root", "")


@pytest.mark.parametrize("word", ["mine=", "host=tree:x", "mine=path:x", "Mine=tree:x", "mine=root:"])
def test_a_word_that_defines_nothing_is_refused(word: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="defines no toolchain"):
        define(word, tmp_path, tmp_path / "cache")


def test_a_root_by_a_word_is_planned(tmp_path: Path, world: World) -> None:
    bubblewrap()
    root = small_root(tmp_path / "root", ("sh",))
    path = world.experiment("whose-loader", EXPERIMENT)
    code, out, err = world.run("plan", path, "-S", f"libc=mine=root:{root}")
    assert (code, err) == (0, "")
    assert "libc=mine" in out
    assert str(root) not in out
