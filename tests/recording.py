"""Records as a run's files give them, made of the fields that a test is about."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from conftest import ROOT
from elfworlds.records import EventRecord, ObjectRecord, RunRecord, TraceRecord, TrialRecord, forms
from elfworlds.report import flips
from elfworlds.report.loading import Seen
from elfworlds.report.markdown import markdown
from elfworlds.report.pictures.heat import Heat, heats

TRIAL: Mapping[str, Any] = {
    "scenario": "s",
    "point": {"way": "a", "libc": "host"},
    "observer": "plain",
    "outcome": "yes",
    "expected": None,
    "verdict": "NEW",
    "why": None,
    "notes": [],
    "exit": 0,
    "signal": None,
    "timed_out": False,
    "wall_s": 0.5,
    "user_s": 0.25,
    "sys_s": 0.125,
    "max_rss_kb": 100,
    "stdout_bytes": 1,
    "stderr_bytes": 0,
    "cut_bytes": 0,
    "command": None,
    "claims": [{"id": "C-1", "says": "it is so", "claimed": "yes", "verdict": "reproduced"}],
}
OBJECT: Mapping[str, Any] = {
    **dict.fromkeys(("object", "key", "path", "sha256", "toolchain", "type", "machine"), "x"),
    **dict.fromkeys(("interp", "soname", "rpath", "runpath", "build_id")),
    "at": {},
    "needed": [],
    "flags": [],
    "execstack": False,
}
LINK_MAP: Mapping[str, Any] = {"name": "", "needed_by": None, "dynamic": None, "size": None, "opened": False}
BINDING: Mapping[str, Any] = {"version": None, "kind": "normal"}
PARTS = ("system", "kernel", "machine", "cpu", "python", "elfworlds", "backend")
ENVIRONMENT = forms.ENVIRONMENT.read({**dict.fromkeys(PARTS, "x"), "toolchains": []})
TRACE_LINES = tuple(json.loads(line) for line in (ROOT / "tests" / "data" / "traces.jsonl").read_text().splitlines())
TRACES = tuple(map(forms.TRACE.read, TRACE_LINES))


def trial(number: int, **more: Any) -> TrialRecord:  # noqa: ANN401  # a record's fields
    """A trial; `claims` and `verdict` are given as a line has them."""
    return forms.TRIAL.read({"number": number, "trial": f"s,way=a,repeat={number}", "repeat": number, **TRIAL, **more})


def event(trial: str, name: str, **fields: Any) -> EventRecord:  # noqa: ANN401  # any fields
    return EventRecord(trial, name, fields)


def built(**fields: Any) -> ObjectRecord:  # noqa: ANN401  # a record's fields
    return forms.OBJECT.read({**OBJECT, **fields})


def trace(maps: Iterable[Mapping[str, Any]], bindings: Iterable[Mapping[str, Any]] = ()) -> TraceRecord:
    """A trace of rows that may lack what has nothing to do with pictures."""
    return forms.TRACE.read(
        {
            "scenario": "s",
            "point": {},
            "trial": "s",
            "link_maps": [{**LINK_MAP, **row} for row in maps],
            "searches": [],
            "bindings": [{**BINDING, **row} for row in bindings],
        }
    )


def run_of(trials: Sequence[TrialRecord], **more: Any) -> RunRecord:  # noqa: ANN401  # a record's fields
    """A run of these trials, and nothing else that `more` does not say."""
    fields: dict[str, Any] = {
        "name": "x",
        "question": "?",
        "source": {},
        "note": "",
        "axes": {"way": ["a"], "libc": ["host"]},
        "planned": len(trials),
        "events": [],
        "traces": [],
        "objects": [],
        "environment": ENVIRONMENT,
        "rerun": "",
    }
    return RunRecord(trials=trials, **{**fields, **more})


def flip_lines_of(run: RunRecord) -> list[str]:
    return flips.flip_lines(flips.of(run))


def heats_of(run: RunRecord) -> list[Heat]:
    return heats(run, flips.of(run))


def report_md(run: RunRecord, written: Mapping[str, Mapping[str, str]], seen: Sequence[Seen]) -> str:
    return markdown(run, written, seen, flips.of(run))
