"""What the loader did in a trial → its record, with no process id: processes are numbered in order of appearance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from elfworlds.records.places import Directory
from elfworlds.records.types import Bindings, LinkMapRecord, SearchRecord, TraceRecord
from elfworlds.search_prediction import LD_PRELOAD

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from elfworlds.binding_prediction import Prediction as BindingPrediction
    from elfworlds.search_prediction import Prediction
    from elfworlds.traces.ldtrace import LinkMap, LoaderTrace, Search
    from elfworlds.trials.trace import MappedFile, Traced


def trace_record(traced: Traced) -> TraceRecord:
    """The line of traces.jsonl."""
    trial, trace, predictions = traced.trial, traced.trace, traced.predictions
    record = TraceRecord(
        scenario=trial.scenario,
        point=dict(trial.point),
        trial=trial.id,
        link_maps=tuple(link_maps(trace, predictions, traced.objects, traced.files)),
        searches=tuple(searches(trace, predictions)),
        bindings=bindings(trace, traced.foretold),
    )
    return Directory(traced.directory).trace(record)


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
    for link_map in trace.link_maps:
        file = files.get(link_map.path)
        yield LinkMapRecord(
            pid=number[link_map.pid],
            lmid=link_map.lmid,
            needed_by=_needed_by(link_map, preloaded),
            position=link_map.position,
            name=link_map.name,
            object=objects.get(link_map.path),
            path=link_map.path,
            base=None if link_map.base is None else hex(link_map.base),
            dynamic=None if link_map.dynamic is None else hex(link_map.dynamic),
            size=link_map.size,
            opened=link_map.opened,
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


def bindings(trace: LoaderTrace, foretold: Sequence[BindingPrediction]) -> Bindings:
    """All bindings, as columns, each with what was foretold of it."""
    number = _numbers(trace)
    return Bindings(
        pid=[number[binding.pid] for binding in trace.bindings],
        from_path=[binding.from_path for binding in trace.bindings],
        from_lmid=[binding.from_lmid for binding in trace.bindings],
        to_path=[binding.to_path for binding in trace.bindings],
        to_lmid=[binding.to_lmid for binding in trace.bindings],
        symbol=[binding.symbol for binding in trace.bindings],
        version=[binding.version for binding in trace.bindings],
        kind=[binding.kind for binding in trace.bindings],
        foretold=[prediction.foretold for prediction in foretold],
        agrees=[prediction.agrees for prediction in foretold],
    )


def _numbers(trace: LoaderTrace) -> dict[int, int]:
    return {pid: number for number, pid in enumerate(trace.pids)}


def _preloaded(predictions: Iterable[Prediction]) -> set[tuple[int, str | None, str]]:
    return {
        (prediction.pid, prediction.needing, prediction.name)
        for prediction in predictions
        if prediction.search and prediction.cause == LD_PRELOAD
    }


def _needed_by(link_map: LinkMap | Search, preloaded: set[tuple[int, str | None, str]]) -> str | None:
    return None if (link_map.pid, link_map.needed_by, link_map.name) in preloaded else link_map.needed_by
