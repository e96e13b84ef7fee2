"""A gathering as Markdown: the claims, and every experiment's pivot with its flips."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

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


def claims_page(told: Sequence[Line], gathered: Gathered) -> str:
    """What became of each claim, with every libc."""
    libcs = list(dict.fromkeys(libc for one in told for libc in one.by_libc))
    verdicts = Counter(one.verdict for one in told)
    counts = ", ".join(f"{count} {verdict}" for verdict, count in sorted(verdicts.items()))
    rows = [
        [one.claim or "–", one.says, f"{one.experiment}: {one.scenario}", one.verdict, *_cells(one, libcs)]
        for one in told
    ]
    lines = [
        "# Claims",
        "",
        f"{len(told)} claims: {counts}." if told else "No run holds a claim.",
        "",
        *table(["claim", "says", "checked by", "verdict", *libcs], rows),
        "",
        "## Versions",
        "",
        *_versions(gathered, libcs),
        "",
    ]
    return "\n".join(lines)


def _cells(line: Line, libcs: Sequence[str]) -> Iterator[str]:
    for libc in libcs:
        here = line.by_libc.get(libc)
        yield "–" if here is None else "yes" if here.verdict == REPRODUCED else here.text


def _versions(gathered: Gathered, libcs: Sequence[str]) -> list[str]:
    known = {(version.toolchain, version.part): version.version for version in gathered.versions}
    rows = [[libc, *(known.get((libc, part), "–") for part in PARTS.values())] for libc in libcs]
    return table(["toolchain", *PARTS], rows)


def pivots_page(runs: Sequence[RunRecord]) -> str:
    """Every experiment's question, outcomes by axis, and where they flip."""
    return "\n".join(["# Outcomes", "", *(line for run in runs for line in _pivot(run))])


def _pivot(run: RunRecord) -> Iterator[str]:
    found = pivot(run.axes, run.trials)
    yield from (f"## {escape(run.name)}", "", f"**{escape(run.question)}**", "")
    yield from (*table(*pivot_rows(found)), "")
    fixed = ", ".join(f"{axis} = {label}" for axis, label in found.fixed)
    yield from (f"All of this where {escape(fixed)}.", "") if fixed else ()
    said = [*flips.flip_lines(run), *_reasons("known defect", defects(run.trials))]
    said += _reasons("not supported", unsupported(run.trials))
    yield from (*(f"- {escape(line)}" for line in said), *([""] if said else []))


def _reasons(kind: str, found: Sequence[tuple[str, int]]) -> list[str]:
    return [f"{kind}: {reason} (trials: {count})" for reason, count in found]
