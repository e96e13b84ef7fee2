"""Files of packages of a toolchain's own suite: pinned beside the experiment, fetched when something is built."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

import debs
from bundling import library
from conftest import World
from elfworlds.errors import BuildFailedError
from elfworlds.process import Pool
from elfworlds.sources.packages import read, written
from elfworlds.toolchains.debian import Means, packages
from elfworlds.toolchains.debian.lock import BASE, Lock
from elfworlds.trees import Shelf
from plans import plan_of, stub

FILE = "usr/lib/core/libcore.so"
TEXT = f"""
experiment: packaged
question: Does a library of a package find the one that it depends on?
objects: {{core: {{prebuilt: {{package: libcore, file: {FILE}}}}}}}
scenarios:
  read: {{inspect: core, outcomes: {{fine: {{missing-objects: []}}}}}}
"""


@pytest.fixture
def suite(tmp_path: Path, needs: Callable[[str], str], monkeypatch: pytest.MonkeyPatch) -> Iterator[debs.Mirror]:
    """A mirror of bookworm with a package that needs another one; apt's solver is not asked."""
    needs("dpkg-deb")
    needs("cc")
    place = tmp_path / "debs"
    place.mkdir()
    dep = library(place / "libdep.so.1", "int dep(void) { return 42; }", "-Wl,-soname,libdep.so.1")
    code = "int dep(void); int core(void) { return dep(); }"
    core = library(place / "libcore.so", code, str(dep), "-Wl,-soname,libcore.so", "-Wl,-rpath,$ORIGIN/../dep")
    files: dict[str, dict[str, debs.File]] = {
        "libcore": {FILE.removeprefix("usr/"): core, "usr/share/doc/libcore/copyright": b"c"},
        "libdep": {"usr/lib/dep/libdep.so.1": dep},
    }
    made = {name: debs.make_deb(place, name, held) for name, held in files.items()}
    pins = {name: debs.pin(deb, name) for name, deb in made.items()}
    with debs.serve() as mirror:
        for name, deb in made.items():
            mirror.put(deb, pins[name])

        def solve(name: str, _apt: object, parts: Mapping[str, tuple[str, ...]]) -> Lock:
            assert set(parts) == {BASE, "libcore"}
            return Lock(name, debs.DATE, "amd64", {BASE: (), "libcore": tuple(pins.values())})

        monkeypatch.setattr(packages, "solve", solve)
        monkeypatch.setenv("ELFWORLDS_DEBIAN_MIRROR", mirror.url)
        yield mirror


@pytest.fixture
def pinned(suite: debs.Mirror, world: World) -> Path:
    path = world.experiment("packaged", TEXT)
    code, out, err = world.run("toolchain", "lock", "--for", path, "bookworm")
    assert (code, "debian/bookworm libcore: 2 packages" in out) == (0, True), err
    assert suite.asked
    return path


def test_a_lock_file_says_what_a_plan_needs(pinned: Path, world: World) -> None:
    lock = pinned.with_name("packaged.lock.json")
    pins = read(lock, "packaged.yaml")
    (package,) = pins.values()
    assert written(pins) == lock.read_text()
    assert package.objects[FILE].needed == ("libdep.so.1",)
    assert [path for path in package.manifest.entries if ".so" in path] == [FILE, "usr/lib/dep/libdep.so.1"]
    shutil.rmtree(world.store)
    code, out, _ = world.run("check", pinned)
    assert (code, "ok (1 objects" in out) == (0, True)
    assert not (world.store / "objects").exists()


def test_a_tree_of_packages_is_fetched_where_it_is_not_there(
    pinned: Path, world: World, suite: debs.Mirror, pool: Pool
) -> None:
    shutil.rmtree(world.store)
    plan = plan_of(TEXT, pinned.parent, {"host": replace(stub(), name="debian/bookworm")})
    (tree,) = plan.trees.values()
    assert tree.packages is not None
    environment = {"XDG_CACHE_HOME": str(world.store.parent), "ELFWORLDS_DEBIAN_MIRROR": suite.url}
    means = Means(run=pool.run, environment=environment)
    asked = len(suite.asked)
    for _ in range(2):
        packages.provide(tree, tree.packages, means)
        assert Shelf(world.store, environment).stored(tree.key) == tree.manifest
    assert len(suite.asked) == asked + 2
    assert (tree.place / "usr/lib/dep/libdep.so.1").is_file()


def test_packages_that_hold_something_else_than_the_lock_file_says_are_refused(
    pinned: Path, world: World, suite: debs.Mirror, pool: Pool
) -> None:
    lock = pinned.with_name("packaged.lock.json")
    data = json.loads(lock.read_text())
    rows = data["suites"]["debian/bookworm"]["packages"]["libcore"]["tree"]
    next(row for row in rows if row[0] == FILE)[2] = "0" * 64
    lock.write_text(json.dumps(data))
    plan = plan_of(TEXT, pinned.parent, {"host": replace(stub(), name="debian/bookworm")})
    (tree,) = plan.trees.values()
    assert tree.packages is not None
    environment = {"XDG_CACHE_HOME": str(world.store.parent), "ELFWORLDS_DEBIAN_MIRROR": suite.url}
    with pytest.raises(BuildFailedError, match="does not hold what the lock file says"):
        packages.provide(tree, tree.packages, Means(run=pool.run, environment=environment))


def test_a_toolchain_without_a_suite_cannot_try_it(pinned: Path, world: World) -> None:
    code, out, err = world.run("run", pinned)
    assert (code, "it is a file of a package, and host is no suite of packages" in out + err) == (5, True), err


def test_a_suite_that_is_not_pinned_is_an_error_with_the_command(pinned: Path, world: World) -> None:
    code, _, err = world.run("plan", pinned, "-S", "libc=debian/trixie")
    assert (code, "is not pinned for debian/trixie" in err) == (4, True)
    assert "toolchain lock --for packaged.yaml debian/trixie" in err


def test_without_a_lock_file_it_is_an_error_with_the_command(world: World) -> None:
    path = world.experiment("packaged", TEXT)
    code, _, err = world.run("check", path)
    assert (code, "packages are pinned in packaged.lock.json, which is not there" in err) == (4, True)
    assert f"`elfworlds toolchain lock --for {path}` writes it" in err


@pytest.mark.parametrize("text", ["", "[]", '{"schema": 2}', '{"schema": 1, "suites": {"debian/sid": {}}}'])
def test_a_damaged_lock_file_is_an_error_with_the_command(text: str, world: World) -> None:
    path = world.experiment("packaged", TEXT)
    path.with_name("packaged.lock.json").write_text(text)
    code, _, err = world.run("check", path)
    assert (code, "writes it" in err) == (4, True), err


def test_a_file_that_a_package_lacks_cannot_be_pinned(suite: debs.Mirror, world: World) -> None:
    path = world.experiment("packaged", TEXT.replace(FILE, "usr/lib/libcore.so"))
    code, _, err = world.run("toolchain", "lock", "--for", path, "bookworm")
    assert (code, f"did you mean `{FILE}`?" in err, suite.asked != []) == (4, True, True), err


def test_somebody_names_a_suite(world: World, suite: debs.Mirror) -> None:
    path = world.experiment("packaged", TEXT)
    code, _, err = world.run("toolchain", "lock", "--for", path)
    assert (code, "no suite is named" in err, suite.asked) == (4, True, [])
    assert world.run("toolchain", "lock")[0] == 4
