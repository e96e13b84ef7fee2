"""One experiment's run from the first trial to the last trace, recorded in a run directory."""

from __future__ import annotations

import shlex
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

from elfworlds import paths
from elfworlds.environment import environment, made_with, this_machine, versions
from elfworlds.errors import InterruptedRunError
from elfworlds.observers.table import PLAIN
from elfworlds.planning.editing import without_builder, without_editor
from elfworlds.records import RunAbout, environment_digest, open_run, trace_record
from elfworlds.records.rows import tree_records
from elfworlds.spec.builders import by_axis, elsewhere
from elfworlds.trials.broken import broken_objects
from elfworlds.trials.machine import wanted
from elfworlds.trials.observe import TrialRunner, run
from elfworlds.trials.trace import Tracer, first_trials
from elfworlds.workflow.executors import tried_elsewhere
from elfworlds.workflow.foretelling import Foreteller
from elfworlds.workflow.results import shown
from elfworlds.workflow.screen import RunBegun, TrialEnded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from elfworlds.backends import Build
    from elfworlds.planning import Plan, Trial
    from elfworlds.records import Opened, RunDirectory
    from elfworlds.toolchains import Toolchain
    from elfworlds.trials.observe import Observation
    from elfworlds.workflow.experiments import LoadedExperiment
    from elfworlds.workflow.session import Session

SCHEMA = 1


class Ending(Enum):
    """How far a run came."""

    WHOLE = "whole"
    STOPPED = "stopped"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class Place:
    """Which experiment of how many, from 1; how many trials there are before it, and in all."""

    number: int
    of: int
    before: int
    trials: int

    def words(self, what: str) -> str:
        return f"experiment {self.number} of {self.of}: {what}" if self.of > 1 else what


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """What one run of a plan needs to know.

    Attributes:
        toolchains: by name, with worlds in which trials see the objects of the build.
        backend: the name of the one that made the build.
        results: where runs go.
        retries: how often a trial that failed is tried again.
        maxfail: the number of failures that stops the run; None for no such number.
        keep: lets the objects live as long as the run's directory.
        place: which experiment of a batch it is.
        executor: who tries the trials, `dask://HOST:PORT`; empty for threads of this process.
    """

    experiment: LoadedExperiment
    plan: Plan
    build: Build
    toolchains: Mapping[str, Toolchain]
    session: Session
    backend: str
    results: Path
    place: Place
    retries: int = 0
    maxfail: int | None = None
    keep: Callable[[Path], None] = lambda _: None
    executor: str = ""

    def open(self, utc: str) -> Opened:
        """A new run directory, or an interrupted one to go on with; `utc` is the time as `20261120T214503Z`."""
        where = environment(self.toolchains.values(), self.backend, utc, self.session.pool.inherited())

        about = self.about(environment_digest(where))

        def begin(directory: RunDirectory) -> None:
            directory.begin(self.plan, self.build, about, where, self.experiment.spec.document.text)

        place = paths.directory(self.results, paths.OTHER_PLACE)
        opened = open_run(place, about, utc, begin, self.session.tell)
        self.keep(opened.directory.path)
        opened.directory.write_objects(self.plan, self.build)
        return opened

    def about(self, environment: str) -> RunAbout:
        """What run.json says, for reports that have nothing but the directory; `environment` is its digest."""
        experiment = self.experiment.spec.experiment
        axes = dict(self.plan.axes)
        builders = by_axis(experiment.objects, experiment.matrix.axes)
        chosen = [f"-S {shlex.quote(words)}" for words in self.experiment.chosen]
        shard = self.plan.shard
        part = [f"--shard {shard.words}"] if shard else []
        return RunAbout(
            schema=SCHEMA,
            plan=self.plan.digest,
            environment=environment,
            experiment=self.plan.experiment,
            question=self.plan.question,
            source=experiment.source.model_dump(exclude_none=True) if experiment.source else {},
            note=experiment.note or "",
            axes=axes,
            versions=versions(axes, self.toolchains, builders),
            made_with=made_with(self.plan, self.toolchains, builders, elsewhere(experiment.objects)),
            planned=len(self.plan.trials),
            rerun=" ".join(["elfworlds run", shlex.quote(shown(self.experiment.path)), *chosen, *part]),
            trees=tree_records(self.plan),
            shard=shard.words if shard else "",
            whole=shard.plan if shard else "",
        )

    def observe(self, opened: Opened) -> Ending:
        """Try every trial that is not done, and record it."""
        trials = tuple(trial for trial in self.plan.trials if trial.id not in opened.done)
        failures, screen, place = 0, self.session.screen, self.place
        done = len(self.plan.trials) - len(trials)
        screen.happened(self._begun(opened, done))
        try:
            bar = screen.working(place.words("trials"), place.trials, place.before + done)
            with self._trying(opened.directory) as observations, bar as advance:
                for observation in observations(trials):
                    screen.happened(TrialEnded(opened.directory.append(observation)))
                    advance()
                    failures += observation.judgement.verdict.bad
                    if failures == self.maxfail:
                        self.session.pool.interrupt()
                        return Ending.STOPPED
        except (InterruptedRunError, KeyboardInterrupt):
            return Ending.INTERRUPTED
        return Ending.WHOLE

    @contextmanager
    def _trying(self, directory: RunDirectory) -> Iterator[Callable[[Sequence[Trial]], Iterator[Observation]]]:
        """What observes trials: threads of this process, or the executor that was asked for."""
        runner = self._runner(directory)
        if self.executor:
            with tried_elsewhere(self.executor, self.experiment, self.plan, runner, self.session) as observations:
                yield observations
        else:
            with self._threads() as executor:
                yield lambda trials: run(tuple(trials), runner, executor, self.session.jobs)

    def _begun(self, opened: Opened, done: int) -> RunBegun:
        return RunBegun(
            experiment=self.plan.experiment,
            question=self.plan.question,
            directory=str(opened.directory.path),
            planned=len(self.plan.trials),
            done=done,
            place=self.place.number,
            of=self.place.of,
        )

    def _runner(self, directory: RunDirectory) -> TrialRunner:
        return TrialRunner(
            self.plan.names(),
            self.build,
            self.toolchains,
            self.session.pool.run,
            directory.working_directory,
            broken_objects(self.plan, self.build),
            self.plan.question,
            self.plan.programs(),
            self.retries,
            {**without_editor(self.plan, self.toolchains), **without_builder(self.plan, self.toolchains)},
            {key: request.toolchain for key, request in self.plan.requests.items()},
            None if self.executor else this_machine(),
        )

    def trace(self, opened: Opened) -> bool:
        """What the loader does in each scenario and point, for tables and pictures; those that are there stay.

        Returns:
            Whether each trial that was tried has its trace.
        """
        directory, names = opened.directory, self.plan.names()
        objects = {path: names[key] for key, artifact in self.build.artifacts.items() for path in artifact.paths}
        tracer = Tracer(objects, self.build, self.toolchains, self.session.pool.run, directory.trial_directory)
        foreteller = Foreteller(self.build, self.toolchains, objects)
        there = {trace.trial for trace in directory.traces()}
        tried, here = {trial.trial for trial in directory.trials() if trial.verdict.tried}, this_machine()
        first = [trial for trial in first_trials(self.plan) if trial.id in tried - there]
        trials = [self._to_trace(trial) for trial in first if not wanted(trial) or here.answers(wanted(trial))]
        whole = True
        with (
            self._threads() as executor,
            self.session.screen.working(self.place.words("traces"), len(trials)) as advance,
        ):
            for traced in executor.map(tracer.trace, trials):
                advance()
                if traced is None:
                    whole = False
                else:
                    record = replace(trace_record(traced), foretold=foreteller.of(traced.trial))
                    directory.append_trace(record)
        return whole

    def _to_trace(self, trial: Trial) -> Trial:
        """What LD_DEBUG wrote in a trial lies where it ran: of one that ran elsewhere it is asked again here."""
        return replace(trial, observer=PLAIN) if self.executor else trial

    @contextmanager
    def _threads(self) -> Iterator[ThreadPoolExecutor]:
        """Threads that wait for trials; an interrupt ends what they wait for."""
        executor = ThreadPoolExecutor(self.session.jobs)
        try:
            yield executor
        except (InterruptedRunError, KeyboardInterrupt):
            self.session.pool.interrupt()
            raise
        finally:
            executor.shutdown(cancel_futures=True)
