"""Trials, objects, needed names, symbols, events and claims: the tables that every run has.

Built from columns, not from rows: a run may have a hundred thousand trials and a million events.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from elfworlds.columns import CLAIMS, EVENTS, NEEDED, OBJECTS, SYMBOLS, TRIALS, TRIALS_ELSEWHERE
from elfworlds.tables.frame import columns_of, from_columns, labels_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd  # noqa: TID251  # this room is the only place for it

    from elfworlds.elf import Symbol
    from elfworlds.jsondata import Json
    from elfworlds.records import EventRecord, ObjectRecord, TrialRecord
    from elfworlds.tables.frame import Columns

OF_A_PROCESS = ("pid", "tid", "cpu_s")
_as_json = json.JSONEncoder(sort_keys=True).encode


def trials_frame(experiment: str, axes: Sequence[str], trials: Sequence[TrialRecord]) -> pd.DataFrame:
    """A row for each trial, in the order of the plan; a column for each axis, and where it ran if on a cluster."""
    table = TRIALS_ELSEWHERE if any(trial.ran_on is not None for trial in trials) else TRIALS
    values: Columns = {
        **columns_of(trials, ("trial", "scenario", *table.tail)),
        **labels_of(table, [trial.point for trial in trials], axes),
        "experiment": [experiment] * len(trials),
    }
    return from_columns(table.columns(axes), values)


def objects_frame(experiment: str, axes: Sequence[str], objects: Sequence[ObjectRecord]) -> pd.DataFrame:
    """A row for each object; points that share it share the row. An axis that it does not read is missing."""
    values: Columns = {
        **columns_of(objects, ("object", *OBJECTS.tail)),
        **labels_of(OBJECTS, [built.at for built in objects], axes),
        "runpath": [_joined(":", built.runpath) for built in objects],
        "rpath": [_joined(":", built.rpath) for built in objects],
        "flags": [_joined(" ", built.flags) for built in objects],
        "experiment": [experiment] * len(objects),
    }
    return from_columns(OBJECTS.columns(axes), values)


def _joined(separator: str, parts: Sequence[str] | None) -> str | None:
    """A list as the ELF file has it: search paths joined by colons, flags by blanks."""
    return None if parts is None else separator.join(parts)


def needed_frame(experiment: str, objects: Sequence[ObjectRecord]) -> pd.DataFrame:
    """A row for each DT_NEEDED entry; `position` counts from 0 in the order of the dynamic section."""
    rows = [(built, position, name) for built in objects for position, name in enumerate(built.needed)]
    values: Columns = {
        "object": [built.object for built, _, _ in rows],
        "experiment": [experiment] * len(rows),
        "key": [built.key for built, _, _ in rows],
        "position": [position for _, position, _ in rows],
        "needed": [name for _, _, name in rows],
    }
    return from_columns(NEEDED.columns(), values).drop_duplicates(ignore_index=True)


def symbols_frame(experiment: str, symbols: Sequence[tuple[ObjectRecord, Symbol]]) -> pd.DataFrame:
    """A row for each entry of an object's dynamic symbol table, in its order."""
    whose: Columns = {
        "object": [built.object for built, _ in symbols],
        "experiment": [experiment] * len(symbols),
        "key": [built.key for built, _ in symbols],
    }
    own = [name for name in SYMBOLS.columns() if name not in whose]
    return from_columns(SYMBOLS.columns(), {**whose, **columns_of([symbol for _, symbol in symbols], own)})


def events_frame(experiment: str, trials: Sequence[TrialRecord], events: Sequence[EventRecord]) -> pd.DataFrame:
    """A row for each event: trials in the order of the plan, events in the order of time; `seq` counts from 0."""
    by_trial: dict[str, list[EventRecord]] = {}
    for event in events:
        by_trial.setdefault(event.trial, []).append(event)
    rows = [(trial, seq, event) for trial in trials for seq, event in enumerate(by_trial.get(trial.trial, ()))]
    fields = [_fields(event) for _, _, event in rows]
    values: Columns = {
        "trial": [trial.trial for trial, _, _ in rows],
        "experiment": [experiment] * len(rows),
        "scenario": [trial.scenario for trial, _, _ in rows],
        "seq": [seq for _, seq, _ in rows],
        "event": [event.event for _, _, event in rows],
        "data": [data for data, _ in fields],
        "addresses": [addresses for _, addresses in fields],
    }
    return from_columns(EVENTS.columns(), values)


def _fields(event: EventRecord) -> tuple[str, str]:
    """The fields of an event as JSON: first those that are equal in every run of the trial, then those that differ."""
    same: dict[str, Json] = {}
    own: dict[str, Json] = {}
    for name, value in event.fields.items():
        (own if name in OF_A_PROCESS or _has_address(value) else same)[name] = value
    return _as_json(same), _as_json(own)


def _has_address(value: Json) -> bool:
    """Whether a value is an address, `0x…`, or contains one."""
    if isinstance(value, str):
        return value.startswith("0x")
    if isinstance(value, dict):
        return any(map(_has_address, value.values()))
    return isinstance(value, list) and any(map(_has_address, value))


def claims_frame(experiment: str, axes: Sequence[str], trials: Sequence[TrialRecord]) -> pd.DataFrame:
    """A row for each claim and each trial that checked it."""
    rows = [(trial, claim) for trial in trials for claim in trial.claims]
    checked_by = [trial for trial, _ in rows]
    values: Columns = {
        **columns_of(checked_by, ("scenario", "observer", "repeat", "trial", "outcome")),
        **labels_of(CLAIMS, [trial.point for trial in checked_by], axes),
        "claim": [claim.id for _, claim in rows],
        "experiment": [experiment] * len(rows),
        "says": [claim.says for _, claim in rows],
        "claimed": [claim.claimed for _, claim in rows],
        "reproduced": [claim.verdict.holds for _, claim in rows],
        "claim_verdict": [claim.verdict for _, claim in rows],
    }
    return from_columns(CLAIMS.columns(axes), values)
