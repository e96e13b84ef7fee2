"""advise and the project's own experiments: what it foretells of a library is what their trials show."""

from __future__ import annotations

from pathlib import Path

import pytest

import elfworlds
from conftest import ROOT
from elfworlds.records import RunDirectory, read_run
from elfworlds.report.foretold import Answer, answers

EXPERIMENTS = sorted(path.stem for path in (ROOT / "experiments").glob("*.yaml") if "steps:" in path.read_text())
# Experiment → the scenarios whose difference its note explains: by a call, a destructor, a limit or a filter.
EXPLAINED = {
    "absent-namespace": {"open-in-another-thread"},
    "absolute-zero": {"cxx-thread-local", "rust-thread-local", "rust-thread-local-control"},
    "own-atexit": {"register-and-close"},
    "rust-unload": {"used-by-the-main-thread"},
    "takes-too-much": {"in-dlopen"},
    "text-relocations": {"open-where-nothing-becomes-executable"},
}


def words(answer: Answer) -> tuple[str, ...]:
    labels = ",".join(label for _, label in answer.point)
    return answer.scenario, labels, answer.told.question, answer.told.foretold, answer.seen, answer.told.why


@pytest.mark.slow
@pytest.mark.parametrize("name", EXPERIMENTS)
def test_what_its_trials_show_of_a_library_is_foretold(name: str, tmp_path: Path) -> None:
    run = elfworlds.run(elfworlds.load(ROOT / "experiments" / f"{name}.yaml"), elfworlds.RunOptions(output=tmp_path))
    differing = [words(answer) for answer in answers(read_run(RunDirectory(run.directory))) if answer.differs]
    assert [each for each in differing if each[0] not in EXPLAINED.get(name, ())] == []
