"""A file, loaded in every way on several toolchains; what happened, beside what was foretold."""

from __future__ import annotations

import os
import posixpath
import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from elfworlds import elf
from elfworlds.advice import DLOPEN, WAYS, Adviser
from elfworlds.advice.hosted import NO_START, is_program, no_place_for_a_trial
from elfworlds.advice.trying import COUNT, ERROR, FITS, REFUSED, STDERR, Host, Placed, Subject, experiment, foretold
from elfworlds.errors import InputError
from elfworlds.inspection import World, inspect
from elfworlds.records import read_run
from elfworlds.workflow.experiments import load_one
from elfworlds.workflow.plans import Choice
from elfworlds.workflow.run import RunOptions, run
from elfworlds.workflow.toolchains import chosen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from elfworlds.records import RunDirectory, TrialRecord
    from elfworlds.workflow.session import Session

SANDBOXED = RunOptions(sandbox=True)
HOST, TREE = "host", "tree"
Foretold = dict[tuple[str, str, str], str]  # (scenario, way, libc) → outcome


@dataclass(frozen=True, slots=True)
class Cell:
    """One trial: what was foretold of it, empty where nothing was, and what happened; the loader's words, or none."""

    scenario: str
    way: str
    libc: str
    foretold: str
    seen: str
    error: str

    @property
    def differs(self) -> bool:
        return bool(self.foretold) and self.foretold != self.seen


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of a file.

    Attributes:
        text: of the experiment.
        directory: of its run.
        weaker: in words, what stood in for the sandbox; empty where nothing did.
    """

    subject: Subject
    text: str
    directory: RunDirectory
    cells: tuple[Cell, ...]
    weaker: str = ""

    @property
    def differences(self) -> tuple[Cell, ...]:
        return tuple(cell for cell in self.cells if cell.differs)


def subject_of(path: Path, host: Path | None, call: str | None) -> Subject:
    """A file, its host, and the neighbours of both.

    Raises:
        InputError: one is no ELF file that a loader loads, or the host is a program in which no trial can run.
    """
    plugin = _placed(path)
    return Subject(
        path=plugin.path,
        prebuilt=plugin.prebuilt,
        near=plugin.near,
        host=None if host is None else _host(host),
        call=call,
    )


def _host(path: Path) -> Host:
    facts = inspect(path).facts
    program = is_program(facts)
    if program and (why := no_place_for_a_trial(facts, elf.symbols(path))):
        raise InputError(
            f"{path}: {why}", hint="name the program that loads the plugin, or the library that it expects"
        )
    placed = _placed(path)
    return Host(path=placed.path, prebuilt=placed.prebuilt, near=placed.near, program=program)


def _placed(path: Path) -> Placed:
    """A file and its neighbours: what rpath and runpath of its closure lead to."""
    real = Path(os.path.abspath(path))  # noqa: PTH100  # links stay
    near = [need.path for need in inspect(real).needs if need.path is not None and need.rule in ("rpath", "runpath")]
    if near:
        tree = posixpath.commonpath([posixpath.dirname(posixpath.normpath(each)) for each in (str(real), *near)])
        if tree not in ("/", "/usr", "/usr/lib", "/lib"):
            beside = tuple(dict.fromkeys(posixpath.relpath(each, tree) for each in near))
            return Placed(path=str(real), prebuilt=(tree, posixpath.relpath(str(real), tree)), near=beside)
    return Placed(path=str(real), prebuilt=str(real))


def forecasts(subject: Subject, libcs: Sequence[str]) -> Foretold:
    """What advice foretells of each trial."""
    told: Foretold = {}
    program = subject.host is not None and subject.host.program
    for libc in libcs:
        for way in WAYS:
            meets = subject.host is not None and (program or way == DLOPEN)  # a library is in no other namespace
            world = World(
                toolchain=None if libc == HOST else libc, host=subject.host.path if subject.host and meets else None
            )
            outcomes = foretold(Adviser.of(world, way).advise(subject.path), program=program)
            told |= {(scenario, way, libc): outcome for scenario, outcome in outcomes.items()}
    return told


def try_file(
    subject: Subject, libcs: Sequence[str], output: Path, session: Session, how: RunOptions = SANDBOXED
) -> Tried:
    """Write the experiment, run it, and read what happened.

    Args:
        subject: the file, and what goes with it.
        libcs: toolchains, by name.
        output: where runs go.
        session: with whose means.
        how: of it, whether in a sandbox.

    Raises:
        InputError: no such toolchain, or the results cannot be written to.
        BuildFailedError: a toolchain cannot be had, or the program could not be built.
    """
    told = forecasts(subject, libcs)
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / f"{subject.name}.yaml"
        path.write_text(experiment(_staged(subject, Path(directory)), told))
        labels = {"libc": tuple(libcs)}
        options = replace(how, choice=Choice(labels=labels), output=output, keep_going=True)
        (executed,) = run(chosen([load_one(path, Path(directory))], labels), options, session)
    if executed.directory is None:
        raise InputError(f"{subject.path}: {executed.why}")
    ran = read_run(executed.directory)
    cells = tuple(_cells(ran.trials, told))
    return Tried(subject, experiment(subject, told), executed.directory, cells, ran.environment.weaker)


def _staged(subject: Subject, directory: Path) -> Subject:
    """The same with nothing beside the files but what their run paths lead to, since a whole system may lie there."""
    host = subject.host and replace(subject.host, prebuilt=_tree(subject.host, directory, "host-tree"))
    return replace(subject, prebuilt=_tree(subject, directory, TREE), host=host)


def _tree(placed: Placed, directory: Path, name: str) -> str | tuple[str, str]:
    if isinstance(placed.prebuilt, str):
        return placed.prebuilt
    tree, file = placed.prebuilt
    for each in (file, *placed.near):
        place = directory / name / each
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(Path(tree) / each, place)
    return name, file


def _cells(trials: Sequence[TrialRecord], told: Mapping[tuple[str, str, str], str]) -> Iterator[Cell]:
    for trial in trials:
        way, libc = trial.point["way"], trial.point["libc"]
        count = trial.shown.get(COUNT)
        seen = f"{trial.outcome}, {COUNT}: {count}" if trial.outcome == FITS else trial.outcome
        error = trial.shown.get({REFUSED: ERROR, NO_START: STDERR}.get(trial.outcome, ""))
        yield Cell(trial.scenario, way, libc, told.get((trial.scenario, way, libc), ""), seen, str(error or ""))


def errors(tried: Tried) -> list[str]:
    """What the loader said where it refused the file, once for each toolchain and text."""
    return list(dict.fromkeys(f"{cell.libc}, {cell.way}: {cell.error}" for cell in tried.cells if cell.error))


def matrix(tried: Tried) -> list[list[str]]:
    """A row for each scenario and way, a column for each libc; both answers where they differ."""
    libcs = list(dict.fromkeys(cell.libc for cell in tried.cells))
    rows: dict[tuple[str, str], dict[str, str]] = {}
    for cell in tried.cells:
        text = cell.seen.replace(f", {COUNT}: ", " ")
        if cell.differs:
            text += f" (foretold: {cell.foretold.replace(f', {COUNT}: ', ' ')})"
        rows.setdefault((cell.scenario, cell.way), {})[cell.libc] = text
    return [["", "way", *libcs], *([*key, *(row.get(libc, "") for libc in libcs)] for key, row in rows.items())]
