"""The form of each kind of line: read, with an error that names what is wrong, and written as it always was."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

from elfworlds.records import bindings
from elfworlds.records.damage import DamagedError, shown
from elfworlds.records.foretold import ForetoldRecord
from elfworlds.records.form import form, key_of, of
from elfworlds.records.types import (
    Bindings,
    ClaimRecord,
    EnvironmentRecord,
    EventRecord,
    LinkMapRecord,
    ObjectRecord,
    RunAbout,
    SearchRecord,
    ToolchainRecord,
    TraceRecord,
    TreeRecord,
    TrialRecord,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from _typeshed import DataclassInstance

    from elfworlds.jsondata import Json, JsonObject

    Record: TypeAlias = TrialRecord | EventRecord | ObjectRecord | TraceRecord

SCHEMA = 1


def _reproduced(claim: JsonObject) -> JsonObject:
    """A claim of an earlier version: `reproduced` was true or false, and a verdict there was not."""
    verdicts = {True: "reproduced", False: "refuted"}
    before = claim.get("reproduced")
    return {"verdict": verdicts[before], **claim} if isinstance(before, bool) else claim


def _earlier(**missing: Json) -> Callable[[JsonObject], JsonObject]:
    """Fields that earlier versions did not write."""
    return lambda data: {**missing, **data}


_CLAIM = replace(form(ClaimRecord, earlier=_reproduced), same={})
_LINK_MAP = form(LinkMapRecord, earlier=_earlier(sha256=None, build_id=None))
_SEARCH = form(SearchRecord, earlier=_earlier(predicted=None, agrees=None))
_TOOLCHAIN = form(ToolchainRecord, earlier=_earlier(identity={}))
ELSEWHERE: JsonObject = {"ran_on": None, "on_kernel": None, "on_cpu": None, "on_architecture": None}
TRIAL = form(
    TrialRecord, {ClaimRecord: of(_CLAIM)}, _earlier(shown={}, attempts=[], events=None, written={}, **ELSEWHERE)
)
OBJECT = form(ObjectRecord, earlier=_earlier(needs=[], compiler_output=""))
_FORETOLD = form(ForetoldRecord)
TRACE = form(
    TraceRecord,
    {
        LinkMapRecord: of(_LINK_MAP),
        SearchRecord: of(_SEARCH),
        Bindings: bindings.KIND,
        ForetoldRecord: of(_FORETOLD),
    },
    _earlier(foretold=[]),
)
_TREE = form(TreeRecord)
UNSAID: JsonObject = {"trees": [], "shard": "", "whole": ""}  # what run.json leaves out where it is so
ABOUT = form(RunAbout, {TreeRecord: of(_TREE)}, lambda data: {"versions": {}, "made-with": {}, **UNSAID, **data})
ENVIRONMENT = form(EnvironmentRecord, {ToolchainRecord: of(_TOOLCHAIN)}, _earlier(inherited=[], sandbox=False))


def event(data: Json) -> EventRecord:
    """A line of events.jsonl: any fields beside the trial and the event's name."""
    if not isinstance(data, dict):
        raise DamagedError(f"{shown(data)} is not an object")
    trial, name = data.get("trial"), data.get("event")
    if isinstance(trial, str) and isinstance(name, str):
        rest = data.copy()
        del rest["trial"], rest["event"]
        return EventRecord(trial, name, rest)
    key = "event" if isinstance(trial, str) else "trial"
    raise DamagedError(f"is {shown(data[key])}, not a text" if key in data else "is missing", key)


def line(record: Record) -> str:
    """A record as its line, without a line break."""
    return _LINE.encode(record)


def page(data: JsonObject | RunAbout) -> str:
    """A file that holds one object."""
    return _PAGE.encode(data) + "\n"


def _plain(record: DataclassInstance) -> Json:
    """A record as JSON, but for records in it: `json` asks for them in turn."""
    if isinstance(record, Bindings):
        return bindings.as_rows(record)
    if isinstance(record, EventRecord):
        return {"trial": record.trial, "event": record.event, **record.fields}
    content = {key: getattr(record, name) for name, key in _keys(type(record))}
    if isinstance(record, RunAbout):
        content = {key: value for key, value in content.items() if value or key not in UNSAID}
    if isinstance(record, TraceRecord) and not record.foretold:
        del content["foretold"]
    if isinstance(record, TrialRecord):
        if record.ran_on is None:
            content = {key: value for key, value in content.items() if key not in ELSEWHERE}
        return {"schema": SCHEMA, **content}
    return content


@cache
def _keys(record: type[DataclassInstance]) -> tuple[tuple[str, str], ...]:
    return tuple((field.name, key_of(field)) for field in fields(record))


_LINE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=_plain)
_PAGE = json.JSONEncoder(ensure_ascii=False, indent=1, default=_plain)
