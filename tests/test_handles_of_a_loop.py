"""driver: what a loop opened is used behind it, all of it in order, or one by one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import World

LOOP = """
experiment: loops
question: "May the handles of a loop be used after it?"
objects: {x: {library: x, code: "int n; int f(void) { return ++n; }"}}
scenarios:
  all:
    steps:
      - loop: {times: 3, as: l, steps: [dlmopen: {object: x, as: h}]}
      - write: {handle: h, symbol: n, type: int, value: "10"}
      - call: {handle: h, function: f, type: int (void), as: r}
      - dlclose: h
      - {call: {handle: h, function: f, type: int (void), as: nobody}}
    outcomes: {each: {exit: 0, r.all: [11, 11, 11], nobody: {absent: true}}}
    expect: {outcome: each}
  one-by-one:
    steps:
      - loop: {times: 3, as: l, steps: [dlmopen: {object: x, as: h}]}
      - call: {handle: "h[1]", function: f, type: int (void), as: second}
      - dlclose: h[2]
      - {call: {handle: "h[2]", function: f, type: int (void), as: third}, may-fail: true}
      - dlclose: h[0]
      - call: {handle: "h[1]", function: f, type: int (void), as: again}
      - dlclose: h[1]
      - {dlclose: "h[7]", may-fail: true}
    outcomes: {separate: {exit: 0, second: 1, again: 2, third.ok: false}}
    expect: {outcome: separate}
"""


def test_steps_behind_the_loop_take_all_or_the_one_that_they_name(world: World) -> None:
    code, out, err = world.run("run", world.experiment("loops", LOOP))
    assert (code, err) == (0, ""), out
    lines = (world.latest("loops") / "events.jsonl").read_text().splitlines()
    events = [json.loads(line) for line in lines]
    assert [event["event"] for event in events if event.get("verb") == "call"].count("r") == 3
    assert [event["event"] for event in events if event["event"].startswith("dlclose h[")] == [
        f"dlclose h[{index}]" for index in (2, 0, 1, 7)
    ]


def test_an_index_of_what_no_loop_bound_is_refused(world: World) -> None:
    text = LOOP.replace("loop: {times: 3, as: l, steps: [dlmopen: {object: x, as: h}]}", "dlmopen: {object: x, as: h}")
    code, _, err = world.run("check", world.experiment("loops", text))
    assert (code, "`h` is bound once, in no loop" in err, "write h" in err) == (4, True, True), err


def test_what_is_no_name_of_a_handle_is_refused(world: World) -> None:
    code, _, err = world.run("check", world.experiment("loops", LOOP.replace('"h[1]"', '"h[one]"')))
    assert (code, "`h[one]` is no open object's name" in err) == (4, True), err


def test_mappings_of_the_kernels_names_are_found(world: World) -> None:
    text = """
experiment: named
question: "May mappings look at [stack]?"
matrix: {which: ["[stack]", "[vdso]", "[nothing]"]}
scenarios:
  go:
    steps: [mappings: {path: "${matrix.which}", as: m}]
    outcomes: {there: {exit: 0, m.count: 1}, not-there: {exit: 0, m.count: 0}}
    expect: [{when: {which: "[nothing]"}, outcome: not-there}, {outcome: there}]
"""
    code, out, err = world.run("run", world.experiment("named", text), "--no-tables")
    assert (code, err) == (0, ""), out
