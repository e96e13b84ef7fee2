"""results/reference: what is published is whole, and is what the experiments of today say."""

from __future__ import annotations

import runpy
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest

from conftest import ROOT
from elfworlds.gather import READ, Cell, Gathered, read
from elfworlds.workflow.experiments import load_all

REPRO = SimpleNamespace(**runpy.run_path(str(ROOT / "docs" / "repro.py")))
IDS = {
    "S1": "01 02 03 04 06 07 08 09 10",
    "S2": "01 02 04 05 06 07 08 09 10 11 12 13 14",
    "S3": "05 07 09 12 15 16 22 24 25 27 28 29 30 31 32 33 34 35 36 37 38 39 40 42 44",
    "S4": "01 02 03",
    "S5": "01 03 05 06 07",
    "M-dlopen": " ".join(f"{number:02}" for number in range(1, 33)),
    "M-dlsym": "01 02 03 04 05 06",
    "M-dlerror": "01",
    "M-dlinfo": "01 02 03 04 05 06 07",
    "M-phdr": "01 02 03 04 05 06 07",
    "M-ldso": " ".join(f"{number:02}" for number in range(1, 37)),
    "M-audit": " ".join(f"{number:02}" for number in range(1, 25)),
    "M-key": "01 02 03 04 05 06 07 08 09",
    "M-gabi": " ".join(f"{number:02}" for number in range(1, 16)),
    "M-libc": "01 02 03 04",
}
LIBCS = {"debian/bullseye", "debian/bookworm", "debian/trixie", "debian/sid", "host"}
OF_MUSL = {"S5-07"}  # a claim about another libc
OF_TWO_RELEASES = {"GV-1", "GV-2", "GV-3", "GV-4"}  # of what one builds and another one runs
OF_SOME_RELEASES = {"M-dlinfo-07", "M-ldso-11", "M-ldso-12", "M-ldso-13", "M-ldso-22", "M-ldso-34"}  # "since glibc …"
CHECKED = {f"{source}-{number}" for source, numbers in IDS.items() for number in numbers.split()}


@pytest.fixture(scope="module")
def reference() -> Gathered:
    return read({name: (ROOT / "results" / "reference" / name).read_text() for name in READ})


def test_every_claim_of_the_five_texts_and_of_the_manuals_is_there(reference: Gathered) -> None:
    assert sorted(CHECKED - {one.claim for one in reference.claims}) == []


def test_every_claim_was_checked_with_every_libc(reference: Gathered) -> None:
    seen: dict[str, set[str]] = {}
    for one in reference.claims:
        seen.setdefault(one.claim, set()).add(one.libc)
    lacking = {claim: sorted(LIBCS - libcs) for claim, libcs in seen.items() if LIBCS - libcs}
    assert set(lacking) == OF_MUSL | OF_TWO_RELEASES | OF_SOME_RELEASES
    assert {"musl/bookworm", "musl/trixie"} <= seen["S5-07"]


def test_no_verdict_is_a_surprise(reference: Gathered) -> None:
    assert set(Counter(one.verdict for one in reference.cells)) <= {"PASS", "XFAIL", "UNSUPPORTED"}


def test_it_is_of_the_experiments_as_they_are(reference: Gathered) -> None:
    found = load_all([Path("experiments")], ROOT)
    scenarios = {(one.spec.name, scenario) for one in found for scenario in one.spec.experiment.scenarios}
    assert {(one.experiment, one.scenario) for one in reference.cells} == scenarios
    claims = {
        (one.spec.name, scenario, claim.id, claim.says)
        for one in found
        for scenario, told in one.spec.experiment.scenarios.items()
        for claim in told.claim
    }
    assert {(one.experiment, one.scenario, one.claim or None, one.says) for one in reference.claims} <= claims


def test_every_experiment_with_a_claim_is_among_the_findings_or_the_manuals(reference: Gathered) -> None:
    page = "".join((ROOT / "docs" / name).read_text() for name in ("findings.md", "manuals.md"))
    told = {one.experiment for one in reference.claims if one.claim}
    assert sorted(name for name in told if f"(../experiments/{name}.yaml)" not in page) == []


@pytest.mark.parametrize("name", REPRO.FINDINGS)
def test_the_script_of_a_finding_is_of_todays_experiment(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert (ROOT / "docs" / "repro" / f"{name}.sh").read_text() == REPRO.script(name)


CONTROL = "control"


def controls(reference: Gathered) -> dict[tuple[str, str], list[Cell]]:
    """(experiment, control scenario) → its cells. `control` is one of all scenarios, `NAME-control` of NAME."""
    found: dict[tuple[str, str], list[Cell]] = {}
    for cell in reference.cells:
        if cell.scenario.endswith(CONTROL):
            found.setdefault((cell.experiment, cell.scenario), []).append(cell)
    return found


def outcome(cell: Cell) -> str:
    return cell.outcome.partition(" (")[0]


def claimed_cells(reference: Gathered) -> list[Cell]:
    """The tried cells that a claim is judged by."""
    claimed = {(one.experiment, one.scenario, one.point, one.libc) for one in reference.claims}
    return [
        cell
        for cell in reference.cells
        if (cell.experiment, cell.scenario, cell.point, cell.libc) in claimed and cell.verdict.tried
    ]


def controlled(control: str, scenario: str) -> bool:
    return control.removesuffix(CONTROL).removesuffix("-") in ("", scenario)


def test_where_the_effect_is_absent_by_construction_the_outcome_is_another_one(reference: Gathered) -> None:
    at: dict[tuple[str, str, str], list[Cell]] = {}
    for cell in claimed_cells(reference):
        at.setdefault((cell.experiment, cell.point, cell.libc), []).append(cell)
    same = [
        (experiment, control, cell.scenario, cell.point, cell.libc, outcome(cell))
        for (experiment, control), cells in controls(reference).items()
        for mine in cells
        for cell in at.get((experiment, mine.point, mine.libc), [])
        if controlled(control, cell.scenario) and outcome(cell) == outcome(mine)
    ]
    assert same == []
