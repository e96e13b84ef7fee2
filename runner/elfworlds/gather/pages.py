"""A gathering as Markdown pages: the claims, and each experiment's pivot with its flips."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from elfworlds.gather.cells import HOST
from elfworlds.gather.claims_table import REPRODUCED
from elfworlds.report import flips
from elfworlds.report.markdown import escape, table
from elfworlds.report.summary import defects, pivot, unsupported
from elfworlds.report.text import pivot_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from elfworlds.gather.cells import Gathered
    from elfworlds.gather.claims_table import Line
    from elfworlds.records import RunRecord

PARTS = {"libc": "libc-revision", "compiler": "cc", "gdb": "gdb", "rustc": "rustc", "valgrind": "valgrind"}


def claims_page(claim_lines: Sequence[Line], gathered: Gathered) -> str:
    """The page of claims: a row for each distinct answer to a claim, and the versions."""
    libcs = list(dict.fromkeys(libc for line in claim_lines for libc in line.by_libc))
    verdicts = Counter(line.verdict for line in claim_lines)
    counts = ", ".join(f"{count} {verdict}" for verdict, count in sorted(verdicts.items()))
    rows = [row for line in claim_lines for row in _rows(line)]
    lines = [
        "# Claims",
        "",
        f"{len(claim_lines)} claims: {counts}." if claim_lines else "No run holds a claim.",
        "A row is one distinct answer; `all` are all libcs with which the claim was tried.",
        "",
        *table(["claim", "says", "checked by", "verdict", "answer", "with"], rows),
        "",
        "## Versions",
        "",
        *_versions(gathered, libcs),
        "",
    ]
    return "\n".join(lines)


def _rows(line: Line) -> Iterator[list[str]]:
    for answer, libcs in line.distinct.items():
        text = "yes" if answer.verdict == REPRODUCED else answer.text
        checked = f"{line.experiment}: {line.scenario}"
        yield [line.claim or "–", line.says, checked, line.verdict, text, _with(line, libcs)]


def _with(line: Line, libcs: Sequence[str]) -> str:
    """The libcs that gave one answer; the host is named, since it may have the libc of one of the others."""
    others = [libc for libc in libcs if libc != HOST]
    shared = others if len(line.distinct) > 1 or not others else [f"all {len(others)}"]
    return ", ".join([*shared, *([HOST] if HOST in libcs else [])])


def _versions(gathered: Gathered, libcs: Sequence[str]) -> list[str]:
    known = {(version.toolchain, version.part): version.version for version in gathered.versions}
    rows = [[libc, *(known.get((libc, part), "–") for part in PARTS.values())] for libc in libcs]
    return table(["toolchain", *PARTS], rows)


def pivots_page(runs: Sequence[RunRecord]) -> str:
    """The page of outcomes: each experiment's question, its outcomes by axis, and where they flip."""
    return "\n".join(["# Outcomes", "", *(line for run in runs for line in _pivot(run))])


def _pivot(run: RunRecord) -> Iterator[str]:
    grid = pivot(run.axes, run.trials)
    yield from (f"## {escape(run.name)}", "", f"**{escape(run.question)}**", "")
    yield from (*table(*pivot_rows(grid)), "")
    fixed = ", ".join(f"{axis} = {label}" for axis, label in grid.fixed)
    yield from (f"All of this where {escape(fixed)}.", "") if fixed else ()
    notes = [*flips.flip_lines(flips.of(run)), *_reasons("known defect", defects(run.trials))]
    notes += _reasons("not supported", unsupported(run.trials))
    yield from (*(f"- {escape(line)}" for line in notes), *([""] if notes else []))


def _reasons(kind: str, counted: Sequence[tuple[str, int]]) -> list[str]:
    return [f"{kind}: {reason} (trials: {count})" for reason, count in counted]
