"""try: what really happens to a file stands beside what advise foretold; the experiment can be kept."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from elfworlds.advice.trying import Subject
from elfworlds.cli.invoking import invoke
from elfworlds.records import RunDirectory
from elfworlds.workflow.trying import Cell, Tried, matrix, subject_of

UNIQUE = 'int which = 1; __asm__(".type which, @gnu_unique_object"); int *where(void) { return &which; }'


def make(directory: Path, name: str, code: str, *words: str | Path) -> Path:
    path = directory / f"lib{name}.so"
    (directory / f"{name}.c").write_text(code)
    subprocess.run(["cc", "-w", "-shared", "-fPIC", "-o", path, directory / f"{name}.c", *words], check=True)
    return path


def rows(text: str) -> dict[tuple[str, str], str]:
    """Scenario and way → what the one column of the matrix says."""
    cells = [line.split(maxsplit=2) for line in text.splitlines()]
    return {(row[0], row[1]): row[2] for row in cells if len(row) == 3 and row[1] in ("dlopen", "dlmopen")}


def test_what_happens_is_what_was_foretold_and_the_experiment_is_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = make(tmp_path, "unique", UNIQUE)
    assert invoke(["try", str(path), "--save", "--call", "where", "-o", str(tmp_path / "results")]) == 0
    told = capsys.readouterr().out
    seen = rows(told)
    assert (seen["closed", "dlmopen"], seen["closed", "dlopen"], seen["called", "dlopen"]) == (
        "stays",
        "stays",
        "returned",
    )
    assert (seen["opened-twice", "dlmopen"], seen["opened-twice", "dlopen"]) == ("two-copies", "one-copy")
    assert "all as foretold" in told
    saved = Path(f"{path}.try.yaml")
    assert invoke(["check", str(saved)]) == 0
    (kept,) = (tmp_path / "results").glob("try-libunique/2*/experiment.yaml")
    assert json.loads(kept.with_name("environment.json").read_text())["sandbox"] is True
    assert kept.read_text() == saved.read_text()


@pytest.mark.slow  # the test of a program has the same for every change
def test_a_host_serves_what_the_file_lacks_by_dlopen_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    host = make(tmp_path, "host", "int mine(void) { return 1; }")
    path = make(tmp_path, "plugin", "int mine(void); int f(void) { return mine(); }")
    assert invoke(["try", str(path), "--host", str(host), "-o", str(tmp_path / "results")]) == 0
    told = capsys.readouterr().out
    seen = rows(told)
    assert (seen["opened", "dlmopen"], seen["opened", "dlopen"]) == ("refused", "loaded")
    assert "host, dlmopen: " in told
    assert "undefined symbol: mine" in told


def program(directory: Path, code: str, *words: str) -> Path:
    path = directory / "host"
    (directory / "host.c").write_text(code)
    subprocess.run(["cc", "-w", "-rdynamic", "-o", path, directory / "host.c", *words], check=True)
    return path


def test_what_only_a_program_exports_is_served_within_that_program_whose_main_does_not_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    host = program(tmp_path, "int mine(void) { return 1; } int main(void) { return 9; }")
    path = make(tmp_path, "plugin", "int mine(void); int f(void) { return mine(); }")
    assert invoke(["try", str(path), "--host", str(host), "-o", str(tmp_path / "results"), "--call", "f"]) == 0
    told = capsys.readouterr().out
    seen = rows(told)
    assert (seen["opened", "dlmopen"], seen["as-often-as-fits", "dlmopen"]) == ("refused", "refused")
    assert (seen["opened-in-a-thread", "dlopen"], seen["called", "dlopen"]) == ("loaded", "returned")
    assert "all as foretold" in told


@pytest.mark.parametrize(
    ("words", "why"), [(("-static",), "a static program"), (("-nostartfiles", "-Wl,-emain"), "does not start by")]
)
def test_a_program_in_which_no_trial_can_run_is_no_host(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], why: str
) -> None:
    path = make(tmp_path, "plugin", "int f(void) { return 1; }")
    host = program(tmp_path, "int main(void) { return 9; }", *words)
    assert invoke(["try", str(path), "--host", str(host), "-o", str(tmp_path / "results")]) == 4
    assert why in capsys.readouterr().err


def test_neighbours_that_a_run_path_leads_to_go_along(tmp_path: Path) -> None:
    near, libs = tmp_path / "pkg", tmp_path / "pkg.libs"
    near.mkdir()
    libs.mkdir()
    make(libs, "beside", "int g(void) { return 1; }")
    path = make(
        near,
        "core",
        "int g(void); int f(void) { return g(); }",
        f"-L{libs}",
        "-lbeside",
        "-Wl,-rpath,$ORIGIN/../pkg.libs",
    )
    subject = subject_of(path, None, None)
    assert (subject.prebuilt, subject.near) == ((str(tmp_path), "pkg/libcore.so"), ("pkg.libs/libbeside.so",))


def test_a_difference_is_shown_with_both_answers() -> None:
    cells = (Cell("closed", "dlopen", "host", "gone", "stays", ""), Cell("opened", "dlopen", "host", "", "crash", ""))
    tried = Tried(Subject(path="/x.so", prebuilt="/x.so"), "", RunDirectory(Path("/results")), cells)
    assert matrix(tried)[1:] == [["closed", "dlopen", "stays (foretold: gone)"], ["opened", "dlopen", "crash"]]
    assert [cell.scenario for cell in tried.differences] == ["closed"]
