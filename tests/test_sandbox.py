"""The sandbox: nothing gets out, what others may write runs there by default, and outcomes are those of outside."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import ROOT, World
from elfworlds.sandbox import landlock, seccomp
from elfworlds.supervisor.landlock import abi
from elfworlds.workflow.strangers import writable_by_others
from rooting import bubblewrap

ESCAPES = ROOT / "tests" / "data" / "escapes" / "escapes.c"
OUT = """
experiment: out
question: Which ways lead out of the sandbox?
objects:
  app: {executable: app, sources: [escapes.c]}
scenarios:
  s:
    run: ${app} OUTSIDE PID PORT NAME
    observe: [strace]
    outcomes: {none: {exit: 0}}
    expect: {outcome: none}
"""
TOLD = """
experiment: told
question: Who can write this?
objects:
  app: {executable: app, code: "int main(void) { return 0; }", cflags: [OPTION]}
scenarios:
  s: {run: "${app}", outcomes: {fine: {exit: 0}}, expect: {outcome: fine}}
"""


@pytest.fixture
def listening() -> Iterator[tuple[int, str]]:
    """A port and an abstract socket of this machine at which somebody listens."""
    name = f"elfworlds-escape-{os.getpid()}"
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_UNIX) as abstract:
        abstract.bind(f"\0{name}")
        abstract.listen()
        yield server.getsockname()[1], name


def told(world: World, option: str = "-O1") -> Path:
    return world.experiment("told", TOLD.replace("OPTION", option))


def files(top: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(top.rglob("*")) if path.is_file()}


@pytest.fixture
def shown() -> Iterator[Path]:
    """A place for runs that is not in /tmp: the sandbox has a /tmp of its own, where a trial may write anything."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as place:
        yield Path(place)


def test_none_of_the_ways_out_leads_out(world: World, tmp_path: Path, shown: Path, listening: tuple[int, str]) -> None:
    bubblewrap()
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("x")
    shutil.copy(ESCAPES, world.path / "csrc")
    words = {"OUTSIDE": outside, "PID": os.getpid(), "PORT": listening[0], "NAME": listening[1]}
    text = OUT
    for word, value in words.items():
        text = text.replace(word, str(value), 1)
    path = world.experiment("out", text)
    before = files(tmp_path)
    code, out, err = world.run("run", "--sandbox", path, "-o", shown)
    latest = shown / "out" / "latest"
    told = [(trial / "stdout").read_text().splitlines() for trial in (latest / "trials").glob("s*") if trial.is_dir()]
    assert (code, err) == (0, ""), out
    assert len(told) == 2
    for lines in told:
        assert [line for line in lines if not line.startswith("shut ")] == []
        assert len(lines) >= 25
    sys.stdout.write(f"{min(map(len, told))} ways out\n")  # bench/reliability counts them
    after = files(tmp_path)
    assert {name: after[name] for name in before} == before
    assert not [name for name in (*after, *files(shown)) if "escaped" in name]
    assert json.loads((latest / "environment.json").read_text())["sandbox"] is True


def test_a_build_in_the_sandbox_reads_nothing_of_the_machine_but_the_toolchain(world: World, tmp_path: Path) -> None:
    bubblewrap()
    outside = tmp_path / "outside.h"
    outside.write_text("int outside;\n")
    path = told(world, f"-include, {outside}")
    code, out, err = world.run("build", "--sandbox", path)
    assert code == 6
    assert "No such file or directory" in out + err
    assert world.run("build", "--trust", path)[0] == 0


@pytest.mark.parametrize("mode", [0o777, *([0o775] if os.geteuid() == 0 else [])])
def test_what_somebody_else_may_write_runs_in_the_sandbox_unless_it_is_trusted(world: World, mode: int) -> None:
    bubblewrap()
    path = told(world)
    assert "sandbox" not in world.run("run", path)[1]
    assert not sandboxed(world)
    if mode == 0o775:
        os.chown(path.parent, -1, 54321)
    path.parent.chmod(mode)
    who = "everybody" if mode == 0o777 else "group 54321"
    assert f"in the sandbox, since {who} can write experiments; or: --trust" in said(world, "run", path)
    assert sandboxed(world)
    assert "sandbox" not in said(world, "run", "--trust", path)
    assert not sandboxed(world)


def said(world: World, *words: str | Path) -> str:
    return "".join(world.run(*words)[1:])


def sandboxed(world: World) -> bool:
    return "sandbox" in json.loads((world.latest("told") / "environment.json").read_text())


def test_a_sandbox_that_cannot_be_had_is_refused_with_the_reason(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    path = told(world)
    path.chmod(0o666)
    bin_ = world.path / "bin"
    bin_.mkdir()
    (bin_ / "cc").symlink_to(shutil.which("cc") or "")
    monkeypatch.setenv("PATH", str(bin_))
    code, _, err = world.run("run", path)
    assert code == 4
    assert "there can be no sandbox: bubblewrap (`bwrap`) is not in PATH" in err
    assert "--trust" in err
    assert not world.latest("told").exists()


def test_the_nix_backend_and_the_sandbox_exclude_each_other(world: World) -> None:
    code, _, err = world.run("run", "--sandbox", "--backend", "nix", told(world))
    assert code == 4
    assert "the nix backend builds outside of the sandbox" in err


def test_a_sticky_directory_and_its_files_are_their_owners(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    (shared / "mine").write_text("")
    assert writable_by_others(shared / "mine") is None
    (shared / "mine").chmod(0o606)
    assert str(writable_by_others(shared / "mine")) == f"everybody can write {shared / 'mine'}"


def test_a_link_into_a_strangers_directory_is_a_strangers_file(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    theirs.chmod(0o777)
    (theirs / "x").write_text("")
    (tmp_path / "x").symlink_to(theirs / "x")
    assert writable_by_others(tmp_path / "x") is not None


@pytest.mark.parametrize("machine", seccomp.AUDIT)
@pytest.mark.parametrize("tracing", [False, True])
def test_every_jump_of_the_filter_stays_in_it(machine: str, tracing: bool) -> None:  # noqa: FBT001  # a parameter
    steps = [seccomp.program(machine, tracing=tracing)[at : at + 8] for at in range(0, 8 * 4096, 8)]
    steps = [step for step in steps if step]
    jumps = [(at, step[2], step[3]) for at, step in enumerate(steps) if step[0] & 7 == 5]
    assert len(steps) < 4096
    assert all(at + 1 + max(yes, no) < len(steps) for at, yes, no in jumps)


def outcomes(results: Path) -> dict[tuple[str, str], tuple[str, str]]:
    """(experiment, trial) → (outcome, verdict)."""
    found: dict[tuple[str, str], tuple[str, str]] = {}
    for lines in results.glob("*/latest/trials.jsonl"):
        rows = map(json.loads, lines.read_text().splitlines())
        found |= {(lines.parts[-3], row["trial"]): (row["outcome"], row["verdict"]) for row in rows}
    return found


def needs_a_root(path: Path) -> bool:
    return re.search(r"\b(?:toolchain|sees):", path.read_text()) is not None


@pytest.mark.slow
@pytest.mark.parametrize("sandbox", ["bubblewrap", "landlock"])
def test_all_experiments_come_out_the_same_in_the_sandbox(
    sandbox: str, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or they are UNSUPPORTED there. With Landlock, of which roots are no part: those of this machine."""
    words = [str(ROOT / "experiments")]
    if sandbox == "landlock":
        if landlock.lack(abi()):
            pytest.skip("this kernel has no Landlock, or an old one")
        words = [str(path) for path in sorted((ROOT / "experiments").glob("*.yaml")) if not needs_a_root(path)]
        words += ["-S", "libc=host", "--sandbox-fallback", "landlock"]
        broken = world.path / "broken" / "bwrap"
        broken.parent.mkdir()
        broken.write_text("#!/bin/sh\nexit 1\n")
        broken.chmod(0o755)
    else:
        bubblewrap()
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    world.run("run", "--trust", *words, "-o", outside, "--keep-going", "--no-tables")
    monkeypatch.setenv("PATH", f"{world.path}/broken:{os.environ['PATH']}")
    world.run("run", "--sandbox", *words, "-o", inside, "--keep-going", "--no-tables")
    about = [json.loads(file.read_text())["sandbox"] for file in inside.glob("*/latest/environment.json")]
    assert set(about) == {landlock.words(abi()) if sandbox == "landlock" else True}
    one, other = outcomes(inside), outcomes(outside)
    assert one.keys() == other.keys()
    differing = {trial: (one[trial], other[trial]) for trial in one if one[trial] != other[trial]}
    differing = {trial: both for trial, both in differing.items() if both[0][1] != "UNSUPPORTED"}
    assert {trial: both for trial, both in differing.items() if "FAIL" in (both[0][1], both[1][1])} == {}
