"""advise and the project's own experiments: whether a library loads is foretold as its trials show it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import elfworlds
from conftest import ROOT
from elfworlds.advice import DLMOPEN, DLOPEN, RULES, Adviser
from elfworlds.inspection import World

EXPERIMENTS = sorted({rule.experiment for rule in RULES})


@dataclass(frozen=True)
class Opening:
    """What a trial opened first, where it is about one library, and whether it could be opened."""

    scenario: str
    libc: str
    program: str
    library: str
    way: str
    opened: bool


def openings(run: elfworlds.Run) -> Iterator[Opening]:
    opened: dict[str, tuple[str, bool]] = {}
    for event in lines(run.directory / "events.jsonl"):
        if event.get("verb") in (DLOPEN, DLMOPEN):
            opened.setdefault(event["trial"], (event["verb"], event["ok"] is True))
    for trial in lines(run.directory / "trials.jsonl"):
        program, *words = shlex.split(trial["command"] or "-")
        libraries = {word for word in words if word.startswith("/") and ".so" in Path(word).name}
        if trial["trial"] in opened and len(libraries) == 1:
            libc = trial["point"].get("libc", "host")
            yield Opening(trial["scenario"], libc, program, libraries.pop(), *opened[trial["trial"]])


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@pytest.mark.slow
@pytest.mark.parametrize("name", EXPERIMENTS)
def test_whether_its_libraries_load_is_foretold(name: str, tmp_path: Path) -> None:
    file = ROOT / "experiments" / f"{name}.yaml"
    lazy = "RTLD_LAZY" in file.read_text()  # what is refused with RTLD_NOW may be opened then
    run = elfworlds.run(elfworlds.load(file), elfworlds.RunOptions(output=tmp_path, tables=False))
    wrong = []
    for opening in set(openings(run)):
        world = World(toolchain=None if opening.libc == "host" else opening.libc, host=opening.program)
        forecast = Adviser.of(world, opening.way).advise(opening.library).forecast
        if forecast.loads != opening.opened and not (lazy and opening.opened):
            wrong.append((opening, forecast.refusals[:1]))
    assert wrong == []
