"""A trace and the predictions for it → plain rows of three tables: link maps, searches, bindings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from elfworlds.search_prediction.types import LD_PRELOAD, Prediction

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from elfworlds.traces.ldtrace import Binding, LinkMap, Search, Trace

Row: TypeAlias = dict[str, Any]


def record(trace: Trace, objects: Mapping[str, str], predictions: Iterable[Prediction]) -> dict[str, list[Row]]:
    """The rows, which hold no process id: processes are numbered from 0 in order of appearance.

    Args:
        trace: what the loader said.
        objects: path → the object's name in the experiment.
        predictions: for that trace. They tell preloaded objects from needed ones, of which glibc says the same.
    """
    number = {pid: at for at, pid in enumerate(trace.pids)}
    told = {one.search: one for one in predictions if one.search}
    preloaded = {(one.pid, one.needing, one.name) for one in told.values() if one.cause == LD_PRELOAD}

    def common(one: LinkMap | Search) -> Row:
        needed = one.needed_by is not None and (one.pid, one.needed_by, one.name) not in preloaded
        return {"pid": number[one.pid], "lmid": one.lmid, "needed_by": one.needed_by if needed else None}

    return {
        "link_maps": [common(one) | _link_map(one, objects) for one in trace.link_maps],
        "searches": [common(one) | _search(one, told.get(one)) for one in trace.searches],
        "bindings": [{"pid": number[one.pid]} | _binding(one) for one in trace.bindings],
    }


def _link_map(one: LinkMap, objects: Mapping[str, str]) -> Row:
    return {
        "position": one.position,
        "name": one.name,
        "object": objects.get(one.path),
        "path": one.path,
        "base": None if one.base is None else hex(one.base),
        "dynamic": None if one.dynamic is None else hex(one.dynamic),
        "size": one.size,
        "opened": one.opened,
    }


def _search(one: Search, told: Prediction | None) -> Row:
    return {
        "name": one.name,
        "tried": [[tried.rule, tried.path] for tried in one.tried],
        "found": told.found if told else one.found,
        "predicted": told.predicted if told else None,
        "agrees": told.agrees if told else None,
    }


def _binding(one: Binding) -> Row:
    return {
        "from": one.from_path,
        "from_lmid": one.from_lmid,
        "to": one.to_path,
        "to_lmid": one.to_lmid,
        "symbol": one.symbol,
        "version": one.version,
        "kind": one.kind,
    }
