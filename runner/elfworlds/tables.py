"""Records → tidy frames, one fact a row, joined by trial and by object. The only module that knows pandas.

The columns are an interface: docs/tables.md says what each holds.
"""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pandas as pd  # noqa: TID251  # this module is the only place for it

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from elfworlds.records import RunTold

    Records = Sequence[Mapping[str, Any]]

TRIAL_COLUMNS = {
    "outcome": "string",
    "expected": "string",
    "verdict": "string",
    "why": "string",
    "exit": "Int64",
    "signal": "string",
    "timed_out": "boolean",
    "wall_s": "Float64",
    "user_s": "Float64",
    "sys_s": "Float64",
    "max_rss_kb": "Int64",
    "stdout_bytes": "Int64",
    "stderr_bytes": "Int64",
    "cut_bytes": "Int64",
}
OBJECT_COLUMNS = {
    "key": "string",
    "path": "string",
    "sha256": "string",
    "toolchain": "string",
    "type": "string",
    "machine": "string",
    "soname": "string",
    "interp": "string",
    "runpath": "string",
    "rpath": "string",
    "build_id": "string",
    "flags": "string",
    "execstack": "boolean",
}
SYMBOL_COLUMNS = {
    "symbol": "string",
    "version": "string",
    "is_default": "boolean",
    "defined": "boolean",
    "bind": "string",
    "type": "string",
    "visibility": "string",
    "value": "UInt64",
    "size": "UInt64",
}
EVENT_COLUMNS = {"seq": "Int64", "event": "string", "data": "string"}
CLAIM_COLUMNS = {"claimed": "string", "outcome": "string", "reproduced": "boolean"}


def frames(run: RunTold, symbols: Records) -> dict[str, pd.DataFrame]:
    """Every table of a run, by name; `symbols` are the dynamic symbols of its objects."""
    axes = list(run.axes)
    return {
        "trials": trials_frame(run.name, axes, run.trials),
        "objects": objects_frame(run.name, axes, run.objects),
        "needed": needed_frame(run.name, run.objects),
        "symbols": symbols_frame(run.name, symbols),
        "events": events_frame(run.name, run.trials, run.events),
        "claims": claims_frame(run.name, axes, run.trials),
    }


def trials_frame(experiment: str, axes: Sequence[str], trials: Records) -> pd.DataFrame:
    """A row a trial, in the order of the plan, a column for each axis."""
    names = {"trial": "string", "experiment": "string", "scenario": "string", **dict.fromkeys(axes, "string")}
    names |= {"observer": "string", "repeat": "Int64", **TRIAL_COLUMNS}
    return _frame(names, ({**one, "experiment": experiment, **one["point"]} for one in trials))


def objects_frame(experiment: str, axes: Sequence[str], objects: Records) -> pd.DataFrame:
    """A row an object and the points that share it; an axis that it does not read is missing."""
    names = {"object": "string", "experiment": "string", **dict.fromkeys(axes, "string"), **OBJECT_COLUMNS}
    return _frame(names, ({**_joined(one), "experiment": experiment, **one["at"]} for one in objects))


def _joined(record: Mapping[str, Any]) -> dict[str, Any]:
    """Lists as the file has them: search paths with colons, flags with blanks."""
    separators = {"runpath": ":", "rpath": ":", "flags": " "}
    return {
        name: separators[name].join(value) if name in separators and value is not None else value
        for name, value in record.items()
    }


def needed_frame(experiment: str, objects: Records) -> pd.DataFrame:
    """A row a DT_NEEDED entry, `position` from 0 in the order of the dynamic section."""
    names = {
        "object": "string",
        "experiment": "string",
        "key": "string",
        "position": "Int64",
        "needed": "string",
    }
    rows = (
        {
            "object": one["object"],
            "experiment": experiment,
            "key": one["key"],
            "position": position,
            "needed": name,
        }
        for one in objects
        for position, name in enumerate(one["needed"])
    )
    return _frame(names, rows).drop_duplicates(ignore_index=True)


def symbols_frame(experiment: str, symbols: Records) -> pd.DataFrame:
    """A row an entry of an object's dynamic symbol table, in its order."""
    names = {"object": "string", "experiment": "string", "key": "string", **SYMBOL_COLUMNS}
    return _frame(names, ({**one, "experiment": experiment} for one in symbols))


def events_frame(experiment: str, trials: Records, events: Records) -> pd.DataFrame:
    """A row an event, in the order of the plan and within a trial in the order of time; `seq` counts from 0."""
    names = {"trial": "string", "experiment": "string", "scenario": "string", **EVENT_COLUMNS}
    by_trial: dict[str, list[Mapping[str, Any]]] = {}
    for one in events:
        by_trial.setdefault(one["trial"], []).append(one)
    rows = (
        {**_event(event), "trial": one["trial"], "experiment": experiment, "scenario": one["scenario"], "seq": seq}
        for one in trials
        for seq, event in enumerate(by_trial.get(one["trial"], ()))
    )
    return _frame(names, rows)


def _event(event: Mapping[str, Any]) -> dict[str, Any]:
    rest = {name: value for name, value in event.items() if name not in ("trial", "event")}
    return {"event": event["event"], "data": json.dumps(rest, sort_keys=True)}


def claims_frame(experiment: str, axes: Sequence[str], trials: Records) -> pd.DataFrame:
    """A row a claim and trial that checked it."""
    names = {"claim": "string", "experiment": "string", "scenario": "string", "says": "string"}
    names |= {
        **dict.fromkeys(axes, "string"),
        "observer": "string",
        "repeat": "Int64",
        "trial": "string",
        **CLAIM_COLUMNS,
    }
    rows = (
        {**one, **claim, "claim": claim["id"], "experiment": experiment, **one["point"]}
        for one in trials
        for claim in one["claims"]
    )
    return _frame(names, rows)


def _frame(columns: Mapping[str, str], rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    listed = list(rows)
    data = {name: pd.array([row.get(name) for row in listed], dtype=kind) for name, kind in columns.items()}  # type: ignore[call-overload]
    return pd.DataFrame(data)


def as_csv(frame: pd.DataFrame) -> str:
    """CSV text; what is missing is empty."""
    return frame.to_csv(index=False, lineterminator="\n")


def as_parquet(frame: pd.DataFrame) -> bytes:
    """The same as Parquet; missing values are null, types are kept."""
    data = io.BytesIO()
    frame.to_parquet(data, index=False)
    return data.getvalue()


def as_json(frame: pd.DataFrame) -> str:
    """A list of objects, one a row; what is missing is null."""
    return frame.to_json(orient="records", indent=1, force_ascii=False) + "\n"
