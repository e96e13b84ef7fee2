"""What a run shows, worked out once for all forms of reports: verdicts, the pivot, the claims."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

from elfworlds.outcome import ClaimVerdict, Verdict, worst
from elfworlds.report import machines
from elfworlds.report.places import where

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from elfworlds.jsondata import Json
    from elfworlds.records import TrialRecord
    from elfworlds.report.places import Point

    Key = tuple[str, str, str, str]  # a claim's id, its scenario, what it says, what it claims
    Seen = tuple[TrialRecord, ClaimVerdict]


MOST_COLUMNS = 100  # of a pivot, side by side


@dataclass(frozen=True, slots=True)
class Cell:
    """The outcomes at one place of a pivot, and the worst verdict among them.

    Attributes:
        mixed: whether they were seen on machines of different kinds.
    """

    outcomes: tuple[tuple[str, int], ...]
    verdict: Verdict
    mixed: bool = False

    @property
    def text(self) -> str:
        if len(self.outcomes) == 1:
            return self.outcomes[0][0]
        return ", ".join(f"{name} ×{count}" for name, count in self.outcomes)

    @property
    def marked(self) -> str:
        """The text, with a mark where machines are mixed."""
        return f"{self.text} {machines.MARK}" if self.mixed else self.text


@dataclass(frozen=True, slots=True)
class Pivot:
    """Outcomes by axis. Columns are the labels of the last varied axis; rows are scenarios and all other labels.

    Attributes:
        row_axes: names of axes; `observer` is among them if there are several observers.
        column_axis: the last axis that varies; None if none does.
        columns: the labels of the column axis.
        rows: heads and cells, by scenario, then in the plan's order; a cell without a trial is None.
        fixed: the axes with one label only, and that label.
    """

    row_axes: tuple[str, ...]
    column_axis: str | None
    columns: tuple[str, ...]
    rows: tuple[tuple[tuple[str, ...], tuple[Cell | None, ...]], ...]
    fixed: tuple[tuple[str, str], ...]

    @property
    def mixed(self) -> bool:
        """Whether a cell was seen on machines of different kinds."""
        return any(cell is not None and cell.mixed for _, cells in self.rows for cell in cells)


@dataclass(frozen=True, slots=True)
class ClaimLine:
    """One claim, with one observation and one verdict, and `where` they were seen."""

    id: str
    scenario: str
    says: str
    claimed: str
    where: str
    observed: str
    verdict: ClaimVerdict


def counts(trials: Iterable[TrialRecord]) -> str:
    """The number of trials by verdict: `5 trials: 4 PASS, 1 FAIL`."""
    counter = Counter(trial.verdict for trial in trials)
    total = sum(counter.values())
    parts = ", ".join(f"{counter[verdict]} {verdict}" for verdict in Verdict if counter[verdict])
    return f"{total} trial{'' if total == 1 else 's'}{': ' if parts else ''}{parts}"


def unsupported(trials: Iterable[TrialRecord]) -> list[tuple[str, int]]:
    """The reasons why trials are not supported, each with its number of trials."""
    reasons = Counter("; ".join(trial.notes) for trial in trials if trial.verdict is Verdict.UNSUPPORTED)
    return sorted(reasons.items())


def defects(trials: Iterable[TrialRecord]) -> list[tuple[str, int]]:
    """The known defects that were seen, each with its number of trials."""
    return sorted(Counter(str(trial.why) for trial in trials if trial.verdict is Verdict.XFAIL).items())


def why_untried(trials: Sequence[TrialRecord]) -> str:
    """If no trial could be tried: why the first could not. Otherwise empty."""
    if not trials or any(trial.verdict.tried for trial in trials):
        return ""
    return "; ".join(trials[0].notes)


def failed(trials: Iterable[TrialRecord]) -> bool:
    """Whether any expectation was not met."""
    return any(trial.verdict.fails(trial.expected) for trial in trials)


def pivot(axes: Mapping[str, Sequence[str]], trials: Sequence[TrialRecord]) -> Pivot:
    there = {axis: {trial.point[axis] for trial in trials} for axis in axes}
    present = {axis: [label for label in labels if label in there[axis]] for axis, labels in axes.items()}
    varied = [axis for axis, labels in present.items() if len(labels) > 1]
    column = varied[-1] if varied else None
    watched = len({trial.observer for trial in trials}) > 1
    row_axes = (*varied[:-1], *(["observer"] if watched else []))
    columns = tuple(present[column]) if column else ("",)
    cells: dict[tuple[tuple[str, ...], str], list[TrialRecord]] = {}
    for trial in trials:
        places = {**trial.point, "observer": trial.observer}
        head = (trial.scenario, *(places[axis] for axis in row_axes))
        cells.setdefault((head, trial.point[column] if column else ""), []).append(trial)
    scenarios = {name: place for place, name in enumerate(dict.fromkeys(trial.scenario for trial in trials))}
    heads = sorted(dict.fromkeys(head for head, _ in cells), key=lambda head: scenarios[head[0]])
    rows = tuple((head, tuple(_at(cells, head, label) for label in columns)) for head in heads)
    fixed = tuple((axis, labels[0]) for axis, labels in present.items() if len(labels) == 1)
    return Pivot(row_axes, column, columns, rows, fixed)


def stacked(pivot: Pivot) -> Pivot:
    """The same with the column axis down the rows, for places that are too narrow for its labels side by side."""
    if pivot.column_axis is None:
        return pivot
    rows = tuple(
        ((*head, label), (cell,))
        for head, cells in pivot.rows
        for label, cell in zip(pivot.columns, cells, strict=True)
        if cell is not None
    )
    return replace(pivot, row_axes=(*pivot.row_axes, pivot.column_axis), column_axis=None, columns=("",), rows=rows)


def beginning(pivot: Pivot, most: int) -> tuple[Pivot, int]:
    """The first rows of a pivot, with `most` cells or one row; and how many rows are left out."""
    narrow = stacked(pivot) if len(pivot.columns) > MOST_COLUMNS else pivot
    rows = max(1, most // len(narrow.columns))
    return replace(narrow, rows=narrow.rows[:rows]), max(0, len(narrow.rows) - rows)


def _at(
    cells: Mapping[tuple[tuple[str, ...], str], list[TrialRecord]], head: tuple[str, ...], label: str
) -> Cell | None:
    return cell(cells[head, label]) if (head, label) in cells else None


def with_values(trial: TrialRecord) -> str:
    """The outcome, and the values that the experiment shows with it, each behind its name; a dash for a missing one."""
    values = [f"{name} {_value(value)}" for name, value in trial.shown.items()]
    return f"{trial.outcome} ({', '.join(values)})" if values else trial.outcome


def _value(value: Json) -> str:
    return "–" if value is None else str(value)


def cell(trials: Sequence[TrialRecord]) -> Cell:
    """The cell of all trials at one place, of which there is at least one."""
    counts = Counter(map(with_values, trials))
    verdict = worst(trial.verdict for trial in trials)
    return Cell(tuple(sorted(counts.items(), key=lambda seen: (-seen[1], seen[0]))), verdict, machines.mixed(trials))


def answers(
    axes: Mapping[str, Sequence[str]], trials: Sequence[TrialRecord]
) -> list[tuple[str, list[tuple[str, str]]]]:
    """Of each scenario every outcome, and where it was seen: in words, or `everywhere`."""
    places: dict[str, dict[str, list[Point]]] = {}
    for trial in trials:
        places.setdefault(trial.scenario, {}).setdefault(trial.outcome, []).append(tuple(trial.point.items()))
    return [(scenario, _places_of(axes, outcomes)) for scenario, outcomes in places.items()]


def _places_of(axes: Mapping[str, Sequence[str]], outcomes: Mapping[str, Sequence[Point]]) -> list[tuple[str, str]]:
    tried = frozenset(chain.from_iterable(outcomes.values()))
    return [(outcome, where(axes, points, tried)) for outcome, points in outcomes.items()]


def claims(axes: Mapping[str, Sequence[str]], trials: Sequence[TrialRecord]) -> list[ClaimLine]:
    """A line for each claim and observation; points with the same observation share a line."""
    lines: dict[Key, list[Seen]] = {}
    for trial in trials:
        for claim in trial.claims:
            key = (claim.id or "", trial.scenario, claim.says, claim.claimed)
            lines.setdefault(key, []).append((trial, claim.verdict))
    return [line for key, seen in lines.items() for line in _claim_lines(key, axes, seen)]


def _claim_lines(key: Key, axes: Mapping[str, Sequence[str]], seen: Sequence[Seen]) -> Iterable[ClaimLine]:
    by_point: dict[Point, list[Seen]] = {}
    for trial, verdict in seen:
        by_point.setdefault(tuple(trial.point.items()), []).append((trial, verdict))
    by_words: dict[tuple[str, ClaimVerdict], list[Point]] = {}
    for point, repetitions in by_point.items():
        observed = cell([trial for trial, _ in repetitions]).marked
        together = _claim_verdict({verdict for _, verdict in repetitions})
        by_words.setdefault((observed, together), []).append(point)
    identity, scenario, says, claimed = key
    for (observed, together), points in by_words.items():
        yield ClaimLine(identity, scenario, says, claimed, where(axes, points, by_point.keys()), observed, together)


def _claim_verdict(verdicts: Collection[ClaimVerdict]) -> ClaimVerdict:
    """The verdict of one point's repetitions: undecided if the decided ones disagree, or if there are none."""
    decided = set(verdicts) - {ClaimVerdict.UNDECIDED}
    return decided.pop() if len(decided) == 1 else ClaimVerdict.UNDECIDED


def point_text(point: Mapping[str, str], axes: Mapping[str, Sequence[str]]) -> str:
    """A point on one line, without the axes that have one label."""
    varied = [f"{axis}={label}" for axis, label in point.items() if len(axes.get(axis, ())) > 1]
    return " ".join(varied)
