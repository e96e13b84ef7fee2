"""What a run says, gathered once for every form of report: settled verdicts, the pivot, the claims."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

from elfworlds.outcome import UNTRIED, ClaimVerdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    Record = Mapping[str, Any]
    Point = tuple[tuple[str, str], ...]

VERDICTS = ("PASS", "XFAIL", "FAIL", "FLAKY", "NEW", "UNSUPPORTED", "UNRESOLVED")
BAD = ("FAIL", "FLAKY", "UNRESOLVED")
SAID = ("XFAIL", *BAD)  # beside the outcome, the last of them first


@dataclass(frozen=True, slots=True)
class Cell:
    """The outcomes at one place of a pivot, and the worst verdict among them."""

    outcomes: tuple[tuple[str, int], ...]
    verdict: str

    @property
    def text(self) -> str:
        if len(self.outcomes) == 1:
            return self.outcomes[0][0]
        return ", ".join(f"{name} ×{count}" for name, count in self.outcomes)


@dataclass(frozen=True, slots=True)
class Pivot:
    """Outcomes by axis: a row for each scenario and labels of all varied axes but the last, which is across.

    Attributes:
        row_axes, column_axis: names, `observer` among the rows' where there are several;
            `column_axis` is None where nothing varies.
        columns: the last axis' labels.
        rows: heads and cells; None where no trial was.
        fixed: axes with one label only.
    """

    row_axes: tuple[str, ...]
    column_axis: str | None
    columns: tuple[str, ...]
    rows: tuple[tuple[tuple[str, ...], tuple[Cell | None, ...]], ...]
    fixed: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ClaimLine:
    """One claim over all its trials; where each set of axes' labels shows it reproduced, refuted or undecided."""

    id: str
    scenario: str
    says: str
    claimed: str
    where: str
    observed: str
    verdict: str


def counts(trials: Iterable[Record]) -> str:
    """`5 trials: 4 PASS, 1 FAIL`."""
    found = Counter(one["verdict"] for one in trials)
    total = sum(found.values())
    parts = ", ".join(f"{found[verdict]} {verdict}" for verdict in VERDICTS if found[verdict])
    return f"{total} trial{'' if total == 1 else 's'}{': ' if parts else ''}{parts}"


def unsupported(trials: Iterable[Record]) -> list[tuple[str, int]]:
    """Why trials say nothing here, and how many there are of each reason."""
    reasons = Counter("; ".join(one["notes"]) for one in trials if one["verdict"] == "UNSUPPORTED")
    return sorted(reasons.items())


def defects(trials: Iterable[Record]) -> list[tuple[str, int]]:
    """The known defects that were seen, and in how many trials each."""
    return sorted(Counter(str(one["why"]) for one in trials if one["verdict"] == "XFAIL").items())


def why_untried(trials: Sequence[Record]) -> str:
    """Why the first trial could not be tried, where none could; else empty."""
    if not trials or any(one["verdict"] not in UNTRIED for one in trials):
        return ""
    return "; ".join(trials[0]["notes"])


def failed(trials: Iterable[Record]) -> bool:
    """Whether an expectation was not met."""
    return any(
        one["verdict"] in ("FAIL", "UNRESOLVED") or (one["verdict"] == "FLAKY" and one["expected"] is not None)
        for one in trials
    )


def pivot(axes: Mapping[str, Sequence[str]], trials: Sequence[Record]) -> Pivot:
    present = {
        axis: [label for label in labels if any(one["point"][axis] == label for one in trials)]
        for axis, labels in axes.items()
    }
    varied = [axis for axis, labels in present.items() if len(labels) > 1]
    column = varied[-1] if varied else None
    watched = len({one["observer"] for one in trials}) > 1
    row_axes = (*varied[:-1], *(["observer"] if watched else []))
    columns = tuple(present[column]) if column else ("",)
    cells: dict[tuple[tuple[str, ...], str], list[Record]] = {}
    for one in trials:
        places = {**one["point"], "observer": one["observer"]}
        head = (one["scenario"], *(places[axis] for axis in row_axes))
        cells.setdefault((head, one["point"][column] if column else ""), []).append(one)
    heads = list(dict.fromkeys(head for head, _ in cells))
    rows = tuple((head, tuple(_at(cells, head, label) for label in columns)) for head in heads)
    fixed = tuple((axis, labels[0]) for axis, labels in present.items() if len(labels) == 1)
    return Pivot(row_axes, column, columns, rows, fixed)


def _at(cells: Mapping[tuple[tuple[str, ...], str], list[Record]], head: tuple[str, ...], label: str) -> Cell | None:
    return cell(cells[head, label]) if (head, label) in cells else None


def cell(trials: Sequence[Record]) -> Cell:
    """What the trials of one place show together; there is at least one."""
    found = Counter(_shown(one) for one in trials)
    worst = max((str(one["verdict"]) for one in trials), key=lambda one: SAID.index(one) if one in SAID else -1)
    return Cell(tuple(sorted(found.items(), key=lambda one: (-one[1], one[0]))), worst)


def _shown(one: Record) -> str:
    """The outcome, and the values that the experiment wants beside it; a dash for what there is not."""
    values = ["–" if value is None else str(value) for value in (one.get("shown") or {}).values()]
    return f"{one['outcome']} ({', '.join(values)})" if values else str(one["outcome"])


def claims(axes: Mapping[str, Sequence[str]], trials: Sequence[Record]) -> list[ClaimLine]:
    """Each claim with what was observed; points with the same observation are said together."""
    lines: dict[tuple[str, ...], list[Record]] = {}
    for one in trials:
        for claim in one["claims"]:
            key = (claim["id"] or "", one["scenario"], claim["says"], claim["claimed"])
            lines.setdefault(key, []).append({**one, "claim": claim["verdict"]})
    return [line for key, members in lines.items() for line in _claim_lines(key, axes, members)]


def _claim_lines(
    key: tuple[str, ...], axes: Mapping[str, Sequence[str]], members: Sequence[Record]
) -> Iterable[ClaimLine]:
    by_point: dict[Point, list[Record]] = {}
    for one in members:
        by_point.setdefault(tuple(one["point"].items()), []).append(one)
    told: dict[tuple[str, str], list[Point]] = {}
    for point, ones in by_point.items():
        told.setdefault((cell(ones).text, _claim_verdict(ones)), []).append(point)
    identity, scenario, says, claimed = key
    for (observed, verdict), points in told.items():
        yield ClaimLine(identity, scenario, says, claimed, where(axes, points, by_point), observed, verdict)


def _claim_verdict(ones: Sequence[Record]) -> str:
    """Of one point's repetitions: what all of them say that say anything; undecided where they disagree."""
    said = {one["claim"] for one in ones} - {ClaimVerdict.UNDECIDED}
    return str(said.pop()) if len(said) == 1 else str(ClaimVerdict.UNDECIDED)


def where(axes: Mapping[str, Sequence[str]], points: Sequence[Point], tried: Iterable[Point]) -> str:
    """Points in words, none of the other tried ones among them: each axis with its labels, a whole axis left out."""
    others = set(tried) - set(points)
    return "; ".join(_said(axes, part) for part in _parts(axes, list(dict.fromkeys(points)), others))


def _said(axes: Mapping[str, Sequence[str]], points: Sequence[Point]) -> str:
    seen = _seen(axes, points)
    parts = [f"{axis} = {' | '.join(seen[axis])}" for axis, labels in axes.items() if len(seen[axis]) < len(labels)]
    return ", ".join(parts) or "everywhere"


def _seen(axes: Mapping[str, Sequence[str]], points: Sequence[Point]) -> dict[str, list[str]]:
    there = set(chain.from_iterable(points))
    return {axis: [label for label in labels if (axis, label) in there] for axis, labels in axes.items()}


def _parts(axes: Mapping[str, Sequence[str]], points: list[Point], others: set[Point]) -> Iterator[list[Point]]:
    """The points as they are where their labels name no other one; else by the axis that makes the fewest parts."""
    seen = _seen(axes, points)
    if not any(all(label in seen[axis] for axis, label in other) for other in others):
        yield points
        return
    split = min((one for axis in axes if len(one := _split(axis, points)) > 1), key=len)
    for part in split:
        yield from _parts(axes, part, others)


def _split(axis: str, points: Iterable[Point]) -> list[list[Point]]:
    """The points by this axis' labels, those labels together that have the same points on the other axes."""
    by_label: dict[str, dict[Point, Point]] = {}
    for point in points:
        rest = tuple(one for one in point if one[0] != axis)
        by_label.setdefault(dict(point)[axis], {})[rest] = point
    alike: dict[frozenset[Point], list[Point]] = {}
    for found in by_label.values():
        alike.setdefault(frozenset(found), []).extend(found.values())
    return list(alike.values())


def point_text(point: Mapping[str, str], axes: Mapping[str, Sequence[str]]) -> str:
    """A point on one line; axes with one label say nothing."""
    varied = [f"{axis}={label}" for axis, label in point.items() if len(axes.get(axis, ())) > 1]
    return " ".join(varied)
