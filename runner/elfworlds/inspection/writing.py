"""The tables of inspections as Parquet files and one SQLite file, row by row: a whole system has millions of rows."""

from __future__ import annotations

import sqlite3
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from elfworlds import columns as kinds
from elfworlds import paths
from elfworlds.errors import InputError
from elfworlds.inspection.rows import Row, columns, names, rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from elfworlds.inspection.result import Result

BATCH = 20_000  # rows
DATABASE = "inspection.sqlite"
ARROW = {kinds.TEXT: pa.string(), kinds.WHOLE: pa.int64(), kinds.BIG: pa.uint64(), kinds.FLAG: pa.bool_()}
SQLITE = {kinds.TEXT: "TEXT", kinds.WHOLE: "INTEGER", kinds.BIG: "INTEGER", kinds.FLAG: "INTEGER"}
LARGEST = 1 << 63  # SQLite's integers have a sign
INDEXES = {  # what joins tables; who interposes whom is asked by object and symbol
    "objects": "object",
    "symbols": "object, symbol",
    "relocations": "object",
    "versions": "object",
}


def write(directory: Path, inspections: Iterable[Result]) -> dict[str, int]:
    """Write `<table>.parquet` for every table, and inspection.sqlite with all of them.

    Args:
        directory: made where it is not there; files of an earlier call are replaced.
        inspections: read once, one after the other.

    Returns:
        Table → rows.

    Raises:
        InputError: the directory cannot be written to.
    """
    place = paths.directory(directory, "--tables names a directory, there or not")
    unfinished = place / f"{DATABASE}.part"
    try:
        unfinished.unlink(missing_ok=True)
        with ExitStack() as stack:
            database = stack.enter_context(closing(sqlite3.connect(unfinished, isolation_level=None)))
            database.execute("PRAGMA journal_mode = OFF")
            database.execute("PRAGMA synchronous = OFF")
            database.execute("BEGIN")
            writers = {name: _Table(name, place, database, stack) for name in names()}
            for inspection in inspections:
                for writer in writers.values():
                    writer.take(inspection)
            counts = {name: writer.finish() for name, writer in writers.items()}
            for name, by in INDEXES.items():
                database.execute(f"CREATE INDEX {name}_object ON {name} ({by})")
            database.execute("COMMIT")
        unfinished.replace(place / DATABASE)
    except (OSError, sqlite3.Error) as error:
        raise InputError(f"{directory}: {error}", hint="--tables names a directory that can be written to") from None
    return counts


class _Table:
    """One table: its rows go to both places, some thousands at a time."""

    def __init__(self, name: str, place: Path, database: sqlite3.Connection, stack: ExitStack) -> None:
        self.name, self.database = name, database
        kinds_of = columns(name)
        self.schema = pa.schema([(column, ARROW[kind]) for column, kind in kinds_of.items()])
        self.parquet = stack.enter_context(pq.ParquetWriter(place / f"{name}.parquet", self.schema))
        self.waiting: list[Row] = []
        self.seen: set[str] = set()
        self.count = 0
        declared = ", ".join(f'"{column}" {SQLITE[kind]}' for column, kind in kinds_of.items())
        database.execute(f"CREATE TABLE {name} ({declared})")
        self.insert = f"INSERT INTO {name} VALUES ({', '.join('?' * len(kinds_of))})"  # noqa: S608  # our own names

    def take(self, inspection: Result) -> None:
        for row in rows(inspection, self.name, self.seen):
            self.waiting.append(row)
            if len(self.waiting) == BATCH:
                self._flush()

    def finish(self) -> int:
        self._flush()
        return self.count

    def _flush(self) -> None:
        if not self.waiting:
            return
        listed = zip(*self.waiting, strict=True)
        arrays = [pa.array(column, type=field.type) for column, field in zip(listed, self.schema, strict=True)]
        self.parquet.write_table(pa.Table.from_arrays(arrays, schema=self.schema))
        self.database.executemany(self.insert, _fitting(self.waiting))
        self.count += len(self.waiting)
        self.waiting = []


def _fitting(listed: Iterable[Row]) -> Iterator[Row]:
    """Rows as SQLite holds them; a number that it has no room for becomes its text."""
    for row in listed:
        large = any(isinstance(cell, int) and cell >= LARGEST for cell in row)
        yield tuple(str(cell) if isinstance(cell, int) and cell >= LARGEST else cell for cell in row) if large else row
