"""From experiments and the words that choose trials to plans."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from elfworlds import paths, planning
from elfworlds.errors import NothingSelectedError
from elfworlds.planning import select
from elfworlds.records import RunDirectory, read_run

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from elfworlds.planning import Plan
    from elfworlds.toolchains import Toolchain
    from elfworlds.workflow.experiments import LoadedExperiment


def make_plan(experiment: LoadedExperiment, toolchains: Mapping[str, Toolchain], repeat: int | None = None) -> Plan:
    """All trials of an experiment; `repeat` is how often each is tried, instead of what the file says."""
    return planning.make(experiment.spec, experiment.sources, toolchains, repeat=repeat)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which trials are wanted; without any words all of them.

    Attributes:
        filter: a regular expression that is found in `experiment:name` of each trial.
        labels: axis → the labels of it that are wanted.
        failed: only what was not as expected in the latest run.
        repeat: how often each point is tried, instead of what the scenarios say.
        timeout: seconds for each trial, instead of what the scenarios say.
        shard: `I/N`, which part of the trials that the others choose.
    """

    filter: str | None = None
    labels: Mapping[str, Sequence[str]] = field(default_factory=dict)
    failed: bool = False
    repeat: int | None = None
    timeout: float | None = None
    shard: str | None = None

    def plans(
        self,
        experiments: Sequence[LoadedExperiment],
        toolchains: Mapping[str, Toolchain],
        output: Path | None = None,
    ) -> list[Plan]:
        """A plan for each experiment, with the chosen trials only; `output` is where runs are, if not in results/.

        Raises:
            NothingSelectedError: the filter matches no trial of any experiment.
            InputError: an axis or a label that there is not, a regular expression or a shard that cannot be read, or
                more shards than trials.
        """
        shard = select.shard_of(self.shard) if self.shard is not None else None
        whole = [make_plan(experiment, toolchains, self.repeat) for experiment in experiments]
        select.refuse_unknown(self.labels, whole)
        pattern = select.pattern(self.filter) if self.filter is not None else None
        plans = [
            select.select(plan, select.Selection(pattern, self.labels, self._only(experiment, output), self.timeout))
            for experiment, plan in zip(experiments, whole, strict=True)
        ]
        if not any(plan.trials for plan in plans):
            count = sum(len(plan.trials) for plan in whole)
            raise NothingSelectedError(f"the filter matches none of the {count} trials", hint=self._why())
        return select.share(plans, shard) if shard else plans

    def _only(self, experiment: LoadedExperiment, output: Path | None) -> frozenset[str] | None:
        """Trials of the latest run that were not as expected."""
        if not self.failed:
            return None
        latest = paths.real(output or experiment.results) / experiment.spec.name / "latest"
        if not paths.is_directory(latest):
            return frozenset()
        return frozenset(trial.trial for trial in read_run(RunDirectory(latest)).trials if trial.verdict.bad)

    def _why(self) -> str:
        if self.failed:
            return "--failed: nothing failed in the latest run, or there is no earlier run"
        return "elfworlds plan shows the trials that there are"
