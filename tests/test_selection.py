"""A part of an experiment: which trials, how often, how long; nothing left is exit 5."""

from __future__ import annotations

import json
import re

import pytest

from conftest import World

TEXT = """
experiment: some
question: Which of them?
matrix:
  a: [x, y]
  n: [1, 2, 3]
objects:
  one: {executable: one, code: "int main(int c, char **v) { return c > 1 && v[1][0] == '2'; }"}
  two: {executable: two, code: "int main(void) { return 0; }"}
scenarios:
  first: {run: "${one} ${matrix.n}", outcomes: {zero: {exit: 0}, one: {exit: 1}}, expect: {outcome: zero}}
  second: {run: "${two}", when: {a: x}}
"""


@pytest.fixture
def some(world: World) -> World:
    world.experiment("some", TEXT)
    return world


def tried(world: World) -> set[str]:
    lines = (world.latest("some") / "trials.jsonl").read_text().splitlines()
    return {json.loads(line)["trial"].removesuffix(",libc=host") for line in lines}


def run(world: World, *words: str) -> tuple[int, str, str]:
    return world.run("run", "experiments/some.yaml", *words)


def test_labels_of_axes(some: World) -> None:
    code, out, _ = run(some, "-S", "a=y", "-S", "n=1,3")
    assert (code, tried(some)) == (0, {"first,a=y,n=1", "first,a=y,n=3"})
    assert "objects: 1 built" in out


def test_a_pattern(some: World) -> None:
    run(some, "--filter", "^some:second.*n=[12]")
    assert tried(some) == {"second,a=x,n=1", "second,a=x,n=2"}


def test_all_conditions_hold_together(some: World) -> None:
    run(some, "--filter", "first", "-S", "a=x", "-S", "n=2")
    assert tried(some) == {"first,a=x,n=2"}


@pytest.mark.parametrize("words", [["--filter", "nothing"], ["--filter", "second", "-S", "a=y"], ["--failed"]])
def test_nothing_left_is_exit_5_and_builds_nothing(some: World, words: list[str]) -> None:
    code, out, err = run(some, *words)
    assert (code, out) == (5, "")
    assert "the filter matches none of the 9 trials" in err
    assert not (some.path / "results").exists()
    assert not (some.store / "objects").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["-S", "b=x"], "no axis `b`"),
        (["-S", "a=z"], "the axis `a` has no `z`"),
        (["-S", "a"], "write axis=value,value"),
        (["--filter", "("], "no regular expression"),
        (["--repeat", "0"], "--repeat"),
    ],
)
def test_what_cannot_be_meant_is_exit_4(some: World, words: list[str], told: str) -> None:
    code, _, err = run(some, *words)
    assert code == 4
    assert told in err


def test_what_failed_is_tried_again(some: World) -> None:
    assert run(some)[0] == 1
    assert len(tried(some)) == 9
    assert run(some, "--failed")[0] == 1
    assert tried(some) == {"first,a=x,n=2", "first,a=y,n=2"}


def test_a_dry_run_says_what_it_would_do_and_writes_nothing(some: World) -> None:
    code, out, _ = run(some, "-n", "-S", "n=2")
    assert code == 0
    assert out.splitlines()[0] == "some: 2 objects to have, 3 trials to try"
    assert len(out.splitlines()) == 4
    assert not some.store.exists()
    assert not (some.path / "results").exists()


def test_each_point_as_often_as_wanted(some: World) -> None:
    run(some, "--repeat", "2", "--filter", "second")
    assert len(tried(some)) == 6


def test_a_run_stops_after_so_many_failures_and_can_go_on(some: World) -> None:
    code, out, _ = run(some, "--maxfail", "1", "-j", "1")
    assert code == 1
    found = re.search(r"stopped after (\d) of 9 trials; the next run goes on", out)
    assert found is not None
    assert int(found[1]) < 9
    code, out, _ = run(some)
    assert (code, len(tried(some))) == (1, 9)
    assert f"{found[1]} trials were done" in out


def test_a_timeout_outweighs_the_files(some: World) -> None:
    text = TEXT.replace("int main(void) { return 0; }", "int main(void) { for (;;) ; }")
    some.experiment("some", text)
    run(some, "--filter", "second.*n=1", "--timeout", "0.2")
    (line,) = (some.latest("some") / "trials.jsonl").read_text().splitlines()
    assert json.loads(line)["outcome"] == "hang"
    plan = json.loads((some.latest("some") / "plan.json").read_text())
    assert [plan["commands"][trial["command"]]["timeout"] for trial in plan["trials"]] == [0.2]


def test_a_part_of_a_plan_is_another_run(some: World) -> None:
    run(some)
    run(some, "-S", "n=1")
    assert len([path for path in (some.path / "results" / "some").iterdir() if path.name[0].isdigit()]) == 2


def test_a_run_that_stops_begins_no_other_experiment(some: World) -> None:
    some.experiment("zzz-later", TEXT.replace("experiment: some", "experiment: zzz-later"))
    code, out, err = some.run("run", "--maxfail", "1", "experiments/some.yaml", "experiments/zzz-later.yaml")
    assert (code, err) == (1, "")
    assert "stopped after" in out
    assert not (some.path / "results" / "zzz-later").exists()
