"""Builds with Nix: one evaluation and one nix-build for each toolchain of the plan."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from elfworlds.backends.nix import handover, trouble
from elfworlds.backends.nix.holding import hold
from elfworlds.backends.nix.programs import Programs
from elfworlds.backends.nix.roots import Roots
from elfworlds.backends.nix.trees import TreeMemory
from elfworlds.backends.nix.work import NixBuild, ObjectDerivation, words
from elfworlds.backends.shelved import artifact, read_again
from elfworlds.backends.types import Again, Artifact, Build, Failure

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from elfworlds.backends.nix.memory import Memory
    from elfworlds.backends.nix.settings import NixSettings
    from elfworlds.planning import BuildRequest, Plan
    from elfworlds.process import Runner
    from elfworlds.toolchains import Toolchain
    from elfworlds.trees import Tree

    Report = Callable[[BuildRequest, Artifact | Failure], None]

STORE = "/nix/store"
HELD = "held"


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

    settings: NixSettings
    memory: Memory
    run: Runner
    jobs: int
    stop: Callable[[], None]
    name: str = "nix"

    @property
    def where(self) -> str:
        return f"Nix store (host: packages of {self.settings.packages or 'nixpkgs at its pin'})"

    @property
    def store(self) -> str:
        return STORE

    @property
    def programs(self) -> Programs:
        return Programs(self.settings, self.run, self.jobs, self.stop)

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
        for name in dict.fromkeys(request.toolchain for request in plan.requests.values()):
            requests = {key: request for key, request in plan.requests.items() if request.toolchain == name}
            for key, failure in handover.unbuildable(requests, toolchains[name]).items():
                failures[key] = failure
                report(requests.pop(key), failure)
            if failures and not keep_going:
                break
            places = self.places(requests, toolchains[name], plan)
            for key in [key for key, request in requests.items() if request.tree]:
                request = requests.pop(key)
                artifacts[key] = self.shelved(request, plan.trees[request.tree], places.pop(key).out)
                report(request, artifacts[key])
            programs = self.programs.within(toolchains[name])
            work = NixBuild(programs, self.memory, requests, places, report, artifacts, failures)
            if requests:
                work.do(keep_going=keep_going)
            if failures and not keep_going:
                break
        outs = [artifact.directory for artifact in artifacts.values()]
        if outs:
            hold(self.memory.root / HELD, outs, self.run, self.programs.command)
        order = list(plan.requests)
        return Build(
            {key: artifacts[key] for key in order if key in artifacts},
            {key: failures[key] for key in order if key in failures},
        )

    def verify(self, plan: Plan, toolchains: Mapping[str, Toolchain], build: Build) -> dict[str, Again]:
        """Make each object once more, by Nix' own --check."""
        verdicts: dict[str, Again] = {}
        for name in dict.fromkeys(request.toolchain for request in plan.requests.values()):
            requests = {key: request for key, request in plan.requests.items() if request.toolchain == name}
            built = {key: request for key, request in requests.items() if key in build.artifacts}
            places = self.places(built, toolchains[name], plan)
            for key in [key for key, request in built.items() if request.tree]:
                places.pop(key)
                verdicts[key] = read_again(build.artifacts[key], plan.trees[built.pop(key).tree])
            programs = self.programs.within(toolchains[name])
            work = NixBuild(programs, self.memory, built, places, lambda *_: None, dict(build.artifacts), {})
            work.check()
            for key, place in places.items():
                why = work.reasons.get(place.derivation, "")
                verdicts[key] = Again(key=key, identical=not why, why=why)
        return verdicts

    def shelved(self, request: BuildRequest, tree: Tree, out: str) -> Artifact:
        """A file of a tree, which is in the store now."""
        memory = TreeMemory(self.memory.root)
        reused = memory.out(tree) == out
        if not reused:
            memory.remember(tree, memory.given(tree)["sha256"], out)
        return artifact(request, tree, out, reused=reused)

    def places(
        self, requests: Mapping[str, BuildRequest], toolchain: Toolchain, plan: Plan
    ) -> dict[str, ObjectDerivation]:
        """Every object's derivation, which this writes into the store, and its directory, which may not be there."""
        programs = self.programs.within(toolchain)
        root = Roots(programs.settings, self.memory.root, self.run).given(toolchain)
        named = {request.tree for request in requests.values()}
        trees = {key: TreeMemory(self.memory.root).given(tree) for key, tree in plan.trees.items() if key in named}
        with tempfile.TemporaryDirectory(prefix="elfworlds-nix.") as temporary:
            directory = Path(temporary)
            document = handover.document(requests.values(), toolchain, programs.settings.visible, root, trees)
            inputs = (sha256 for request in requests.values() for _, sha256 in request.inputs)
            handover.write(directory, document, inputs, plan.files)
            done = programs.call("nix-instantiate", *_evaluation(programs.settings, directory))
        if not done.ok:
            raise trouble.explain(words(done))
        derivations = json.loads(done.text)
        return {key: ObjectDerivation(derivations[key]["drv"], derivations[key]["out"]) for key in requests}


def _evaluation(settings: NixSettings, directory: Path) -> tuple[str, ...]:
    packages = ("--argstr", "packages", settings.packages) if settings.packages else ()
    return (
        *("--eval", "--read-write-mode", "--strict", "--json", settings.expressions, "-A", "manifest"),
        *("--argstr", "plan", f"{directory}/plan.json", "--argstr", "files", f"{directory}/files", *packages),
    )
