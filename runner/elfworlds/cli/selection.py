"""From the words that choose trials to plans with the chosen ones only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from elfworlds import paths
from elfworlds.cli import session
from elfworlds.errors import NothingSelectedError
from elfworlds.planning import select
from elfworlds.records import RunDirectory, told
from elfworlds.report.summary import BAD

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from elfworlds.cli.session import Loaded
    from elfworlds.planning import Plan
    from elfworlds.toolchains import Toolchain


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What the command line says of which trials.

    Attributes:
        filter: `--filter REGEX`.
        labels: each `-S axis=value,value`.
        failed: only what was not as expected in the latest run.
        repeat, timeout: instead of what the scenarios say.
        output: where runs are looked up; None for each project's results/.
    """

    filter: str | None
    labels: Sequence[str]
    failed: bool
    repeat: int | None
    timeout: float | None
    output: Path | None

    def plans(self, found: Sequence[Loaded], toolchains: Mapping[str, Toolchain]) -> list[Plan]:
        """A plan for each experiment; `NothingSelectedError` where no trial is left in any."""
        whole = [session.make_plan(one, toolchains, self.repeat) for one in found]
        labels = select.axis_labels(list(self.labels), whole)
        pattern = select.pattern(self.filter) if self.filter is not None else None
        plans = [
            select.select(plan, select.Selection(pattern, labels, self._only(one), self.timeout))
            for one, plan in zip(found, whole, strict=True)
        ]
        if not any(plan.trials for plan in plans):
            raise NothingSelectedError(f"no trial is left of {sum(len(one.trials) for one in whole)}", hint=self._why())
        return plans

    def _only(self, one: Loaded) -> frozenset[str] | None:
        """Trials of the latest run that were not as expected."""
        if not self.failed:
            return None
        latest = paths.real(self.output or one.project.root / "results") / one.spec.name / "latest"
        if not paths.is_directory(latest):
            return frozenset()
        return frozenset(trial["trial"] for trial in told(RunDirectory(latest)).trials if trial["verdict"] in BAD)

    def _why(self) -> str:
        if self.failed:
            return "--failed: nothing was otherwise than expected in the latest run, or there is none"
        return "elfworlds plan shows the trials that there are"
