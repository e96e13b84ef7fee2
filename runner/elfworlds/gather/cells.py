"""Runs → rows: the outcome and the claims at each place, and the versions of all toolchains."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from elfworlds.gather.shards import together
from elfworlds.report.summary import cell, claims

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from elfworlds.outcome import Verdict
    from elfworlds.records import EnvironmentRecord, RunRecord, TrialRecord

LIBC, GDB = "libc", "gdb"
HOST = "host"
MACHINE = "machine"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where something was observed.

    Attributes:
        point: the labels of the axes other than `libc` and `gdb`, as `axis=label axis=label`.
        libc, gdb: toolchains; if the experiment has no axis `gdb`, it is the same as `libc`.
    """

    experiment: str
    scenario: str
    observer: str
    point: str
    libc: str
    gdb: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell(Place):
    """What happened at one place, all repetitions together.

    Attributes:
        outcome: the outcome's name and the values shown with it; several outcomes have their counts.
        race: whether the repetitions gave several outcomes.
    """

    outcome: str
    expected: str
    verdict: Verdict
    race: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimCell(Place):
    """The result of one claim at one place; `reproduced` is `yes`, `no` or `undecided`."""

    claim: str
    says: str
    claimed: str
    outcome: str
    reproduced: str


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Version:
    """The version of one part of a toolchain, or of the machine."""

    toolchain: str
    part: str
    version: str


@dataclass(frozen=True, slots=True)
class Gathered:
    """The rows of all runs, sorted by experiment name, then in the order of each plan."""

    cells: tuple[Cell, ...]
    claims: tuple[ClaimCell, ...]
    versions: tuple[Version, ...]


def gathered(runs: Iterable[RunRecord]) -> Gathered:
    """Gather the rows of all runs, those of shards as one run's.

    Raises:
        InputError: as `together`.
    """
    ordered = sorted(runs, key=lambda run: run.name)
    wholes = together(ordered)
    return Gathered(
        tuple(cell for run in wholes for cell in _cells(run)),
        tuple(claim for run in wholes for claim in _claims(run)),
        tuple(sorted({version for run in ordered for version in _versions(run.environment)})),
    )


def _cells(run: RunRecord) -> Iterator[Cell]:
    for place, members in _places(run):
        shown = cell(members)
        expected = members[0].expected or ""
        yield Cell(**place, outcome=shown.text, expected=expected, verdict=shown.verdict, race=raced(members))


def raced(repetitions: Iterable[TrialRecord]) -> bool:
    """Whether repetitions of one trial gave several outcomes."""
    return len({trial.outcome for trial in repetitions if trial.verdict.tried}) > 1


def _claims(run: RunRecord) -> Iterator[ClaimCell]:
    for place, members in _places(run):
        for line in claims({}, members):
            yield ClaimCell(
                **place,
                claim=line.id,
                says=line.says,
                claimed=line.claimed,
                outcome=line.observed,
                reproduced=line.verdict.answer,
            )


def _places(run: RunRecord) -> Iterator[tuple[dict[str, str], list[TrialRecord]]]:
    """Each place, as the fields of `Place`, and its repetitions."""

    def key(trial: TrialRecord) -> tuple[str, tuple[tuple[str, str], ...], str]:
        return trial.scenario, tuple(trial.point.items()), trial.observer

    for (scenario, labels, observer), members in groupby(run.trials, key=key):
        point = dict(labels)
        libc = point.pop(LIBC, HOST)
        gdb = point.pop(GDB, libc)
        others = " ".join(f"{axis}={label}" for axis, label in point.items())
        place = {"experiment": run.name, "scenario": scenario, "observer": observer, "point": others}
        yield {**place, "libc": libc, "gdb": gdb}, list(members)


def _versions(environment: EnvironmentRecord) -> Iterator[Version]:
    machine = {
        "system": environment.system,
        "kernel": environment.kernel,
        "machine": environment.machine,
        "cpu": environment.cpu,
        "python": environment.python,
        "elfworlds": environment.elfworlds,
        "backend": environment.backend,
    }
    yield from (Version(toolchain=MACHINE, part=part, version=version) for part, version in machine.items())
    for toolchain in environment.toolchains:
        for part, version in {**toolchain.packages, **toolchain.versions}.items():
            yield Version(toolchain=toolchain.name, part=part, version=version)
