"""`--backend both`: what came out differently, told at the end and kept beside both runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from elfworlds.backends import compare
from elfworlds.gather.backends import trials

if TYPE_CHECKING:
    from collections.abc import Mapping

    from elfworlds.backends import Build
    from elfworlds.planning import Plan
    from elfworlds.records import RunDirectory
    from elfworlds.toolchains import Toolchain
    from elfworlds.workflow.screen import Screen

PAIR = 2
FILE = "backends.json"


@dataclass(frozen=True, slots=True)
class BackendComparison:
    """The builds of one plan, with what, and the runs with them; with fewer than two there is nothing to tell."""

    plan: Plan
    names: list[str] = field(default_factory=list)
    builds: list[Build] = field(default_factory=list)
    toolchains: list[Mapping[str, Toolchain]] = field(default_factory=list)
    runs: list[RunDirectory] = field(default_factory=list)

    def add(
        self, name: str, build: Build, toolchains: Mapping[str, Toolchain], run: RunDirectory | None = None
    ) -> None:
        self.names.append(name)
        self.builds.append(build)
        self.toolchains.append(toolchains)
        if run is not None:
            self.runs.append(run)

    def findings(self) -> list[str]:
        names = (self.names[0], self.names[1])
        findings = list(compare.builds(self.plan, names, (self.builds[0], self.builds[1])))
        findings += compare.libcs(names, (self.toolchains[0], self.toolchains[1]))
        if len(self.runs) == PAIR:
            findings += trials(names, self.runs[0].trials(), self.runs[1].trials())
        return findings

    def tell(self, screen: Screen) -> None:
        """A finding for each difference; like a refuted claim, it does not decide the exit code."""
        if len(self.names) < PAIR:
            return
        findings = self.findings()
        for run in self.runs:
            data = {"backends": self.names, "runs": [other.path.name for other in self.runs], "findings": findings}
            run.write_json(FILE, data)
        what = "ELF facts and outcomes" if self.runs else "ELF facts"
        if findings:
            screen.tell([f"finding: {finding}" for finding in findings])
        else:
            screen.say(f"{' and '.join(self.names)}: the same {what} for {len(self.plan.requests)} objects")
