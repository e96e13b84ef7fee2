"""What a compiler says of steps is told at the lines of the experiment that people wrote."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import World

TEXT = (Path(__file__).resolve().parent / "data" / "steps" / "not-c.yaml").read_text()
TOLD = re.compile(r"^ +\S*not-c\.yaml:([0-9]+): (?:error|undefined reference)", re.MULTILINE)
FAILED = re.compile(r"^the program of (\w+) failed to build$", re.MULTILINE)
BUILD = 6


def expected(scenario: str) -> set[int]:
    lines = enumerate(TEXT.split("\n"), start=1)
    return {number for number, line in lines if line.endswith(f"expect: {scenario}")}


@pytest.fixture(params=["gcc", "clang"])
def told(
    request: pytest.FixtureRequest, world: World, needs: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> dict[str, str]:
    """Scenario → what the compiler said of its program."""
    monkeypatch.setenv("CC", needs(request.param))
    code, out, err = world.run("build", "-k", world.experiment("not-c", TEXT))
    assert code == BUILD
    found = FAILED.split(out + err)
    return dict(zip(found[1::2], found[2::2], strict=True))


def test_each_error_has_its_line_and_no_line_of_the_c_that_was_made(told: dict[str, str]) -> None:
    assert {scenario: {int(line) for line in TOLD.findall(said)} - LOOSE for scenario, said in told.items()} == {
        scenario: expected(scenario) for scenario in ("types", "blocks", "code", "links")
    }
    assert "step 99: and step 1.7: are no steps of this" in told["code"]
    assert not re.search(r"step [0-9.]+:[0-9]|program\.c:[0-9]+:[0-9]+: error", "".join(told.values()))


LOOSE = {number for number, line in enumerate(TEXT.split("\n"), start=1) if line.strip() == "second: one +"}
