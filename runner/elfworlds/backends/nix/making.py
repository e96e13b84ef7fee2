"""What becomes of a plan's objects, one toolchain after the other: known from before, built, or failed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from elfworlds.backends.nix import evaluation, handover
from elfworlds.backends.nix.evaluation import Farm, evaluate
from elfworlds.backends.nix.holding import root
from elfworlds.backends.nix.work import NixBuild

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from elfworlds.backends.nix.memory import Memory
    from elfworlds.backends.nix.programs import Programs
    from elfworlds.backends.types import Artifact, Failure
    from elfworlds.jsondata import JsonObject
    from elfworlds.planning import BuildRequest, Plan
    from elfworlds.toolchains import Toolchain
    from elfworlds.trees import Tree

    Report = Callable[[BuildRequest, Artifact | Failure], None]


@dataclass(frozen=True)
class Making:
    """What has become of a plan's objects so far.

    Attributes:
        programs: Nix' programs for a toolchain.
        document: what Nix is told of objects of a toolchain.
        shelved: the artifact of a file of a tree that is in the store.
        farms: the link farms that have them.
    """

    memory: Memory
    programs: Callable[[Toolchain], Programs]
    document: Callable[[Mapping[str, BuildRequest], Toolchain, Plan], JsonObject]
    shelved: Callable[[BuildRequest, Tree, str], Artifact]
    plan: Plan
    report: Report
    keep_going: bool
    artifacts: dict[str, Artifact] = field(default_factory=dict)
    failures: dict[str, Failure] = field(default_factory=dict)
    farms: list[str] = field(default_factory=list)

    def all(self, requests: dict[str, BuildRequest], toolchain: Toolchain, link: Path) -> None:
        """The objects of one toolchain, rooted by links that begin like this one."""
        settings = self.programs(toolchain).settings
        unbuildable = handover.unbuildable(requests, toolchain, settings.visible, self.failures)
        for key, failure in unbuildable.items():
            self.failures[key] = failure
            self.report(requests.pop(key), failure)
        if requests and (self.keep_going or not unbuildable):
            self.some(requests, toolchain, link)

    def some(self, requests: Mapping[str, BuildRequest], toolchain: Toolchain, link: Path) -> None:
        """Those that can be tried. Where one fails, a farm of the others keeps them."""
        programs = self.programs(toolchain)
        document = self.document(requests, toolchain, self.plan)
        document = {**document, **handover.built_elsewhere(requests, self.artifacts)}
        digest = evaluation.digest(programs.settings, document)
        if self.known(self.memory.farm(digest), requests, link, programs):
            return
        farm = evaluate(programs, document, requests, self.plan.files, link.with_suffix(".drv"))
        failed = len(self.failures)
        work = self.work(requests, farm, programs)
        path = work.do(link, keep_going=self.keep_going)
        if path:
            self.farms.append(path)
            self.take_trees(requests, farm)
            if len(self.failures) == failed:
                self.memory.remember_farm(digest, Farm(path, farm.places))
            return
        good = work.valid() | {key for key, request in requests.items() if request.tree}
        for key in set(requests) - good:
            self.artifacts.pop(key, None)
        if good:
            others = link.with_name(f"{link.name}-others")
            self.some({key: request for key, request in requests.items() if key in good}, toolchain, others)

    def work(self, requests: Mapping[str, BuildRequest], farm: Farm, programs: Programs) -> NixBuild:
        """A build of those that have a derivation."""
        built = {key: request for key, request in requests.items() if not request.tree}
        return NixBuild(programs, self.memory, built, farm.only(built), self.report, self.artifacts, self.failures)

    def take_trees(self, requests: Mapping[str, BuildRequest], farm: Farm) -> None:
        """The files of trees, which evaluating puts into the store."""
        for key, request in requests.items():
            if request.tree and key not in self.artifacts:
                tree = self.plan.trees[request.tree]
                self.artifacts[key] = self.shelved(request, tree, farm.places[key].out)
                self.report(request, self.artifacts[key])

    def known(self, farm: Farm | None, requests: Mapping[str, BuildRequest], link: Path, programs: Programs) -> bool:
        """Take what a build before made, where it is still in the store."""
        if farm is None or set(farm.places) != set(requests) or not root(programs, link, (farm.path,)):
            return False
        work = self.work(requests, farm, programs)
        for key in work.requests:
            if key not in self.artifacts:
                work.take(key, reused=True)
        self.take_trees(requests, farm)
        self.farms.append(farm.path)
        return True
