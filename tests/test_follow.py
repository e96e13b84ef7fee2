"""Following a run: one progress of a batch, events for programs, a reader that goes away, a narrow terminal."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from conftest import World
from elfworlds.report import summary, text
from recording import trial

ELFWORLDS = [sys.executable, "-m", "elfworlds"]
SMALL = """\
experiment: {name}
question: Is it so?
matrix: {{n: [1, 2]}}
objects: {{app: {{executable: app, code: "int main(int c, char **v) {{ (void)v; return c - {less}; }}"}}}}
scenarios:
  s: {{run: "${{app}} ${{matrix.n}}", outcomes: {{yes: {{exit: 0}}, no: {{exit: 1}}}}, expect: [{{outcome: "yes"}}]}}
"""


@pytest.fixture
def two(world: World) -> World:
    """Two experiments: each trial of `good` is as expected, none of `bad` is."""
    for path in (world.path / "experiments").iterdir():
        path.unlink()
    world.experiment("good", SMALL.format(name="good", less=2))
    world.experiment("bad", SMALL.format(name="bad", less=1))
    return world


def test_a_run_as_json_is_one_event_a_line(two: World) -> None:
    code, out, _ = two.run("run", "good", "bad", "--json")
    events = [json.loads(line) for line in out.splitlines()]
    kinds = [event["event"] for event in events if event["event"] != "message"]
    assert kinds == ["run-begun", "trial-ended", "trial-ended", "run-ended"] * 2
    assert {event["schema"] for event in events} == {1}
    begun, ended = (next(event for event in events if event["event"] == kind) for kind in ("run-begun", "run-ended"))
    assert (begun["experiment"], begun["planned"], begun["done"], begun["place"], begun["of"]) == ("good", 2, 0, 1, 2)
    assert (ended["verdicts"], ended["ending"], ended["exit"]) == ({"PASS": 2}, "whole", 0)
    assert (events[-1]["verdicts"], events[-1]["exit"], code) == ({"FAIL": 2}, 1, 1)
    kept = (two.latest("good") / "trials.jsonl").read_text().splitlines()
    shown = [event for event in events if event["event"] == "trial-ended"][:2]
    assert [json.loads(line)["trial"] for line in kept] == [event["trial"] for event in shown]


def test_a_batch_ends_with_what_needs_a_look(two: World) -> None:
    code, out, _ = two.run("run", "good", "bad")
    assert code == 1
    lines = out.splitlines()
    at = lines.index("2 experiments, 4 trials: 2 PASS, 2 FAIL")
    (line,) = lines[at + 1 :]
    assert line.startswith("  bad: 2 FAIL: results/bad/")


def test_a_verbose_run_names_each_trial_with_its_outcome(two: World) -> None:
    _, out, _ = two.run("run", "bad", "-v")
    assert "  FAIL         s,n=1,libc=host  no" in out


def test_list_and_plan_speak_json(two: World) -> None:
    listed = json.loads(two.run("list", "--json")[1])
    assert [(entry["experiment"], entry["trials"]) for entry in listed] == [("bad", 2), ("good", 2)]
    assert json.loads(two.run("plan", "good", "--json")[1])["experiment"] == "good"


@pytest.mark.parametrize("words", [["list"], ["run", "good", "bad"], ["plan", "good"], ["report", "bad"]])
def test_a_reader_that_goes_away_is_no_failure_and_stops_nothing(two: World, words: list[str]) -> None:
    if words[0] == "report":
        two.run("run", "bad")
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as gone:
        done = subprocess.run([*ELFWORLDS, *words], stdout=gone, stderr=subprocess.PIPE, text=True, check=False)
    assert done.stderr == ""
    assert done.returncode == (1 if "bad" in words else 0)
    if words[0] == "run":
        assert (two.latest("bad") / "complete").exists()


@pytest.mark.parametrize(("word", "right"), [("200ms", True), ("2min", True), ("1.5", True), ("2minu", False)])
def test_a_timeout_is_written_as_in_an_experiment(two: World, word: str, right: bool) -> None:  # noqa: FBT001
    code, _, err = two.run("run", "good", "-n", "--timeout", word)
    assert (code == 0) == right
    assert right or "`2minu` is no time" in err


def test_labels_that_are_too_wide_side_by_side_stand_below_each_other() -> None:
    axes = {"libc": tuple(f"debian/suite-{number}" for number in range(6)), "way": ("a",)}
    trials = [trial(1, point={"libc": libc, "way": "a"}) for libc in axes["libc"]]
    pivot = summary.pivot(axes, trials)
    assert text.fitting(pivot, 200) == pivot
    narrow = text.pivot_lines(text.fitting(pivot, 80))
    assert max(map(len, narrow)) <= 80
    assert [line.split() for line in narrow] == [
        ["scenario", "libc", "outcome"],
        *(["s", libc, "yes"] for libc in axes["libc"]),
    ]


COMPLETED = [
    ("run go", "good"),
    ("run good -S n", "n=1\nn=2"),
    ("run good --filter s", "s"),
    ("check b", "bad"),
    ("report go", "good"),
]


@pytest.mark.parametrize(("line", "offered"), COMPLETED)
def test_a_shell_completes_names(two: World, line: str, offered: str) -> None:
    if line.startswith("report"):
        two.run("run", "good")
    words = ["elfworlds", *line.split()]
    asked = {"COMP_WORDS": " ".join(words), "COMP_CWORD": str(len(words) - 1), "_ELFWORLDS_COMPLETE": "complete_bash"}
    done = subprocess.run(
        [sys.executable, "-c", "import sys; sys.argv = ['elfworlds']; from elfworlds.__main__ import main; main()"],
        env={**os.environ, **asked},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert done.stdout.split() == offered.split()
