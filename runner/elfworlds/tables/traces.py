"""What the loader did in one untimed trial per scenario and point: link maps, searches, bindings.

Built from columns, not from rows: a large program binds a million symbols.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from elfworlds.columns import BINDINGS, LINK_MAPS, SEARCHES
from elfworlds.tables.frame import columns_of, from_columns, labels_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import pandas as pd  # noqa: TID251  # this room is the only place for it

    from elfworlds.columns import Table
    from elfworlds.records import SearchRecord, TraceRecord
    from elfworlds.tables.frame import Columns, Scalar

    Try = tuple[str | None, str | None]


def link_maps_frame(experiment: str, axes: Sequence[str], traces: Sequence[TraceRecord]) -> pd.DataFrame:
    """A row for each object in a namespace, in the order of loading."""
    parts = [columns_of(trace.link_maps, LINK_MAPS.tail) for trace in traces]
    return _joined(experiment, axes, LINK_MAPS, traces, parts)


def bindings_frame(experiment: str, axes: Sequence[str], traces: Sequence[TraceRecord]) -> pd.DataFrame:
    """A row for each symbol reference and the object that it was bound to, in the order of time."""
    return _joined(experiment, axes, BINDINGS, traces, [_bindings(trace) for trace in traces])


def _bindings(trace: TraceRecord) -> Columns:
    names = {mapped.path: mapped.object for mapped in trace.link_maps}
    bindings = trace.bindings
    return {
        "pid": bindings.pid,
        "from_object": [names.get(path) for path in bindings.from_path],
        "from_path": bindings.from_path,
        "from_lmid": bindings.from_lmid,
        "to_object": [names.get(path) for path in bindings.to_path],
        "to_path": bindings.to_path,
        "to_lmid": bindings.to_lmid,
        "symbol": bindings.symbol,
        "version": bindings.version,
        "kind": bindings.kind,
        "foretold": bindings.foretold,
        "agrees": bindings.agrees,
    }


def searches_frame(experiment: str, axes: Sequence[str], traces: Sequence[TraceRecord]) -> pd.DataFrame:
    """A row for each file that was tried, in the order of time."""
    return _joined(experiment, axes, SEARCHES, traces, [_searches(trace) for trace in traces])


def _searches(trace: TraceRecord) -> Columns:
    rows = [
        (search, seq, position, tried, position == taken)
        for seq, search in enumerate(trace.searches)
        for tries, taken in [_tries(search)]
        for position, tried in enumerate(tries)
    ]
    of_search = ("pid", "lmid", "name", "needed_by", "predicted", "agrees")
    return {
        **columns_of([search for search, *_ in rows], of_search),
        "seq": [seq for _, seq, *_ in rows],
        "position": [position for _, _, position, *_ in rows],
        "rule": [rule for _, _, _, (rule, _), _ in rows],
        "path": [path for _, _, _, (_, path), _ in rows],
        "found": [taken for *_, taken in rows],
    }


def _tries(search: SearchRecord) -> tuple[list[Try], int | None]:
    """The files that were tried, and the index of the file that was taken: the last with its path.

    A search without any try has one row too. So has a file that was found although the trace shows no try of it.
    """
    tried: list[Try] = list(search.tried)
    if not tried or search.found not in (None, *(path for _, path in tried)):
        tried.append((None, search.found))
    if search.found is None:
        return tried, None
    return tried, max(at for at, (_, path) in enumerate(tried) if path == search.found)


def _joined(
    experiment: str, axes: Sequence[str], table: Table, traces: Sequence[TraceRecord], parts: Sequence[Columns]
) -> pd.DataFrame:
    """The trials' columns one below the other, after the columns of trial, experiment, scenario and axes."""
    sizes = [len(part[next(iter(table.tail))]) for part in parts]
    heads: Columns = {
        "trial": [trace.trial for trace in traces],
        "experiment": [experiment] * len(parts),
        "scenario": [trace.scenario for trace in traces],
        **labels_of(table, [trace.point for trace in traces], axes),
    }
    values: Columns = {
        **{name: list(_repeated(each, sizes)) for name, each in heads.items()},
        **{name: [value for part in parts for value in part[name]] for name in table.tail},
    }
    return from_columns(table.columns(axes), values)


def _repeated(values: Iterable[Scalar], sizes: Iterable[int]) -> Iterator[Scalar]:
    for value, size in zip(values, sizes, strict=True):
        yield from [value] * size
