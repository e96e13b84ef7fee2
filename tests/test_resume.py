"""records: an interrupted run goes on where it was; a complete or a held one never does."""

from __future__ import annotations

import csv
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conftest import World
from elfworlds.records import RunDirectory, environment_digest, forms
from sealing import unseal
from waiting import heed_signals, wait_until

SLOW = """
experiment: slow
question: "Does it go on?"
matrix: {{place: [{places}]}}
objects:
  app:
    executable: app
    code: |
      #include <stdio.h>
      #include <stdlib.h>
      #include <unistd.h>
      int main(int argc, char **argv)
      {{
          (void)argc;
          usleep({microseconds});
          printf("%s\\n", argv[1]);
          return atoi(argv[1]) % 3;
      }}
scenarios:
  s:
    run: ${{app}} ${{matrix.place}}
    repeat: {repeat}
    outcomes: {{zero: {{exit: 0}}, one: {{exit: 1}}, two: {{exit: 2}}}}
    expect: {{outcome: zero, when: {{place: [{zeros}]}}}}
    claim: {{id: C, says: it is zero, outcome: zero}}
"""


def slow(world: World, *, places: int = 10, repeat: int = 20, microseconds: int = 3000) -> Path:
    labels = ", ".join(str(place) for place in range(places))
    zeros = ", ".join(str(place) for place in range(0, places, 3))
    text = SLOW.format(places=labels, zeros=zeros, repeat=repeat, microseconds=microseconds)
    return world.experiment("slow", text)


def start(path: Path, *words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "elfworlds", "run", "-j", "2", *words, str(path)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=heed_signals)


def runs(world: World) -> list[Path]:
    folder = world.path / "results" / "slow"
    return sorted(path for path in folder.iterdir() if path.name[0].isdigit()) if folder.exists() else []


def wait_for(world: World, lines: int, run: subprocess.Popen[str]) -> None:
    """Until so many trials are recorded; a run that ends before is a failure that shows its words."""
    wait_until(lambda: recorded(world) >= lines or run.poll() is not None)
    assert run.poll() is None or recorded(world) >= lines, run.communicate()


def recorded(world: World) -> int:
    return sum(path.read_bytes().count(b"\n") for run in runs(world) for path in run.glob("trials.jsonl"))


def tables(
    run: Path, where: Collection[str] = ("ran_on", "on_kernel", "on_cpu", "on_architecture")
) -> dict[str, list[dict[str, str]]]:
    measured = {"wall_s", "user_s", "sys_s", "max_rss_kb", "base", "dynamic", *where}
    return {
        path.name: [
            {name: value for name, value in row.items() if name not in measured}
            for row in csv.DictReader(path.read_text().splitlines())
        ]
        for path in sorted((run / "tables").glob("*.csv"))
    }


def test_200_trials_killed_at_five_random_moments_give_the_same_tables(world: World) -> None:
    path = slow(world)
    world.run("run", path)
    (undisturbed,) = runs(world)
    wanted = tables(undisturbed)
    assert len(wanted["trials.csv"]) == 200
    undisturbed.rename(world.path / "undisturbed")
    (world.path / "results" / "slow" / "latest").unlink()
    chance = random.Random()  # noqa: S311  # no secret
    before = 0
    for _ in range(5):
        run = start(path)
        target = before + chance.randrange(1, 25)
        wait_for(world, target, run)
        time.sleep(chance.random() * 0.01)
        run.send_signal(signal.SIGKILL)
        run.communicate()
        assert run.returncode == -signal.SIGKILL
        before = recorded(world)
    run = start(path)
    out, err = run.communicate()
    assert (run.returncode, err) == (0, "")
    assert re.search(r"continuing \S+: \d+ trials were done", out)
    (only,) = runs(world)
    assert tables(only) == wanted
    assert (only / "complete").exists()
    assert len(list((only / "trials").iterdir())) == 200


def test_at_most_what_was_in_flight_is_tried_again(world: World) -> None:
    path = slow(world, repeat=4)
    run = start(path)
    wait_for(world, 10, run)
    run.send_signal(signal.SIGKILL)
    run.communicate()
    (directory,) = runs(world)
    done = recorded(world)
    _, out, _ = world.run("run", "-j", "2", path)
    assert f"{done} trials were done" in out
    begun = re.search(r"(\d+) had begun and are tried again", out)
    assert begun is None or int(begun[1]) <= 2 * 4 + 2
    names = [json.loads(line)["trial"] for line in (directory / "trials.jsonl").read_text().splitlines()]
    assert len(names) == len(set(names)) == 40


def interrupted(world: World) -> Path:
    """A run of four trials of which two are recorded."""
    path = slow(world, places=2, repeat=2)
    world.run("run", path)
    (run,) = runs(world)
    (run / "complete").unlink()
    lines = (run / "trials.jsonl").read_text().splitlines(keepends=True)
    (run / "trials.jsonl").write_text("".join(lines[:2]))
    return run


def test_a_line_that_was_cut_short_is_dropped_and_said(world: World) -> None:
    run = interrupted(world)
    with (run / "trials.jsonl").open("a") as file:
        file.write('{"schema":1,"number":2,"tri')
    code, out, _ = world.run("run", "experiments/slow.yaml")
    assert code == 0
    assert "2 trials were done, 2 had begun and are tried again, a line that was cut short is dropped" in out
    assert len((run / "trials.jsonl").read_text().splitlines()) == 4


def test_a_trace_that_was_cut_short_is_dropped_and_said(world: World) -> None:
    run = unseal(interrupted(world))
    row: dict[str, Any] = {"trial": "x", "scenario": "s", "point": {}, "link_maps": [], "searches": [], "bindings": []}
    whole = forms.TRACE.read(row)
    (run / "traces.jsonl").write_text(f'{json.dumps(row)}\n{{"trial":"y","scen')
    directory = RunDirectory(run)
    past = directory.forget_in_flight()
    assert (len(past.done), past.cut) == (2, True)
    assert directory.traces() == [whole]
    directory.append_trace(replace(whole, trial="y"))
    assert [one.trial for one in directory.traces()] == ["x", "y"]
    assert directory.forget_in_flight().cut is False


def test_a_complete_run_is_never_continued(world: World) -> None:
    path = slow(world, places=2, repeat=2)
    for _ in range(2):
        _, out, _ = world.run("run", path)
        assert "continuing" not in out
    assert len(runs(world)) == 2


def test_a_run_that_somebody_holds_is_left_alone(world: World) -> None:
    path = slow(world, places=2, repeat=2, microseconds=400_000)
    first = start(path)
    wait_for(world, 1, first)
    second = start(path)
    for run in (first, second):
        out, err = run.communicate()
        assert (run.returncode, err) == (0, "")
        assert "continuing" not in out
    assert len(runs(world)) == 2
    assert tables(runs(world)[0]) == tables(runs(world)[1])


def test_another_environment_is_another_run(world: World) -> None:
    run = interrupted(world)
    about = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({**about, "environment": "another"}))
    _, out, _ = world.run("run", "experiments/slow.yaml")
    assert "continuing" not in out
    assert len(runs(world)) == 2


def test_another_plan_is_another_run(world: World) -> None:
    interrupted(world)
    _, out, _ = world.run("run", slow(world, places=3, repeat=2))
    assert "continuing" not in out
    assert len(runs(world)) == 2


def test_a_damaged_directory_is_not_touched(world: World) -> None:
    run = interrupted(world)
    (run / "run.json").write_text("{")
    code, out, _ = world.run("run", "experiments/slow.yaml")
    assert (code, "continuing" in out) == (0, False)
    assert len((run / "trials.jsonl").read_text().splitlines()) == 2


def test_a_run_killed_before_it_had_a_name_leaves_nothing(world: World) -> None:
    folder = world.path / "results" / "slow"
    (folder / ".20260101T000000Z-0123456789ab.99" / "trials").mkdir(parents=True)
    world.run("run", slow(world, places=2, repeat=1))
    assert sorted(path.name for path in folder.iterdir() if path.name.startswith(".")) == [".opening"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_run_can_be_read_and_goes_on(world: World, number: int) -> None:
    path = slow(world, places=4, repeat=5, microseconds=20_000)
    run = start(path)
    wait_for(world, 4, run)
    run.send_signal(number)
    out, err = run.communicate()
    assert (run.returncode, err) == (2, "")
    found = re.search(r"interrupted after (\d+) of 20 trials; the next run goes on", out)
    assert found is not None
    report = (world.latest("slow") / "report.md").read_text()
    assert f"{found[1]} trials: " in report
    assert f"interrupted after {found[1]} of 20 trials" in report
    code, out, _ = world.run("run", path)
    assert (code, f"{found[1]} trials were done" in out) == (0, True)
    assert not any(name.startswith(".") for name in os.listdir(world.latest("slow")))  # noqa: PTH208  # a link


def test_the_same_machine_at_another_time_is_the_same_environment() -> None:
    machine = {"cpu": "one", "started": "20261127T030000Z"}
    assert environment_digest(machine) == environment_digest({**machine, "started": "20261127T040000Z"})
    assert environment_digest(machine) != environment_digest({**machine, "cpu": "another"})
