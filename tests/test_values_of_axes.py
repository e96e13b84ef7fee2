"""planning, checks: one rule for what `${matrix.axis}` stands for: a word, the items of a list, or nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from plans import plan_of

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import World

TEXT = """
experiment: x
question: "?"
matrix: {what: {none: null, word: WORD, list: [LIST], nested: [[LIST]], empty: []}}
objects:
  a: {library: a, code: "int a;"}
  b: {library: b, code: "int b;"}
  x: {library: x, code: "int x;", KEY}
scenarios: {s: {SCENARIO}}
"""
WHAT = ("none", "word", "list", "nested", "empty")
TRUE = 'run: "/bin/true ${x}"'


def text(word: str, items: str, key: str = "note: it", scenario: str = TRUE) -> str:
    return TEXT.replace("WORD", word).replace("LIST", items).replace("KEY", key).replace("SCENARIO", scenario)


def counts(values: dict[str, int], one: int, two: int) -> bool:
    return values == {"none": 0, "word": one, "list": two, "nested": two, "empty": 0}


@pytest.mark.parametrize(
    ("key", "word", "items"),
    [
        ("cflags", "-DA", "-DA, -DB"),
        ("ldflags", '"-Wl,-O1"', '"-Wl,-O1", "-Wl,-O2"'),
        ("z", "now", "now, nodelete"),
        ("needs", "a", "a, b"),
    ],
)
def test_in_a_list_of_an_object_it_is_its_items(tmp_path: Path, key: str, word: str, items: str) -> None:
    plan = plan_of(text(word, items, f'{key}: ["${{matrix.what}}"], runpath: []'), tmp_path)
    argv = {dict(place.at)["what"]: plan.requests[place.key].argv for place in plan.placements if place.object == "x"}
    lengths = {what: len(words) - len(argv["none"]) for what, words in argv.items()}
    assert lengths["word"] > 0
    assert counts(lengths, lengths["word"], 2 * lengths["word"]) or key == "needs", lengths
    assert argv["list"] == argv["nested"]
    assert argv["none"] == argv["empty"]


def test_in_needs_and_runpath_it_is_objects(tmp_path: Path) -> None:
    plan = plan_of(text("a", "a, b", 'needs: ["${matrix.what}"], runpath: ["${matrix.what}"]'), tmp_path)
    needs = {
        dict(place.at)["what"]: len(plan.requests[place.key].needs) for place in plan.placements if place.object == "x"
    }
    assert counts(needs, 1, 2), needs


def test_in_the_flags_of_dlopen_it_is_flags(tmp_path: Path) -> None:
    steps = 'steps: [dlopen: {object: x, flags: ["${matrix.what}"], as: h}]'
    plan = plan_of(text("RTLD_LAZY", "RTLD_LAZY, RTLD_GLOBAL", scenario=steps), tmp_path)
    programs = plan.programs()
    spelled = {
        dict(trial.point)["what"]: next(
            flags
            for flags in ("RTLD_LAZY | RTLD_GLOBAL", "RTLD_LAZY", "RTLD_NOW")
            if f", {flags}, " in programs[trial.bound.program]
        )
        for trial in plan.trials
    }
    both = "RTLD_LAZY | RTLD_GLOBAL"
    assert spelled == {"none": "RTLD_NOW", "word": "RTLD_LAZY", "list": both, "nested": both, "empty": "RTLD_NOW"}


def test_in_a_command_it_is_words(tmp_path: Path) -> None:
    plan = plan_of(text("a", 'a, "b c"', scenario='run: "/bin/true ${matrix.what}"'), tmp_path)
    words = {dict(trial.point)["what"]: trial.bound.argv[1:] for trial in plan.trials}
    assert words == {"none": (), "word": ("a",), "list": ("a", "b c"), "nested": ("a", "b c"), "empty": ()}


def test_null_leaves_a_variable_unset_and_quoted_it_is_a_word(tmp_path: Path) -> None:
    axis = 'matrix: {what: {none: null, quoted: "null", empty: ""}}'
    lines = text("a", "b", scenario='run: /bin/true, env: {A: "${matrix.what}", B: null}').splitlines()
    plan = plan_of("\n".join([*lines[:3], axis, *lines[4:]]), tmp_path)
    env = {dict(trial.point)["what"]: trial.bound.env for trial in plan.trials}
    assert env == {"none": (), "quoted": (("A", "null"),), "empty": (("A", ""),)}


@pytest.mark.parametrize(
    ("key", "scenario", "message"),
    [
        ('needs: ["${matrix.what}"]', TRUE, "no object `beta`"),
        ('runpath: ["${matrix.what}"]', TRUE, "no object `beta`"),
        ("note: it", 'steps: [dlopen: {object: x, flags: ["${matrix.what}"]}]', "`beta` is no flag of dlopen(3)"),
    ],
)
def test_every_item_is_checked(world: World, key: str, scenario: str, message: str) -> None:
    path = world.experiment("x", text("a", "a, beta", key, scenario))
    code, _, err = world.run("check", path)
    assert (code, message in err) == (4, True), err
