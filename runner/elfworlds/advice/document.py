"""Advice as lines of a terminal, and as JSON."""

from __future__ import annotations

import posixpath
from itertools import groupby
from typing import TYPE_CHECKING

from elfworlds.advice.types import KEYS, NAMESPACES, REFUSED, SHARED, STATIC_TLS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from elfworlds.advice.types import Advice, Forecast
    from elfworlds.jsondata import Json

SCHEMA = 1
SHOWN = 4  # findings of a rule, and refusals, that are shown


def lines(advice: Advice) -> Iterator[str]:
    """For a person."""
    forecast = advice.forecast
    yield f"{advice.path} by {advice.way}, {advice.world}, {advice.libc}"
    yield f"  loads: {'yes' if forecast.loads else 'no'}"
    yield from (f"    {why}" for why in _some(forecast.refusals))
    yield f"  gone after dlclose: {_gone(forecast)}"
    yield f"  copies: {_copies(forecast)}"
    for rule, group in groupby(advice.hazards, key=lambda hazard: hazard.rule):
        hazards = list(group)
        yield ""
        yield f"{rule} ({hazards[0].releases})"
        yield from _some([f"  {posixpath.basename(each.object)}: {each.evidence}" for each in hazards])
        yield f"  remedy: {hazards[0].remedy}"


def _some(texts: Iterable[str]) -> Iterator[str]:
    every = list(texts)
    yield from every[:SHOWN]
    if len(every) > SHOWN:
        yield f"    and {len(every) - SHOWN} more"


def _gone(forecast: Forecast) -> str:
    if not forecast.loads:
        return "it is not loaded"
    return "yes" if forecast.kept_by is None else f"no: {forecast.kept_by}"


def _copies(forecast: Forecast) -> str:
    taken = f"{forecast.static_tls} bytes of static TLS each, of {forecast.room}"
    return {
        REFUSED: "none",
        SHARED: "one for all",
        KEYS: "1: another one's constructors would read the pthread keys of the first (shared-keys)",
        NAMESPACES: f"{forecast.copies}, a namespace each, which is all there are",
        STATIC_TLS: f"{forecast.copies}, a namespace each: {taken}",
    }[forecast.limit]


def document(advices: Iterable[Advice]) -> dict[str, Json]:
    """For programs."""
    return {"schema": SCHEMA, "advice": [_advice(each) for each in advices]}


def _advice(advice: Advice) -> dict[str, Json]:
    forecast = advice.forecast
    return {
        "path": advice.path,
        "world": advice.world,
        "libc": advice.libc,
        "way": advice.way,
        "loads": forecast.loads,
        "refusals": list(forecast.refusals),
        "gone-after-dlclose": forecast.gone,
        "kept-by": forecast.kept_by,
        "copies": forecast.copies,
        "limit": forecast.limit,
        "static-tls": {"each": forecast.static_tls, "room": forecast.room},
        "hazards": [
            {
                "rule": hazard.rule,
                "object": hazard.object,
                "evidence": hazard.evidence,
                "releases": hazard.releases,
                "remedy": hazard.remedy,
            }
            for hazard in advice.hazards
        ],
    }
