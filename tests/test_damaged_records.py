"""records: a damaged or foreign line is one error that says where and what; what earlier versions wrote is read."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conftest import World
from elfworlds.errors import InputError
from elfworlds.outcome import ClaimVerdict
from elfworlds.records import RunDirectory, read_run
from elfworlds.tables import frames
from sealing import unseal
from test_run import quick

LINES = ("trials.jsonl", "events.jsonl", "objects.jsonl", "traces.jsonl")
OBJECTS = ("run.json", "environment.json")
SAYS = "outcomes: {seven: {exit: 7}}, repeat: 2, claim: {id: C-1, says: It is seven., outcome: seven}"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a real run is copied to, once it was made."""
    return tmp_path_factory.mktemp("made") / "run"


@pytest.fixture
def run(world: World, made: Path, tmp_path: Path) -> Path:
    """A real run of two trials, with a claim, objects and a trace; events are written as a program would."""
    if not made.exists():
        quick(world, "return 7;", more=SAYS)
        shutil.copytree(world.latest("quick"), made)
        trials = (made / "trials.jsonl").read_text().splitlines(keepends=True)
        trials.sort(key=lambda line: json.loads(line)["number"])  # either may have ended first
        (made / "trials.jsonl").write_text("".join(line.replace('"events":0', '"events":1') for line in trials))
        names = [json.loads(line)["trial"] for line in trials]
        lines = [{"trial": name, "event": "told", "verb": None, "value": "it"} for name in names]
        (made / "events.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
        unseal(made)
    return Path(shutil.copytree(made, tmp_path / "run"))


def damage(file: Path, number: int, change: Callable[[dict[str, Any]], Any]) -> None:
    """Line `number` as `change` makes it, which may change it in place."""
    lines = file.read_text().splitlines()
    data = json.loads(lines[number - 1])
    changed = change(data)
    lines[number - 1] = json.dumps(data if changed is None else changed)
    file.write_text("".join(f"{line}\n" for line in lines))


def error_of(run: Path) -> str:
    with pytest.raises(InputError) as caught:
        read_run(RunDirectory(run))
    return caught.value.message


@pytest.mark.parametrize("name", LINES)
@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"{", "no JSON: "),
        (b"", "no JSON: "),
        (b'{"trial": "x"', "no JSON: "),
        (b"[" * 100_000, "no JSON: "),
        (b"\x00\x00\x00", "no JSON: "),
        (b"caf\xe9", "not UTF-8"),
        (b"7", "7 is not an object"),
        (b"[]", "[] is not an object"),
        (b"{}", " is missing"),
        (b'{"some": "other program\'s"}', " is missing"),
    ],
)
def test_a_line_that_is_no_record_is_named(run: Path, name: str, line: bytes, words: str) -> None:
    file = run / name
    first, _, rest = file.read_bytes().partition(b"\n")
    file.write_bytes(b"\n".join([first, line, rest]))
    message = error_of(run)
    assert message.startswith(f"{file}:2: ")
    assert words in message
    assert "\n" not in message


DAMAGES: dict[str, tuple[str, Callable[[dict[str, Any]], Any], str]] = {
    "a field is missing": ("trials.jsonl", lambda one: one.pop("outcome") and None, "`outcome` is missing"),
    "a number is a text": (
        "trials.jsonl",
        lambda one: one.update(wall_s="1.5"),
        '`wall_s` is "1.5", not a number or null',
    ),
    "a text is null": ("trials.jsonl", lambda one: one.update(scenario=None), "`scenario` is null, not a text"),
    "a flag is a number": (
        "trials.jsonl",
        lambda one: one.update(timed_out=1),
        "`timed_out` is 1, not true or false or null",
    ),
    "no such verdict": (
        "trials.jsonl",
        lambda one: one.update(verdict="GOOD"),
        '`verdict` is "GOOD", not one of PASS,',
    ),
    "a point of another run": (
        "trials.jsonl",
        lambda one: one.update(point={"way": "a"}),
        "`point` has the axes way, and the run what, libc",
    ),
    "a label of another run": (
        "trials.jsonl",
        lambda one: one["point"].update(what="z"),
        '`point.what` is "z", which the axis does not have',
    ),
    "a label that is a number": (
        "trials.jsonl",
        lambda one: one["point"].update(what=1),
        "`point.what` is 1, not a text",
    ),
    "a note that is none": ("trials.jsonl", lambda one: one.update(notes=["a", 1]), "`notes[1]` is 1, not a text"),
    "a claim without its words": (
        "trials.jsonl",
        lambda one: one["claims"][0].pop("says") and None,
        "`claims[0].says` is missing",
    ),
    "a claim whose words are a list": (
        "trials.jsonl",
        lambda one: one["claims"][0].update(says=[]),
        "`claims[0].says` is [], not a text",
    ),
    "no such claim's verdict": (
        "trials.jsonl",
        lambda one: one["claims"][0].update(verdict="PASS"),
        '`claims[0].verdict` is "PASS", not one of reproduced,',
    ),
    "a claim that is a text": (
        "trials.jsonl",
        lambda one: one.update(claims=["C-1"]),
        '`claims[0]` is "C-1", not an object',
    ),
    "an event of no trial": ("events.jsonl", lambda one: one.pop("trial") and None, "`trial` is missing"),
    "an event without a name": ("events.jsonl", lambda one: one.update(event=3), "`event` is 3, not a text"),
    "an object without needed names": (
        "objects.jsonl",
        lambda one: one.update(needed=None),
        "`needed` is null, not a list",
    ),
    "an object's flag": (
        "objects.jsonl",
        lambda one: one.update(execstack="no"),
        '`execstack` is "no", not true or false',
    ),
    "a link map without a path": (
        "traces.jsonl",
        lambda one: one["link_maps"][1].pop("path") and None,
        "`link_maps[1].path` is missing",
    ),
    "a search that tried half a file": (
        "traces.jsonl",
        lambda one: one["searches"][0].update(tried=[["rpath"]]),
        "`searches[0].tried[0]` has 1 items, not 2",
    ),
    "a binding to nothing": (
        "traces.jsonl",
        lambda one: one["bindings"][2].update(to=None),
        "`bindings[2].to` is null, not a text",
    ),
    "a binding without its symbol": (
        "traces.jsonl",
        lambda one: one["bindings"][1].pop("symbol") and None,
        "`bindings[1].symbol` is missing",
    ),
    "a binding that is a list": (
        "traces.jsonl",
        lambda one: one["bindings"].__setitem__(0, []),
        "`bindings[0]` is [], not an object",
    ),
    "a trace of another run": (
        "traces.jsonl",
        lambda one: one["point"].update(libc="elsewhere"),
        '`point.libc` is "elsewhere", which the axis does not have',
    ),
}


@pytest.mark.parametrize("why", DAMAGES)
def test_what_is_wrong_with_a_line_is_named_with_file_and_line(run: Path, why: str) -> None:
    name, change, words = DAMAGES[why]
    number = len((run / name).read_text().splitlines())
    damage(run / name, number, change)
    message = error_of(run)
    assert message.startswith(f"{run / name}:{number}: {words}")


ABOUT: dict[str, tuple[str, Callable[[dict[str, Any]], Any], str]] = {
    "no axes": ("run.json", lambda one: one.pop("axes") and None, "`axes` is missing"),
    "labels that are a text": ("run.json", lambda one: one["axes"].update(what="a"), '`axes.what` is "a", not a list'),
    "a version that is a number": (
        "run.json",
        lambda one: one.update(versions={"libc": {"host": {"version": 2.36}}}),
        "`versions.libc.host.version` is 2.36, not a text",
    ),
    "no list of toolchains": (
        "environment.json",
        lambda one: one.update(toolchains={}),
        "`toolchains` is {}, not a list",
    ),
    "a toolchain without a name": (
        "environment.json",
        lambda one: one["toolchains"][0].pop("name") and None,
        "`toolchains[0].name` is missing",
    ),
    "a list": ("run.json", lambda one: [one], "is not an object"),
}


@pytest.mark.parametrize("why", ABOUT)
def test_what_is_wrong_with_the_files_about_the_run_is_named(run: Path, why: str) -> None:
    name, change, words = ABOUT[why]
    data = json.loads((run / name).read_text())
    changed = change(data)
    (run / name).write_text(json.dumps(data if changed is None else changed))
    message = error_of(run)
    assert message.startswith(f"{run / name}: ")
    assert words in message


@pytest.mark.parametrize("name", OBJECTS)
@pytest.mark.parametrize("text", ["", "{", "nothing"])
def test_a_directory_whose_files_are_no_json_is_no_run(run: Path, name: str, text: str) -> None:
    (run / name).write_text(text)
    assert error_of(run).startswith(f"{run}: not a run directory ({name}: ")


@pytest.mark.parametrize("words", [("report",), ("report", "--format", "md"), ("accept",), ("gather", "-o", "out")])
def test_every_verb_that_reads_a_run_says_it_in_one_line_and_exits_4(
    world: World, run: Path, words: tuple[str, ...]
) -> None:
    damage(run / "trials.jsonl", 2, lambda one: one.update(number="two"))
    code, out, err = world.run(*words, run)
    assert (code, out) == (4, "")
    assert err == f'{run / "trials.jsonl"}:2: `number` is "two", not a whole number\n'


@pytest.mark.parametrize("name", LINES)
def test_a_last_line_that_a_kill_cut_does_not_count(run: Path, name: str) -> None:
    before = read_run(RunDirectory(run))
    with (run / name).open("ab") as file:
        file.write(b'{"trial": "caf\xc3')
    assert read_run(RunDirectory(run)) == before


def test_a_damaged_run_is_not_gone_on_with(world: World) -> None:
    quick(world, "return 7;", more=SAYS)
    run = world.latest("quick").resolve()
    (run / "complete").unlink()
    damage(run / "trials.jsonl", 1, lambda one: one.pop("trial") and None)
    before = {path: path.read_bytes() for path in run.iterdir() if path.is_file()}
    code, out, _ = quick(world, "return 7;", more=SAYS)
    assert (code, "continuing" in out) == (0, False)
    assert {path: path.read_bytes() for path in run.iterdir() if path.is_file()} == before


def test_what_earlier_versions_wrote_is_read(run: Path) -> None:
    def earlier(trial: dict[str, Any]) -> None:
        del trial["shown"], trial["attempts"]
        for claim in trial["claims"]:
            claim["reproduced"] = claim.pop("verdict") == "reproduced"

    def elder(trial: dict[str, Any]) -> None:
        earlier(trial)
        trial["claims"][0]["reproduced"] = False

    damage(run / "trials.jsonl", 1, earlier)
    damage(run / "trials.jsonl", 2, elder)
    about = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(
        json.dumps({name: about[name] for name in about if name not in ("versions", "made-with")})
    )
    record = read_run(RunDirectory(run))
    assert [trial.claims[0].verdict for trial in record.trials] == [ClaimVerdict.REPRODUCED, ClaimVerdict.REFUTED]
    assert (record.versions, record.made_with) == ({}, {})


def test_what_was_read_is_written_as_it_was(run: Path) -> None:
    """Reading, and forgetting what was in flight, change no byte of what is kept."""
    (run / "complete").unlink()
    before = {name: (run / name).read_bytes() for name in LINES}
    RunDirectory(run).forget_in_flight()
    assert {name: (run / name).read_bytes() for name in LINES} == before
    record = read_run(RunDirectory(run))
    RunDirectory(run).write_records("trials.jsonl", record.trials)
    RunDirectory(run).write_records("objects.jsonl", record.objects)
    RunDirectory(run).write_records("traces.jsonl", record.traces)
    assert {name: (run / name).read_bytes() for name in LINES} == before


def test_every_table_can_be_made_of_what_was_read(run: Path) -> None:
    """A column is a field of a record: no table takes one that records lack."""
    made = frames(read_run(RunDirectory(run)), [], [])
    assert {name for name, frame in made.items() if len(frame) == 0} == {"symbols", "flips"}
