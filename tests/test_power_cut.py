"""records, backends.local: what a power cut leaves is whole, or is not there; a complete run is there.

The power is cut twice over: with all names on the disk and no byte that was not synced, as file systems do that log
names first; and without the names that were not synced.
"""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from conftest import World
from elfworlds.records import RunDirectory, read_run
from powercut import Machine, inodes
from test_resume import recorded, runs, slow, tables, wait_for
from waiting import wait_until


@pytest.fixture
def machine(world: World, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Machine:
    for place in (world.path, world.store.parent):
        place.mkdir(exist_ok=True)
    return Machine.made(tmp_path, tmp_path_factory.mktemp("elsewhere"))


Left = dict[str, dict[str, bytes]]


def left_by_trials(run: Path) -> Left:
    """Trial → file → what it holds, of all trials of a run."""
    return {
        trial.name: {file.name: file.read_bytes() for file in trial.iterdir() if file.is_file()}
        for trial in (run / "trials").iterdir()
    }


def whole_trials(run: Path, before: Left) -> list[str]:
    """The trials whose line is on the disk with all that they left: a line may get there before its trial's files."""
    lines = (run / "trials.jsonl").read_text().splitlines(keepends=True)
    trials = [json.loads(line)["trial"] for line in lines if line.endswith("\n")]
    now = left_by_trials(run)
    return [trial for trial in trials if now.get(trial) == before[trial]]


@pytest.mark.parametrize("names", [False, True])
def test_a_complete_run_is_there_as_a_whole(world: World, machine: Machine, *, names: bool) -> None:
    run = machine.start("run", slow(world, places=2, repeat=2))
    out, err = run.communicate()
    assert (run.returncode, err) == (0, ""), out
    (directory,) = runs(world)
    before = {path: path.read_bytes() for path in directory.rglob("*") if path.is_file()}
    machine.cut(names=names)
    assert {path: path.read_bytes() for path in directory.rglob("*") if path.is_file()} == before
    assert len(read_run(RunDirectory(directory)).trials) == 4


@pytest.mark.parametrize("names", [False, True])
def test_an_interrupted_run_goes_on_with_all_trials_that_were_on_the_disk(
    world: World, machine: Machine, *, names: bool
) -> None:
    path = slow(world, places=5)
    run = machine.start("run", "-j", "2", path)
    wait_for(world, 40, run)
    run.send_signal(signal.SIGKILL)
    run.communicate()
    (directory,) = runs(world)
    ended, left = recorded(world), left_by_trials(directory)
    disk = machine.cut(names=names)
    lines = disk.sizes.get(inodes(directory)[directory / "trials.jsonl"], 0)
    assert (directory / "trials.jsonl").stat().st_size == lines
    whole = whole_trials(directory, left)
    assert 0 < len(whole) <= recorded(world) <= ended
    code, out, _ = world.run("run", path)
    assert (code, f"{len(whole)} trials were done" in out) == (0, True), out
    (only,) = runs(world)
    assert len(tables(only)["trials.csv"]) == 100


@pytest.mark.parametrize("names", [False, True])
def test_no_half_entry_is_left_in_the_store(world: World, machine: Machine, *, names: bool) -> None:
    run = machine.start("build", "experiments/different-libs.yaml")
    objects = world.store / "objects"
    wait_until(lambda: (objects.is_dir() and len(list(objects.iterdir())) > 2) or run.poll() is not None)
    run.send_signal(signal.SIGKILL)
    run.communicate()
    machine.cut(names=names)
    for entry in objects.iterdir() if objects.exists() else ():
        assert all(file.stat().st_size for file in entry.iterdir()), entry
    code, out, err = world.run("run", "experiments/different-libs.yaml")
    assert (code, err) == (0, ""), out
