"""Builds with Nix: one evaluation and one nix-build for each toolchain of the plan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from elfworlds.backends.nix import evaluation, handover
from elfworlds.backends.nix.evaluation import evaluate
from elfworlds.backends.nix.groups import groups
from elfworlds.backends.nix.holding import keep, own_directory
from elfworlds.backends.nix.making import Making
from elfworlds.backends.nix.patience import Patience
from elfworlds.backends.nix.programs import Programs
from elfworlds.backends.nix.roots import Roots
from elfworlds.backends.nix.trees import TreeMemory
from elfworlds.backends.nix.work import NixBuild
from elfworlds.backends.shelved import artifact, read_again
from elfworlds.backends.types import Again, Artifact, Build
from elfworlds.locking import nobody

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from elfworlds.backends.nix.making import Report
    from elfworlds.backends.nix.memory import Memory
    from elfworlds.backends.nix.settings import NixSettings
    from elfworlds.jsondata import JsonObject
    from elfworlds.planning import BuildRequest, Plan
    from elfworlds.process import Runner
    from elfworlds.toolchains import Toolchain
    from elfworlds.trees import Tree

STORE = evaluation.STORE
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
        seconds: those that each build may take, whatever its request says; None for what that says.
        tell: is told what is waited for.
    """

    settings: NixSettings
    memory: Memory
    run: Runner
    jobs: int
    stop: Callable[[], None]
    name: str = "nix"
    seconds: float | None = None
    tell: Callable[[str], None] = nobody

    @property
    def where(self) -> str:
        return f"Nix store (host: packages of {self.settings.packages or 'nixpkgs at its pin'})"

    @property
    def store(self) -> str:
        return STORE

    @property
    def programs(self) -> Programs:
        return Programs(self.settings, self.run, self.jobs, self.stop, Patience(self.seconds, self.tell))

    def build(
        self,
        plan: Plan,
        toolchains: Mapping[str, Toolchain],
        *,
        keep_going: bool,
        report: Report,
    ) -> Build:
        place = own_directory(self.memory.root / HELD)
        made = Making(
            self.memory, self.programs.within, self.document, self.shelved, plan, report, keep_going=keep_going
        )
        for number, (name, requests) in enumerate(by_toolchain(plan)):
            made.all(requests, toolchains[name], place / str(number))
            if made.failures and not keep_going:
                break
        order = list(plan.requests)
        return Build(
            {key: made.artifacts[key] for key in order if key in made.artifacts},
            {key: made.failures[key] for key in order if key in made.failures},
            farms=tuple(made.farms),
        )

    def keep(self, build: Build, run: Path) -> None:
        """Root the objects in the run's directory, which is where it will stay."""
        keep(self.programs, run, build.farms)

    def verify(self, plan: Plan, toolchains: Mapping[str, Toolchain], build: Build) -> dict[str, Again]:
        """Make each object once more, by Nix' own --check."""
        verdicts: dict[str, Again] = {}
        place = own_directory(self.memory.root / HELD)
        for number, (name, requests) in enumerate(by_toolchain(plan)):
            built = {key: request for key, request in requests.items() if key in build.artifacts}
            programs, document = self.programs.within(toolchains[name]), self.document(built, toolchains[name], plan)
            document = {**document, **handover.built_elsewhere(built, build.artifacts)}
            farm = evaluate(programs, document, built, plan.files, place / str(number))
            for key in [key for key, request in built.items() if request.tree]:
                verdicts[key] = read_again(build.artifacts[key], plan.trees[built.pop(key).tree])
            farm = farm.only(built)
            work = NixBuild(programs, self.memory, built, farm, lambda *_: None, dict(build.artifacts), {})
            work.check()
            for key, derivation in farm.places.items():
                why = work.reasons.get(derivation.derivation, "")
                verdicts[key] = Again(key=key, identical=not why, why=why)
        return verdicts

    def shelved(self, request: BuildRequest, tree: Tree, out: str) -> Artifact:
        """A file of a tree, which is in the store now."""
        if tree.stored is not None:
            return artifact(request, tree, out, reused=True)
        memory = TreeMemory(self.memory.root)
        reused = memory.out(tree) == out
        if not reused:
            memory.remember(tree, memory.given(tree)["sha256"], out)
        return artifact(request, tree, out, reused=reused)

    def document(self, requests: Mapping[str, BuildRequest], toolchain: Toolchain, plan: Plan) -> JsonObject:
        """What Nix is told of objects of one toolchain."""
        settings = self.programs.within(toolchain).settings
        root = Roots(settings, self.memory.root, self.run).given(toolchain)
        named = {request.tree for request in requests.values()}
        trees = {key: TreeMemory(self.memory.root).given(tree) for key, tree in plan.trees.items() if key in named}
        return handover.document(requests.values(), toolchain, settings.visible, root, trees)


def by_toolchain(plan: Plan) -> list[tuple[str, dict[str, BuildRequest]]]:
    """The name of a toolchain, and what it builds, in the order of needs."""
    return groups(plan.requests, lambda request: request.toolchain)
