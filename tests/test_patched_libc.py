"""Toolchains that are built: sources, patches in order, configure, make; kept by key, gone on with, refused by hunk."""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from conftest import World
from elfworlds.__main__ import main
from elfworlds.errors import InputError
from elfworlds.process import Pool
from elfworlds.shipped import locks
from elfworlds.toolchains.families import foreseen, known, stand_in
from elfworlds.toolchains.family import Means
from elfworlds.toolchains.patched.family import Patched
from elfworlds.toolchains.patched.ground import digest_of
from elfworlds.toolchains.patched.recipe import find, names
from elfworlds.toolchains.patched.steps import hunks, steps
from recipes import LINKING, archive, recipe_file
from rooting import bubblewrap


@pytest.fixture
def project(world: World, needs: Callable[[str], str]) -> World:
    """A project with the recipe glibc/toy: two patches, the second over the first."""
    for program in ("find", "make", "patch", "readelf", "sed", "tar"):
        needs(program)
    recipe_file(world.path / "toolchains")
    return world


def built(world: World) -> list[Path]:
    return sorted((world.store / "glibc").glob("[!.]*"))


def test_patches_are_applied_in_order_and_what_is_built_is_kept_with_its_log(project: World) -> None:
    code, out, _ = project.run("toolchain", "build", "toy")
    assert (code, "toy: Answer 42" in out, "toy: Answer 2" in out) == (0, True, True)
    [place] = built(project)
    assert "return 42;" in (place / "files/libtoy.so.1").read_text()
    assert (place / "headers/bits/toy.h").read_bytes() == (place / "files/libtoy.so.1").read_bytes()
    assert "words: --with-a b" in (place / "log").read_text()
    record = json.loads((place / "built.json").read_text())
    assert [patch["title"] for patch in record["patches"]] == ["toy: Answer 2", "toy: Answer 42"]
    assert not list((project.store / "glibc").glob(".*")), "what it was made of is gone"


def test_a_shared_object_without_a_link_has_its_soname_and_the_nearest_of_several_counts(project: World) -> None:
    recipe, place = project.path / "toolchains/glibc-toy.yaml", project.path / "toolchains/toy.tar"
    before = hashlib.sha256(place.read_bytes()).hexdigest()
    recipe.write_text(recipe.read_text().replace(before, archive(place, LINKING)))
    assert project.run("toolchain", "build", "toy")[0] == 0
    [made] = (built(project)[0] / "files").iterdir()
    assert made.name == "libtoy.so.1"
    assert ctypes.CDLL(str(made)).answer() == 42


def test_it_is_built_once_for_each_key(project: World) -> None:
    assert project.run("toolchain", "build", "glibc/toy")[0] == 0
    [place] = built(project)
    before = (place / "built.json").stat().st_mtime_ns
    assert project.run("toolchain", "build", "glibc/toy")[0] == 0
    assert [(place / "built.json").stat().st_mtime_ns, built(project)] == [before, [place]]
    patch = project.path / "toolchains/2.patch"
    patch.write_text(patch.read_text().replace("42", "43"))
    assert project.run("toolchain", "build", "glibc/toy")[0] == 0
    assert len(built(project)) == 2


def test_a_patch_that_does_not_apply_names_file_and_hunk_and_leaves_the_sources_as_they_were(project: World) -> None:
    patch = project.path / "toolchains/2.patch"
    good = patch.read_text()
    patch.write_text(good.replace("return 2", "return 7"))
    code, _, err = project.run("toolchain", "build", "toy")
    assert code == 6
    assert "the patch 2.patch does not apply" in err
    assert "toy.c, hunk 1, at line 1" in err
    [work] = (project.store / "glibc").glob(".*")
    assert "return 2;" in (work / "source/toy.c").read_text()


def test_a_build_that_failed_goes_on_where_it_was(project: World) -> None:
    recipe = find("glibc/toy", (project.path / "toolchains",))
    with Pool() as pool:
        means = Means(run=pool.run, environment=dict(os.environ), where=(project.path / "toolchains",))
        work = project.store / "glibc" / f".{recipe.key(digest_of(recipe, means))[:16]}"
    work.mkdir(parents=True)
    (work / "fail").touch()
    code, _, err = project.run("toolchain", "build", "toy")
    assert (code, "the step `make` failed" in err, "test ! -e ../fail" in err) == (6, True, True)
    (work / "source/toy.c").write_text("kept\n")
    (work / "fail").unlink()
    code, out, _ = project.run("toolchain", "build", "toy")
    assert (code, "4 of 6 steps are done" in out) == (0, True)
    assert (built(project)[0] / "files/libtoy.so.1").read_text() == "kept\n"


def test_an_archive_that_is_not_what_is_pinned_is_refused(project: World) -> None:
    (project.path / "toolchains/toy.tar").write_bytes(b"other")
    code, _, err = project.run("toolchain", "build", "toy")
    assert code == 4
    assert "is not what is pinned" in err


def test_what_is_not_built_makes_trials_unsupported_and_says_how_to_build_it(project: World) -> None:
    with Pool() as pool:
        means = Means(run=pool.run, environment={"PATH": "/usr/bin:/bin"}, where=(locks(),))
        expected = foreseen("glibc/dl-nns", means)
        assert "elfworlds toolchain build" not in expected.unsupported
        for backend in ("local", "nix"):
            cache = {**means.environment, "XDG_CACHE_HOME": str(project.path / "empty")}
            lacking = Patched().provided("glibc/dl-nns", replace(means, environment=cache, backend=backend))
            assert lacking.unsupported.endswith(f": elfworlds toolchain build glibc/dl-nns --backend {backend}")
            assert (lacking.digest, lacking.built_by) == (expected.digest, "debian/trixie")
    assert stand_in("glibc/toy", (project.path / "toolchains",)).unsupported


def test_recipes_are_no_roots_of_ones_own(project: World) -> None:
    where = (project.path / "toolchains",)
    assert names(where) == ("glibc/toy",)
    assert "glibc-toy" not in known(where)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("base: host\n", "`source` names a package or an archive"),
        ("base: host\nsource: {archive: a.tar, sha256: 12}\n", "64 hexadecimal digits"),
        ("source: {package: a}\n", "`base` is missing"),
        ("base: host\nsource: {package: a}\npatches: [none.patch]\n", "the patch none.patch"),
        ("base: host\nsource: {package: a}\nheaders: {a.h: ../a.h}\n", "leads out of the sources"),
        ("base: host\nsource: {package: a}\npatchs: []\n", "did you mean `patches`?"),
    ],
)
def test_a_recipe_that_says_nothing_useful_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / "glibc-a.yaml").write_text(text)
    with pytest.raises(InputError) as refused:
        find("glibc/a", (tmp_path,))
    assert complaint in f"{refused.value.message} {refused.value.hint}"


@pytest.mark.parametrize("name", names((locks(),)))
def test_every_patch_that_is_shipped_has_a_title_and_a_place_in_its_series(name: str) -> None:
    recipe = find(name, (locks(),))
    assert recipe.patches
    assert all(patch.title != patch.file and patch.title.startswith("elf: ") for patch in recipe.patches)
    assert [patch.file for patch in recipe.patches] == sorted(patch.file for patch in recipe.patches)
    assert [step.name for step in steps(recipe, "/a.tar")][-3:] == ["configure", "make", "keep"]


def test_the_series_that_are_shipped_differ_by_their_patches_alone() -> None:
    shipped = [find(name, (locks(),)) for name in names((locks(),))]
    words = {(recipe.base, recipe.package, recipe.configure, recipe.make) for recipe in shipped}
    assert (len(words), len({recipe.patches for recipe in shipped})) == (1, len(shipped))


def test_hunks_are_told_by_file_whatever_patch_says_of_them() -> None:
    said = (
        "checking file elf/dl-load.c\nHunk #2 FAILED at 208.\n1 out of 3 hunks FAILED\n"
        "checking file elf/rtld.c\nHunk #1 succeeded at 9 (offset 2 lines).\ncan't find file to patch at input line 7\n"
    )
    assert hunks(said) == (
        "elf/dl-load.c, hunk 2, at line 208",
        "line 7 of the patch: no such file in the sources",
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", names((locks(),)))
def test_a_shipped_series_is_built_and_trials_with_it_are_as_expected(name: str, tmp_path: Path) -> None:
    bubblewrap()
    assert main(["toolchain", "build", name]) == 0
    experiments = [path for path in sorted((locks() / "patches").glob("*/*.yaml")) if name in path.read_text()]
    assert experiments
    assert main(["run", *map(str, experiments), "-S", f"libc={name}", "-o", str(tmp_path)]) == 0
