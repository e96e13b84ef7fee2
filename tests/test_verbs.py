"""report, accept, new, doctor: what comes before a run, and after it."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import pandas as pd  # tables are read as a user would
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import ROOT, World
from elfworlds.errors import Exit
from elfworlds.planning.points import applies
from elfworlds.records import RunDirectory, read_run
from elfworlds.report import flips
from elfworlds.report.acceptance import entries
from elfworlds.workflow.reports import write_reports
from elfworlds.yamltext import Scalar
from sealing import unseal
from test_tables import COLUMNS


def test_a_new_experiment_runs_as_printed(world: World) -> None:
    code, out, _ = world.run("new", "my-question")
    assert code == 0
    command = out.splitlines()[-1].removeprefix("run it: elfworlds ")
    code, out, _ = world.run(*command.split())
    assert (code, "2 trials: 2 PASS" in out) == (0, True)


def test_a_new_experiment_in_an_empty_directory_has_its_results_beside_it(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.chdir(empty)
    world.run("new", "first")
    first = (empty / "experiments" / "first.yaml").read_text().splitlines()[0]
    named = empty / "experiments" / first.removeprefix("# yaml-language-server: $schema=")
    assert named.read_text() == world.run("schema")[1]
    world.run("run", "experiments/first.yaml")
    assert sorted(path.name for path in empty.iterdir()) == ["experiments", "results"]


@pytest.mark.parametrize("name", ["Big", "a/b", "../x", "", "a b", "-x"])
def test_a_new_experiment_needs_a_name(world: World, name: str) -> None:
    before = sorted((world.path / "experiments").iterdir())
    assert world.run("new", "--", name)[0] == 4
    assert sorted((world.path / "experiments").iterdir()) == before


def test_what_is_there_is_never_overwritten(world: World) -> None:
    before = (world.path / "experiments" / "same-lib.yaml").read_text()
    code, _, err = world.run("new", "same-lib")
    assert (code, "is there already" in err) == (4, True)
    assert (world.path / "experiments" / "same-lib.yaml").read_text() == before


def test_a_run_is_told_again_from_its_directory_alone(world: World) -> None:
    _, ran, _ = world.run("run", "experiments/same-lib.yaml")
    for path in (world.path / "experiments", world.path / "csrc"):
        path.rename(world.path / f"gone-{path.name}")
    (world.path / "csrc").mkdir()
    told = {form: world.run("report", "same-lib", "--format", form) for form in ("table", "md", "csv", "json")}
    assert {form: code for form, (code, _, _) in told.items()} == dict.fromkeys(told, Exit.AS_EXPECTED)
    assert set(told["table"][1].splitlines()) <= set(ran.splitlines())
    assert "same-library-twice  isolated     shared" in told["table"][1]
    assert told["md"][1] == (world.latest("same-lib") / "report.md").read_text()
    assert told["csv"][1] == (world.latest("same-lib") / "tables" / "trials.csv").read_text()
    assert list(json.loads(told["json"][1])[0]) == COLUMNS["trials"].split()


def with_traces(world: World) -> Path:
    """A run of same-lib whose traces are the recorded ones."""
    world.run("run", "experiments/same-lib.yaml")
    run = world.latest("same-lib").resolve()
    unseal(run)
    shutil.copy(ROOT / "tests" / "data" / "traces.jsonl", run / "traces.jsonl")
    return run


def test_every_table_of_a_run_is_told_in_every_form(world: World) -> None:
    run = with_traces(world)
    record = read_run(RunDirectory(run))
    write_reports(RunDirectory(run), record, flips.of(record), tables=True)
    for name, columns in COLUMNS.items():
        code, text, _ = world.run("report", "same-lib", "--table", name, "--format", "csv")
        assert (code, text) == (0, (run / "tables" / f"{name}.csv").read_text())
        assert text.splitlines()[0].split(",") == columns.split()
        rows = json.loads(world.run("report", "same-lib", "--table", name, "--format", "json")[1])
        assert len(rows) == len(pd.read_csv(io.StringIO(text)))
        _, plain, _ = world.run("report", "same-lib", "--table", name)
        assert plain.split("\n")[0].split() == columns.split()
        _, marked, _ = world.run("report", "same-lib", "--table", name, "--format", "md")
        assert len(marked.splitlines()) == len(rows) + 2


def test_a_table_that_there_is_not_is_refused(world: World) -> None:
    world.run("run", "experiments/same-lib.yaml")
    code, _, err = world.run("report", "same-lib", "--table", "binding")
    assert (code, "did you mean `bindings`?" in err) == (4, True)


def test_a_runs_pictures_lie_where_its_report_looks_for_them(world: World) -> None:
    run = with_traces(world)
    record = read_run(RunDirectory(run))
    write_reports(RunDirectory(run), record, flips.of(record), tables=False)
    links = [unquote(one) for one in re.findall(r"\]\((pictures/.*?)\)", (run / "report.md").read_text())]
    assert len(links) == 2
    assert sorted(f"pictures/{path.name}" for path in (run / "pictures").iterdir()) == sorted(links)


def test_what_the_loader_did_otherwise_than_predicted_is_said(world: World) -> None:
    run = with_traces(world)
    assert "search order" not in world.run("report", "same-lib")[1]
    text = (run / "traces.jsonl").read_text()
    (run / "traces.jsonl").write_text(text.replace('"agrees":true', '"agrees":false', 1))
    assert "1 of 10 searches of the loader did not go where the search order says" in world.run("report", "same-lib")[1]


def test_a_run_is_named_by_experiment_or_by_directory(world: World) -> None:
    world.run("run", "experiments/same-lib.yaml")
    by_name = world.run("report", "same-lib", "--format", "csv")
    assert by_name == world.run("report", str(world.latest("same-lib").resolve()), "--format", "csv")
    code, _, err = world.run("report", "same-lob")
    assert (code, "experiments with runs: same-lib" in err) == (4, True)


@pytest.mark.parametrize("word", ["experiments", "/etc", "/etc/passwd"])
def test_what_is_no_run_is_refused(world: World, word: str) -> None:
    assert world.run("report", word)[0] == 4
    assert world.run("accept", word)[0] == 4


def test_a_report_of_what_failed_exits_as_the_run_did(world: World) -> None:
    path = world.path / "experiments" / "same-lib.yaml"
    path.write_text(path.read_text().replace("way: dlopen}, outcome: shared", "way: dlopen}, outcome: isolated"))
    assert world.run("run", path)[0] == 1
    assert world.run("report", "same-lib")[0] == 1


def test_what_a_run_justifies_makes_the_next_one_pass(world: World) -> None:
    path = world.path / "experiments" / "different-libs.yaml"
    text = path.read_text()
    path.write_text(text[: text.index("    expect:\n")])
    _, out, _ = world.run("run", path)
    assert "2 trials: 2 NEW" in out
    code, accepted, _ = world.run("accept", "different-libs")
    assert code == 0
    (block,) = re.findall(r"  one-of-each:\n(    expect:\n.*)", accepted, re.DOTALL)
    path.write_text(path.read_text() + block)
    _, out, _ = world.run("run", path)
    assert "2 trials: 2 PASS" in out


LABELS = st.sampled_from(["a", "b", "c"])
SEEN = st.dictionaries(
    st.tuples(LABELS, LABELS, st.just("host")),
    st.lists(st.sampled_from(["x", "y", "z"]), min_size=1, max_size=2, unique=True).map(tuple),
    min_size=1,
)


@given(SEEN)
def test_the_first_entry_that_applies_is_right_at_every_point(
    outcomes: dict[tuple[str, ...], tuple[str, ...]],
) -> None:
    axes = {"one": ["a", "b", "c"], "two": ["a", "b", "c"], "libc": ["host"]}
    found = list(entries(axes, outcomes))
    for labels, wanted in outcomes.items():
        point = dict(zip(axes, labels, strict=True))
        when = [
            (said, {axis: tuple(Scalar(label) for label in choices) for axis, choices in one.items()})
            for one, said in found
        ]
        assert next(said for said, one in when if applies(one, point, {})) == wanted


def test_the_doctor_finds_this_machine_well(world: World) -> None:
    code, out, err = world.run("doctor")
    assert (code, err) == (0, "")
    assert re.search(r"^ok +compiler +\S", out, re.MULTILINE)
    assert re.search(r"^ok +libc +.*\d+\.\d+", out, re.MULTILINE)
    assert not world.store.exists()


def test_the_doctor_says_what_is_missing_and_what_that_costs(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    code, out, _ = world.run("doctor")
    assert code == 1
    assert re.search(r"^MISSING +compiler +no C compiler", out, re.MULTILINE)
    assert re.search(r"^missing +gdb +without it: not observing trials with gdb; .*install.*gdb$", out, re.MULTILINE)
    for program, key in [("ld.gold", "linker: gold"), ("ld.mold", "linker: mold"), ("clang", "compiler: clang")]:
        assert re.search(
            rf"^missing +{re.escape(program)} +without it: not objects with `{key}`; .*install", out, re.MULTILINE
        )


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_can_complete_verbs(shell: str) -> None:
    asked = {
        "_ELFWORLDS_COMPLETE": f"complete_{shell}",
        "COMP_WORDS": "elfworlds re",
        "COMP_CWORD": "1",
        "_TYPER_COMPLETE_ARGS": "elfworlds re",
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }
    command = [sys.executable, "-m", "elfworlds"]
    done = subprocess.run(command, env={**os.environ, **asked}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "report" in done.stdout


def test_an_internal_error_keeps_its_traceback_and_has_its_own_exit_code(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run directory that we wrote and that does not hold what we write."""
    world.run("run", "experiments/same-lib.yaml")
    monkeypatch.setattr("elfworlds.report.text.grid", None)
    code, _, err = world.run("report", "same-lib")
    assert code == 3
    assert "Traceback" in err
    assert "this is a fault of elfworlds" in err


def test_the_tables_of_a_run_are_there_as_csv_and_parquet(world: World) -> None:
    world.run("run", "experiments/same-lib.yaml")
    names = sorted(path.name for path in (world.latest("same-lib") / "tables").iterdir())
    assert names == sorted(f"{name}.{form}" for name in COLUMNS for form in ("csv", "parquet"))
    symbols = list(csv.DictReader((world.latest("same-lib") / "tables" / "symbols.csv").read_text().splitlines()))
    assert {"fullname", "release_name", "version"} <= {one["symbol"] for one in symbols if one["object"] == "user-1"}
