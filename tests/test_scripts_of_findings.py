"""docs/repro: each script, built and run in the root that it speaks of, shows what its finding says."""

from __future__ import annotations

import re
import runpy
import shlex
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from conftest import ROOT
from elfworlds import outcome, shell_script
from elfworlds.observers import plain
from elfworlds.planning import Plan, Trial
from elfworlds.planning.select import labels_of
from elfworlds.process import Command, Completed, Pool
from elfworlds.sandbox import wrap
from elfworlds.toolchains import Toolchain
from elfworlds.toolchains.borrowed import with_gdb
from elfworlds.traces import events
from elfworlds.workflow import toolchains as worlds
from elfworlds.workflow.experiments import languages as languages_of
from elfworlds.workflow.experiments import load_all
from elfworlds.workflow.plans import make_plan
from exporting import Workplace
from pinned_roots import rooted

REPRO = SimpleNamespace(**runpy.run_path(str(ROOT / "docs" / "repro.py")))
SECONDS = 300.0  # no script waits for its end


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with Pool() as one:
        yield one


class InARoot:
    """One script, its plan, and the root in which it is tried."""

    def __init__(self, name: str, pool: Pool, path: Path) -> None:
        self.finding = REPRO.FINDINGS[name]
        loaded = load_all([ROOT / "experiments" / f"{name}.yaml"], ROOT)
        languages = languages_of(loaded)
        labels = [one for one in self.finding.labels if one.startswith(("libc=", "gdb="))]
        (self.loaded,) = worlds.chosen(loaded, labels_of(labels))
        toolchains = {one: rooted(one, pool, languages) for one in worlds.wanted([self.loaded])}
        self.plan: Plan = make_plan(self.loaded, toolchains)
        self.trial = self.only_trial()
        self.toolchain: Toolchain = toolchains[self.finding.libc]
        if self.finding.gdb:
            self.toolchain = with_gdb(self.toolchain, toolchains[self.finding.gdb])
        self.pool, self.path = pool, path
        self.text = (ROOT / "docs" / "repro" / f"{name}.sh").read_text()

    def only_trial(self) -> Trial:
        point = dict(one.split("=", 1) for one in self.finding.labels)
        named = [one for one in self.plan.trials if one.scenario == self.finding.scenario and dict(one.point) == point]
        return named[0]

    def run(self, *words: str) -> Completed:
        """What a person types, in an empty directory of the root."""
        self.path.mkdir()
        tools = {"CC": "cc", "CXX": "c++", "RUSTC": "rustc"}
        own = {
            name: shlex.join(self.toolchain.tools[one]) for name, one in tools.items() if one in self.toolchain.tools
        }
        self.path.with_suffix(".sh").write_text(self.text)
        command = Command(
            argv=("/bin/sh", str(self.path.with_suffix(".sh")), *words),
            env={"PATH": f"{self.programs()}:/usr/bin:/bin", **own},
            cwd=str(self.path),
            timeout=SECONDS,
            capture=self.trial.bound.capture,
            events=True,
        )
        world = self.toolchain.world.reading(str(self.path.with_suffix(".sh")), self.programs())
        return self.pool.run(wrap(command, world))

    def programs(self) -> str:
        """A directory in which the borrowed gdb is called gdb."""
        place = self.path.with_suffix(".programs")
        place.mkdir(exist_ok=True)
        if self.finding.gdb:
            (place / "gdb").write_text(f'#!/bin/sh\nexec {shlex.join(self.toolchain.tools["gdb"])} "$@"\n')
            (place / "gdb").chmod(0o755)
        return str(place)


@pytest.mark.parametrize("name", [name for name, one in REPRO.FINDINGS.items() if not one.gdb])
def test_a_script_shows_in_its_root_what_its_finding_says(name: str, pool: Pool, tmp_path: Path) -> None:
    script = InARoot(name, pool, tmp_path / "empty")
    assert script.text == shell_script.script(script.plan, script.trial)
    done = script.run()
    place = Workplace(script.path, pool, script.toolchain, {})
    values = {**outcome.event_values(events.parse(done.events)), **plain.values(done)}
    judgement = place.judge(script.plan, script.trial, values)
    assert judgement.outcome == script.finding.shows, (judgement.why, values)
    assert judgement.verdict in ("PASS", "XFAIL")


@pytest.mark.parametrize("name", [name for name, one in REPRO.FINDINGS.items() if one.gdb])
def test_gdb_shows_what_the_finding_says(name: str, pool: Pool, tmp_path: Path) -> None:
    script = InARoot(name, pool, tmp_path / "empty")
    assert script.text == shell_script.script(script.plan, script.trial)
    done = script.run("gdb")
    assert re.search(script.finding.shows, done.text, re.MULTILINE), done.text


def test_of_a_libc_that_gdb_knows_it_names_the_function(pool: Pool, tmp_path: Path) -> None:
    """So that the finding about gdb 13 and an older libc is not one about the script."""
    script = InARoot("gdb-visibility", pool, tmp_path / "empty")
    script.toolchain = rooted(script.finding.gdb, pool)
    script.finding = replace(script.finding, gdb="")
    assert re.search(r"^#0 .*\bsay_hello \(\)", script.run("gdb").text, re.MULTILINE)
