"""Locked plans whose objects are files of trees: for Nix, which reads no YAML, and sees what lies beside the plan."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from bundling import site, tarball, wheel
from conftest import World
from nix_support import ROOT, environment, needs_nix
from waiting import AGES

EXPERIMENT = """
experiment: bundled
question: Does an extension find the library that its package brings?
objects:
  core: {{prebuilt: {{{origin}, file: pkg/_core.so}}}}
  app:
    executable: app
    needs: [core]
    code: "int core(void); int main(void) {{ return core() == 42 ? 0 : 1; }}"
scenarios:
  linked: {{run: "${{app}}", outcomes: {{fine: {{exit: 0}}}}, expect: {{outcome: fine}}}}
"""
OBJECTS = """
{ root, packages, beside, given }:
let
  pkgs = import packages { };
  made = (import root { inherit packages; }).lib.mkExperiment {
    inherit pkgs;
    plan = beside + "/bundled.plan.json";
    src = beside;
    objects = if given == "" then { } else {
      site = pkgs.runCommand "package" { given = builtins.path { path = given; name = "given"; }; } "cp -r $given $out";
    };
  };
in
derivation {
  name = "objects";
  inherit (made.objects) app core;
  system = builtins.currentSystem;
  builder = "/usr/bin/bash";
  args = [ "-c" "$app/app && /usr/bin/ln -s $core $out; exit" ];
}
"""

CORE = ("nix-instantiate", "--eval", "--strict", "--attr", "core.outPath")


@pytest.fixture
def beside(world: World, needs: Callable[[str], str]) -> Path:
    """A directory with an experiment, and the package of which an object is a file."""
    needs("cc")
    path = world.experiment("bundled", EXPERIMENT.format(origin="tree: site"))
    site(path.with_name("site"))
    return path.parent


def test_a_tree_is_locked_by_its_place_and_its_digest_and_is_stale_when_a_file_changes(
    beside: Path, world: World
) -> None:
    path = beside / "bundled.yaml"
    assert world.run("plan", "--lock", path)[0] == 0
    assert world.run("plan", "--locked", path)[0] == 0
    (tree,) = json.loads((beside / "bundled.plan.json").read_text())["trees"].values()
    assert (tree["beside"], len(tree["sha256"])) == ("site", 64)
    (beside / "site/pkg/__init__.py").write_text("pass\n")
    assert world.run("plan", "--locked", path)[0] == 1


@pytest.mark.parametrize("origin", ["archive: {site}.whl", "tree: {site}"])
def test_what_does_not_lie_beside_the_experiment_cannot_be_locked(origin: str, beside: Path, world: World) -> None:
    wheel(beside / "site", beside / "site.whl")
    path = world.experiment("bundled", EXPERIMENT.format(origin=origin.format(site=beside / "site")))
    code, _, err = world.run("plan", "--lock", path)
    assert (code, err.splitlines()[0].endswith(": an absolute path")) == (4, True), err


def test_a_source_that_is_no_text_is_locked_by_its_place_and_a_header_of_elfworlds_by_its_name(world: World) -> None:
    path = world.experiment(
        "latin",
        """
experiment: latin
question: Is it built?
objects: {app: {executable: app, sources: [latin.c]}}
scenarios: {runs: {run: "${app}", outcomes: {fine: {exit: 0}}}}
""",
    )
    path.with_name("latin.c").write_bytes(b'#include "observe.h"\nint main(void) { return sizeof "\xe9" - 2; }\n')
    assert world.run("plan", "--lock", path)[0] == 0
    files = json.loads(path.with_name("latin.plan.json").read_text())["files"].values()
    assert {"source": "latin.c"} in files
    assert {"header": "observe.h"} in files


def test_what_another_toolchain_builds_and_programs_of_steps_are_not_in_a_locked_plan() -> None:
    plan = json.loads((ROOT / "experiments/built-elsewhere.plan.json").read_text())
    assert {request["toolchain"] for request in plan["builds"].values()} == {"host"}
    assert {request["name"] for request in plan["builds"].values()} == {"library-of-here", "program-of-here"}
    assert "step_" not in json.dumps(plan["files"])


def made(tmp_path: Path, beside: Path, given: str, *words: str) -> subprocess.CompletedProcess[bytes]:
    """nix-build or another command, of the objects that the plan in a directory locks."""
    (tmp_path / "objects.nix").write_text(OBJECTS)
    arguments = {"root": ROOT, "packages": ROOT / "nix/hostpkgs", "beside": beside, "given": given}
    given_words = [word for name, value in arguments.items() for word in ("--arg" + "str", name, str(value))]
    command = [*words, str(tmp_path / "objects.nix"), *given_words]
    return subprocess.run(command, check=False, capture_output=True, timeout=AGES, env=environment(tmp_path))


@needs_nix
@pytest.mark.parametrize("given", [False, True], ids=["beside", "a package"])
def test_nix_has_the_tree_that_is_locked(given: bool, beside: Path, world: World, tmp_path: Path) -> None:  # noqa: FBT001
    assert world.run("plan", "--lock", beside / "bundled.yaml")[0] == 0
    moved = str(shutil.move(beside / "site", tmp_path / "moved")) if given else ""
    done = made(tmp_path, beside, moved, "nix-build", "--out-link", str(tmp_path / "made"))
    assert done.returncode == 0, done.stderr.decode()
    name = (tmp_path / "made").resolve().name
    assert name.endswith("-package" if given else "-tree")


@needs_nix
def test_an_archive_has_the_store_path_of_what_is_in_it_and_a_changed_one_is_stale(
    beside: Path, world: World, tmp_path: Path
) -> None:
    tree = made(tmp_path, locked(world, beside, "tree: site"), "", *CORE).stdout
    wheel(beside / "site", beside / "pkg.whl")
    assert made(tmp_path, locked(world, beside, "archive: pkg.whl"), "", *CORE).stdout == tree != b""
    with (beside / "pkg.whl").open("ab") as file:
        file.write(b"more")
    done = made(tmp_path, beside, "", *CORE)
    assert (done.returncode, b"bundled.plan.json is stale, pkg.whl is another one" in done.stderr) == (1, True)


@needs_nix
@pytest.mark.slow
def test_nix_unpacks_the_archive_that_is_locked(beside: Path, world: World, tmp_path: Path) -> None:
    tarball(beside / "site", beside / "pkg.tar.xz", "w:xz")
    shutil.rmtree(beside / "site")
    locked(world, beside, "archive: pkg.tar.xz")
    done = made(tmp_path, beside, "", "nix-build", "--out-link", str(tmp_path / "made"))
    assert done.returncode == 0, done.stderr.decode()
    assert (tmp_path / "made/pkg.libs").is_dir()


def locked(world: World, beside: Path, origin: str) -> Path:
    path = world.experiment("bundled", EXPERIMENT.format(origin=origin))
    assert world.run("plan", "--lock", path)[0] == 0
    return beside


@needs_nix
@pytest.mark.parametrize(("packages", "there"), [("nix/hostpkgs", False), ("nix/hostpkgs/closed", True)])
def test_the_compilers_own_libraries_are_on_the_run_path_where_a_loader_would_not_find_them(
    packages: str,
    there: bool,  # noqa: FBT001
    tmp_path: Path,
) -> None:
    """In C++ and Rust alone; which of them are where, only the package set knows."""
    expression = """
      { root, packages }:
      let
        experiment = name: (import root { packages = root + "/${packages}"; }).lib.mkExperiment {
          pkgs = import (root + "/${packages}") { };
          plan = root + "/experiments/${name}.plan.json";
          src = root;
          file = "experiments/${name}.yaml";
        };
      in
      {
        plus = (builtins.head (builtins.attrValues (experiment "exceptions").objects)).script;
        plain = (builtins.head (builtins.attrValues (experiment "same-lib").objects)).script;
      }
    """
    command = ["nix-instantiate", "--eval", "--strict", "--json", "--expr", expression]
    words = ["--argstr", "root", str(ROOT), "--argstr", "packages", packages]
    done = subprocess.run([*command, *words], check=False, capture_output=True, timeout=AGES, env=environment(tmp_path))
    assert done.returncode == 0, done.stderr.decode()
    scripts = json.loads(done.stdout)
    assert ("'-Wl,-rpath,/nix/store/" in scripts["plus"].replace('"', "'")) == there, scripts["plus"]
    assert "-Wl,-rpath,/nix/store/" not in scripts["plain"]


def test_unpack_puts_what_an_archive_holds_into_a_new_directory_and_names_what_is_none(
    beside: Path, world: World, tmp_path: Path
) -> None:
    archive = wheel(beside / "site", beside / "pkg.whl")
    assert world.run("unpack", archive, tmp_path / "tree") == (0, "", "")
    assert (tmp_path / "tree/pkg/__init__.py").read_bytes() == (beside / "site/pkg/__init__.py").read_bytes()
    assert world.run("unpack", archive, tmp_path / "tree")[0] == 4
    archive.write_bytes(b"no zip")
    code, _, err = world.run("unpack", archive, tmp_path / "other")
    assert (code, err.startswith(f"{archive}: ")) == (4, True), err
    code, _, err = world.run("unpack", beside / "none.whl", tmp_path / "third")
    assert (code, err) == (4, f"no file: {beside / 'none.whl'}\n")
