"""An inspection as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from elfworlds.inspection.causes import causes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from elfworlds.inspection.result import Inspection
    from elfworlds.inspection.types import Considered, Mapped, Need
    from elfworlds.jsondata import Json

SCHEMA = 1


def document(inspections: Iterable[Inspection], *, symbols: bool = False) -> dict[str, Json]:
    """Every inspection with all that it knows."""
    del symbols
    return {"schema": SCHEMA, "inspections": [_inspection(each) for each in inspections]}


def _inspection(inspection: Inspection) -> dict[str, Json]:
    return {
        "path": inspection.path,
        "world": inspection.world,
        "loader": inspection.interp,
        "family": inspection.family,
        "whole": inspection.whole,
        "facts": inspection.facts.facts(),
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
    }


def _object(mapped: Mapped) -> dict[str, Json]:
    return {"path": mapped.path, "name": mapped.name, "loaded-by": mapped.loaded_by, "facts": mapped.facts.facts()}


def _need(need: Need, inspection: Inspection) -> dict[str, Json]:
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
