"""planning.select, gather.shards: parts of a run, tried apart and put together, are the run."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

import recording
from conftest import World
from elfworlds.errors import InputError
from elfworlds.gather import gathered, remarks, together
from elfworlds.records import ToolchainRecord
from recording import run_of, trial
from test_resume import slow

PART = {"whole": "d", "shard": "1/2"}


def tables(place: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted(place.iterdir())}


@pytest.mark.parametrize("count", [2, 3, 7])
def test_gathered_shards_are_the_run(world: World, count: int) -> None:
    path = slow(world, places=3, repeat=4, microseconds=0)
    shards = []
    for number in range(1, count + 1):
        code, out, _ = world.run("run", path, "--shard", f"{number}/{count}", "-o", f"shard{number}")
        assert code == 0, out
        shards.append(world.path / f"shard{number}" / "slow" / "latest")
    assert world.run("run", path)[0] == 0
    assert world.run("gather", "slow", "-o", "whole")[0] == 0
    assert world.run("gather", *reversed(shards), "-o", "parts")[0] == 0
    assert tables(world.path / "parts") == tables(world.path / "whole")
    sizes = [len((shard / "trials.jsonl").read_text().splitlines()) for shard in shards]
    assert (sum(sizes), max(sizes) - min(sizes) <= 1) == (12, True)


def test_a_shard_builds_only_what_its_trials_need(world: World) -> None:
    world.experiment(
        "two",
        """
experiment: two
question: "Which are built?"
objects:
  a: {executable: a, code: "int main(void) { return 1; }"}
  b: {executable: b, code: "int main(void) { return 2; }"}
scenarios:
  first: {run: "${a}", outcomes: {one: {exit: 1}}}
  second: {run: "${b}", outcomes: {two: {exit: 2}}}
""",
    )
    code, out, _ = world.run("run", "two", "--shard", "2/2")
    assert (code, "objects: 1 built" in out) == (0, True), out
    about = json.loads((world.latest("two") / "run.json").read_text())
    assert (about["shard"], about["rerun"]) == ("2/2", "elfworlds run experiments/two.yaml --shard 2/2")
    code, _, err = world.run("gather", "two", "-o", "tables")
    assert (code, "two: no run is its shard 1/2" in err) == (4, True), err


@pytest.mark.parametrize("words", ["0/2", "3/2", "2", "a/b", "-1/2", "1/2/3", "١/2", "1/99999999999"])
def test_what_is_no_shard_is_refused(world: World, words: str) -> None:
    code, _, err = world.run("run", slow(world), f"--shard={words}")
    assert (code, f"--shard {words}: write I/N" in err) == (4, True), err


def test_more_shards_than_trials_are_refused(world: World) -> None:
    code, _, err = world.run("run", slow(world, places=1, repeat=2), "--shard", "1/3")
    assert (code, "--shard 1/3: there are only 2 trials" in err) == (4, True), err


def test_what_two_machines_call_by_one_name_is_refused_where_it_differs() -> None:
    parts = [
        run_of(
            [trial(number)],
            whole="d",
            shard=f"{number}/2",
            environment=replace(
                recording.ENVIRONMENT, toolchains=(ToolchainRecord("host", {"libc": version}, {}, {}),)
            ),
        )
        for number, version in ((1, "2.36"), (2, "2.41"))
    ]
    with pytest.raises(InputError, match=r"host has libc 2\.36 in shard 1/2 and 2\.41 in shard 2/2"):
        together(parts)


def test_a_shard_that_is_there_twice_is_refused() -> None:
    with pytest.raises(InputError, match=r"two runs are its shard 1/2"):
        together([run_of([trial(1)], **PART), run_of([trial(1)], **PART)])


def test_repetitions_of_two_shards_that_differ_are_a_race() -> None:
    parts = [
        run_of([trial(1, expected="yes", verdict="PASS")], **PART),
        run_of([trial(2, expected="yes", verdict="FAIL", outcome="no")], whole="d", shard="2/2"),
    ]
    (cell,) = gathered(parts).cells
    assert (cell.race, str(cell.verdict)) == (True, "FLAKY")


def test_kernels_are_not_mixed_without_a_word() -> None:
    other = replace(recording.ENVIRONMENT, kernel="6.1")
    parts = [run_of([trial(1)], **PART), run_of([trial(2)], whole="d", shard="2/2", environment=other)]
    assert remarks(parts) == ["x: its shards were tried on machines that differ: 6.1 on x, x; x on x, x"]
    assert remarks([parts[0], parts[0]]) == []
