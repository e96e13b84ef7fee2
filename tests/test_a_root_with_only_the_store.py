"""NixOS' kind of root, which nix/hostpkgs/closed-root makes: the store, /bin/sh and /usr/bin/env; no network."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from nix_support import ROOT, environment, needs_nix
from waiting import AGES

NAMES = ("same-lib", "exceptions", "gdb-visibility")
LEFT = shutil.ignore_patterns(".git", ".venv", ".cache", ".*_cache", ".hypothesis", "__pycache__", "results")
RUN = ["nix", "run", ".", "--offline", "--override-input", "nixpkgs", "path:/nix/packages", "--", "run"]

pytestmark = [needs_nix, pytest.mark.slow, pytest.mark.needs("bwrap", "gdb", "git", "patchelf", "strace", "zstd")]


def outcomes(results: Path) -> dict[tuple[str, str], tuple[str, str]]:
    """Experiment and trial → outcome and verdict."""
    trials = {}
    for name in NAMES:
        for line in (results / name / "latest/trials.jsonl").read_text().splitlines():
            trial = json.loads(line)
            trials[name, trial["trial"]] = trial["outcome"], trial["verdict"]
    return trials


def wheels_of_this_machine(project: Path, own: Path) -> None:
    """The Python packages into another store, which a network would have to bring else."""
    wheels = (str(project / "nix/hostpkgs/wheels.nix"), "--argstr", "system", f"{os.uname().machine}-linux")
    words = ["nix-instantiate", "--eval", "--strict", "--json", *wheels]
    output([str(project / "nix/hostpkgs/seed")], environment(own))
    places = json.loads(output(words, environment(own)))
    store = output(["nix-store", "--export", *places.values()], environment(own))
    importing = [str(project / "nix/own-nix"), str(own), "nix-store", "--import"]
    subprocess.run(importing, input=store, check=True, capture_output=True, timeout=AGES, env=environment(own))


def output(words: list[str], variables: dict[str, str]) -> bytes:
    return subprocess.run(words, check=True, capture_output=True, timeout=AGES, env=variables).stdout


def test_nix_run_gives_there_what_it_gives_everywhere_and_builds_nothing_the_second_time(tmp_path: Path) -> None:
    project = shutil.copytree(ROOT, tmp_path / "project", ignore=LEFT, symlinks=True)
    files = [f"experiments/{name}.yaml" for name in NAMES]
    closed = [str(project / "nix/hostpkgs/closed-root"), str(tmp_path / "nix"), str(project), *RUN, *files]
    wheels_of_this_machine(project, tmp_path / "nix")
    said = []
    for _ in range(2):
        done = subprocess.run(closed, check=False, capture_output=True, timeout=4 * AGES, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        said.append(done.stdout)
    there = outcomes(project / "results")
    assert said[0].count("objects: ") == len(NAMES)
    assert [
        line for line in said[1].splitlines() if line.startswith("objects:") and "objects: 0 built" not in line
    ] == []
    here = [sys.executable, "-m", "elfworlds", "run", "--backend", "local", "--output", str(tmp_path / "here"), *files]
    variables = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    subprocess.run(here, cwd=ROOT, check=True, capture_output=True, timeout=AGES, env=variables)
    assert there == outcomes(tmp_path / "here")
