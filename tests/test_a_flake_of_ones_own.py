"""The flake under nix/templates/, as somebody has it who began with it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from nix_support import ROOT, environment, needs_nix
from waiting import AGES

TEMPLATE = ROOT / "nix/templates/default"
# The template's own expression, given this tree as its input; the package set is hostpkgs.
CHECK = """
{ root, template }:
let
  packages = root + "/nix/hostpkgs";
  elfworlds = {
    lib = import (root + "/nix/lib.nix") { inherit packages; };
    inputs.nixpkgs.legacyPackages.${builtins.currentSystem} = import packages { };
  };
in
((import (template + "/flake.nix")).outputs { inherit elfworlds; }).checks.${builtins.currentSystem}.counter
"""

pytestmark = needs_nix


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return shutil.copytree(TEMPLATE, tmp_path / "project")


def checked(project: Path) -> tuple[int, str]:
    """Exit code and what is said."""
    expression = project.with_name("check.nix")
    expression.write_text(CHECK)
    command = ["nix-build", str(expression), "--no-out-link", "--argstr", "root", str(ROOT)]
    done = subprocess.run(
        [*command, "--argstr", "template", str(project)],
        check=False,
        capture_output=True,
        timeout=AGES,
        env=environment(project.parent),
        text=True,
    )
    return done.returncode, done.stderr


def test_its_check_fails_when_an_expectation_is_changed_and_names_scenario_and_outcome(project: Path) -> None:
    experiment = project / "counter.yaml"
    before = "{when: {way: dlmopen}, outcome: two-counters}\n"
    assert experiment.read_text().endswith(before)
    experiment.write_text(experiment.read_text().replace(before, before.replace("two-counters", "one-counter")))
    code, said = checked(project)
    end = said.splitlines()[-12:]
    assert code != 0
    assert "FAIL  load-twice  way=dlmopen" in end
    assert [line.split() for line in end if line.startswith("      ")][:2] == [
        ["expected", "one-counter"],
        ["got", "two-counters", "(exit", "0)"],
    ]


@pytest.mark.slow
def test_its_check_holds_as_it_is_and_fails_when_the_plan_is_stale(project: Path) -> None:
    assert checked(project)[0] == 0
    experiment = project / "counter.yaml"
    experiment.write_text(experiment.read_text().replace("return ++counter;", "return counter += 1;"))
    code, said = checked(project)
    assert (code != 0, "counter.plan.json is not what the experiment says now" in said) == (True, True)
