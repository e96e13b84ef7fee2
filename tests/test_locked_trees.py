"""Locked plans whose objects are files of trees: for Nix, which reads no YAML, and sees what lies beside the plan."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from bundling import site, wheel
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


@pytest.mark.parametrize("origin", ["archive: pkg.whl", "tree: {site}"])
def test_what_is_no_directory_beside_the_experiment_cannot_be_locked(origin: str, beside: Path, world: World) -> None:
    wheel(beside / "site", beside / "pkg.whl")
    path = world.experiment("bundled", EXPERIMENT.format(origin=origin.format(site=beside / "site")))
    code, _, err = world.run("plan", "--lock", path)
    assert (code, "cannot be locked" in err or "an absolute path" in err) == (4, True), err


@needs_nix
@pytest.mark.parametrize("given", [False, True], ids=["beside", "a package"])
def test_nix_has_the_tree_that_is_locked(given: bool, beside: Path, world: World, tmp_path: Path) -> None:  # noqa: FBT001
    assert world.run("plan", "--lock", beside / "bundled.yaml")[0] == 0
    (tmp_path / "objects.nix").write_text(OBJECTS)
    moved = shutil.move(beside / "site", tmp_path / "moved") if given else ""
    words = {"root": ROOT, "packages": ROOT / "nix/hostpkgs", "beside": beside, "given": moved}
    given_words = [word for name, value in words.items() for word in ("--arg" + "str", name, str(value))]
    done = subprocess.run(
        ["nix-build", str(tmp_path / "objects.nix"), *given_words, "--out-link", str(tmp_path / "made")],
        check=False,
        capture_output=True,
        timeout=AGES,
        env=environment(tmp_path),
    )
    assert done.returncode == 0, done.stderr.decode()
    name = (tmp_path / "made").resolve().name
    assert name.endswith("-package" if given else "-tree")
