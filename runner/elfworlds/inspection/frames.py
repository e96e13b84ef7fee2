"""The tables of inspections as data frames, each made when it is first asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from elfworlds.inspection.rows import all_rows, columns, names

if TYPE_CHECKING:
    from elfworlds.inspection.result import Result
    from elfworlds.tables import DataFrame


class Tables(Mapping[str, "DataFrame"]):
    """Name → frame, with the columns of docs/inspect.md."""

    def __init__(self, inspections: Sequence[Result]) -> None:
        self._inspections = inspections
        self._made: dict[str, DataFrame] = {}

    def __getitem__(self, name: str) -> DataFrame:
        if name not in names():
            raise KeyError(name)
        if name not in self._made:
            self._made[name] = frame(self._inspections, name)
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(names())

    def __len__(self) -> int:
        return len(names())


def frame(inspections: Sequence[Result], name: str) -> DataFrame:
    """A table of several inspections."""
    from elfworlds.tables import from_columns  # noqa: PLC0415  # pandas comes with it

    kinds = columns(name)
    listed = [*zip(*all_rows(inspections, name), strict=True)] or [() for _ in kinds]
    return from_columns(kinds, dict(zip(kinds, listed, strict=True)))
