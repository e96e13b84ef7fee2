"""Builds with Nix: one evaluation and one nix-build for each toolchain of the plan."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from elfworlds.backends.nix import handover, trouble
from elfworlds.backends.nix.holding import hold
from elfworlds.backends.nix.roots import Roots
from elfworlds.backends.nix.work import Place, Work, words
from elfworlds.backends.types import Again, Artifact, Build, Failure
from elfworlds.process import Command
from elfworlds.traces.nix import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from elfworlds.backends.nix.memory import Memory
    from elfworlds.backends.nix.settings import Settings
    from elfworlds.planning import BuildRequest, Plan
    from elfworlds.process import Run
    from elfworlds.toolchains import Toolchain

    Report = Callable[[BuildRequest, Artifact | Failure], None]

STORE = "/nix/store"
HELD = "held"
PATIENCE_SECONDS = 14 * 86_400.0  # each object has its own time limit, which Nix keeps


@dataclass(frozen=True, slots=True)
class NixBackend:
    """Builds in the Nix store through nix/objects.nix.

    Attributes:
        settings: which Nix, and how it is called.
        memory: what is known of store paths.
        run: how programs are started.
        jobs: compilers at once.
        stop: ends every program that runs, for an interrupt.
    """

    settings: Settings
    memory: Memory
    run: Run
    jobs: int
    stop: Callable[[], None]
    name: str = "nix"

    @property
    def where(self) -> str:
        return f"Nix store (host: packages of {self.settings.packages or 'nixpkgs at its pin'})"

    @property
    def store(self) -> str:
        return STORE

    def build(
        self,
        plan: Plan,
        toolchains: Mapping[str, Toolchain],
        *,
        keep_going: bool,
        report: Report,
    ) -> Build:
        artifacts: dict[str, Artifact] = {}
        failures: dict[str, Failure] = {}
        for name in dict.fromkeys(one.toolchain for one in plan.requests.values()):
            requests = {key: one for key, one in plan.requests.items() if one.toolchain == name}
            for key, failure in handover.unbuildable(requests, toolchains[name]).items():
                failures[key] = failure
                report(requests.pop(key), failure)
            if failures and not keep_going:
                break
            places = self.places(requests, toolchains[name], plan.files)
            work = Work(self.within(toolchains[name]), requests, places, report, artifacts, failures)
            work.do(keep_going=keep_going)
            if failures and not keep_going:
                break
        outs = [one.directory for one in artifacts.values()]
        if outs:
            hold(self.memory.root / HELD, outs, self.run, self.command)
        order = list(plan.requests)
        return Build(
            {key: artifacts[key] for key in order if key in artifacts},
            {key: failures[key] for key in order if key in failures},
        )

    def verify(self, plan: Plan, toolchains: Mapping[str, Toolchain], build: Build) -> dict[str, Again]:
        """Make each object once more, by Nix' own --check."""
        found: dict[str, Again] = {}
        for name in dict.fromkeys(one.toolchain for one in plan.requests.values()):
            requests = {key: one for key, one in plan.requests.items() if one.toolchain == name}
            built = {key: one for key, one in requests.items() if key in build.artifacts}
            places = self.places(built, toolchains[name], plan.files)
            work = Work(self.within(toolchains[name]), built, places, lambda *_: None, dict(build.artifacts), {})
            work.check()
            for key, place in places.items():
                why = work.reasons.get(place.derivation, "")
                found[key] = Again(key=key, identical=not why, why=why)
        return found

    def places(
        self, requests: Mapping[str, BuildRequest], toolchain: Toolchain, files: Mapping[str, bytes]
    ) -> dict[str, Place]:
        """Every object's derivation, which this writes into the store, and its directory, which may not be there."""
        here = self.within(toolchain)
        root = Roots(here.settings, here.memory.root, here.run).given(toolchain)
        with tempfile.TemporaryDirectory(prefix="elfworlds-nix.") as temporary:
            directory = Path(temporary)
            handover.write(
                directory, handover.document(requests.values(), toolchain, here.settings.visible, root), files
            )
            done = here.run(here.command("nix-instantiate", *here.evaluation(directory)))
        if not done.ok:
            raise trouble.explain(words(done))
        found = json.loads(done.text)
        return {key: Place(found[key]["drv"], found[key]["out"]) for key in requests}

    def within(self, toolchain: Toolchain) -> NixBackend:
        """As builds with a toolchain are started: those in a root see nothing of this machine."""
        return self if toolchain.world.root is None else replace(self, settings=self.settings.seeing_nothing())

    def evaluation(self, directory: Path) -> tuple[str, ...]:
        packages = ("--argstr", "packages", self.settings.packages) if self.settings.packages else ()
        return (
            *("--eval", "--read-write-mode", "--strict", "--json", self.settings.expressions, "-A", "manifest"),
            *("--argstr", "plan", f"{directory}/plan.json", "--argstr", "files", f"{directory}/files", *packages),
        )

    def command(self, program: str, *words: str, stderr_to: str = "") -> Command:
        return Command(
            argv=self.settings.program(program, *words),
            env=self.settings.environment,
            cwd="/",
            timeout=PATIENCE_SECONDS,
            keep=1 << 27,
            stderr_to=stderr_to,
        )

    def log(self, derivation: str) -> str:
        """What a build wrote when it was done, now or long ago; empty where Nix has it no more."""
        done = self.run(self.command("nix-store", "--read-log", derivation))
        return plain(done.text) if done.ok else ""
