"""tables: column names and types are an interface."""

from __future__ import annotations

import dataclasses
import io
import json
import re
from dataclasses import replace

import pandas as pd  # tables are read as a user would
import pytest

from conftest import ROOT
from elfworlds import columns, gather, tables
from elfworlds.gather import Cell, ClaimCell, Version, forms
from elfworlds.records import TraceRecord
from elfworlds.spec import load
from elfworlds.tables.frame import labels_of
from elfworlds.yamltext import ProblemsError, parse
from elfworlds.yamltext.problems import Mark
from recording import TRACES, built, event, run_of, trial

COLUMNS = {
    "trials": "trial experiment scenario way libc observer repeat outcome expected verdict why exit signal timed_out"
    " wall_s user_s sys_s max_rss_kb stdout_bytes stderr_bytes cut_bytes",
    "objects": "object experiment way libc key path sha256 toolchain type machine soname interp runpath rpath build_id"
    " flags execstack",
    "needed": "object experiment key position needed",
    "symbols": "object experiment key symbol version is_default defined bind type visibility value size",
    "events": "trial experiment scenario seq event data addresses",
    "claims": "claim experiment scenario says way libc observer repeat trial claimed outcome reproduced claim_verdict",
    "link_maps": "trial experiment scenario way libc pid lmid position name object path base dynamic size"
    " needed_by opened sha256 build_id",
    "searches": "trial experiment scenario way libc pid lmid name needed_by seq position rule path found"
    " predicted agrees",
    "bindings": "trial experiment scenario way libc pid from_object from_path from_lmid to_object to_path to_lmid"
    " symbol version kind foretold agrees",
    "flips": "experiment scenario observer axis way libc below_label below_version from_label from_version"
    " outcome_before outcome_after comes_back",
}


@pytest.mark.parametrize("name", COLUMNS)
def test_the_columns_are_these_whether_there_are_rows_or_not(name: str) -> None:
    for one in (run_of([]), run_of([trial(1)], traces=TRACES)):
        assert " ".join(tables.frame(name, one, []).columns) == COLUMNS[name]


def test_every_table_is_listed() -> None:
    assert tuple(COLUMNS) == tables.NAMES == tuple(tables.frames(run_of([]), [], []))


@pytest.mark.parametrize("name", COLUMNS)
def test_the_columns_and_their_types_are_the_declared_ones_whether_there_are_rows_or_not(name: str) -> None:
    declared = columns.OF_A_RUN[name].columns(["way", "libc"])
    for one in (run_of([]), run_of([trial(1)], traces=TRACES)):
        assert {column: str(kind) for column, kind in tables.frame(name, one, []).dtypes.items()} == declared


def test_gathered_tables_hold_the_declared_columns_and_nothing_is_left_out() -> None:
    kinds = {forms.OUTCOMES: Cell, forms.CLAIMS: ClaimCell, forms.VERSIONS: Version}
    assert {name: sorted(one.columns()) for name, one in columns.OF_SEVERAL_RUNS.items()} == {
        name: sorted(field.name for field in dataclasses.fields(kind)) for name, kind in kinds.items()
    }
    for name, text in gather.texts(gather.gathered([]), []).items():
        if name in gather.READ:
            assert text.splitlines()[0].split(",") == list(columns.OF_SEVERAL_RUNS[name].columns())


OF_TRIALS = {name for table in ("trials", "claims", "flips") for name in COLUMNS[table].split()}
OF_TRIALS |= {name for table in ("outcomes.csv", "claims.csv") for name in columns.OF_SEVERAL_RUNS[table].columns()}
OF_TRIALS |= {"ran_on", "on_kernel", "on_cpu", "on_architecture"}  # of the trials of a cluster
OF_OTHERS = {name for text in COLUMNS.values() for name in text.split()} - OF_TRIALS


def test_no_axis_can_have_the_name_of_a_column_of_a_table_of_trials() -> None:
    every = OF_TRIALS - {"way", "libc", "gdb"}
    assert set(columns.reserved()) == every
    assert {name for name in every if not columns.tables_with(name)} == set()
    assert [columns.tables_with(name) for name in ("libc", "gdb", "way", "plugin-kind")] == [()] * 4


def test_an_axis_that_is_called_like_another_tables_column_has_one_of_its_own_there() -> None:
    assert {"path", "name", "version", "type", "flags", "symbol"} <= OF_OTHERS
    axes = sorted(OF_OTHERS)
    points = [dict.fromkeys(axes, "a-label")]
    for name, table in columns.OF_A_RUN.items():
        names = [table.label(axis) for axis in axes] if table.by_axis else []
        assert set(names) == {f"matrix.{axis}" if axis in COLUMNS[name].split() else axis for axis in axes if names}
        assert len(table.columns(axes)) == len(table.columns()) + len(names)
        assert labels_of(table, points, axes) == {table.label(axis): ["a-label"] for axis in axes}


def test_every_other_name_is_an_axis_name() -> None:
    axes = "".join(f"  {name}: [a]\n" for name in sorted(OF_OTHERS) if re.fullmatch("[a-z0-9][a-z0-9.-]*", name))
    text = f"experiment: x\nquestion: x\nmatrix:\n{axes}scenarios: {{s: {{run: /bin/true}}}}\n"
    assert len(load(parse(text, "x.yaml"), toolchains=[]).experiment.matrix.axes) >= axes.count("\n")


@pytest.mark.parametrize("name", columns.reserved())
def test_an_axis_of_that_name_is_refused_with_the_tables_that_have_it(name: str) -> None:
    text = f"experiment: x\nquestion: x\nmatrix: {{way: [a], {name}: [a]}}\nscenarios: {{s: {{run: /bin/true}}}}\n"
    with pytest.raises(ProblemsError) as refused:
        load(parse(text, "x.yaml"), toolchains=["host"])
    (problem,) = refused.value.problems
    assert (problem.mark, problem.message) == (Mark(3, 20, 20 + len(name)), f"`{name}` cannot be an axis' name")
    fits = re.fullmatch("[a-z0-9][a-z0-9.-]*", name)
    assert (f"`{columns.tables_with(name)[0]}`" if fits else "it must match") in (problem.hint or "")


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
    record = built(object="a", runpath=["/x", "/y"], rpath=None, needed=["l.so", "c.so"], key="k")
    frame = tables.objects_frame("x", [], [record])
    assert frame["runpath"].tolist() == ["/x:/y"]
    assert frame["rpath"].isna().all()
    assert tables.needed_frame("x", [record, record])[["position", "needed"]].to_numpy().tolist() == [
        [0, "l.so"],
        [1, "c.so"],
    ]


def test_events_stand_in_the_order_of_the_plan_and_of_time() -> None:
    trials = [trial(1), trial(2)]
    first, second = (one.trial for one in trials)
    events = [event(second, "c"), event(first, "a", pid=7), event(first, "b")]
    frame = tables.frames(run_of(trials, events=events), [], [])["events"]
    assert frame[["trial", "seq", "event"]].to_numpy().tolist() == [[first, 0, "a"], [first, 1, "b"], [second, 0, "c"]]
    assert frame["addresses"].tolist() == ['{"pid": 7}', "{}", "{}"]


def test_what_each_run_has_of_its_own_is_apart_from_what_any_run_gives() -> None:
    told = event(
        trial(1).trial,
        "namespaces",
        pid=7,
        tid=8,
        cpu_s=0.1,
        step=3,
        handle="0x55d0",
        maps=[{"lmid": 0, "base": "0x7f00"}],
        names=["a", "b"],
        error="no 0x in front",
    )
    (row,) = tables.frame("events", run_of([trial(1)], events=[told]), []).to_dict("records")
    assert json.loads(row["data"]) == {"step": 3, "names": ["a", "b"], "error": "no 0x in front"}
    assert set(json.loads(row["addresses"])) == {"pid", "tid", "cpu_s", "handle", "maps"}


def table(name: str, *traces: TraceRecord) -> pd.DataFrame:
    return tables.frame(name, run_of([trial(1)], traces=traces), [])


def test_link_maps_stand_in_the_order_of_loading_with_the_point_that_they_are_of() -> None:
    frame = table("link_maps", *TRACES)
    assert frame.groupby("way", sort=False).size().to_dict() == {"dlmopen": 13, "dlopen": 6}
    assert frame["trial"].unique().tolist() == [one.trial for one in TRACES]
    plugins = frame[(frame["way"] == "dlmopen") & (frame["object"] == "user-1")]
    assert plugins[["lmid", "position", "opened"]].to_numpy().tolist() == [[1, 0, True], [2, 0, True]]
    assert plugins["base"].str.startswith("0x").all()


def test_a_binding_has_the_experiments_names_for_both_ends() -> None:
    frame = table("bindings", *TRACES)
    assert len(frame) == sum(len(one.bindings) for one in TRACES)
    found = frame[(frame["from_object"] == "user-1") & (frame["symbol"] == "base_version")]
    assert found[["way", "from_lmid", "to_object", "to_lmid"]].to_numpy().tolist() == [
        ["dlmopen", 1, "base-1", 1],
        ["dlmopen", 2, "base-1", 2],
        ["dlopen", 0, "base-0", 0],
    ]


def test_a_search_has_a_row_for_each_file_that_was_tried() -> None:
    frame = table("searches", TRACES[1])
    assert frame[["seq", "name", "position", "rule", "found"]].to_numpy().tolist() == [
        [0, "libbase.so", 0, "runpath", True],
        [1, "libc.so.6", 0, "runpath", False],
        [1, "libc.so.6", 1, "ld.so.cache", True],
    ]
    assert frame["agrees"].tolist() == [True, True, True]


def test_a_search_that_tried_nothing_has_a_row_too() -> None:
    search = replace(TRACES[0].searches[0], name="liba.so", predicted=None, agrees=True, tried=(), found=None)
    searches = (search, replace(search, tried=(("default", "/a"),), found="/b"))
    frame = table("searches", replace(TRACES[0], searches=searches))
    assert frame[["seq", "position", "path", "found"]].astype("string").fillna("").to_numpy().tolist() == [
        ["0", "0", "", "False"],
        ["1", "0", "/a", "False"],
        ["1", "1", "/b", "True"],
    ]


def test_parquet_holds_the_same_as_csv() -> None:
    frame = tables.trials_frame("x", ["way", "libc"], [trial(1), trial(2, exit=None, signal="SIGSEGV")])
    pd.testing.assert_frame_equal(pd.read_parquet(io.BytesIO(tables.as_parquet(frame))), frame)
