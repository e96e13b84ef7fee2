"""What experiments of strangers wanted to say: each file of data/language gives what its first line says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import World

FILES = sorted((Path(__file__).resolve().parent / "data" / "language").glob("*.yaml"))
REFUSED = 4
FAILED = 1


def code_of(text: str) -> int:
    """The exit code that `run` has."""
    (code,) = re.findall(r"^# run: (\d)$", text, re.MULTILINE)
    return int(code)


def missing(text: str, shown: str) -> list[str]:
    """What the file says that is shown, and is not."""
    return [words for words in re.findall(r"^# shows: (.+)$", text, re.MULTILINE) if words not in shown]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_check_accepts_it_or_says_what_is_wrong(file: Path, world: World) -> None:
    text = file.read_text()
    wanted = code_of(text)
    code, _, err = world.run("check", world.experiment(file.stem, text))
    assert code == (REFUSED if wanted == REFUSED else 0), err
    assert not missing(text, err) or code == 0, err


@pytest.mark.slow
def test_a_run_of_it_shows_what_it_says(world: World) -> None:
    texts = {file.stem: file.read_text() for file in FILES if code_of(file.read_text()) != REFUSED}
    for name, text in texts.items():
        code, out, err = world.run("run", world.experiment(name, text))
        assert (code, missing(text, out + err)) == (code_of(text), []), out + err
        report = (world.latest(name) / "report.md").read_text()
        assert code != FAILED or ("first 1" in report and "a word of its own" in report)
