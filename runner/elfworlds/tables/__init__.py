"""Records → tidy frames: one fact in each row, joined by trial and by object. Only this room knows pandas.

The columns are an interface: elfworlds.columns lists them, docs/tables.md says what each holds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pandas import DataFrame  # noqa: TID251  # the type of a table

from elfworlds.columns import OF_A_RUN
from elfworlds.outcome_changes import flips as flips_of
from elfworlds.outcome_changes import orders
from elfworlds.tables.flips import flips_frame
from elfworlds.tables.frame import as_columns, as_csv, as_json, as_parquet, as_texts, from_columns
from elfworlds.tables.runs import (
    claims_frame,
    events_frame,
    needed_frame,
    objects_frame,
    symbols_frame,
    trials_frame,
)
from elfworlds.tables.traces import bindings_frame, link_maps_frame, searches_frame

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from elfworlds.elf import Symbol
    from elfworlds.outcome_changes import Change
    from elfworlds.records import ObjectRecord, RunRecord

    Symbols = Sequence[tuple[ObjectRecord, Symbol]]

__all__ = [
    "NAMES",
    "DataFrame",
    "as_columns",
    "as_csv",
    "as_json",
    "as_parquet",
    "as_texts",
    "bindings_frame",
    "claims_frame",
    "events_frame",
    "flips_frame",
    "frame",
    "frames",
    "from_columns",
    "link_maps_frame",
    "needed_frame",
    "objects_frame",
    "searches_frame",
    "symbols_frame",
    "trials_frame",
]

_MAKERS: Mapping[str, Callable[[RunRecord, Symbols], DataFrame]] = {
    "trials": lambda run, _: trials_frame(run.name, list(run.axes), run.trials),
    "objects": lambda run, _: objects_frame(run.name, list(run.axes), run.objects),
    "needed": lambda run, _: needed_frame(run.name, run.objects),
    "symbols": lambda run, symbols: symbols_frame(run.name, symbols),
    "events": lambda run, _: events_frame(run.name, run.trials, run.events),
    "claims": lambda run, _: claims_frame(run.name, list(run.axes), run.trials),
    "link_maps": lambda run, _: link_maps_frame(run.name, list(run.axes), run.traces),
    "searches": lambda run, _: searches_frame(run.name, list(run.axes), run.traces),
    "bindings": lambda run, _: bindings_frame(run.name, list(run.axes), run.traces),
    "flips": lambda run, _: flips_frame(run, _changes(run)),
}
NAMES = tuple(OF_A_RUN)


def frame(name: str, run: RunRecord, symbols: Symbols) -> DataFrame:
    """One table of a run; `symbols` are the symbols of its objects, for the table `symbols`."""
    return _MAKERS[name](run, symbols)


def frames(run: RunRecord, symbols: Symbols, changes: Sequence[Change]) -> dict[str, DataFrame]:
    """Every table of a run, by name; `changes` are where its outcomes flip."""
    made = {name: frame(name, run, symbols) for name in NAMES if name != "flips"}
    return {name: flips_frame(run, changes) if name == "flips" else made[name] for name in NAMES}


def _changes(run: RunRecord) -> Sequence[Change]:
    return flips_of(run.axes, orders(run.axes, run.versions, run.made_with), run.trials).changes
