"""tables: column names and types are an interface."""

from __future__ import annotations

import io
from typing import Any

import pandas as pd  # tables are read as a user would
import pytest

from conftest import ROOT
from elfworlds import tables
from elfworlds.records import RunTold


def trial(number: int, **more: Any) -> dict[str, Any]:  # noqa: ANN401  # a record's fields
    record: dict[str, Any] = {
        "number": number,
        "trial": f"s,way=a,repeat={number}",
        "scenario": "s",
        "point": {"way": "a", "libc": "host"},
        "observer": "plain",
        "repeat": number,
        "outcome": "yes",
        "expected": None,
        "verdict": "NEW",
        "why": None,
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
        "claims": [{"id": "C-1", "says": "it is so", "claimed": "yes", "reproduced": True}],
    }
    return record | more


def run(
    trials: list[dict[str, Any]], events: list[dict[str, Any]] | None = None, traces: tuple[dict[str, Any], ...] = ()
) -> RunTold:
    return RunTold(
        name="x",
        question="?",
        source={},
        note="",
        axes={"way": ["a"], "libc": ["host"]},
        planned=len(trials),
        trials=trials,
        events=events or [],
        traces=traces,
        objects=[],
        environment={},
        rerun="",
    )


COLUMNS = {
    "trials": "trial experiment scenario way libc observer repeat outcome expected verdict why exit signal timed_out"
    " wall_s user_s sys_s max_rss_kb stdout_bytes stderr_bytes cut_bytes",
    "objects": "object experiment way libc key path sha256 toolchain type machine soname interp runpath rpath build_id"
    " flags execstack",
    "needed": "object experiment key position needed",
    "symbols": "object experiment key symbol version is_default defined bind type visibility value size",
    "events": "trial experiment scenario seq event data",
    "claims": "claim experiment scenario says way libc observer repeat trial claimed outcome reproduced",
}


@pytest.mark.parametrize("name", COLUMNS)
def test_the_columns_are_these_whether_there_are_rows_or_not(name: str) -> None:
    for trials in ([], [trial(1)]):
        assert " ".join(tables.frames(run(trials), [])[name].columns) == COLUMNS[name]


@pytest.mark.parametrize("name", COLUMNS)
def test_every_column_is_documented(name: str) -> None:
    section = (ROOT / "docs" / "tables.md").read_text().split(f"\n## `{name}`")[1].split("\n## ")[0]
    for column in COLUMNS[name].split():
        assert column in ("way", "libc") or f"`{column}`" in section


def test_what_is_missing_is_empty_and_whole_numbers_stay_whole() -> None:
    frame = tables.trials_frame("x", ["way", "libc"], [trial(1), trial(2, exit=None, signal="SIGSEGV")])
    lines = tables.as_csv(frame).splitlines()
    assert ",0,,False," in lines[1]
    assert ",,SIGSEGV,False," in lines[2]


def test_a_csv_file_reads_back_as_the_same_table() -> None:
    frame = tables.trials_frame("x", ["way", "libc"], [trial(1, why='a "quoted", word\nand a line')])
    again = pd.read_csv(io.StringIO(tables.as_csv(frame)), dtype=dict(frame.dtypes))
    pd.testing.assert_frame_equal(frame, again)


def test_a_label_stays_text() -> None:
    frame = tables.trials_frame("x", ["way"], [trial(1, point={"way": "2.30"})])
    assert frame["way"].tolist() == ["2.30"]


def test_search_paths_are_written_as_in_the_file_and_no_tag_is_not_an_empty_one() -> None:
    record: dict[str, Any] = {
        "object": "a",
        "at": {},
        "runpath": ["/x", "/y"],
        "rpath": None,
        "flags": [],
        "needed": ["l.so", "c.so"],
        "key": "k",
    }
    frame = tables.objects_frame("x", [], [record])
    assert frame["runpath"].tolist() == ["/x:/y"]
    assert frame["rpath"].isna().all()
    assert tables.needed_frame("x", [record, record])[["position", "needed"]].to_numpy().tolist() == [
        [0, "l.so"],
        [1, "c.so"],
    ]


def test_events_stand_in_the_order_of_the_plan_and_of_time() -> None:
    trials = [trial(1), trial(2)]
    first, second = (one["trial"] for one in trials)
    events = [{"trial": second, "event": "c"}, {"trial": first, "event": "a", "pid": 7}, {"trial": first, "event": "b"}]
    frame = tables.frames(run(trials, events), [])["events"]
    assert frame[["trial", "seq", "event"]].to_numpy().tolist() == [[first, 0, "a"], [first, 1, "b"], [second, 0, "c"]]
    assert frame["data"].tolist() == ['{"pid": 7}', "{}", "{}"]


def test_parquet_holds_the_same_as_csv() -> None:
    frame = tables.trials_frame("x", ["way", "libc"], [trial(1), trial(2, exit=None, signal="SIGSEGV")])
    pd.testing.assert_frame_equal(pd.read_parquet(io.BytesIO(tables.as_parquet(frame))), frame)
