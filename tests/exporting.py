"""Exported scripts run as strangers would run them, and what they show judged as a trial is."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from elfworlds import elf, outcome, shell_script
from elfworlds.backends import Artifact, Build
from elfworlds.observers import plain, table
from elfworlds.outcome import Judgement, Tried
from elfworlds.planning import BuildRequest, Plan, Trial
from elfworlds.process import Command, Completed, Pool
from elfworlds.toolchains import Toolchain
from elfworlds.traces import events
from elfworlds.trials import inspected
from elfworlds.trials.attempt import Ran, files_directory
from elfworlds.trials.privilege import set_id_files
from playing import observer_of

COMPILE_SECONDS = 120.0
OBSERVERS = tuple(name for name in table.OBSERVERS if name != table.PLAIN)
# Remembers by its words, its directory and all that is in it what a compiler made, so that points share it.
REMEMBERING = r"""#!/bin/sh
tool=$1; shift
key=$( (pwd; printf '%s\n' "$tool" "$@"; find . -type f -exec cat {} + ) | sha256sum | cut -d' ' -f1)
before=
for word; do [ "$before" = -o ] && out=$word; before=$word; done
if [ -f "$KEPT/$key" ]; then cp "$KEPT/$key" "$out"; else "$tool" "$@" && cp "$out" "$KEPT/$key"; fi
"""


@dataclass(frozen=True)
class Workplace:
    """Where scripts run, one after the other, each in the same directory when it is empty.

    Attributes:
        tools: what `CC`, `CXX` and `RUSTC` are, where they are not to be found by their own names.
    """

    path: Path
    pool: Pool
    toolchain: Toolchain
    tools: Mapping[str, str]

    @classmethod
    def remembering(cls, path: Path, pool: Pool, toolchain: Toolchain) -> Workplace:
        kept = path.parent / f"kept-{path.name.rpartition(' ')[2]}"
        kept.mkdir(parents=True)
        wrapper = kept / "remembering"
        wrapper.write_text(REMEMBERING)
        wrapper.chmod(0o755)
        named = {"CC": "cc", "CXX": "c++", "RUSTC": "rustc"}
        own = {name: toolchain.tools[tool][0] for name, tool in named.items() if tool in toolchain.tools}
        found = {name: shutil.which(os.environ.get(name) or tool) or own.get(name) for name, tool in named.items()}
        tools = {name: f"{wrapper} {tool}" for name, tool in found.items() if tool}
        return cls(path, pool, toolchain, {**tools, "KEPT": str(kept)})

    def run(self, plan: Plan, trial: Trial) -> Completed:
        """The script, with nothing but a shell and a compiler."""
        shutil.rmtree(self.path, ignore_errors=True)
        self.path.mkdir(parents=True)
        script = self.path.parent / f"{self.path.name}.sh"
        script.write_text(shell_script.script(plan, trial))
        bound = trial.bound
        env = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **self.tools}
        return self.pool.run(
            Command(
                argv=("/bin/sh", str(script)),
                env=env,
                cwd=str(self.path),
                timeout=COMPILE_SECONDS if not hangs(trial) else bound.timeout + 10,
                capture=bound.capture,
                cpus=bound.cpus,
                events=True,
            )
        )

    def judged(self, plan: Plan, trial: Trial) -> tuple[Judgement, dict[str, Any]]:
        """What the trial would be called, by what the script shows."""
        completed = self.run(plan, trial)
        build = self.build(plan, trial)
        assert trial.bound.kind == "build" or {*trial.bound.keys} <= {*build.artifacts}, completed.stderr.data.decode()
        values: dict[str, Any] = {**outcome.event_values(events.parse(completed.events)), **plain.values(completed)}
        if trial.bound.kind == "build":
            values["output"] = values["stdout"] + values["stderr"]
        if trial.bound.kind == "inspect":
            values = inspected.values(trial, build, self.toolchain)
        return self.judge(plan, trial, values), values

    def judge(self, plan: Plan, trial: Trial, values: Mapping[str, Any]) -> Judgement:
        """What values would be called, where the script put what it built."""
        build = self.build(plan, trial)
        observer = observer_of(plan, build, self.path, self.pool, self.toolchain, broken={})
        directory = files_directory(trial, self.path / shell_script.CWD)
        return observer.judged(trial, Ran(Tried(values), directory=directory)).judgement

    def build(self, plan: Plan, trial: Trial) -> Build:
        """Where the script put what it built."""
        keys = dict.fromkeys((*trial.bound.keys, *([trial.bound.subject] if trial.bound.subject else [])))
        return Build({key: found for key in keys if (found := self.artifact(plan.requests[key]))}, {})

    def artifact(self, one: BuildRequest) -> Artifact | None:
        directory = self.path / shell_script.place(one)
        path = directory / one.filename
        if not path.exists():
            return None
        return Artifact(
            key=one.key,
            directory=str(directory),
            filename=one.filename,
            sha256="",
            facts=elf.read(path),
            output="",
            reused=False,
        )


def hangs(trial: Trial) -> bool:
    """Whether the trial is expected not to end."""
    return trial.expected is not None and "hang" in trial.expected.outcomes


def spoken(trial: Trial) -> set[str]:
    """The observers that the trial's outcomes speak of."""
    expected = trial.expected.matchers if trial.expected else {}
    matchers = [*trial.bound.outcomes.values(), expected]
    return {value.partition(".")[0] for one in matchers for value in one} & set(OBSERVERS)


def lacking(plan: Plan, trial: Trial, toolchain: Toolchain) -> set[str]:
    """Why the trial's objects cannot be built here: a run calls it UNSUPPORTED."""
    keys = {*trial.bound.keys, *filter(None, [trial.bound.subject])}
    tools = {tool for key in keys for tool in plan.requests[key].tools}
    return set(filter(None, map(toolchain.lack, tools)))


def plain_ones(plan: Plan) -> list[Trial]:
    """One trial of each scenario and point, unless it needs an observer, limits, another root, bubblewrap or root."""
    first: dict[object, Trial] = {}
    for trial in plan.trials:
        more = (trial.bound.sees, trial.bound.ld_so_conf, trial.bound.limits, set_id_files(trial.bound))
        if not spoken(trial) and not any(more):
            first.setdefault((trial.scenario, trial.point), trial)
    return list(first.values())
