"""Real experiments in a sandbox that fails half of the time: nothing differs from an undisturbed run but UNRESOLVED."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest

from conftest import ROOT, World
from rooting import bubblewrap

pytestmark = pytest.mark.slow
EXPERIMENTS = ("private-state", "search-order", "rtld-global", "undefined-without-running")
# One of five ways each time: silently, with words, killed before and after the start, exit 0 without starting.
SCRIPT = """#!/bin/bash
case $((RANDOM % 10)) in
0) exit 1 ;;
1) echo "bwrap: it rains" >&2; exit 1 ;;
2) kill -9 $$ ;;
3) exec 3<&0; {bwrap} "$@" <&3 & sleep 0.0$((RANDOM % 10)); kill -9 $!; wait $! ;;
4) exit 0 ;;
*) exec {bwrap} "$@" ;;
esac
"""


def rows(results: Path, experiment: str, table: str) -> list[dict[str, str]]:
    file = results / experiment / "latest" / "tables" / f"{table}.csv"
    return list(csv.DictReader(file.read_text().splitlines()))


def outcomes(results: Path, experiment: str) -> dict[str, tuple[str, str]]:
    found = rows(results, experiment, "trials")
    return {one["trial"]: (one["outcome"], one["verdict"]) for one in found if one["verdict"] != "UNRESOLVED"}


def claims(results: Path, experiment: str) -> dict[tuple[str, str], str]:
    found = rows(results, experiment, "claims")
    return {(one["trial"], one["says"]): one["claim_verdict"] for one in found if one["outcome"] != "unresolved"}


def test_what_was_not_tried_decides_nothing_and_is_tried_by_the_next_run(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bwrap, path = bubblewrap(), Path(tmp_path / "bin")
    files = [shutil.copy(ROOT / "experiments" / f"{name}.yaml", world.path / "experiments") for name in EXPERIMENTS]
    words = ("-k", "-S", "libc=host,debian/bookworm", *files)
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    assert world.run("run", "-o", whole, *words)[0] == 0
    path.mkdir()
    (path / "bwrap").write_text(SCRIPT.format(bwrap=bwrap))
    (path / "bwrap").chmod(0o755)
    shutil.rmtree(world.store / "objects")
    with monkeypatch.context() as patched:
        patched.setenv("PATH", str(path), prepend=":")
        code, out, _ = world.run("run", "-o", broken, *words)
    assert code in (1, 6)
    assert "UNRESOLVED" in out
    for name in EXPERIMENTS:
        assert outcomes(broken, name).items() <= outcomes(whole, name).items()
        assert claims(broken, name).items() <= claims(whole, name).items()
        flips = rows(whole, name, "flips")
        assert all(one in flips for one in rows(broken, name, "flips"))
    assert world.run("run", "-o", broken, *words)[0] == 0
    for name in EXPERIMENTS:
        assert outcomes(broken, name) == outcomes(whole, name)
        assert claims(broken, name) == claims(whole, name)
        assert rows(broken, name, "flips") == rows(whole, name, "flips")
        assert (broken / name / "latest" / "complete").exists()
        assert len(list((broken / name).glob("2*"))) == 1
