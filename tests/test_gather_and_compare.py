"""The verbs gather and compare, on runs that were made."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from test_run import quick

pytestmark = pytest.mark.learns

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import World

SAYS = "outcomes: {seven: {exit: 7}, zero: {exit: 0}}, claim: {id: C-1, says: It is seven., outcome: seven}"


@pytest.fixture
def reference(world: World) -> Path:
    """What was gathered of a run that ended with exit 7."""
    quick(world, "return 7;", more=SAYS)
    code, out, _ = world.run("gather", "quick", "-o", "reference")
    assert (code, "1 runs: 1 outcomes and 1 claims" in out) == (0, True)
    return world.path / "reference"


def test_another_run_of_the_same_does_not_differ(world: World, reference: Path) -> None:
    quick(world, "return 7;", more=SAYS)
    code, out, _ = world.run("compare", reference, "quick")
    assert (code, out) == (0, "1 outcomes compared: 0 differ, 0 more vary by race\n")


def test_an_outcome_that_differs_is_named_and_exit_1(world: World, reference: Path) -> None:
    quick(world, "return 0;", more=SAYS)
    code, out, _ = world.run("compare", reference, world.latest("quick"))
    assert code == 1
    assert "1 outcomes compared: 1 differ" in out
    assert out.splitlines()[-1].split() == ["quick", "s", "plain", "what=a", "host", "host", "seven", "zero"]


def test_two_libcs_of_one_run_can_be_compared(world: World, reference: Path) -> None:
    outcomes = reference / "outcomes.csv"
    head, row = outcomes.read_text().splitlines()
    other = row.replace("host", "mine").replace("seven", "zero", 1)
    unlike = row.replace("host", "neither").replace("seven", "other")
    outcomes.write_text(f"{head}\n{row}\n{other}\n{unlike}\n")
    code, out, _ = world.run("compare", reference, reference, "--libc", "host=mine")
    assert (code, out.splitlines()[0]) == (1, "1 outcomes compared: 1 differ, 0 more vary by race")
    assert out.splitlines()[-1].split()[-4:] == ["host=mine", "host=mine", "seven", "zero"]
    assert world.run("compare", reference, reference, "--libc", "host=host")[0] == 0


def test_what_all_that_differ_have_in_common_is_said_once(world: World, reference: Path) -> None:
    outcomes = reference / "outcomes.csv"
    head, row = outcomes.read_text().splitlines()
    outcomes.write_text("\n".join([head, row, row.replace("what=a", "what=b"), ""]))
    other = world.path / "other"
    other.mkdir()
    for path in reference.iterdir():
        (other / path.name).write_text(path.read_text().replace("seven", "zero"))
    _, out, _ = world.run("compare", reference, other)
    assert out.splitlines()[1:] == [
        "",
        "differ, all with experiment quick, scenario s, observer plain, libc host, gdb host:",
        "  point   A      B",
        "  what=a  seven  zero",
        "  what=b  seven  zero",
    ]


@pytest.mark.parametrize(("word", "why"), [("host", "no two libcs"), ("host=none", "has nothing of none")])
def test_libcs_that_cannot_be_compared_are_refused(world: World, reference: Path, word: str, why: str) -> None:
    code, _, err = world.run("compare", reference, reference, "--libc", word)
    assert (code, why in err) == (4, True)


def test_what_is_gathered_can_be_gathered_again(world: World, reference: Path) -> None:
    before = {path.name: path.read_bytes() for path in reference.iterdir()}
    world.run("gather", world.latest("quick"), "-o", reference)
    assert {path.name: path.read_bytes() for path in reference.iterdir()} == before


@pytest.mark.parametrize("place", ["reference/outcomes.csv", "/proc/nowhere"])
def test_a_place_that_cannot_be_written_is_named(world: World, reference: Path, place: str) -> None:
    before = (reference / "outcomes.csv").read_bytes()
    code, _, err = world.run("gather", "quick", "-o", place)
    assert (code, err.startswith(f"{place}: ")) == (4, True)
    assert (reference / "outcomes.csv").read_bytes() == before


def test_nothing_that_can_be_compared_is_exit_1(world: World, reference: Path) -> None:
    versions = reference / "versions.csv"
    versions.write_text(
        "".join(
            f"{line.rsplit(',', 1)[0]},0\n" if line.startswith("host,") else f"{line}\n"
            for line in versions.read_text().splitlines()
        )
    )
    code, out, _ = world.run("compare", reference, "quick")
    assert code == 1
    assert "not compared: host, whose libc" in out


def test_an_interrupted_run_is_refused_and_the_next_step_said(world: World) -> None:
    quick(world, "return 7;", more=SAYS)
    trials = world.latest("quick") / "trials.jsonl"
    trials.write_text("")
    (world.latest("quick") / "complete").unlink()
    code, _, err = world.run("gather", "quick", "-o", "reference")
    assert (code, "the run of quick was interrupted: 0 of 1 trials" in err) == (4, True)
    assert "elfworlds run" in err
    assert not (world.path / "reference").exists()


def test_what_is_no_gathering_and_no_run_is_named(world: World, reference: Path) -> None:
    shutil.rmtree(world.path / "results")
    code, _, err = world.run("compare", reference, "quick")
    assert (code, "no run `quick`" in err) == (4, True)
    (reference / "outcomes.csv").write_text("a,b\n")
    code, _, err = world.run("compare", reference, reference)
    assert (code, "outcomes.csv: its columns are not" in err) == (4, True)
