"""run --for-bisect: the exit codes that `git bisect run` reads."""

from __future__ import annotations

import pytest

from conftest import World

EXPERIMENT = """
experiment: judged
question: "Which revision is it?"
objects: {app: {executable: app, code: "int main(void) { return VALUE; }"}}
scenarios:
  s: {run: "${app}", outcomes: {good: {exit: 0}}, expect: {outcome: good}}
"""


def judged(world: World, value: str, *words: str) -> int:
    path = world.experiment("judged", EXPERIMENT.replace("VALUE", value))
    return world.run("run", path, "--for-bisect", "--no-tables", *words)[0]


@pytest.mark.parametrize(("value", "code"), [("0", 0), ("1", 1), ("nothing that compiles", 125)])
def test_a_revision_is_good_bad_or_cannot_be_tested(world: World, value: str, code: int) -> None:
    assert judged(world, value) == code


def test_a_toolchain_without_a_trial_is_untried_beside_one_that_passes(world: World) -> None:
    tree = f"mine=tree:{world.path}/not-built"
    assert judged(world, "0", "-S", f"libc=host,{tree}") == 125
    assert judged(world, "1", "-S", f"libc=host,{tree}") == 1


@pytest.mark.parametrize("words", [["--no-such-option"], ["-S", "libc=nobody"], ["--dry-run"]])
def test_what_is_no_revisions_fault_ends_the_bisection(world: World, words: list[str]) -> None:
    assert judged(world, "0", *words) == 132
