"""What the loader did, one untimed trial per scenario and point: its link maps, its searches, its bindings.

Made of columns, not of rows: a program of some size binds a million symbols.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from elfworlds.columns import BINDINGS, LINK_MAPS, SEARCHES
from elfworlds.tables.frame import from_columns

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pandas as pd  # noqa: TID251  # this room is the only place for it

    from elfworlds.columns import Table

    Record = Mapping[str, Any]
    Records = Sequence[Record]
    Columns = Mapping[str, Sequence[Any]]


def link_maps_frame(experiment: str, axes: Sequence[str], traces: Records) -> pd.DataFrame:
    """A row an object mapped in a namespace, in the order of loading."""
    parts = [_picked(one["link_maps"], {name: name for name in LINK_MAPS.tail}) for one in traces]
    return _joined(experiment, axes, LINK_MAPS, traces, parts)


def bindings_frame(experiment: str, axes: Sequence[str], traces: Records) -> pd.DataFrame:
    """A row a symbol reference and the object that it was bound to, in the order of time."""
    return _joined(experiment, axes, BINDINGS, traces, [_bindings(one) for one in traces])


def _bindings(trace: Record) -> Columns:
    names = {one["path"]: one["object"] for one in trace["link_maps"]}
    same = ("pid", "from_lmid", "to_lmid", "symbol", "version", "kind")
    columns = _picked(trace["bindings"], {"from_path": "from", "to_path": "to", **{name: name for name in same}})
    ends = {f"{end}_object": [names.get(path) for path in columns[f"{end}_path"]] for end in ("from", "to")}
    return {**columns, **ends}


def searches_frame(experiment: str, axes: Sequence[str], traces: Records) -> pd.DataFrame:
    """A row a file that was tried, in the order of time."""
    return _joined(experiment, axes, SEARCHES, traces, [_searches(one) for one in traces])


def _searches(trace: Record) -> Columns:
    rows = [
        {**search, "seq": seq, "position": position, "rule": rule, "path": path, "found": position == found}
        for seq, search in enumerate(trace["searches"])
        for tried, found in [_tries(search)]
        for position, (rule, path) in enumerate(tried)
    ]
    return _picked(rows, {name: name for name in SEARCHES.tail})


def _tries(search: Record) -> tuple[list[tuple[str | None, str | None]], int | None]:
    """The files that were tried, and the place of the one that was taken: the last of that path.

    A search without any try is one row all the same; so is a file that was found without being told as tried.
    """
    tried: list[tuple[str | None, str | None]] = [(rule, path) for rule, path in search["tried"]]
    if not tried or search["found"] not in (None, *(path for _, path in tried)):
        tried.append((None, search["found"]))
    if search["found"] is None:
        return tried, None
    return tried, max(at for at, (_, path) in enumerate(tried) if path == search["found"])


def _picked(records: Records, names: Mapping[str, str]) -> dict[str, list[Any]]:
    """Column → values; `names` says which field each column is."""
    return {column: [one.get(field) for one in records] for column, field in names.items()}


def _joined(
    experiment: str, axes: Sequence[str], table: Table, traces: Records, parts: Sequence[Columns]
) -> pd.DataFrame:
    """Every trial's columns one below the other, after those that say where they were seen."""
    sizes = [len(part[next(iter(table.tail))]) for part in parts]
    heads = {
        "trial": [one["trial"] for one in traces],
        "experiment": [experiment] * len(parts),
        "scenario": [one["scenario"] for one in traces],
        **{axis: [one["point"].get(axis) for one in traces] for axis in axes},
    }
    values = {name: list(_repeated(each, sizes)) for name, each in heads.items()}
    values |= {name: [value for part in parts for value in part[name]] for name in table.tail}
    return from_columns(table.columns(axes), values)


def _repeated(values: Sequence[Any], sizes: Sequence[int]) -> Iterator[Any]:
    for value, size in zip(values, sizes, strict=True):
        yield from [value] * size
