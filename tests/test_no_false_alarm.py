"""Experiments in which the report used to say that a search did not go where the search order says, and it had."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from typing import Any

import pytest

from conftest import World

LD_SO = "/lib64/ld-linux-x86-64.so.2"
CHILDREN = f"""
experiment: children
question: Do fork, exec and ld.so raise a false alarm?
objects:
  app: {{executable: app, code: "int main(void) {{ return 0; }}"}}
matrix:
  sh: [/bin/sh, /bin/bash]
scenarios:
  twice: {{run: "${{matrix.sh}} -c '${{app}}; ${{app}}; true'", outcomes: {{ok: {{exit: 0}}}}}}
  trace: {{run: "${{matrix.sh}} -c 'LD_TRACE_LOADED_OBJECTS=1 {LD_SO} ${{app}}; true'", outcomes: {{ok: {{exit: 0}}}}}}
  ld-so: {{run: "${{matrix.sh}} -c '{LD_SO} ${{app}}; true'", outcomes: {{ok: {{exit: 0}}}}}}
  alone: {{run: "{LD_SO} ${{app}}", outcomes: {{ok: {{exit: 0}}}}}}
  list: {{run: "{LD_SO} --list ${{app}}", outcomes: {{ok: {{exit: 0}}}}}}
  ldd: {{run: "/usr/bin/ldd ${{app}}", outcomes: {{ok: {{exit: 0}}}}}}
  elsewhere:
    run: "${{matrix.sh}} -c 'LD_LIBRARY_PATH=/nowhere ${{app}}'"
    outcomes: {{ok: {{exit: 0}}}}
"""
RELATIVE = """
experiment: relative
question: Is a library that a relative directory holds found by the search order?
matrix:
  directory: [".", d, "", "/nowhere:"]
objects:
  here: {library: here, code: "int here(void) { return 1; }"}
scenarios:
  env:
    env: {LD_LIBRARY_PATH: "${matrix.directory}:/nowhere"}
    steps:
      - copy: {object: here, to: libhere.so}
      - dlopen: {path: libhere.so, as: h}
        may-fail: true
    observe: OBSERVE
    outcomes: {found: {h.error: {absent: true}}, not-found: {h.error: {absent: false}}}
"""
PRELOAD = """
experiment: preload
question: Is a file that the loader did not take told as found?
matrix: {asked: [/nowhere/libno.so, libno-such.so]}
scenarios:
  preload:
    env: {LD_PRELOAD: "${matrix.asked}"}
    run: /bin/true
    observe: [ld-debug]
    outcomes: {ignored: {exit: 0}}
"""


def searches(world: World, name: str, text: str) -> list[dict[str, Any]]:
    """The searches of a run that raises no alarm, each with its scenario."""
    code, out, err = world.run("run", world.experiment(name, text))
    assert code == 0, err
    assert "did not go where the search order says" not in out + err
    lines = (world.latest(name) / "traces.jsonl").read_text().splitlines()
    return [{**one, "scenario": trace["scenario"]} for trace in map(json.loads, lines) for one in trace["searches"]]


def test_fork_exec_and_ld_so_agree(world: World, needs: Callable[[str], str]) -> None:
    needs("bash")
    if not shutil.which(LD_SO):
        pytest.skip(f"there is no {LD_SO}")
    found = searches(world, "children", CHILDREN)
    assert {one["scenario"] for one in found} == {"twice", "trace", "ld-so", "alone", "list", "ldd", "elsewhere"}
    assert [one for one in found if one["agrees"] is not True] == []
    by_app = [one for one in found if one["scenario"] == "twice" and (one["needed_by"] or "").endswith("/app")]
    assert len(by_app) >= 4  # two children of each of two shells


@pytest.mark.parametrize("observe", ["[]", "[ld-debug]"])
def test_relative_and_empty_entries_are_the_trials_own_directory(world: World, observe: str) -> None:
    """Watched by ld-debug it is the trial itself that was traced, in its own directory."""
    found = searches(world, "relative", RELATIVE.replace("OBSERVE", observe))
    assert [one for one in found if one["agrees"] is not True] == []
    ends = [one["found"] for one in found if one["name"] == "libhere.so"]
    assert sorted(ends, key=str) == ["./libhere.so", None, "libhere.so", "libhere.so"]


def test_what_was_not_preloaded_was_not_found(world: World) -> None:
    found = searches(world, "preload", PRELOAD)
    asked = [one for one in found if one["name"] in ("/nowhere/libno.so", "libno-such.so")]
    assert [(one["found"], one["predicted"], one["agrees"]) for one in asked] == [(None, None, True)] * 2
    with (world.latest("preload") / "tables/searches.csv").open() as file:
        assert {row["found"] for row in csv.DictReader(file) if "libno" in row["name"]} == {"False"}
