"""A gathering as files: CSV, which can be read back, and Markdown and LaTeX for people."""

from __future__ import annotations

import csv
import io
from dataclasses import asdict
from typing import TYPE_CHECKING

from elfworlds.columns import OF_SEVERAL_RUNS
from elfworlds.errors import InputError
from elfworlds.gather.cells import Cell, ClaimCell, Gathered, Version
from elfworlds.gather.claims_table import lines
from elfworlds.gather.latex import latex
from elfworlds.gather.pages import claims_page, pivots_page
from elfworlds.gather.shards import together
from elfworlds.outcome import Verdict
from elfworlds.sheet import cell, of_cell

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from elfworlds.records import RunRecord

    Row = Cell | ClaimCell | Version

OUTCOMES, CLAIMS, VERSIONS = "outcomes.csv", "claims.csv", "versions.csv"
VERDICTS = {str(verdict): verdict for verdict in Verdict}
READ = (OUTCOMES, CLAIMS, VERSIONS)


class GatheringError(InputError):
    """A directory holds no gathering, or its files were changed by hand."""


def texts(gathered: Gathered, runs: Sequence[RunRecord]) -> dict[str, str]:
    """File name → text, for every file of the directory."""
    runs = together(runs)
    claim_lines = lines(runs)
    return {
        OUTCOMES: _csv(OUTCOMES, gathered.cells),
        CLAIMS: _csv(CLAIMS, gathered.claims),
        VERSIONS: _csv(VERSIONS, gathered.versions),
        "claims.md": claims_page(claim_lines, gathered),
        "claims.tex": latex(claim_lines),
        "pivots.md": pivots_page(runs),
    }


def read(files: Mapping[str, str]) -> Gathered:
    """Read a gathering from its CSV files: file name → text.

    Raises:
        GatheringError: a row or a column is not as `texts` writes it.
    """
    return Gathered(
        tuple(_cell(place, row) for place, row in _rows(OUTCOMES, files)),
        tuple(ClaimCell(**row) for _, row in _rows(CLAIMS, files)),
        tuple(Version(**row) for _, row in _rows(VERSIONS, files)),
    )


def _csv(name: str, rows: Iterable[Row]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(OF_SEVERAL_RUNS[name].columns()), lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _written(value) for name, value in asdict(row).items()} for row in rows)
    return out.getvalue()


def _written(value: str | bool) -> str | bool:  # noqa: FBT001  # a field's value
    return cell(value) if isinstance(value, str) else value


def _rows(name: str, files: Mapping[str, str]) -> Iterator[tuple[str, dict[str, str]]]:
    """Each row, after its place, `file:line`."""
    reader = csv.DictReader(io.StringIO(files[name]))
    wanted = list(OF_SEVERAL_RUNS[name].columns())
    if reader.fieldnames != wanted:
        raise GatheringError(f"{name}: its columns are not {', '.join(wanted)}")
    for row in reader:
        if None in row or None in row.values():
            raise GatheringError(f"{name}:{reader.line_num}: a row has {len(wanted)} cells")
        yield f"{name}:{reader.line_num}", {column: of_cell(text) for column, text in row.items()}


def _cell(place: str, row: Mapping[str, str]) -> Cell:
    if row["verdict"] not in VERDICTS:
        raise GatheringError(f"{place}: `{row['verdict']}` is no verdict: {', '.join(VERDICTS)}")
    texts = {key: text for key, text in row.items() if key not in ("race", "verdict")}
    return Cell(**texts, verdict=VERDICTS[row["verdict"]], race=row["race"] == "True")
