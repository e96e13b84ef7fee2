"""The report's tables and failures as lines of plain text."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from elfworlds.report import failing
from elfworlds.report.summary import Pivot, claims, defects, point_text, stacked, unsupported
from elfworlds.yamltext.problems import printable, width

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import TypeAlias

    from elfworlds.records import TrialRecord

    Streams: TypeAlias = Mapping[str, Mapping[str, str]]  # trial → `stdout`, `stderr` … → a part of it

TAIL_LINES = 5
MAX_FAILURES = 20


def grid(rows: Sequence[Sequence[str]], *, indent: str = "  ") -> list[str]:
    """Lines with aligned columns, by their width in a terminal, and two blanks between columns."""
    shown = [[printable(cell).replace("\n", " ") for cell in row] for row in rows]
    widths = [max(width(cell) for cell in column) for column in zip(*shown, strict=True)]
    return [
        (indent + "  ".join(cell + " " * (wide - width(cell)) for cell, wide in zip(row, widths, strict=True))).rstrip()
        for row in shown
    ]


def cut(text: str, most: int) -> str:
    """The text, or its first characters and a line that says so."""
    return text if len(text) <= most else f"{text[:most]}\n… (cut here)"


def pivot_rows(pivot: Pivot) -> tuple[list[str], list[list[str]]]:
    """The head and the rows of the pivot; a cell has its verdict if the verdict is worth showing."""
    across = [f"{pivot.column_axis}={label}" if pivot.column_axis else "outcome" for label in pivot.columns]
    head = ["scenario", *pivot.row_axes, *across]
    rows = []
    for heads, cells in pivot.rows:
        texts = [
            "–" if cell is None else cell.marked + (f" [{cell.verdict}]" if cell.verdict.shown else "")
            for cell in cells
        ]
        rows.append([*heads, *texts])
    return head, rows


def fitting(pivot: Pivot, columns: int) -> Pivot:
    """The pivot, or its stacked form where it would be wider than so many columns of a terminal."""
    return pivot if max(map(width, pivot_lines(pivot))) <= columns else stacked(pivot)


def pivot_lines(pivot: Pivot) -> list[str]:
    head, rows = pivot_rows(pivot)
    return grid([head, *rows])


def claim_lines(axes: Mapping[str, Sequence[str]], trials: Sequence[TrialRecord]) -> list[str]:
    rows = [
        [claim.id or "–", claim.claimed, claim.observed, claim.verdict, claim.where] for claim in claims(axes, trials)
    ]
    return grid([["claim", "claimed", "observed", "verdict", "where"], *rows]) if rows else []


def unsupported_lines(trials: Iterable[TrialRecord]) -> list[str]:
    return [f"UNSUPPORTED  {printable(reason)} (trials: {count})" for reason, count in unsupported(trials)]


def defect_lines(trials: Iterable[TrialRecord]) -> list[str]:
    return [f"XFAIL  {printable(reason)} (trials: {count})" for reason, count in defects(trials)]


def failure_lines(
    trials: Sequence[TrialRecord],
    axes: Mapping[str, Sequence[str]],
    directory: str,
    written: Streams,
) -> Iterator[str]:
    """For trials that failed alike: what was expected, what happened, why, the end of what one wrote, and its rerun.

    Args:
        trials: all trials of the run; only failed ones are shown.
        axes: the axes with their labels.
        directory: the run directory.
        written: trial → `stdout` and `stderr` → the end of it.
    """
    bad, every = failing.failed(trials), failing.points_of(trials)
    for alike in bad[:MAX_FAILURES]:
        trial = alike.trial
        if alike.scattered:
            yield f"{trial.verdict}  {alike.count} trials: {printable(failing.place(alike, axes, every))}"
        else:
            yield f"{trial.verdict}  {trial.scenario}  {point_text(trial.point, axes)}".rstrip() + alike.times
        yield from _details(alike, directory, written.get(trial.trial, {}))
        yield ""
    if len(bad) > MAX_FAILURES:
        more = sum(alike.count for alike in bad[MAX_FAILURES:])
        yield f"… and {more} more; tables/trials.csv has them all"


def _details(alike: failing.Alike, directory: str, written: Mapping[str, str]) -> Iterator[str]:
    trial = alike.trial
    if trial.verdict.tried:
        yield f"      expected  {trial.expected or 'nothing in particular'}"
        yield f"      got       {trial.outcome} ({ending(trial)})"
        if len(trial.attempts) > 1:
            yield f"      tried     {' then '.join(trial.attempts)}"
    if trial.why:
        yield f"      differs   {printable(trial.why)}"
    for note in alike.notes:
        yield f"      because   {printable(note)}"
    for name, text in written.items():
        for number, line in enumerate(tail(text)):
            yield f"      {name if number == 0 else '      '}    {line}"
    if trial.command:
        script = shlex.quote(f"{directory}/trials/{trial.trial}/cmd.sh")
        yield f"      rerun     {script}"


def tail(text: str) -> list[str]:
    """The last lines of what a trial wrote; none where it holds blanks only."""
    lines = printable(text).rstrip("\n").split("\n") if text.strip() else []
    return [f"… ({len(lines) - TAIL_LINES} lines before)", *lines[-TAIL_LINES:]] if len(lines) > TAIL_LINES else lines


def ending(trial: TrialRecord) -> str:
    """How the program ended."""
    if trial.timed_out:
        return "timed out"
    return trial.signal or f"exit {trial.exit}"
