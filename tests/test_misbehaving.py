"""Trials that misbehave: each ends in time and has a name, nothing of it is left, nothing reaches a terminal raw."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from conftest import ROOT, World
from test_process import alive

PROGRAM = ROOT / "tests" / "data" / "misbehaving" / "misbehaving.c"
TEXT = r"""
experiment: misbehaving
question: What do programs do that nobody wants?
matrix:
  how: [hang, spin, crash, abort, flood, noise, daemon, deaf-child, close, stop, fork-bomb, full-stack]
objects:
  app:
    executable: app
    sources: [misbehaving.c]
scenarios:
  endless:
    when: {how: [hang, spin, stop]}
    run: ${app} ${matrix.how} MARKER
    timeout: 1
    expect: {outcome: hang}
  ending:
    when: {how: [crash, abort, flood, noise, daemon, deaf-child, close, fork-bomb, full-stack]}
    run: ${app} ${matrix.how} MARKER
    timeout: 60
    outcomes:
      zero: {exit: 0}
      five: {exit: 5}
    expect:
      - {when: {how: [flood, daemon, deaf-child, fork-bomb]}, outcome: zero}
      - {when: {how: close}, outcome: five}
      - {when: {how: [crash, abort, full-stack]}, outcome: crash}
      - {when: {how: noise}, outcome: zero}
"""


def misbehaving(world: World, marker: str) -> Path:
    """The experiment; its processes have `marker` among their words."""
    shutil.copy(PROGRAM, world.path / "csrc")
    return world.experiment("misbehaving", TEXT.replace("MARKER", marker))


@pytest.mark.parametrize("color", ["never", "always"])
def test_each_ends_with_a_name_and_leaves_nothing(world: World, color: str) -> None:
    marker = f"misbehaving-{os.getpid()}-{color}"
    path = misbehaving(world, marker)
    code, out, err = world.run("run", "--color", color, path)
    assert (code, err) == (1, "")
    assert alive(marker) == []
    assert {record["how"]: record["verdict"] for record in read(world)} == {
        **dict.fromkeys(HOW, "PASS"),
        "noise": "FAIL",
    }
    assert not set(out) & {"\0", "\r", "\a", "\x9b"}
    assert "\x1b[2J" not in out
    assert "owned" in out


HOW = TEXT.split("how: [")[1].split("]", maxsplit=1)[0].split(", ")


def read(world: World) -> list[dict[str, object]]:
    lines = (world.latest("misbehaving") / "trials.jsonl").read_text().splitlines()
    return [{**one, "how": one["point"]["how"]} for one in map(json.loads, lines)]


def test_what_they_left_behind_and_what_was_cut_is_recorded(world: World) -> None:
    path = misbehaving(world, "x")
    world.run("run", path)
    records = {record["how"]: record for record in read(world)}
    assert records["flood"]["stdout_bytes"] == 1 << 30
    assert records["flood"]["cut_bytes"] == (1 << 30) - (1 << 20)
    kept = trial(world, "flood") / "stdout"
    assert kept.stat().st_size < (1 << 20) + 100
    assert records["full-stack"]["signal"] == "SIGSEGV"
    events = [json.loads(line) for line in (world.latest("misbehaving") / "events.jsonl").read_text().splitlines()]
    left = {how: sum(f"how={how}," in event["trial"] for event in events) for how in HOW}
    assert (left["deaf-child"], left["fork-bomb"], left["crash"]) == (1, 200, 0)
    assert left["daemon"] in (1, 2), "the daemon, and its parent where that had not ended yet"
    assert [event["state"] for event in events if "how=stop," in event["trial"]] == ["T"]


def trial(world: World, how: str) -> Path:
    (found,) = (world.latest("misbehaving") / "trials").glob(f"*how={how},*")
    return found
