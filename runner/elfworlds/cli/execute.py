"""One experiment's run from the first trial to the report."""

from __future__ import annotations

import os
import shlex
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from elfworlds import paths
from elfworlds.cli import worlds
from elfworlds.environment import environment, made_with, versions
from elfworlds.errors import InputError, InterruptedRunError
from elfworlds.outcome import UNTRIED
from elfworlds.records import Opened, RunDirectory, open_run, told
from elfworlds.report import flips, heat, loading, summary, text
from elfworlds.report.heatmap import heat_map
from elfworlds.report.markdown import markdown
from elfworlds.report.summary import BAD
from elfworlds.trials.observe import Observer, broken_objects, run

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from elfworlds.backends import Build
    from elfworlds.cli.console import Screen
    from elfworlds.cli.session import Loaded
    from elfworlds.planning import Plan
    from elfworlds.process import Pool
    from elfworlds.records import RunTold
    from elfworlds.toolchains import Toolchain


class Ending(Enum):
    """How far a run came."""

    WHOLE = "whole"
    STOPPED = "stopped"
    INTERRUPTED = "interrupted"


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
    results: Path
    retries: int
    maxfail: int | None

    def open(self, utc: str) -> Opened:
        """A new run directory, or an interrupted one to go on with."""
        where = environment(self.toolchains.values(), self.backend, utc, self.pool.inherited())

        def begin(directory: RunDirectory, about: Mapping[str, Any]) -> None:
            directory.begin(self.plan, self.build, about, where, self.loaded.spec.document.text)

        place = paths.directory(self.results, paths.OTHER_PLACE)
        opened = open_run(place, self.plan, where, self.about(), begin)
        opened.directory.write_objects(self.plan, self.build)
        return opened

    def about(self) -> dict[str, Any]:
        """What run.json says, for reports that have nothing but the directory."""
        experiment = self.loaded.spec.experiment
        axes = {name: list(labels) for name, labels in self.plan.axes}
        chosen = [f"-S {shlex.quote(one)}" for one in self.loaded.chosen]
        return {
            "experiment": self.plan.experiment,
            "question": self.plan.question,
            "source": experiment.source.model_dump(exclude_none=True) if experiment.source else {},
            "note": experiment.note or "",
            "axes": axes,
            "versions": versions(axes, self.toolchains),
            "made-with": made_with(self.plan, self.toolchains),
            "planned": len(self.plan.trials),
            "rerun": " ".join(["elfworlds run", shlex.quote(shown(self.loaded.path)), *chosen]),
        }

    def observe(self, opened: Opened, screen: Screen) -> Ending:
        """Try every trial that is not done, and record it."""
        directory = opened.directory
        broken = broken_objects(self.plan, self.build)
        observer = Observer(
            self.plan.names(),
            self.build,
            self.toolchains,
            self.pool.run,
            directory.working_directory,
            broken,
            self.plan.question,
            self.plan.programs(),
            self.retries,
        )
        trials = tuple(trial for trial in self.plan.trials if trial.id not in opened.done)
        failures = 0
        executor = ThreadPoolExecutor(self.jobs)
        try:
            with screen.working("trials", len(trials)) as advance:
                for observation in run(trials, observer, executor, self.jobs):
                    directory.append(observation)
                    advance()
                    failures += observation.judgement.verdict in BAD
                    if failures == self.maxfail:
                        self.pool.interrupt()
                        return Ending.STOPPED
        except InterruptedRunError:
            self.pool.interrupt()
            return Ending.INTERRUPTED
        finally:
            executor.shutdown(cancel_futures=True)
        return Ending.WHOLE

    def trace(self, opened: Opened, screen: Screen) -> bool:
        """What the loader does in each scenario and point, for tables and pictures; those that are there stay.

        Returns:
            Whether each trial that was tried has its trace.
        """
        from elfworlds.trials.trace import Tracer, first_trials

        directory, names = opened.directory, self.plan.names()
        objects = {one.path: names[key] for key, one in self.build.artifacts.items()}
        tracer = Tracer(objects, self.build, self.toolchains, self.pool.run, directory.trial_directory)
        there = {one["trial"] for one in directory.traces()}
        tried = {one["trial"] for one in directory.trials() if one["verdict"] not in UNTRIED}
        trials = [trial for trial in first_trials(self.plan) if trial.id in tried - there]
        whole = True
        executor = ThreadPoolExecutor(self.jobs)
        try:
            with screen.working("traces", len(trials)) as advance:
                for found in executor.map(tracer.record, trials):
                    advance()
                    if found is None:
                        whole = False
                    else:
                        directory.append_trace(found)
        except InterruptedRunError:
            self.pool.interrupt()
            raise
        finally:
            executor.shutdown(cancel_futures=True)
        return whole


def results(one: Loaded, output: Path | None, toolchains: Iterable[Toolchain]) -> Path:
    """Where runs of an experiment go, resolved; it need not be there.

    Raises:
        InputError: it cannot be written to, or a trial in a root would not see it.
    """
    place = paths.real(output or one.project.root / "results")
    for toolchain in toolchains:
        worlds.refuse_hidden(place, toolchain.name, paths.OTHER_PLACE)
    latest = place / one.spec.name / "latest"
    if paths.is_directory(latest) and not latest.is_symlink():
        raise InputError(f"{latest}: a directory", hint="`latest` is a link to the newest run: give that another name")
    return paths.writable(place, paths.OTHER_PLACE)


def finish(directory: RunDirectory, screen: Screen, ending: Ending, *, tables: bool) -> RunTold:
    """Write tables and reports, and show the pivot."""
    run_told = told(directory)
    write_reports(directory, run_told, tables=tables)
    directory.point_latest_here()
    show(directory, run_told, screen)
    if ending is not Ending.WHOLE:
        how = "interrupted" if ending is Ending.INTERRUPTED else "stopped"
        screen.tell([f"{how} after {len(run_told.trials)} of {run_told.planned} trials; the next run goes on"])
    screen.say("")
    screen.tell([f"report: {shown(directory.path / 'report.md')}"])
    return run_told


def write_reports(directory: RunDirectory, run_told: RunTold, *, tables: bool) -> None:
    if tables:
        from elfworlds.tables import as_csv, as_parquet, frames

        for name, frame in frames(run_told, symbols_of(run_told.objects)).items():
            directory.write(f"tables/{name}.csv", as_csv(frame))
            directory.write(f"tables/{name}.parquet", as_parquet(frame))
    for one in loading.seen(run_told):
        directory.write(one.file, one.picture)
    names = heat.outcomes(run_told)
    for drawn in heat.heats(run_told):
        directory.write(drawn.file, heat_map(drawn, names))
    directory.write("report.md", markdown(run_told))


def symbols_of(objects: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The dynamic symbols of every object that is still where it was."""
    from elfworlds import elf

    paths = {one["key"]: Path(one["path"]) for one in objects}
    found = {key: elf.symbols(path) for key, path in paths.items() if path.exists()}
    return [
        {"object": one["object"], "key": one["key"], **asdict(symbol)}
        for one in {(one["object"], one["key"]): one for one in objects}.values()
        for symbol in found.get(one["key"], ())
    ]


def show(directory: RunDirectory, run_told: RunTold, screen: Screen) -> None:
    axes, trials = run_told.axes, run_told.trials
    screen.say(summary.counts(trials), "")
    screen.show_pivot(summary.pivot(axes, trials))
    flipped = flips.flip_lines(run_told)
    screen.say(*(["", *flipped] if flipped else []))
    claims = text.claim_lines(axes, trials)
    screen.say(*(["", *claims] if claims else []))
    inherited = run_told.environment.get("inherited", ())
    screen.tell(["", *(f"trials inherit from this session: {one}" for one in inherited)] if inherited else [])
    beside = [*text.defect_lines(trials), *text.unsupported_lines(trials)]
    screen.tell(["", *beside] if beside else [])
    unexpected = loading.disagreement(run_told.traces)
    screen.tell(["", unexpected] if unexpected else [])
    bad = [one["trial"] for one in trials if one["verdict"] in summary.BAD]
    stderr = {trial: _stderr(directory, trial) for trial in bad[: text.MAX_FAILURES]}
    failures = list(text.failure_lines(trials, axes, shown(directory.path), stderr))
    screen.tell(["", *failures] if failures else [])


def _stderr(directory: RunDirectory, trial: str) -> str:
    path = directory.path / "trials" / trial / "stderr"
    return path.read_bytes()[-4096:].decode("utf-8", "replace") if path.exists() else ""


def shown(path: Path) -> str:
    """A path as a person would type it from here."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative
