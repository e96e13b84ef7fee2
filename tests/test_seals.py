"""records: whoever changes a run's files is found out, with file and line; what a kill or a power cut takes is not."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import World
from elfworlds.errors import InputError
from elfworlds.records import RunDirectory, read_run
from sealing import unseal
from test_run import quick

SAYS = "outcomes: {seven: {exit: 7}}, repeat: 4, claim: {id: C-1, says: It is seven., outcome: seven}"
LINES = ("trials.jsonl", "objects.jsonl", "traces.jsonl")
WRITES = r"write(2, \"seven\\n\", 6); return 7;"
ONCE = ("experiment.yaml", "plan.json", "environment.json", "run.json")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where two runs of the same plan, each of four trials, are copied to once they were made."""
    return tmp_path_factory.mktemp("made")


@pytest.fixture
def run(world: World, made: Path, tmp_path: Path) -> Path:
    if not (made / "other").exists():
        for name in ("run", "other"):
            code, _, _ = quick(world, WRITES, more=SAYS)
            assert code == 0
            shutil.copytree(world.latest("quick"), made / name)
    return Path(shutil.copytree(made / "run", tmp_path / "run"))


def error_of(run: Path) -> str:
    with pytest.raises(InputError) as caught:
        read_run(RunDirectory(run))
    return caught.value.message


def change(file: Path, how: Callable[[list[str]], list[str]]) -> None:
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join(how(lines)))


def test_a_run_that_nobody_changed_is_read(run: Path) -> None:
    assert len(read_run(RunDirectory(run)).trials) == 4
    assert RunDirectory(run).remarks() == []


@pytest.mark.parametrize("name", LINES)
def test_a_line_that_was_changed_is_named(run: Path, name: str) -> None:
    change(
        run / name, lambda lines: [lines[0].replace("s,what=a", "s,what=b").replace('"x86_64"', '"arm"', 1), *lines[1:]]
    )
    if name == "objects.jsonl":
        change(run / name, lambda lines: [lines[0].replace('"execstack":false', '"execstack":true'), *lines[1:]])
    assert error_of(run) == f"{run / name}:1: does not fit its seal: it was changed, or is of another run"


def test_a_verdict_that_was_changed_is_named(run: Path) -> None:
    change(run / "trials.jsonl", lambda lines: [*lines[:2], lines[2].replace('"NEW"', '"PASS"'), lines[3]])
    assert error_of(run).startswith(f"{run / 'trials.jsonl'}:3: does not fit its seal")


def test_a_line_that_is_missing_is_named(run: Path) -> None:
    change(run / "trials.jsonl", lambda lines: [lines[0], *lines[2:]])
    assert error_of(run) == f"{run / 'trials.jsonl'}:2: is missing: what stands there was written as line 3"


def test_lines_that_are_missing_at_the_end_are_named(run: Path) -> None:
    change(run / "trials.jsonl", lambda lines: lines[:3])
    assert error_of(run) == f"{run / 'trials.jsonl'}:4: is missing: the run wrote 4 lines"


@pytest.mark.parametrize("name", LINES)
def test_a_file_that_is_missing_is_named_by_its_first_line(run: Path, name: str) -> None:
    (run / name).unlink()
    assert f"{run / name}:1: is missing: the run wrote " in error_of(run)


def test_a_line_that_stands_twice_is_named(run: Path) -> None:
    change(run / "trials.jsonl", lambda lines: [*lines[:2], *lines[1:]])
    assert error_of(run) == f"{run / 'trials.jsonl'}:3: was put in: what stands there was written as line 2"


def test_a_line_of_another_run_is_named(run: Path, made: Path) -> None:
    foreign = (made / "other" / "trials.jsonl").read_text().splitlines(keepends=True)
    change(run / "trials.jsonl", lambda lines: [lines[0], foreign[1], *lines[2:]])
    assert error_of(run) == f"{run / 'trials.jsonl'}:2: does not fit its seal: it was changed, or is of another run"


def test_a_line_that_somebody_wrote_is_named(run: Path) -> None:
    change(run / "trials.jsonl", lambda lines: [*lines[:3], json.dumps(json.loads(lines[3])) + "\n"])
    assert error_of(run) == f"{run / 'trials.jsonl'}:4: has no seal: the run did not write it"


def test_a_complete_run_has_no_line_that_was_cut_short(run: Path) -> None:
    file = run / "trials.jsonl"
    file.write_bytes(file.read_bytes()[:-9])
    assert error_of(run) == f"{file}:4: is cut short, and the run was complete"


@pytest.mark.parametrize("name", ONCE)
def test_a_file_that_was_changed_is_named(run: Path, name: str) -> None:
    file = run / name
    file.write_text(file.read_text() + "\n")
    assert error_of(run) == f"{file}: does not fit its seal: it was changed after the run wrote it"


def test_a_seal_that_is_missing_broken_or_forged_is_named(run: Path, made: Path) -> None:
    seal = run / "seal.json"
    text = seal.read_text()
    seal.write_text(text[:-9])
    assert error_of(run).startswith(f"{seal}: ")
    seal.write_text(re.sub('"run":"....', '"run":"0000', text))
    assert error_of(run) == f"{seal}: does not fit its seal: it was changed, or is of another run"
    shutil.copy(made / "other" / "seal.json", seal)
    assert error_of(run).endswith(".jsonl:1: does not fit its seal: it was changed, or is of another run")
    seal.unlink()
    assert error_of(run).endswith("trials.jsonl:1: is sealed, and the run has no seal.json")


def test_whether_a_run_is_complete_is_sealed_too(run: Path) -> None:
    (run / "complete").write_text("")
    assert error_of(run) == f"{run / 'complete'}: has no seal: the run did not write it"


@pytest.mark.parametrize("words", [("report",), ("report", "--format", "json"), ("accept",), ("gather", "-o", "out")])
def test_every_verb_that_reads_a_run_names_the_line_and_exits_4(
    world: World, run: Path, words: tuple[str, ...]
) -> None:
    change(run / "trials.jsonl", lambda lines: [lines[0], *lines[2:]])
    code, out, err = world.run(*words, run)
    named = f"{run / 'trials.jsonl'}:2: is missing: what stands there was written as line 3\n"
    assert (code, out, err) == (4, "", named)
    code, out, err = world.run("compare", run, run)
    assert (code, out, err) == (4, "", named)


def test_a_run_whose_lines_a_trial_changed_gives_no_verdict(world: World) -> None:
    """The trial runs in results/…/trials/<trial>/cwd, as this user."""
    code, out, err = quick(
        world,
        r"system(\"/bin/sed -i s/three/seven/ ../../../trials.jsonl\"); return 3;",
        more="outcomes: {seven: {exit: 7}, three: {exit: 3}}, repeat: 9, expect: {outcome: seven}",
    )
    assert (code, "PASS" in out) == (4, False)
    assert re.search(r"trials\.jsonl:\d: does not fit its seal", err)


def test_what_a_trial_wrote_is_shown_only_as_it_was(world: World) -> None:
    code, out, _ = quick(world, WRITES, more="outcomes: {eight: {exit: 8}}, expect: {outcome: eight}")
    assert (code, "seven" in out) == (1, True)
    (stderr,) = world.latest("quick").glob("trials/*/stderr")
    stderr.write_text("second\n")
    code, out, err = world.run("report", "quick")
    assert (code, "second" in out) == (4, False)
    assert "/stderr: is not what the trial's line in the run's records says" in err


def test_a_run_of_an_earlier_version_is_read_and_said_to_be_unsealed(world: World, run: Path) -> None:
    unseal(run)
    code, _, err = world.run("report", run)
    assert (code, err) == (
        0,
        "note: the run is not sealed: an earlier version wrote it, and changed lines would not be noticed\n",
    )
    code, _, err = world.run("gather", run, "-o", "out")
    assert (code, err.count("is not sealed")) == (0, 1)


def test_a_line_that_a_kill_cut_short_is_said(world: World, run: Path) -> None:
    (run / "complete").unlink()
    file = run / "trials.jsonl"
    file.write_bytes(file.read_bytes()[:-9])
    code, _, err = world.run("report", run)
    assert (code, err) == (0, f"note: {file}: its last line was cut short and does not count\n")
    assert len(read_run(RunDirectory(run)).trials) == 3


def test_a_damaged_run_that_could_have_gone_on_is_named_by_the_next_one(world: World) -> None:
    quick(world, "return 7;", more=SAYS)
    run = world.latest("quick").resolve()
    (run / "complete").unlink()
    change(run / "trials.jsonl", lambda lines: [lines[0], *lines[2:]])
    code, out, _ = quick(world, "return 7;", more=SAYS)
    assert f"{run.name} cannot go on: {run / 'trials.jsonl'}:2: is missing" in out
    assert (code, "continuing" in out, world.latest("quick").resolve() == run) == (0, False, False)


@pytest.mark.parametrize("name", ["cmd.sh", "stderr"])
def test_a_trial_whose_files_a_power_cut_took_is_tried_again(world: World, name: str) -> None:
    quick(world, WRITES, more=SAYS)
    run = world.latest("quick").resolve()
    (run / "complete").unlink()
    (run / "trials" / "s,what=a,libc=host,repeat=2" / name).write_bytes(b"")
    _, out, _ = quick(world, WRITES, more=SAYS)
    assert "3 trials were done, 1 had begun and are tried again" in out
    assert len(read_run(RunDirectory(run)).trials) == 4
