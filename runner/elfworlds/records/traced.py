"""What the loader did in a trial → its record, with no process id: processes are numbered in order of appearance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from elfworlds.records.types import Bindings, LinkMapRecord, SearchRecord, TraceRecord
from elfworlds.search_prediction import LD_PRELOAD

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from elfworlds.search_prediction import Prediction
    from elfworlds.traces.ldtrace import LinkMap, LoaderTrace, Search
    from elfworlds.trials.trace import MappedFile, Traced


def trace_record(traced: Traced) -> TraceRecord:
    """The line of traces.jsonl."""
    trial, trace, predictions = traced.trial, traced.trace, traced.predictions
    return TraceRecord(
        scenario=trial.scenario,
        point=dict(trial.point),
        trial=trial.id,
        link_maps=tuple(link_maps(trace, predictions, traced.objects, traced.files)),
        searches=tuple(searches(trace, predictions)),
        bindings=bindings(trace),
    )


def link_maps(
    trace: LoaderTrace, predictions: Iterable[Prediction], objects: Mapping[str, str], files: Mapping[str, MappedFile]
) -> Iterable[LinkMapRecord]:
    """Each file that was mapped.

    Args:
        trace: what the loader said.
        predictions: for that trace. They tell preloaded objects from needed ones, of which glibc says the same.
        objects: path → the object's name in the experiment.
        files: path → which file that was, of those that could be read.
    """
    number, preloaded = _numbers(trace), _preloaded(predictions)
    for one in trace.link_maps:
        file = files.get(one.path)
        yield LinkMapRecord(
            pid=number[one.pid],
            lmid=one.lmid,
            needed_by=_needed_by(one, preloaded),
            position=one.position,
            name=one.name,
            object=objects.get(one.path),
            path=one.path,
            base=None if one.base is None else hex(one.base),
            dynamic=None if one.dynamic is None else hex(one.dynamic),
            size=one.size,
            opened=one.opened,
            sha256=file.sha256 if file else None,
            build_id=file.build_id if file else None,
        )


def searches(trace: LoaderTrace, predictions: Iterable[Prediction]) -> Iterable[SearchRecord]:
    """Each search, with what was predicted of it."""
    number, listed = _numbers(trace), list(predictions)
    preloaded = _preloaded(listed)
    predicted = {prediction.search: prediction for prediction in listed if prediction.search}
    for search in trace.searches:
        prediction = predicted.get(search)
        yield SearchRecord(
            pid=number[search.pid],
            lmid=search.lmid,
            needed_by=_needed_by(search, preloaded),
            name=search.name,
            tried=tuple((tried.rule, tried.path) for tried in search.tried),
            found=prediction.found if prediction else search.found,
            predicted=prediction.predicted if prediction else None,
            agrees=prediction.agrees if prediction else None,
        )


def bindings(trace: LoaderTrace) -> Bindings:
    """All bindings, as columns."""
    number = _numbers(trace)
    return Bindings(
        pid=[number[one.pid] for one in trace.bindings],
        from_path=[one.from_path for one in trace.bindings],
        from_lmid=[one.from_lmid for one in trace.bindings],
        to_path=[one.to_path for one in trace.bindings],
        to_lmid=[one.to_lmid for one in trace.bindings],
        symbol=[one.symbol for one in trace.bindings],
        version=[one.version for one in trace.bindings],
        kind=[one.kind for one in trace.bindings],
    )


def _numbers(trace: LoaderTrace) -> dict[int, int]:
    return {pid: number for number, pid in enumerate(trace.pids)}


def _preloaded(predictions: Iterable[Prediction]) -> set[tuple[int, str | None, str]]:
    return {(one.pid, one.needing, one.name) for one in predictions if one.search and one.cause == LD_PRELOAD}


def _needed_by(one: LinkMap | Search, preloaded: set[tuple[int, str | None, str]]) -> str | None:
    return None if (one.pid, one.needed_by, one.name) in preloaded else one.needed_by
