"""What an installed elfworlds finds where nobody has a checkout; plans that are locked beside their experiments."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from elfworlds import shipped
from elfworlds.__main__ import main
from elfworlds.planning.locked import neutral
from elfworlds.process import Pool
from elfworlds.toolchains.host.family import host
from elfworlds.workflow import experiments
from elfworlds.workflow.plans import make_plan

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(shipped, "SHARE", ROOT)
    return tmp_path


@pytest.mark.parametrize("word", ["same-lib", "experiments/same-lib.yaml"])
def test_an_experiment_that_came_with_the_program_is_found_by_its_name(word: str, elsewhere: Path) -> None:
    (found,) = experiments.load_all([Path(word)], elsewhere)
    assert (found.spec.name, found.path) == ("same-lib", ROOT / "experiments" / "same-lib.yaml")
    assert found.results == elsewhere / "results"


def test_those_of_the_current_directory_stand_before_them(elsewhere: Path) -> None:
    (elsewhere / "experiments").mkdir()
    own = elsewhere / "experiments" / "same-lib.yaml"
    own.write_text((ROOT / "experiments" / "musl.yaml").read_text().replace("experiment: musl", "experiment: same-lib"))
    assert experiments.experiment_files(Path("same-lib")) == [Path("experiments/same-lib.yaml")]
    assert experiments.experiment_files(Path("experiments")) == [Path("experiments/same-lib.yaml")]
    assert experiments.experiment_files(Path("deepbind")) == [Path("deepbind")]


@pytest.mark.usefixtures("elsewhere")
def test_list_tells_of_them(capsys: pytest.CaptureFixture[str]) -> None:
    main(["list"])
    assert "same-lib" in capsys.readouterr().out


@pytest.mark.needs("gcc", "g++")
def test_the_directories_of_a_compilers_own_libraries_are_on_the_run_path_where_no_loader_looks(tmp_path: Path) -> None:
    """libstdc++ of nixpkgs has a store path of its own: here a compiler that says so."""
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "libstdc++.so.6").touch()
    said = f"case $1 in -print-file-name=libstdc++.so.6) echo {tmp_path}/lib/libstdc++.so.6; exit;; esac\n"
    for name, real, before in (("cc", "gcc", ""), ("c++", "g++", said)):
        script = tmp_path / name
        script.write_text(f'#!/bin/sh\n{before}exec {real} "$@"\n')
        script.chmod(0o755)
    path = tmp_path / "x.yaml"
    objects = {
        "plus": {"executable": "plus", "language": "c++", "code": "int main() { return 0; }\n"},
        "plain": {"executable": "plain", "code": "int main(void) { return 0; }\n"},
    }
    scenario = {"run": "${plus}", "outcomes": {"fine": {"exit": 0}}}
    path.write_text(json.dumps({"experiment": "x", "question": "Q?", "objects": objects, "scenarios": {"s": scenario}}))
    loaded = experiments.load_one(path, tmp_path)
    with Pool() as pool:
        known = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
        here = host(pool.run, {**known, "CC": str(tmp_path / "cc")}, remember=False, languages={"c", "c++"})
    requests = {request.name: request for request in make_plan(loaded, {"host": here}).requests.values()}
    assert here.run_path == {"c++": (str(tmp_path / "lib"),)}
    assert str(tmp_path / "lib") in requests["plus"].argv
    assert str(tmp_path / "lib") not in requests["plain"].argv


def test_a_locked_plan_is_the_same_whatever_the_compiler_and_stale_when_a_source_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    main(["new", "counter"])
    file, lock = "experiments/counter.yaml", tmp_path / "experiments" / "counter.plan.json"
    assert main(["plan", "--locked", file]) == 1
    assert main(["plan", "--lock", file]) == 0
    assert main(["plan", "--locked", file]) == 0
    data = json.loads(lock.read_text())
    assert {one["object"] for one in data["objects"]} == {"plugin", "app"}
    assert all("text" in one for one in data["files"].values())
    text = Path(file).read_text()
    Path(file).write_text(text.replace("return ++counter", "return counter++"))
    assert main(["plan", "--locked", file]) == 1
    assert "plan --lock" in capsys.readouterr().out


def test_every_experiment_has_its_plan_beside_it_and_no_plan_is_of_none() -> None:
    """That none is stale is held by nix/checks.nix, `plans`: it takes as long as to plan them all."""
    plans = {path.name.removesuffix(".plan.json") for path in ROOT.glob("experiments/*.plan.json")}
    assert plans == {path.stem for path in ROOT.glob("experiments/*.yaml")}


def test_the_plan_of_the_template_is_the_one_of_its_experiment() -> None:
    assert main(["plan", "--locked", str(ROOT / "nix/templates/default/counter.yaml")]) == 0


def test_a_toolchain_is_locked_without_what_is_this_machines(tmp_path: Path) -> None:
    with Pool() as pool:
        here = host(pool.run, {**os.environ, "HOME": str(tmp_path)}, remember=False)
    other = replace(here, identity={"cc": "another"}, run_path={"c": ("/x",)})
    assert neutral(other).digest == neutral(here).digest
    assert neutral(other).run_path == {}
