"""The public API: load an experiment, plan it, run it, and have its tables as data frames.

    import elfworlds

    experiment = elfworlds.load("experiments/same-lib.yaml")
    run = elfworlds.run(experiment, labels={"libc": ["host", "debian/bookworm"]})
    run.trials.groupby(["way", "outcome"]).size()

Nothing is printed. Every error that a caller can act on is an `elfworlds.ElfworldsError`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Self, overload

from elfworlds import paths
from elfworlds.errors import BuildFailedError, Exit, InputError, InterruptedRunError
from elfworlds.process import Pool
from elfworlds.records import RunDirectory, RunRecord
from elfworlds.records import read_run as read
from elfworlds.report.summary import failed
from elfworlds.workflow.experiments import load_one
from elfworlds.workflow.plans import Choice
from elfworlds.workflow.reports import symbols_of
from elfworlds.workflow.results import find
from elfworlds.workflow.run import RunOptions, rehearse
from elfworlds.workflow.run import run as run_all
from elfworlds.workflow.screen import Silent
from elfworlds.workflow.session import Session, processors
from elfworlds.workflow.toolchains import chosen

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from elfworlds.planning import Plan
    from elfworlds.tables import DataFrame
    from elfworlds.workflow.experiments import LoadedExperiment
    from elfworlds.workflow.screen import Screen

    Labels = Mapping[str, Sequence[str]]

BOTH = "both"


class Table:
    """A table of a run as an attribute, named as docs/tables.md names it; made when it is first asked for."""

    def __set_name__(self, _: type[Run], name: str) -> None:
        self.name = name

    @overload
    def __get__(self, run: None, _: type[Run]) -> Self: ...

    @overload
    def __get__(self, run: Run, _: type[Run]) -> DataFrame: ...

    def __get__(self, run: Run | None, _: type[Run]) -> Self | DataFrame:
        return self if run is None else run.table(self.name)


@dataclass(frozen=True)
class Run:
    """A run that was made, complete or not.

    Attributes:
        directory: results/<experiment>/<UTC time>-<plan digest>, as docs/run-directory.md has it.
        trials, objects, needed, symbols, events, claims, link_maps, searches, bindings, flips: data frames with the
            columns of docs/tables.md. Times are seconds, sizes bytes, unless a column's name says otherwise.
    """

    directory: Path

    trials = Table()
    objects = Table()
    needed = Table()
    symbols = Table()
    events = Table()
    claims = Table()
    link_maps = Table()
    searches = Table()
    bindings = Table()
    flips = Table()

    @cached_property
    def _record(self) -> RunRecord:
        return read(RunDirectory(self.directory))

    @cached_property
    def _tables(self) -> dict[str, DataFrame]:
        return {}

    def table(self, name: str) -> DataFrame:
        """A table by name; later calls give the same frame.

        Raises:
            KeyError: there is no table of that name.
            InputError: a record of the run is damaged.
        """
        from elfworlds.tables import frame

        if name not in self._tables:
            symbols = symbols_of(self._record.objects) if name == "symbols" else []
            self._tables[name] = frame(name, self._record, symbols)
        return self._tables[name]

    @property
    def failed(self) -> bool:
        """Whether an expectation was not met, as exit code 1 says it."""
        return failed(self._record.trials)

    @property
    def complete(self) -> bool:
        """Whether every trial was tried or cannot be tried here; else the next run goes on with this one."""
        return RunDirectory(self.directory).complete()


def load(path: str | os.PathLike[str]) -> LoadedExperiment:
    """An experiment file, checked.

    Raises:
        InputError: everything that is wrong with the file, each with file:line:column.
    """
    return load_one(paths.word(os.fspath(path)), paths.here())


def plan(experiment: LoadedExperiment, *, labels: Labels | None = None, repeat: int | None = None) -> Plan:
    """The objects and trials of an experiment; nothing is fetched, built or written.

    Args:
        experiment: what `load` gave.
        labels: axis → the labels of it that are wanted; `libc` and `gdb` may be any toolchain that is known here.
        repeat: how often each point is tried, instead of what the file says.

    Raises:
        InputError: no such axis, label or toolchain.
        NothingSelectedError: the filter matches no trial.
    """
    options = RunOptions(choice=Choice(labels=labels or {}, repeat=repeat))
    with Pool() as pool:
        session = Session(pool, os.environ, Silent(), jobs=1)
        (planned,) = rehearse(chosen([experiment], options.choice.labels), options, session)
    return planned


def run(
    experiment: LoadedExperiment,
    options: RunOptions | None = None,
    *,
    labels: Labels | None = None,
    jobs: int | None = None,
    screen: Screen | None = None,
) -> Run:
    """Build an experiment's objects, try its trials, trace what the loader did, and write a run directory.

    A run of the same plan that was interrupted goes on. What was not as expected is no error: see `Run.failed`.

    Args:
        experiment: what `load` gave.
        options: which trials, who builds, where runs go, how often a failed trial is tried again.
        labels: as for `plan`; instead of `options.choice.labels`.
        jobs: how many trials run at once; default: the processors of this process.
        screen: is told how it goes; default: nothing is shown.

    Raises:
        InputError: no such axis, label, toolchain or backend, two backends, or results that cannot be written to.
        NothingSelectedError: the filter matches no trial.
        BuildFailedError: an object or a toolchain is missing; with `options.keep_going` only a toolchain.
        InterruptedRunError: Ctrl-C; what was tried is kept, and the next run goes on from there.
    """
    wanted = options or RunOptions()
    if labels is not None:
        wanted = replace(wanted, choice=replace(wanted.choice, labels=labels))
    if wanted.backend == BOTH:
        raise InputError("backend: a Run is one backend's", hint="run once with `local` and once with `nix`")
    with Pool() as pool:
        session = Session(pool, os.environ, screen or Silent(), jobs or processors())
        (executed,) = run_all(chosen([experiment], wanted.choice.labels), wanted, session)
    if executed.directory is None:
        raise BuildFailedError(executed.why)
    if executed.code is Exit.INTERRUPTED:
        raise InterruptedRunError(f"interrupted: {executed.directory.path}", hint="the next run goes on from here")
    return Run(executed.directory.path)


def read_run(run: str | os.PathLike[str]) -> Run:
    """A run that was made: its directory, or an experiment's name for its latest run.

    Raises:
        InputError: there is no such run.
    """
    return Run(find(os.fspath(run)).path)
