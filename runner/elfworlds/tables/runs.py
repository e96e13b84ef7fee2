"""Trials, objects, needed names, symbols, events and claims: the tables that every run has."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from elfworlds.columns import CLAIMS, EVENTS, NEEDED, OBJECTS, SYMBOLS, TRIALS
from elfworlds.tables.frame import from_columns, from_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd  # noqa: TID251  # this room is the only place for it

    Records = Sequence[Mapping[str, Any]]

OF_A_PROCESS = ("pid", "tid", "cpu_s")
DECIDED = {"reproduced": True, "refuted": False}  # undecided is missing
_as_json = json.JSONEncoder(sort_keys=True).encode


def trials_frame(experiment: str, axes: Sequence[str], trials: Records) -> pd.DataFrame:
    """A row a trial, in the order of the plan, a column for each axis."""
    return from_rows(TRIALS.columns(axes), ({**one, "experiment": experiment, **one["point"]} for one in trials))


def objects_frame(experiment: str, axes: Sequence[str], objects: Records) -> pd.DataFrame:
    """A row an object and the points that share it; an axis that it does not read is missing."""
    return from_rows(
        OBJECTS.columns(axes), ({**_joined(one), "experiment": experiment, **one["at"]} for one in objects)
    )


def _joined(record: Mapping[str, Any]) -> dict[str, Any]:
    """Lists as the file has them: search paths with colons, flags with blanks."""
    separators = {"runpath": ":", "rpath": ":", "flags": " "}
    return {
        name: separators[name].join(value) if name in separators and value is not None else value
        for name, value in record.items()
    }


def needed_frame(experiment: str, objects: Records) -> pd.DataFrame:
    """A row a DT_NEEDED entry, `position` from 0 in the order of the dynamic section."""
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
    return from_rows(NEEDED.columns(), rows).drop_duplicates(ignore_index=True)


def symbols_frame(experiment: str, symbols: Records) -> pd.DataFrame:
    """A row an entry of an object's dynamic symbol table, in its order."""
    return from_rows(SYMBOLS.columns(), ({**one, "experiment": experiment} for one in symbols))


def events_frame(experiment: str, trials: Records, events: Records) -> pd.DataFrame:
    """A row an event, in the order of the plan and within a trial in the order of time; `seq` counts from 0."""
    names = EVENTS.columns()
    by_trial: dict[str, list[Mapping[str, Any]]] = {}
    for one in events:
        by_trial.setdefault(one["trial"], []).append(one)
    values: dict[str, list[Any]] = {name: [] for name in names}
    for trial in trials:
        found = by_trial.get(trial["trial"], [])
        values["trial"] += [trial["trial"]] * len(found)
        values["scenario"] += [trial["scenario"]] * len(found)
        values["seq"] += range(len(found))
        values["event"] += [one["event"] for one in found]
        for one in found:
            data, addresses = _event(one)
            values["data"].append(data)
            values["addresses"].append(addresses)
    values["experiment"] = [experiment] * len(values["trial"])
    return from_columns(names, values)


def _event(event: Mapping[str, Any]) -> tuple[str, str]:
    """The fields of an event as JSON: those that any run of the trial gives, and those that each run has its own of."""
    same: dict[str, Any] = {}
    own: dict[str, Any] = {}
    for name, value in event.items():
        if name not in ("trial", "event"):
            (own if name in OF_A_PROCESS or _has_address(value) else same)[name] = value
    return _as_json(same), _as_json(own)


def _has_address(value: Any) -> bool:  # noqa: ANN401  # any JSON
    """Whether a value is an address, `0x…`, or holds one somewhere."""
    if isinstance(value, str):
        return value.startswith("0x")
    if isinstance(value, dict):
        return any(map(_has_address, value.values()))
    return isinstance(value, list) and any(map(_has_address, value))


def claims_frame(experiment: str, axes: Sequence[str], trials: Records) -> pd.DataFrame:
    """A row a claim and trial that checked it."""
    rows = (
        {
            **one,
            **claim,
            "claim": claim["id"],
            "reproduced": DECIDED.get(claim["verdict"]),
            "claim_verdict": claim["verdict"],
            "experiment": experiment,
            **one["point"],
        }
        for one in trials
        for claim in one["claims"]
    )
    return from_rows(CLAIMS.columns(axes), rows)
