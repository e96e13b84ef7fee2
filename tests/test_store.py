"""store: every entry can be checked and explained; what is old or too much goes, and never what a run needs."""

from __future__ import annotations

import functools
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO

import pytest

from conftest import World
from elfworlds.locking import locked, try_to_lock
from elfworlds.store import collect as collecting
from elfworlds.store import holds
from elfworlds.store.collect import choose
from elfworlds.store.entries import Entry, entries
from test_resume import slow, start, wait_for
from waiting import heed_signals


@pytest.fixture
def objects(world: World) -> list[Entry]:
    """The entries of a store that was just filled."""
    assert world.run("build", "experiments/different-libs.yaml")[0] == 0
    return entries(world.store)


def named(every: list[Entry], name: str) -> Entry:
    return next(entry for entry in every if entry.name == name)


def test_a_store_that_nobody_changed_is_right(world: World, objects: list[Entry]) -> None:
    code, out, err = world.run("store", "verify")
    assert (code, out, err) == (0, f"{len(objects)} entries in {world.store}: 0 damaged\n", "")


def facts(manifest: Path) -> None:
    text = manifest.read_text()
    manifest.write_text(text.replace('"needed": ["libc.so.6"]', '"needed": ["libm.so.6"]'))
    assert manifest.read_text() != text


def test_facts_that_were_changed_are_named_and_never_used(world: World, objects: list[Entry]) -> None:
    entry = next(each for each in objects if '"needed": ["libc.so.6"]' in (each.path / "manifest.json").read_text())
    facts(entry.path / "manifest.json")
    code, out, _ = world.run("store", "verify")
    assert code == 1
    assert f"{entry.path}: manifest.json: it does not fit its digest\n" in out
    assert f"{len(objects)} entries in {world.store}: 1 damaged; the next build that needs them makes them again" in out
    code, out, _ = world.run("build", "experiments/different-libs.yaml")
    assert (code, f"1 built, {len(objects) - 1} reused" in out or "1 built" in out) == (0, True)
    assert world.run("store", "verify")[0] == 0


def test_a_file_that_was_changed_and_a_link_that_leads_elsewhere_are_named(world: World, objects: list[Entry]) -> None:
    entry = objects[0]
    file = entry.path / entry.name
    file.chmod(0o755)
    file.write_bytes(file.read_bytes()[:-1])
    _, out, _ = world.run("store", "verify")
    assert f"{entry.path}: {entry.name} is not what was built\n" in out


def test_what_is_old_goes_and_what_was_asked_for_stays(world: World, objects: list[Entry]) -> None:
    for entry in objects:
        os.utime(entry.path, (time.time() - 10 * 86400,) * 2)
    world.run("build", "experiments/same-lib.yaml")
    before = {entry.key for entry in entries(world.store)}
    asked = before - {entry.key for entry in objects} | {
        entry.key for entry in entries(world.store) if time.time() - entry.used < 86400
    }
    code, out, _ = world.run("store", "gc", "--older-than", "7d", "--dry-run")
    assert (code, "would go" in out) == (0, True)
    assert {entry.key for entry in entries(world.store)} == before
    code, out, _ = world.run("store", "gc", "--older-than", "7d")
    assert (code, f"{len(before - asked)} entries gone" in out) == (0, True)
    assert {entry.key for entry in entries(world.store)} == asked
    assert os.listdir(world.store / "tmp") == []  # noqa: PTH208  # names
    assert world.run("run", "experiments/different-libs.yaml")[0] == 0


def test_what_is_too_much_goes_what_needs_others_first(world: World, objects: list[Entry]) -> None:
    code, out, _ = world.run("store", "gc", "--keep-size", "0")
    assert (code, f"{len(objects)} entries gone" in out, "; 0 bytes stay" in out) == (0, True, True)
    order = re.findall(r"^\S+/objects/(\S+): ", out, re.MULTILINE)
    assert sorted(order) == sorted(entry.key for entry in objects)
    for entry in objects:
        assert all(order.index(entry.key) < order.index(need) for need in entry.needs)


def test_what_entries_need_goes_after_them_however_they_were_asked_for() -> None:
    def made(key: str, used: float, *needs: str) -> Entry:
        return Entry(Path(key), key, 10, used, needs, {})

    every = [made("leaf", 1), made("app", 5, "top"), made("top", 3, "leaf"), made("old", 2)]
    gone, spared = choose(every, (), 10, None, 0)
    assert ([entry.key for entry in gone], spared) == (["old", "app", "top", "leaf"], 0)
    gone, spared = choose(every, ("app", "top", "leaf"), 10, None, 0)
    assert ([entry.key for entry in gone], spared) == (["old"], 3)
    gone, _ = choose(every, (), 10, 6, None)
    assert [entry.key for entry in gone] == ["old"]


def test_what_a_run_in_progress_needs_stays_and_why_says_whose_it_is(world: World) -> None:
    path = slow(world, places=2, repeat=2, microseconds=400_000)
    run = start(path)
    wait_for(world, 1, run)
    code, out, _ = world.run("store", "gc", "--keep-size", "0")
    assert (code, "0 entries gone" in out, "are needed by runs in progress" in out) == (0, True, True)
    (entry, *_) = entries(world.store)
    _, out, _ = world.run("store", "why", entry.path)
    assert f"held by     process {run.pid} (elfworlds run" in out
    out, err = run.communicate()
    assert (run.returncode, err) == (0, "")
    _, out, _ = world.run("store", "gc", "--keep-size", "0")
    assert "are needed" not in out
    assert entries(world.store) == []


def test_what_killed_runs_left_goes(world: World, objects: list[Entry]) -> None:
    work = world.store / "tmp" / f"{objects[0].key}.abc"
    work.mkdir()
    (work / "half").write_text("x")
    code, out, _ = world.run("store", "gc")
    assert (code, f"{work}: left by a run that was killed" in out, work.exists()) == (0, True, False)
    assert len(entries(world.store)) == len(objects)


@pytest.mark.parametrize("moment", ["before it is taken away", "before it is removed"])
def test_of_two_that_collect_at_once_both_end_well(
    moment: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = tmp_path / "tmp" / "abc.half"
    work.mkdir(parents=True)
    (work / "half").touch()
    name, module = ("mkdtemp", tempfile) if moment == "before it is taken away" else ("rmtree", shutil)
    real = getattr(module, name)

    def after_the_other(*words: Path, **more: str) -> str:
        """At that moment the other one has removed it."""
        monkeypatch.setattr(module, name, real)
        made = real(*words, **more) if name == "mkdtemp" else ""
        shutil.rmtree(work) if name == "mkdtemp" else collecting.collect(tmp_path, None, None)
        return made or real(*words)

    monkeypatch.setattr(module, name, after_the_other)
    assert collecting.collect(tmp_path, None, None).left == (work,)
    assert not [path for path in tmp_path.rglob("half") if path.is_file()]


@pytest.mark.parametrize("moment", ["before it is opened", "before it is removed"])
def test_a_hold_whose_process_ends_while_it_is_looked_at_is_none(
    moment: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = holds.hold(tmp_path, ["a"])
    ending = tmp_path / holds.HOLDS / "0.ending"
    if moment == "before it is opened":
        ending.symlink_to("nowhere")  # listed, and not there
    else:
        ending.touch()

    def asked(file: IO[bytes]) -> bool:
        free = try_to_lock(file)
        ending.unlink(missing_ok=True)
        return free

    monkeypatch.setattr(holds, "try_to_lock", asked)
    assert [sorted(hold.keys) for hold in holds.holds(tmp_path)] == [["a"]]
    own.end()


def test_why_tells_of_an_object_by_path_and_by_key(world: World, objects: list[Entry]) -> None:
    needing = next(entry for entry in objects if entry.needs)
    code, out, _ = world.run("store", "why", needing.path / needing.name)
    assert code == 0
    assert out.startswith(f"{needing.name}: an object, key {needing.key}\n")
    assert "made by     cc " in out
    assert f"needs       {next(e for e in objects if e.key == needing.needs[0]).name}" in out
    assert "no run in progress" in out
    assert world.run("store", "why", needing.key[:14])[1] == out
    code, _, err = world.run("store", "why", "/etc/passwd")
    assert (code, "it leads to no entry of the store" in err) == (4, True)


@pytest.mark.parametrize(
    "words", [("--older-than", "soon"), ("--keep-size", "5X"), ("--older-than", "-1d"), ("--older-than", "5m")]
)
def test_an_amount_that_is_none_is_refused(world: World, words: tuple[str, str]) -> None:
    code, _, err = world.run("store", "gc", *words)
    assert (code, err.startswith(f"{words[0]} is a number and one of ")) == (4, True)


@pytest.mark.parametrize("time", ["7d", "168h", "10080min", "604800s", "604800", "604800000 ms"])
def test_a_time_is_written_as_in_an_experiment_with_longer_units_beside(world: World, time: str) -> None:
    assert world.run("store", "gc", "--older-than", time)[0] == 0


@pytest.mark.parametrize("size", ["2G", "2GiB", "2048 MiB", "2147483648"])
def test_a_size_is_written_as_in_an_experiment_or_shorter(world: World, size: str) -> None:
    assert world.run("store", "gc", "--keep-size", size)[0] == 0


def test_who_waits_for_a_lock_is_told_whose_it_is(tmp_path: Path) -> None:
    held = tmp_path / "lock"
    text = "import sys; from pathlib import Path; from elfworlds.locking import locked\n"
    text += "with locked(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    told: list[str] = []
    words = [sys.executable, "-c", text, str(held)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"

        def tell(line: str) -> None:
            told.append(line)
            holder.send_signal(signal.SIGKILL)

        with locked(held, tell):
            pass
    (line,) = told
    assert re.fullmatch(
        rf"waiting for {held}, which process {holder.pid} \(-c {held}\), since \d+-\d+-\d+ \d+:\d+:\d+, holds", line
    )
    assert held.read_text() == ""


def test_a_build_that_waits_for_anothers_says_so(world: World) -> None:
    """The other one is a compiler that never ends."""
    hanging = world.path / "cc"
    hanging.write_text('#!/bin/sh\ncase "$*" in *base*) exec sleep 1000 ;; esac\nexec cc "$@"\n')
    hanging.chmod(0o755)
    env = {**os.environ, "CC": str(hanging)}
    words = [sys.executable, "-m", "elfworlds", "build", "experiments/same-lib.yaml", "--build-timeout"]
    piped = functools.partial(subprocess.Popen, env=env, stdout=subprocess.PIPE, text=True, preexec_fn=heed_signals)
    with piped([*words, "60"]) as first:
        assert first.stdout
        assert first.stdout.readline().startswith("waiting for the compiler of base")
        with piped([*words, "0.5"]) as second:
            assert second.stdout
            line = second.stdout.readline()
            assert f"which process {first.pid} (" in line
            assert line.startswith(f"waiting for {world.store}/locks/")
            first.terminate()
            out = second.stdout.read()
    assert (first.returncode, second.returncode) == (2, 6)
    assert "the compiler did not end within 0.5 s; `build-timeout` or --build-timeout gives the build longer" in out
