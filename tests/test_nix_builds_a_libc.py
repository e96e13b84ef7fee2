"""Real Nix builds the libc of a recipe: by the steps that are taken in the cache, to the same bytes."""

from __future__ import annotations

import ctypes
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from elfworlds.__main__ import main
from elfworlds.backends import compare
from elfworlds.backends.nix import handover
from elfworlds.backends.nix.libcs import NixLibcs
from elfworlds.backends.nix.programs import Programs
from elfworlds.backends.nix.roots import Roots
from elfworlds.backends.nix.settings import settings
from elfworlds.errors import BuildFailedError, InputError
from elfworlds.process import Pool
from elfworlds.sandbox import HOST, World, look
from elfworlds.shipped import locks
from elfworlds.toolchains.debian.toolchain import ENV
from elfworlds.toolchains.family import Means
from elfworlds.toolchains.patched.build import build
from elfworlds.toolchains.patched.ground import BESIDE, Ground
from elfworlds.toolchains.patched.libcs import Built, found, place_of
from elfworlds.toolchains.patched.recipe import Recipe, find
from elfworlds.toolchains.patched.steps import steps
from nix_support import environment, needs_nix
from recipes import recipe_file
from rooting import COMPILING, bubblewrap, compiling_root

pytestmark = needs_nix
BUILDING = (*COMPILING, "make", "patch", "tar", "sed", "grep", "findutils")
LINKED = "all:\n\tgcc -g -shared -Wl,-soname,libtoy.so.1 -o libtoy.so @src@/toy.c\n\tpwd\n"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A root with this machine's compiler and what builds sources."""
    bwrap = bubblewrap()
    with compiling_root(tmp_path_factory.mktemp("roots"), merged=True, packages=BUILDING) as root:
        yield World("debian/own", look(str(root.path)), bwrap=bwrap)


@dataclass(frozen=True)
class Place:
    """Where a test builds glibc/toy."""

    path: Path
    pool: Pool
    world: World

    @property
    def recipe(self) -> Recipe:
        return find("glibc/toy", (self.path,))

    @property
    def ground(self) -> Ground:
        return Ground(digest="own", world=self.world, env=ENV, seen=BESIDE, archive=self.path / "toy.tar")

    @property
    def means(self) -> Means:
        return Means(run=self.pool.run, environment=environment(self.path), where=(self.path,))

    @property
    def libcs(self) -> NixLibcs:
        own = settings(self.means.environment).seeing_nothing()
        return NixLibcs(Programs(own, self.pool.run, 2, self.pool.interrupt), Roots(own, self.path, self.pool.run))

    def by_nix(self) -> Built:
        return self.libcs.build(self.recipe, self.ground, self.means)


@pytest.fixture
def place(tmp_path: Path, pool: Pool, world: World) -> Place:
    recipe_file(tmp_path, "debian/own", LINKED)
    return Place(tmp_path, pool, world)


def test_both_backends_make_the_same_bytes(place: Place) -> None:
    made = build(place.recipe, place.ground, place.means), place.by_nix()
    every = [{**one.files, **one.headers} for one in made]
    assert sorted(every[0]) == ["bits/toy.h", "libtoy.so.1"]
    assert list(compare.files("toy", ("local", "nix"), (every[0], every[1]))) == []
    assert ctypes.CDLL(str(made[1].files["libtoy.so.1"])).answer() == 42
    assert str(made[1].files["libtoy.so.1"]).startswith("/nix/store/")


def test_what_was_built_is_found_by_its_key_and_kept_from_garbage(place: Place) -> None:
    built = place.by_nix()
    where = place_of(built.key, place.means.cache, "nix")
    assert found(built.key, where) == built
    assert found(built.key, place_of(built.key, place.means.cache, "local")) is None
    record = json.loads((where / "built.json").read_bytes())
    assert (where / "tree").readlink() == Path(record["tree"])
    done = place.pool.run(place.libcs.programs.command("nix-store", "--query", "--roots", record["tree"]))
    assert str(where / "tree") in done.text


def test_a_patch_that_does_not_apply_names_file_and_hunk(place: Place) -> None:
    patch = place.path / "2.patch"
    patch.write_text(patch.read_text().replace("return 2", "return 7"))
    with pytest.raises(BuildFailedError) as failed:
        place.by_nix()
    assert "the patch 2.patch does not apply:\n  toy.c, hunk 1, at line 1" in failed.value.message


def test_a_step_that_fails_is_named_with_its_last_words(place: Place) -> None:
    recipe_file(place.path, "debian/own", "all:\n\techo reason; exit 3\n")
    with pytest.raises(BuildFailedError, match=r"the step `make` failed:\n(?s:.*)  reason"):
        place.by_nix()


def test_a_libc_over_this_machine_is_refused(place: Place) -> None:
    with pytest.raises(InputError, match="its base is this machine"):
        replace(place, world=HOST).by_nix()


def derivation(place: Place) -> tuple[str, list[str]]:
    """The derivation of the toy's libc, which is not built, and the names of its inputs."""
    planned = tuple(steps(place.recipe, place.ground.seen))
    document, files = place.libcs.handed_over(place.recipe, place.ground, planned)
    directory = place.path / "handed-over"
    handover.write(directory, document, files, files)
    given = ("--argstr", "plan", f"{directory}/plan.json", "--argstr", "files", f"{directory}/files")
    programs = place.libcs.programs
    done = programs.call("nix-instantiate", programs.settings.expressions, "-A", "libc", *given)
    path = done.text.strip()
    references = programs.call("nix-store", "--query", "--references", path).text.split()
    return path, sorted(reference.partition("-")[2] for reference in references)


def test_its_inputs_are_the_root_the_sources_and_the_patches_and_no_place(place: Place) -> None:
    first, inputs = derivation(place)
    assert inputs == ["debian-own", "enter", "input", "input", "input"]
    there = place.path / "elsewhere"
    recipe_file(there, "debian/own", LINKED)
    assert derivation(replace(place, path=there))[0] == first
    patch = there / "2.patch"
    patch.write_text(patch.read_text().replace("42", "43"))
    shutil.rmtree(there / "handed-over")
    assert derivation(replace(place, path=there))[0] != first


@pytest.mark.slow
def test_the_first_series_and_its_trials_are_the_same_by_both_backends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bubblewrap()
    monkeypatch.setenv("NIX_CONF_DIR", environment(tmp_path)["NIX_CONF_DIR"])
    experiment = str(locks() / "patches/dl-nns/more-namespaces.yaml")
    assert main(["toolchain", "build", "dl-nns", "--backend", "both"]) == 0
    assert "local and nix: the same bytes in " in capsys.readouterr().out
    assert main(["run", experiment, "--backend", "both", "-S", "libc=glibc/dl-nns", "-o", str(tmp_path)]) == 0
    assert "local and nix: the same ELF facts and outcomes" in capsys.readouterr().out
