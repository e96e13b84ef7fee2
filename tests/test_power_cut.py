"""records, backends.local: what a power cut leaves is whole, or is not there; a complete run is there.

The power is cut twice over: with all names on the disk and no byte that was not synced, as file systems do that log
names first; and without the names that were not synced.
"""

from __future__ import annotations

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
    ended = recorded(world)
    disk = machine.cut(names=names)
    kept = recorded(world)
    lines = disk.sizes.get(inodes(directory)[directory / "trials.jsonl"], 0)
    assert 0 < kept <= ended
    assert (directory / "trials.jsonl").stat().st_size == lines
    code, out, _ = world.run("run", path)
    assert (code, f"{kept} trials were done" in out) == (0, True), out
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
