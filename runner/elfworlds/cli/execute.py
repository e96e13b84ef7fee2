"""One experiment's run from the first trial to the report."""

from __future__ import annotations

import os
import shlex
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from elfworlds.environment import environment
from elfworlds.errors import InterruptedRunError
from elfworlds.records import RunDirectory
from elfworlds.report import summary, text
from elfworlds.report.markdown import markdown
from elfworlds.run import Observer, broken_objects, run

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from elfworlds.backends import Build
    from elfworlds.cli.console import Screen
    from elfworlds.cli.session import Loaded
    from elfworlds.plan import Plan
    from elfworlds.process import Pool
    from elfworlds.toolchains import Toolchain


@dataclass(frozen=True, slots=True)
class Execution:
    """What a run needs to know."""

    loaded: Loaded
    plan: Plan
    build: Build
    toolchains: Mapping[str, Toolchain]
    pool: Pool
    jobs: int
    backend: str
    output: Path | None
    tables: bool

    def begin(self, utc: str) -> RunDirectory:
        results = self.output or self.loaded.project.root / "results"
        directory = RunDirectory.create(results, self.plan, utc)
        directory.begin(self.plan, environment(self.toolchains.values(), self.backend, utc), self.build)
        return directory

    def observe(self, directory: RunDirectory, screen: Screen) -> bool:
        """Try every trial and record it; False where that was interrupted."""
        broken = broken_objects(self.plan, self.build)
        observer = Observer(self.plan, self.build, self.toolchains, self.pool.run, directory.working_directory, broken)
        executor = ThreadPoolExecutor(self.jobs)
        try:
            with screen.working("trials", len(self.plan.trials)) as advance:
                for observation in run(self.plan.trials, observer, executor, self.jobs):
                    directory.append(observation)
                    advance()
        except (KeyboardInterrupt, InterruptedRunError):
            self.pool.interrupt()
            return False
        finally:
            executor.shutdown(cancel_futures=True)
        return True

    def tell(self, directory: RunDirectory, screen: Screen, *, interrupted: bool) -> bool:
        """Write tables and report, and show the pivot; True where an expectation was not met."""
        axes = dict(self.plan.axes)
        trials = summary.settled(directory.trials())
        if self.tables:
            self.write_tables(directory, trials)
        report = directory.write("report.md", markdown(self.told(directory, axes, trials)))
        directory.point_latest_here()
        self.show(directory, screen, axes, trials)
        if interrupted:
            screen.tell([f"interrupted after {len(trials)} of {len(self.plan.trials)} trials"])
        screen.tell([f"report: {shown(report)}"])
        return summary.failed(trials)

    def write_tables(self, directory: RunDirectory, trials: Sequence[Mapping[str, Any]]) -> None:
        from elfworlds import tables

        found = tables.frames(self.plan.experiment, list(dict(self.plan.axes)), trials, directory.objects())
        for name, frame in found.items():
            directory.write(f"tables/{name}.csv", tables.as_csv(frame))

    def told(
        self, directory: RunDirectory, axes: Mapping[str, Sequence[str]], trials: Sequence[Mapping[str, Any]]
    ) -> summary.RunTold:
        experiment = self.loaded.spec.experiment
        source = experiment.source.model_dump(exclude_none=True) if experiment.source else {}
        return summary.RunTold(
            name=self.plan.experiment,
            question=self.plan.question,
            source=source,
            note=experiment.note or "",
            axes=axes,
            trials=trials,
            objects=directory.objects(),
            environment=directory.environment(),
            rerun=f"elfworlds run {shlex.quote(shown(self.loaded.path))}",
        )

    def show(
        self,
        directory: RunDirectory,
        screen: Screen,
        axes: Mapping[str, Sequence[str]],
        trials: Sequence[Mapping[str, Any]],
    ) -> None:
        screen.say(summary.counts(trials), "")
        screen.show_pivot(summary.pivot(axes, trials))
        screen.say("", *text.claim_lines(axes, trials))
        bad = [one["trial"] for one in trials if one["verdict"] in summary.BAD]
        stderr = {trial: _stderr(directory, trial) for trial in bad[: text.MAX_FAILURES]}
        screen.tell(["", *text.failure_lines(trials, axes, shown(directory.path), stderr)])


def _stderr(directory: RunDirectory, trial: str) -> str:
    path = directory.path / "trials" / trial / "stderr"
    return path.read_bytes()[-4096:].decode("utf-8", "replace") if path.exists() else ""


def shown(path: Path) -> str:
    """A path as a person would type it from here."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative
