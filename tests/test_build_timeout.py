"""A build that does not end: its compiler includes its own file again and again, for longer than anybody waits."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from conftest import World
from elfworlds.backends.local import LocalBackend
from elfworlds.backends.nix import work
from elfworlds.planning import BuildRequest
from elfworlds.process import Command, Completed, Pool
from elfworlds.toolchains import Toolchain
from nix_support import bench, needs_nix, written
from plans import keys_of, plan_of

if TYPE_CHECKING:
    from elfworlds.backends.nix import NixBackend

ENDLESS = "#if __INCLUDE_LEVEL__ < 150\n#include __FILE__\n#include __FILE__\n#endif\nint slow;\n"
MAIN = "int main(void) { return 0; }\n"
SLOW: dict[str, Any] = {"library": "slow", "code": ENDLESS, "build-timeout": 1}
OBJECTS: dict[str, Any] = {
    "slow": SLOW,
    "above": {"executable": "above", "code": MAIN, "needs": ["slow"]},
    "good": {"executable": "good", "code": MAIN, "defines": {"GOOD": 1}, "build-timeout": "30min"},
}
LONGER = "did not end within 1 s; `build-timeout` or --build-timeout gives the build longer"


def requests(folder: Path, **more: float) -> dict[str, BuildRequest]:
    run = {"s": {"run": "${good}", "outcomes": {"fine": {"exit": 0}}}}
    plan = plan_of(
        json.dumps({"experiment": "x", "question": "?", "objects": OBJECTS, "scenarios": run, **more}), folder
    )
    return {name: plan.requests[key] for name, key in keys_of(plan).items()}


def test_an_object_has_its_own_time_or_the_experiments_or_ten_minutes_and_one_key(tmp_path: Path) -> None:
    plain, given = requests(tmp_path), requests(tmp_path, **{"build-timeout": 20})
    assert {name: one.timeout for name, one in plain.items()} == {"slow": 1, "above": 600, "good": 1800}
    assert {name: one.timeout for name, one in given.items()} == {"slow": 1, "above": 20, "good": 1800}
    assert [one.key for one in plain.values()] == [one.key for one in given.values()]


def test_a_build_that_does_not_end_is_killed_and_its_trials_say_so(world: World) -> None:
    asked = {
        "about": {"build": "slow", "outcomes": {"refused": {"exit": 1}}},
        "needing": {"run": "${above}", "outcomes": {"fine": {"exit": 0}}},
        "apart": {"run": "${good}", "outcomes": {"fine": {"exit": 0}}},
    }
    text = json.dumps({"experiment": "x", "question": "?", "objects": OBJECTS, "scenarios": asked})
    assert world.run("run", world.experiment("x", text))[0] == 1
    rows = map(json.loads, (world.latest("x") / "trials.jsonl").read_text().splitlines())
    found = {row["scenario"]: row for row in rows}
    assert found["about"]["verdict"] == found["needing"]["verdict"] == "UNRESOLVED"
    assert found["about"]["notes"] == [f"object slow was not built: the compiler {LONGER}"]
    assert "object slow was not built" in found["needing"]["notes"]
    assert found["apart"]["outcome"] == "fine"


def test_the_commands_of_a_build_share_its_time(tmp_path: Path, pool: Pool, toolchain: Toolchain) -> None:
    given: list[float] = []

    def run(command: Command) -> Completed:
        given.append(command.timeout)
        return pool.run(command)

    editing = replace(toolchain, tools={**toolchain.tools, "strip": ("/bin/true",)})
    objects = 'objects: {x: {library: x, code: "int x;", build-timeout: 300, after: [[strip]]}}'
    text = f'experiment: x\nquestion: "?"\n{objects}\nscenarios: {{s: {{run: /bin/true}}}}\n'
    plan = plan_of(text, tmp_path, {"host": editing})
    backend = LocalBackend(tmp_path / "store", run, 1, pool.interrupt)
    assert backend.build(plan, {"host": editing}, keep_going=False, report=lambda *_: None).artifacts
    first, second = given
    assert 300 >= first > second


@needs_nix
def test_nix_gives_each_object_its_time_and_says_what_it_waits_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "PATIENT_SECONDS", 0.0)
    told: list[str] = []
    with bench(written(tmp_path, "x", OBJECTS, "${good}"), tmp_path) as one:
        backend: NixBackend = one.backend  # type: ignore[assignment]  # of the two the one that was asked for
        made = replace(one, backend=replace(backend, tell=told.append)).build(keep_going=True)
        slow, above = made.failures[one.key("slow")], made.failures[one.key("above")]
        assert (slow.exit, slow.output.rpartition("\n")[2]) == (None, f"the build {LONGER}")
        assert above.missing == (slow.key,)
        assert one.key("good") in made.artifacts
    assert "waiting for the compiler of slow, which may take 1 s" in told
