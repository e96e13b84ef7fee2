"""observers.table: an observer that is a row of both tables, and known nowhere else, works from check to report."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated

import pytest
from pydantic import Field

from conftest import World
from elfworlds import sandbox
from elfworlds.observers import plain
from elfworlds.observers.table import OBSERVERS, PLAIN
from elfworlds.observers.types import Observer, Watched
from elfworlds.outcome import Result, Tried
from elfworlds.process import Command, Completed
from elfworlds.spec.leaves.annotated import Count, Templated
from elfworlds.spec.model import observers as words
from elfworlds.spec.model.base import Model
from elfworlds.spec.model.observers import ObserverWords
from elfworlds.spec.shapes import NUMBER, TEXT, Items
from elfworlds.toolchains import Toolchain
from elfworlds.toolchains.programs import PLAIN as PLAIN_PROGRAMS
from elfworlds.toolchains.programs import VERSIONED

EXPERIMENT = """
experiment: own
question: "Is it seen?"
matrix: {who: [one, two]}
objects: {app: {executable: app, code: "int main(void) { return 3; }"}}
scenarios:
  ends:
    run: "${app}"
    observe: {sh-trace: {says: "${matrix.who}", times: 2}}
    outcomes:
      seen: {exit: 3, sh-trace.said: "${matrix.who}", sh-trace.lines.count: 2}
    show: [sh-trace.said]
    expect: {outcome: seen}
"""
SCRIPT = 'for i in $(seq "$2"); do echo "$1"; done >"$3/said"; shift 3; exec "$@"'


class Says(Model):
    """What a shell says before it becomes the program."""

    says: Annotated[Templated, Field(description="a word")]
    times: Annotated[Count, Field(description="how often")] = 1


def command(watched: Watched, toolchain: Toolchain) -> Command:
    said = (str(watched.settings["says"]), str(watched.settings["times"]), watched.leaves)
    argv = (*toolchain.tool("sh"), "-c", SCRIPT, "sh", *said, *watched.argv)
    env = {**watched.env, "PATH": "/usr/bin:/bin"}
    return sandbox.wrap(replace(watched.alone(), argv=argv, env=env), toolchain.world, (watched.leaves,))


def read(completed: Completed, left: Mapping[str, bytes]) -> Result:
    result = plain.read(completed)
    lines = left.get("said", b"").decode().splitlines()
    return result.with_values({"sh-trace": {"said": lines[0], "lines": lines}}) if isinstance(result, Tried) else result


OWN = Observer(name="sh-trace", command=command, read=read, tools=("sh",))
OWN_WORDS = ObserverWords(
    name="sh-trace",
    about="a shell that says something",
    settings=Says,
    values={"said": TEXT, "lines": Items(TEXT), "number": NUMBER},
    own_variables={"PATH": "the shell finds its programs by it"},
)


@pytest.fixture
def own(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setitem(OBSERVERS, "sh-trace", OWN)
    monkeypatch.setitem(words.OBSERVERS, "sh-trace", OWN_WORDS)
    return world


def test_an_observer_of_a_test_is_checked_planned_run_and_reported(own: World) -> None:
    path = own.experiment("own", EXPERIMENT)
    assert own.run("check", path)[0] == 0
    code, plan, _ = own.run("plan", path)
    assert (code, "2 trials" in plan, "observer=sh-trace" in plan) == (0, True, True)
    code, out, err = own.run("run", path)
    assert (code, err) == (0, "")
    assert "2 trials: 2 PASS" in out
    lines = [json.loads(line) for line in (own.latest("own") / "trials.jsonl").read_text().splitlines()]
    assert {one["shown"]["sh-trace.said"] for one in lines} == {"one", "two"}
    assert "sh-trace" in (own.latest("own") / "report.md").read_text()
    assert "/sh\n" in own.run("doctor")[1]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("says: ", "say: ", "unknown key `say`"),
        ("sh-trace: {", "sh-trac: {", "did you mean `sh-trace`?"),
        ("sh-trace.said", "sh-trace.sad", "did you mean `sh-trace.said`?"),
        ("sh-trace.said", "sh-trace.zzzz", "there are `sh-trace.said`, `sh-trace.lines`, `sh-trace.number`"),
        ("sh-trace.said", "sh-trace.number", "`sh-trace.number` is a number"),
        ('${matrix.who}", times', '${matrix.how}", times', "no axis `how`"),
        (
            "    outcomes:",
            "    env: {PATH: x}\n    outcomes:",
            "`PATH` is the observer sh-trace's own: the shell finds",
        ),
    ],
)
def test_what_is_wrong_with_it_is_told(own: World, old: str, new: str, told: str) -> None:
    code, _, err = own.run("check", own.experiment("own", EXPERIMENT.replace(old, new, 1)))
    assert code == 4
    assert told in err


def test_editors_and_the_reference_are_told_of_it(own: World) -> None:
    schema = json.loads(own.run("schema")[1])
    assert schema["$defs"]["Observe"]["properties"]["sh-trace"]["description"] == "a shell that says something"
    assert "sh-trace" in schema["$defs"]["Scenario"]["properties"]["observe"]["anyOf"][0]["items"]["enum"]


def test_both_tables_have_the_same_observers() -> None:
    assert set(OBSERVERS) == {PLAIN, *words.OBSERVERS}
    assert {name: row.name for name, row in words.OBSERVERS.items()} == {name: name for name in words.OBSERVERS}
    assert {name: row.name for name, row in OBSERVERS.items()} == {name: name for name in OBSERVERS}


def test_every_tool_of_an_observer_is_one_that_toolchains_look_for() -> None:
    tools = {tool for observer in OBSERVERS.values() for tool in observer.tools}
    assert tools - {"memcheck"} <= {*VERSIONED, *PLAIN_PROGRAMS}
