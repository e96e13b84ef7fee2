"""Trials → heat maps as values: grids of outcomes over two axes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING
from urllib.parse import quote

from elfworlds.outcome import Sign, marked

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from elfworlds.outcome import Verdict
    from elfworlds.outcome_changes import Change, Flips, Mark, Order
    from elfworlds.records import RunRecord, TrialRecord

OBSERVER = "observer"
MOST_LABELS, MOST_PANELS = 40, 24  # larger heat maps cannot be read


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a row or a column; `mark` is its place if the axis has an order."""

    label: str
    mark: Mark | None

    @property
    def version(self) -> str | None:
        """The version, if it is known and is not the label itself."""
        return self.mark.head if self.mark and self.label not in (self.mark.text, self.mark.full) else None


@dataclass(frozen=True, slots=True)
class Side:
    """An axis of the grid, with its heads in order."""

    axis: str
    heads: tuple[Head, ...]


@dataclass(frozen=True, slots=True)
class Tile:
    """What happened at one place: each outcome with its count, and the verdict that marks the tile."""

    outcomes: tuple[tuple[str, int], ...]
    verdict: Verdict | None

    @property
    def sign(self) -> Sign:
        return self.verdict.meaning.sign if self.verdict else Sign.NONE

    @property
    def kinds(self) -> frozenset[str]:
        return frozenset(name for name, _ in self.outcomes)


@dataclass(frozen=True, slots=True)
class Panel:
    """One grid.

    Attributes:
        at: the labels on all other axes.
        tiles: (row, column) → tile; a place without trials is missing.
        below: the first places after a change of the outcome, down the rows.
        beside: the first places after a change, across the columns.
    """

    at: tuple[tuple[str, str], ...]
    tiles: Mapping[tuple[int, int], Tile]
    below: frozenset[tuple[int, int]]
    beside: frozenset[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Heat:
    """A scenario's grids, one for each choice of labels on the other axes."""

    scenario: str
    rows: Side
    columns: Side
    panels: tuple[Panel, ...]

    @property
    def file(self) -> str:
        """The picture's file, from the run directory."""
        return f"pictures/{self.scenario}-heat.svg"

    @property
    def link(self) -> str:
        """The picture's address in Markdown."""
        return quote(self.file)


def heats(run: RunRecord, flips: Flips) -> list[Heat]:
    """A heat map of each scenario with at least two varied axes, unless it would be too large to read."""
    by_scenario: dict[str, list[TrialRecord]] = {}
    for trial in sorted(run.trials, key=lambda trial: trial.number):
        by_scenario.setdefault(trial.scenario, []).append(trial)
    made = (
        _heat(name, run.axes, flips.orders.of(name), trials, [flip for flip in flips.changes if flip.scenario == name])
        for name, trials in by_scenario.items()
    )
    return [heat for heat in made if heat is not None]


def outcomes(run: RunRecord) -> list[str]:
    """All outcomes in the order of the plan, so that each has the same colour in all pictures."""
    ordered = sorted(run.trials, key=lambda trial: trial.number)
    return list(dict.fromkeys(trial.outcome for trial in ordered if trial.verdict.tried))


def _heat(
    scenario: str,
    axes: Mapping[str, Sequence[str]],
    ordered: Mapping[str, Order],
    trials: Sequence[TrialRecord],
    flips: Sequence[Change],
) -> Heat | None:
    labels = _varied(axes, ordered, trials)
    if len(labels.keys() - {OBSERVER}) < 2:  # noqa: PLR2004  # a grid has two sides
        return None
    row_axis, column_axis = _sides([axis for axis in labels if axis != OBSERVER], ordered)
    rows, columns = (_side(axis, labels[axis], ordered.get(axis)) for axis in (row_axis, column_axis))
    rest = {axis: labels[axis] for axis in labels if axis not in (row_axis, column_axis)}
    sides = {axis: labels[axis] for axis in (row_axis, column_axis)}
    panels = tuple(_panels(rest, sides, trials, flips))
    if max(len(rows.heads), len(columns.heads)) > MOST_LABELS or not 0 < len(panels) <= MOST_PANELS:
        return None
    return Heat(scenario, rows, columns, panels)


def _varied(
    axes: Mapping[str, Sequence[str]], ordered: Mapping[str, Order], trials: Sequence[TrialRecord]
) -> dict[str, list[str]]:
    """The axes with several labels, the observers last; labels of an ordered axis ascend."""
    seen = {axis: {trial.point[axis] for trial in trials} for axis in axes}
    labels = {axis: [label for label in axes[axis] if label in there] for axis, there in seen.items()}
    for axis, order in ordered.items():
        places = order.places
        labels[axis].sort(key=lambda at, places=places: places[at].rank if at in places else len(places))  # type: ignore[misc]
    labels[OBSERVER] = list(dict.fromkeys(trial.observer for trial in trials))
    return {axis: members for axis, members in labels.items() if len(members) > 1}


def _sides(varied: Sequence[str], ordered: Mapping[str, Order]) -> tuple[str, str]:
    """The axes of rows and of columns: the last two, where ordered axes count as later than others."""
    ranked = [axis for axis in varied if axis not in ordered] + [axis for axis in varied if axis in ordered]
    return ranked[-2], ranked[-1]


def _side(axis: str, labels: Sequence[str], order: Order | None) -> Side:
    return Side(axis, tuple(Head(label, order.places.get(label) if order else None) for label in labels))


def _panels(
    rest: Mapping[str, Sequence[str]],
    sides: Mapping[str, Sequence[str]],
    trials: Sequence[TrialRecord],
    flips: Sequence[Change],
) -> Iterator[Panel]:
    axes = (*rest, *sides)
    cells: dict[tuple[str, ...], list[TrialRecord]] = {}
    for trial in trials:
        place = {**trial.point, OBSERVER: trial.observer}
        cells.setdefault(tuple(place[axis] for axis in axes), []).append(trial)
    (row_axis, rows), (column_axis, columns) = sides.items()
    below, beside = _first_after(flips, row_axis, axes), _first_after(flips, column_axis, axes)
    for choice in product(*rest.values()):
        labels = {
            (row, column): (*choice, row_label, column_label)
            for row, row_label in enumerate(rows)
            for column, column_label in enumerate(columns)
        }
        tiles = {at: _tile(cells[place]) for at, place in labels.items() if place in cells}
        if tiles:
            edges = (frozenset(at for at, place in labels.items() if place in after) for after in (below, beside))
            yield Panel(tuple(zip(rest, choice, strict=True)), tiles, *edges)


def _first_after(flips: Sequence[Change], axis: str, axes: Sequence[str]) -> set[tuple[str, ...]]:
    """The first places after each change along an axis, as their labels on `axes`."""
    after = (
        {**flip.at, axis: flip.cut.after.labels[0], OBSERVER: flip.observer} for flip in flips if flip.axis == axis
    )
    return {tuple(place[name] for name in axes) for place in after}


def _tile(trials: Sequence[TrialRecord]) -> Tile:
    counts = Counter(trial.outcome for trial in trials if trial.verdict.tried)
    verdict = marked({trial.verdict for trial in trials}, tried=bool(counts))
    return Tile(tuple(sorted(counts.items(), key=lambda seen: (-seen[1], seen[0]))), verdict)
