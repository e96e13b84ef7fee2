"""An inspection as JSON."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from elfworlds.elf import NotElfError
from elfworlds.inspection.causes import causes
from elfworlds.inspection.why import why as find
from elfworlds.trials.details import details

if TYPE_CHECKING:
    from collections.abc import Iterable

    from elfworlds.inspection.result import Result
    from elfworlds.inspection.symbols import Reference
    from elfworlds.inspection.types import Considered, Mapped, Need
    from elfworlds.inspection.why import Why
    from elfworlds.jsondata import Json

SCHEMA = 1
DETAILS = (*("versions", "relocations", "relr", "text-relocations", "tls", "stack", "relro", "hash-tables", "notes"),)


def document(inspections: Iterable[Result], *, symbols: bool = False, why: str | None = None) -> dict[str, Json]:
    """Every inspection with all that it knows; with `symbols` every undefined symbol too, with `why` one library.

    Raises:
        InputError: nothing asks for that library.
    """
    return {"schema": SCHEMA, "inspections": [_inspection(each, symbols=symbols, why=why) for each in inspections]}


def _inspection(inspection: Result, *, symbols: bool, why: str | None) -> dict[str, Json]:
    more: dict[str, Json] = {"symbols": [_reference(each) for each in inspection.references]} if symbols else {}
    more |= {"why": _why(find(inspection, why), inspection)} if why is not None else {}
    return {
        "path": inspection.path,
        "world": inspection.world,
        "loader": inspection.interp,
        "family": inspection.family,
        "whole": inspection.whole,
        "facts": {**inspection.facts.facts(), **_details(inspection)},
        "objects": [_object(mapped) for mapped in inspection.objects],
        "needs": [_need(need, inspection) for need in inspection.needs],
        "missing-versions": [
            {
                "needing": version.needing,
                "file": version.file,
                "path": version.path,
                "version": version.version,
                "weak": version.weak,
                "unversioned": version.unversioned,
            }
            for version in inspection.versions
        ],
        "optional": [
            {
                "needing": entry.needing,
                "sonames": list(entry.sonames),
                "feature": entry.feature,
                "description": entry.description,
                "priority": entry.priority,
                "path": entry.path,
                "rule": entry.rule,
            }
            for entry in inspection.optional
        ],
        **more,
    }


def _details(inspection: Result) -> dict[str, Json]:
    """The facts of the file that are read where somebody asks, but for its symbols: those stand in the tables."""
    own = inspection.own
    try:
        return details(Path(inspection.system.files.outside(own.path)), DETAILS) if own else {}
    except NotElfError:
        return {}


def _reference(reference: Reference) -> dict[str, Json]:
    return {
        "needing": reference.needing,
        "symbol": reference.symbol,
        "version": reference.version,
        "weak": reference.weak,
        "path": reference.path,
        "provided": reference.provided,
        "elsewhere": list(reference.elsewhere),
    }


def _object(mapped: Mapped) -> dict[str, Json]:
    return {
        "path": mapped.path,
        "name": mapped.name,
        "loaded-by": mapped.loaded_by,
        "of-host": mapped.of_host,
        "facts": mapped.facts.facts(),
    }


def _need(need: Need, inspection: Result) -> dict[str, Json]:
    told: dict[str, Json] = {
        "needing": need.needing,
        "name": need.name,
        "tag": need.tag,
        "path": need.path,
        "rule": need.rule,
        "holder": need.holder,
        "level": need.level,
        "sure": need.sure,
    }
    if need.path is None:
        told |= {
            "stopped": need.stopped,
            "causes": list(causes(need, inspection)),
            "considered": [considered_row(tried) for tried in need.considered],
        }
    return told


def considered_row(tried: Considered) -> dict[str, Json]:
    return {"path": tried.path, "rule": tried.rule, "holder": tried.holder, "state": tried.state}


def _why(found: Why, inspection: Result) -> dict[str, Json]:
    return {
        "name": found.name,
        "requests": [
            {
                **_need(request.need, inspection),
                "position": request.position,
                "chain": list(request.chain),
                "tried": [considered_row(tried) for tried in request.tried],
                "shadowed": [considered_row(tried) for tried in request.shadowed],
            }
            for request in found.requests
        ],
        "others": list(found.others),
    }
