"""Files of strangers (data/strangers) that once got through: each gives what its first line expects."""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conftest import ROOT, World
from elfworlds import elf
from test_process import alive
from waiting import AGES, wait_until

FILES = {path.stem: path for path in sorted((ROOT / "tests/data/strangers").glob("*.yaml"))}
GOOD = ("good a", "good b", "good c")
MOVING = {"\x1b", "\a", "\x9b", "\u202e"}
# prctl(2), capabilities(7): without these two a mode keeps root out too, as it keeps an ordinary user.
PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 24, 1, 2


def stranger(world: World, name: str, *changes: tuple[str, str]) -> Path:
    """The file in a project, with /tmp/ replaced by the project's directory."""
    text = FILES[name].read_text()
    for old, new in (("/tmp/", f"{world.path}/"), *changes):
        text = text.replace(old, new)
    return world.experiment(name, text)


def trials(world: World, experiment: str) -> list[dict[str, Any]]:
    lines = (world.latest(experiment) / "trials.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def written(world: World) -> list[str]:
    return [path.name for path in world.path.rglob("written-by*")]


def an_ordinary_user() -> None:
    """Before execve(2): what makes a mode of 0 nothing to root is gone for good."""
    libc = ctypes.CDLL(None)
    for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
        libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)


def started(world: World, *words: str | Path) -> subprocess.Popen[str]:
    """The command line as an ordinary user has it, in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "elfworlds", *map(str, words)],
        cwd=world.path,
        env={**os.environ, "XDG_CACHE_HOME": str(world.store.parent)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=an_ordinary_user,
    )


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    out, _ = process.communicate(timeout=AGES)
    return process.returncode, out


def a_comma_is_part_of_one_keyword(world: World) -> None:
    for changes in ((), (('z: ["lazy,-Map=', 'soname: "x,-Map='), ('by-z"]', 'by-z"'))):
        path = stranger(world, "comma-in-z", *changes)
        assert world.run("run", path)[0] == 0
        assert written(world) == []
    (row,) = map(json.loads, (world.latest("flag-z") / "objects.jsonl").read_text().splitlines())
    assert elf.read(Path(row["path"])).soname == f"x,-Map={world.path}/written-by-z"


def a_directory_of_mode_0_fails_nothing_but_its_trial(world: World) -> None:
    code, out = ended(started(world, "run", stranger(world, "directory-of-mode-0")))
    (trial,) = trials(world, "lock")
    assert (code, trial["verdict"], trial["attempts"]) == (1, "FAIL", ["failed"] * 3), out


def the_next_run_goes_on_after_a_kill(world: World) -> None:
    again, marker = world.path / "again", f"sleep 3{os.getpid()}"
    waits = (("sleep 20", f"[ -e {again} ] || {marker}"), ("timeout: 30", f"timeout: {AGES}"))  # until it is killed
    path = stranger(world, "directory-of-mode-0-after-a-kill", *waits)
    first = started(world, "run", path)
    wait_until(lambda: any(line.startswith("sleep") for line in alive(marker)))
    first.kill()
    ended(first)
    wait_until(lambda: alive(marker) == [])
    assert [place.stat().st_mode & 0o777 for place in (world.path / "results").rglob("cwd/d")] == [0]
    again.touch()
    code, out = ended(started(world, "run", path))
    assert (code, "continuing" in out) == (0, True), out
    assert [trial["outcome"] for trial in trials(world, "lock2")] == ["fine"]


def each_has_a_name_and_the_others_are_tried(world: World) -> None:
    marker = f"sleep 3{os.getpid()}"
    for signal in ("-9", "-STOP"):
        short = ("when: {n: b}", "when: {n: b}\n    timeout: 1")
        path = stranger(world, "kills-its-parent", ("kill -9", f"kill {signal}"), ("sleep 30", marker), short)
        _, out, err = world.run("run", path)
        tried = {f"{trial['scenario']} {trial['point']['n']}": trial for trial in trials(world, "two")}
        bad = tried.pop("bad b")
        assert bad["outcome"] == "hang" or (bad["verdict"], bad["notes"] != []) == ("UNRESOLVED", True), out + err
        assert {name: trial["outcome"] for name, trial in tried.items()} == dict.fromkeys(GOOD, "fine")
        assert alive(marker) == []


def what_the_file_holds_is_harmless(name: str, verbs: tuple[str, ...]) -> Callable[[World], None]:
    def check(world: World) -> None:
        path = stranger(world, name)
        for verb in verbs:
            _, out, err = world.run(verb, path)
            assert not MOVING & set(out + err), out + err
        assert "PWNED" in out + err

    return check


def nothing_is_touched_by_its_script(world: World) -> None:
    """Neither by a shell nor by gdb, which has a command for it."""
    place = f'"main\\nshell touch {world.path}/written-by-a-place"'
    for changes in ((), (("end_of_file\\nfi\\ntouch", "shell touch"),), (("break: [main]", f"break: [{place}]"),)):
        code, out, err = world.run("export-c", stranger(world, "heredoc", *changes), "a")
        assert code == 0, err
        (world.path / "script.sh").write_text(out)
        for words in ((), ("plain",), ("gdb",)):
            done = by_sh(world, "script.sh", *words)
            assert words != ("plain",) or done.returncode == 0, done.stdout
            assert written(world) == []


def its_command_file_runs_what_the_trial_ran(world: World) -> None:
    assert world.run("run", stranger(world, "option-as-variable"))[0] == 0
    (command,) = world.latest("envinj").glob("trials/*/cmd.sh")
    assert by_sh(world, command).returncode == 0
    assert written(world) == []


def by_sh(world: World, *words: str | Path) -> subprocess.CompletedProcess[bytes]:
    command = ("sh", *words)
    return subprocess.run(command, cwd=world.path, check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)


EXPECTED: dict[str, Callable[[World], None]] = {
    "comma-in-z": a_comma_is_part_of_one_keyword,
    "directory-of-mode-0": a_directory_of_mode_0_fails_nothing_but_its_trial,
    "directory-of-mode-0-after-a-kill": the_next_run_goes_on_after_a_kill,
    "escapes": what_the_file_holds_is_harmless("escapes", ("check", "plan", "list", "run")),
    "escapes-of-the-compiler": what_the_file_holds_is_harmless("escapes-of-the-compiler", ("build", "run")),
    "heredoc": nothing_is_touched_by_its_script,
    "kills-its-parent": each_has_a_name_and_the_others_are_tried,
    "option-as-variable": its_command_file_runs_what_the_trial_ran,
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_a_stranger_gives_what_its_first_line_expects(name: str, world: World) -> None:
    EXPECTED[name](world)
