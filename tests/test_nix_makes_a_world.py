"""A pin of nixpkgs from its file to a trial, by real Nix, over a package set with libc and compiler in the store."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conftest import ROOT, World
from nix_support import environment, needs_nix
from rooting import bubblewrap

pytestmark = needs_nix
SOURCES = ROOT / "tests" / "data" / "nix" / "own-world"
EXPERIMENT = """
experiment: own
question: "?"
objects:
  plugin: {library: plugin, code: "int plugin(void) { return 3; }"}
  app:
    executable: app
    needs: [plugin]
    code: |
      #include <stdio.h>
      #include <stdlib.h>
      int plugin(void);
      int main(void) { return system("for one in / /usr; do ls $one; done") ? 1 : plugin(); }
scenarios:
  ends: {run: "${app}", observe: {strace: {}}, outcomes: {so: {exit: 3}}, expect: {outcome: so}}
  loads: {steps: [dlmopen: {object: plugin, as: p}], outcomes: {so: {exit: 0}}, expect: {outcome: so}}
"""


def pin_of(directory: Path, sources: Path) -> str:
    """A pin's file of a tarball of sources."""
    tarball = directory / "sources.tar.gz"
    subprocess.run(["tar", "czf", tarball, "-C", sources.parent, sources.name], check=True)
    words = ["nix-hash", "--type", "sha256", str(sources)]
    digest = subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()
    nar_hash = base64.b64encode(bytes.fromhex(digest)).decode()
    told = {"schema": 1, "release": "own", "rev": "1" * 40, "narHash": f"sha256-{nar_hash}", "lastModified": 1}
    return json.dumps({**told, "url": f"file://{tarball}", "nix": "2.3"})


@pytest.fixture
def pinned(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A project with a pin of its own."""
    bubblewrap()
    for program in ("strace", "gdb"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    for name, value in environment(tmp_path / "cache").items():
        monkeypatch.setenv(name, value)
    (world.path / "toolchains").mkdir()
    (world.path / "toolchains/nixpkgs-own.json").write_text(pin_of(tmp_path, SOURCES))
    yield world
    world.run("toolchain", "remove", "nixpkgs/own")


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_from_a_pin_to_a_trial(pinned: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = pinned.experiment("own", EXPERIMENT)
    code, out, err = pinned.run("run", file, "experiments/same-lib.yaml", "-S", "libc=nixpkgs/own,host")
    assert (code, "UNSUPPORTED" in out) == (0, False), out + err
    assert "asking Nix" in out + err
    run = pinned.latest("own")
    programs = [one["interp"] for one in lines(run / "objects.jsonl") if one.get("interp")]
    libc = next(one for one in programs if one.startswith("/nix/store/"))
    assert any(not one.startswith("/nix/store/") for one in programs)
    toolchains = {one["name"]: one for one in json.loads((run / "environment.json").read_text())["toolchains"]}
    assert toolchains["nixpkgs/own"]["packages"]["glibc"] == "2.99-7"
    assert Path(libc).parents[1].name == toolchains["nixpkgs/own"]["identity"]["package glibc"]
    seen = (run / "trials/ends,libc=nixpkgs:own/cwd/../stdout").read_text().split()
    assert "gcc" not in seen
    assert "nix" in seen
    nobody_looked_outside(run, str(Path(libc).parent))
    # Once it is made, Nix is not asked again.
    monkeypatch.setenv("PATH", without_nix(tmp_path / "bin"))
    code, out, _ = pinned.run("run", file, "-S", "libc=nixpkgs/own,host")
    assert code == 0
    assert "objects: 0 built" in out


def nobody_looked_outside(run: Path, libc: str) -> None:
    """Every library of a trial there is in the store of Nix or in the runner's own, and where it was predicted."""
    for trace in lines(run / "traces.jsonl"):
        if trace["trial"].startswith("loads,libc=nixpkgs"):  # the copies start through their loader by name
            told = json.dumps(trace["link_maps"])
            paths = [one for one in re.findall(r'"path": "(/[^"]*)"', told) if ".so" in one]
            assert any(one.startswith(f"{libc}/libc.so") for one in paths)
            assert [one for one in paths if one.startswith(("/usr", "/lib"))] == []
            assert [one for one in trace["searches"] if one["agrees"] is False] == []


def without_nix(directory: Path) -> str:
    """A PATH of what is in PATH but for Nix."""
    directory.mkdir()
    programs = {one.name: one for place in os.environ["PATH"].split(":")[::-1] for one in Path(place).glob("*")}
    for name, program in programs.items():
        if not name.startswith("nix"):
            (directory / name).symlink_to(program)
    return str(directory)


def test_its_gdb_may_watch_this_machines_programs(pinned: World) -> None:
    file = pinned.experiment("own", EXPERIMENT.replace("strace: {}", "gdb: {}"))
    code, out, err = pinned.run("run", "--no-tables", file, "-S", "gdb=nixpkgs/own", "--filter", "ends")
    assert (code, "2 PASS" in out) == (0, True), out + err
    told = json.loads((pinned.latest("own") / "run.json").read_text())["versions"]
    assert told["gdb"]["nixpkgs/own"]["version"] == "99.1"


def test_it_is_fetched_listed_and_forgotten_by_name(pinned: World) -> None:
    assert row(pinned) == ["nixpkgs/own", "1970-01-01", *"–––––––"]
    code, out, err = pinned.run("toolchain", "fetch", "nixpkgs/own")
    assert code == 0, err
    assert "/nix/store/" in out
    assert row(pinned)[2:5] == ["2.99-7", "12.2.0", "99.1"]
    assert "in the Nix store" in " ".join(row(pinned))
    assert "Nix keeps it no longer" in pinned.run("toolchain", "remove", "nixpkgs/own")[1]
    assert row(pinned)[2] == "–"


def row(world: World) -> list[str]:
    return next(line for line in world.run("toolchain", "list")[1].splitlines() if "nixpkgs/own" in line).split()


def test_sources_that_are_not_what_is_pinned_are_refused(pinned: World) -> None:
    place = pinned.path / "toolchains/nixpkgs-own.json"
    data = json.loads(place.read_text())
    data["narHash"] = f"sha256-{'A' * 43}="
    place.write_text(json.dumps(data))
    code, _, err = pinned.run("toolchain", "fetch", "nixpkgs/own")
    assert code == 6
    assert "what was fetched is not what is pinned" in err


def test_what_it_lacks_is_told(pinned: World) -> None:
    text = EXPERIMENT.replace("plugin: {library: plugin,", "plugin: {library: plugin, language: c++,")
    pinned.experiment("own", text)
    code, out, err = pinned.run("run", "experiments/own.yaml", "-S", "libc=nixpkgs/own")
    assert code == 6
    assert "libstdc++" in out + err


def test_the_nix_backend_says_that_it_does_not_build_there(pinned: World) -> None:
    code, _, err = pinned.run("run", "--backend", "nix", "experiments/same-lib.yaml", "-S", "libc=nixpkgs/own")
    assert code == 6
    assert "nixpkgs/own" in err
    assert "--backend local" in err
