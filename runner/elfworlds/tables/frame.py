"""Rows or columns → a frame with typed columns; a frame → text or Parquet."""

from __future__ import annotations

import io
from operator import attrgetter
from typing import TYPE_CHECKING, TypeAlias

import pandas as pd  # noqa: TID251  # this room is the only place for it

from elfworlds.sheet import cell

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from _typeshed import DataclassInstance

    from elfworlds.columns import Table

    Scalar: TypeAlias = str | int | float | bool | None
    Columns: TypeAlias = Mapping[str, Sequence[Scalar]]


def from_rows(columns: Mapping[str, str], rows: Iterable[Mapping[str, Scalar]]) -> pd.DataFrame:
    """A frame of rows; `columns` is name → type. Where a row lacks a column, its value is missing."""
    listed = list(rows)
    return from_columns(columns, {name: [row.get(name) for row in listed] for name in columns})


def from_columns(columns: Mapping[str, str], values: Columns) -> pd.DataFrame:
    """A frame of whole columns, for tables of a million rows."""
    data = {name: pd.array(values[name], dtype=kind) for name, kind in columns.items()}  # type: ignore[call-overload]
    return pd.DataFrame(data)


def columns_of(records: Sequence[DataclassInstance], names: Iterable[str]) -> dict[str, list[Scalar]]:
    """Fields of records as columns."""
    return {name: list(map(attrgetter(name), records)) for name in names}


def labels_of(table: Table, points: Sequence[Mapping[str, str]], axes: Iterable[str]) -> dict[str, list[Scalar]]:
    """A column of this table for each axis. Where a point lacks an axis, its value is missing."""
    return {table.label(axis): [point.get(axis) for point in points] for axis in axes}


def as_csv(frame: pd.DataFrame) -> str:
    """CSV text; a missing value is an empty cell."""
    texts = [name for name in frame.columns if frame[name].dtype == "string"]
    changed = {name: other for name in texts if (other := _cells(frame[name])) is not None}
    return frame.assign(**changed).to_csv(index=False, lineterminator="\n")


def _cells(texts: pd.Series[str]) -> pd.Series[str] | None:
    """A column as cells of a sheet; None where nothing is to be changed. Of a million cells few are distinct."""
    cells = {text: cell(text) for text in texts.dropna().unique()}
    if all(text == changed for text, changed in cells.items()):
        return None
    return texts.map(cells).astype("string")


def as_parquet(frame: pd.DataFrame) -> bytes:
    """The frame as Parquet; missing values are null, types are kept."""
    data = io.BytesIO()
    frame.to_parquet(data, index=False)
    return data.getvalue()


def as_columns(frame: pd.DataFrame) -> dict[str, list[Scalar]]:
    """Each column as plain values; missing values are None."""
    return {name: frame[name].astype("object").where(frame[name].notna(), None).tolist() for name in frame.columns}


def as_json(frame: pd.DataFrame) -> str:
    """A JSON list with an object for each row; missing values are null."""
    return frame.to_json(orient="records", indent=1, force_ascii=False) + "\n"


def as_texts(frame: pd.DataFrame) -> list[list[str]]:
    """The names of the columns, then the rows; a missing value is an empty text."""
    return [list(frame.columns), *frame.astype("string").fillna("").to_numpy().tolist()]
