"""Runs → a line for each claim: its result with each libc, and the overall result."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from elfworlds.gather.cells import HOST, LIBC
from elfworlds.outcome import ClaimVerdict, Verdict
from elfworlds.report.summary import claims

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from elfworlds.records import RunRecord, TrialRecord
    from elfworlds.report.summary import ClaimLine

    Key = tuple[str, str, str, str]

REPRODUCED, REFUTED, UNDECIDED = map(str, ClaimVerdict)
IN_PART, DIFFERS = "in part", "differs by libc"


@dataclass(frozen=True, slots=True)
class Answer:
    """The result of a claim with one libc.

    Attributes:
        verdict: one word, or `in part`.
        text: the verdict with what was observed and where.
    """

    verdict: str
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """One claim of one scenario; `by_libc` has an answer for each libc with which it was tried."""

    claim: str
    experiment: str
    scenario: str
    says: str
    claimed: str
    by_libc: Mapping[str, Answer]

    @property
    def distinct(self) -> Mapping[Answer, tuple[str, ...]]:
        """Each distinct answer with the libcs that gave it, in their order."""
        libcs: dict[Answer, tuple[str, ...]] = {}
        for libc, answer in self.by_libc.items():
            libcs[answer] = (*libcs.get(answer, ()), libc)
        return libcs

    @property
    def verdict(self) -> str:
        """The overall verdict. An undecided libc counts only if no libc decides."""
        verdicts = {answer.verdict for answer in self.by_libc.values()}
        decided = verdicts - {UNDECIDED} or verdicts
        if len(decided) == 1:
            return decided.pop()
        return IN_PART if IN_PART in decided else DIFFERS


def lines(runs: Iterable[RunRecord]) -> list[Line]:
    """A line for each claim, sorted by id; numbers in an id are compared as numbers."""
    listed = [line for run in runs for line in _lines(run)]
    return sorted(listed, key=lambda line: (not line.claim, _natural(line.claim), line.experiment))


def _lines(run: RunRecord) -> Iterable[Line]:
    by_claim: dict[Key, list[TrialRecord]] = {}
    for trial in run.trials:
        for claim in trial.claims:
            key = (claim.id or "", trial.scenario, claim.says, claim.claimed)
            by_claim.setdefault(key, []).append(replace(_told(trial), claims=(claim,)))
    for (identity, scenario, says, claimed), trials in by_claim.items():
        yield Line(identity, run.name, scenario, says, claimed, _by_libc(run.axes, trials))


def _told(trial: TrialRecord) -> TrialRecord:
    """The trial as a claim's answer tells it: without other values, and with the reason if it is not supported."""
    why = "; ".join(trial.notes) if trial.verdict is Verdict.UNSUPPORTED else ""
    return replace(trial, shown={}, outcome=why or trial.outcome)


def _by_libc(axes: Mapping[str, Sequence[str]], trials: Sequence[TrialRecord]) -> dict[str, Answer]:
    """The answer for each libc to the one claim of these trials; `everywhere` means every point of the claim."""
    about = {
        axis: [label for label in labels if any(trial.point[axis] == label for trial in trials)]
        for axis, labels in axes.items()
        if axis != LIBC
    }
    by_libc: dict[str, list[TrialRecord]] = {}
    for libc in axes.get(LIBC, (HOST,)):
        by_libc[libc] = [_elsewhere(trial) for trial in trials if trial.point.get(LIBC, HOST) == libc]
    return {libc: _answer(about, here) for libc, here in by_libc.items() if here}


def _elsewhere(trial: TrialRecord) -> TrialRecord:
    """The trial without its label on the axis `libc`."""
    return replace(trial, point={axis: label for axis, label in trial.point.items() if axis != LIBC})


def _answer(about: Mapping[str, Sequence[str]], trials: Sequence[TrialRecord]) -> Answer:
    members = claims(about, trials)
    verdicts = {str(member.verdict) for member in members}
    decided = verdicts - {UNDECIDED} or verdicts
    return Answer(decided.pop() if len(decided) == 1 else IN_PART, "; ".join(map(_in_words, members)))


def _in_words(claim_line: ClaimLine) -> str:
    what = claim_line.verdict if claim_line.verdict == REPRODUCED else f"{claim_line.verdict}: {claim_line.observed}"
    return what if claim_line.where == "everywhere" else f"{what} where {claim_line.where}"


def _natural(text: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", text)]
