"""The pivot as a table in a terminal's colours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from elfworlds.report.text import pivot_rows

if TYPE_CHECKING:
    from elfworlds.report.summary import Cell, Pivot


def print_pivot(pivot: Pivot) -> None:
    head, rows = pivot_rows(pivot)
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name in head:
        table.add_column(Text(name))
    for (heads, cells), texts in zip(pivot.rows, rows, strict=True):
        shown = [Text(text, style=_style(cell)) for text, cell in zip(texts[len(heads) :], cells, strict=True)]
        table.add_row(*(Text(label) for label in heads), *shown)
    Console(force_terminal=True, highlight=False).print(table)


def _style(cell: Cell | None) -> str:
    return cell.verdict.meaning.style if cell else "dim"
