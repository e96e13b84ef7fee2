"""observers.valgrind and traces.memcheck: recordings of three versions, and the real tool."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elfworlds.observers import valgrind
from elfworlds.process import Pool
from elfworlds.toolchains import Toolchain
from elfworlds.traces import memcheck
from mutating import mutated
from waiting import longer
from watching import Watching, app_and_library, ended, recorded


@pytest.fixture
def watching(pool: Pool, toolchain: Toolchain, tmp_path: Path) -> Watching:
    if valgrind.TOOLS[0] not in toolchain.tools:
        pytest.skip("valgrind is not installed")
    return Watching(pool, toolchain, tmp_path)


def recordings(name: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(
        "data", [pytest.param(files["memcheck.xml"], id=one) for one, files in recorded("valgrind", name)]
    )


def lost(report: memcheck.MemcheckReport, kind: str) -> list[tuple[int, int]]:
    return [(one.bytes, one.blocks) for one in report.errors if one.kind == kind]


@recordings("leak")
def test_a_leak_has_its_size_without_what_is_lost_by_way_of_it(data: bytes) -> None:
    report = memcheck.parse(data)
    assert (report.started, report.finished) == (True, True)
    assert lost(report, "Leak_DefinitelyLost") == [(104, 1)]
    assert lost(report, "Leak_IndirectlyLost") == [(50, 1)]
    assert (30, 1) in lost(report, "Leak_StillReachable")
    (leak,) = (one for one in report.errors if one.kind == "Leak_DefinitelyLost")
    assert [one.function for one in leak.frames][1:3] == ["leak", "call"]
    assert (leak.frames[1].object, leak.frames[1].file) == ("/srv/libtwice.so", "lib.c")


@recordings("errors")
def test_an_error_has_its_kind_and_its_frames(data: bytes) -> None:
    (error,) = (one for one in memcheck.parse(data).errors if not one.is_leak)
    assert (error.kind, error.what, error.count) == ("InvalidWrite", "Invalid write of size 1", 1)
    assert (error.frames[0].function, error.frames[0].line) == ("beyond", 53)


@recordings("crash")
def test_a_crash_in_the_second_namespace_is_an_error_with_its_frames(data: bytes) -> None:
    (error,) = (one for one in memcheck.parse(data).errors if not one.is_leak)
    assert [one.object for one in error.frames][:2] == ["/srv/libtwice.so"] * 2
    assert [one.function for one in error.frames][-2:] == ["call", "main"]
    assert [one.line for one in error.frames][-2:] == [15, 37]


@recordings("killed")
def test_xml_that_was_cut_tells_what_came_before(data: bytes) -> None:
    report = memcheck.parse(data)
    assert (report.started, report.finished) == (True, False)
    assert [one.kind for one in report.errors] == ["InvalidWrite"]


@recordings("leak")
def test_xml_cut_anywhere_tells_its_beginning(data: bytes) -> None:
    whole = [one.kind for one in memcheck.parse(data).errors]
    for share in range(0, 100, 3):
        part = [one.kind for one in memcheck.parse(data[: len(data) * share // 100]).errors]
        assert part == whole[: len(part)]


def test_a_document_type_is_refused() -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><v><error><kind>&b;</kind></error></v>'
    assert memcheck.parse(bomb) == memcheck.MemcheckReport(started=False, finished=False, errors=())


def test_deep_nesting_ends_what_is_read() -> None:
    assert memcheck.parse(b"<v><error><kind>A</kind></error>" + b"<a>" * 100_000).errors[0].kind == "A"


@pytest.mark.parametrize("text", ["", "-1", "1e9", "٣", "9" * 1000, "1,000"])
def test_a_number_that_is_none_counts_nothing(text: str) -> None:
    what = f"<xwhat><text>x</text><leakedbytes>{text}</leakedbytes></xwhat>"
    (error,) = memcheck.parse(f"<v><error><kind>Leak_PossiblyLost</kind>{what}</error></v>".encode()).errors
    assert error.bytes == (1000 if text == "1,000" else 0)


def test_mutated_xml_raises_nothing() -> None:
    texts = [files["memcheck.xml"] for name in ("leak", "errors", "killed") for _, files in recorded("valgrind", name)]
    for data in mutated(texts):
        memcheck.parse(data)
        memcheck.parse(b"<?xml version='1.0'?><valgrindoutput>" + data)


@given(st.binary())
def test_any_bytes_raise_nothing(data: bytes) -> None:
    assert not memcheck.parse(data).finished


def test_a_leak_of_known_size_is_found(watching: Watching) -> None:
    app, library = app_and_library(watching.directory)
    values = watching.watch(valgrind, app, library, "-leak")
    assert (values["exit"], values["signal"]) == (3, None)
    assert values["valgrind"]["definitely-lost"] == {"bytes": 104, "blocks": 1}
    assert values["valgrind"]["indirectly-lost"] == {"bytes": 50, "blocks": 1}
    assert values["valgrind"]["errors"] == []
    assert "leak" in [frame["function"] for one in values["valgrind"]["leaks"] for frame in one["frames"]]


def test_an_error_of_memory_is_found(watching: Watching) -> None:
    app, library = app_and_library(watching.directory)
    (error,) = watching.watch(valgrind, app, library, "-beyond")["valgrind"]["errors"]
    assert (error["kind"], error["frames"][0]["object"]) == ("InvalidWrite", library)


def test_children_are_not_watched(watching: Watching) -> None:
    app, library = app_and_library(watching.directory)
    values = watching.watch(valgrind, app, library, "child")
    assert (values["exit"], values["valgrind"]["finished"]) == (3, True)


def test_a_hanging_program_is_ended_and_its_errors_are_told(watching: Watching) -> None:
    app, library = app_and_library(watching.directory)
    for timeout in longer():
        completed, values = watching.completed(valgrind, app, library, "-beyond", "spin", timeout=timeout)
        assert (values["timed-out"], values["exit"]) == (True, None)
        assert ended(watching, completed)
        if values["valgrind"]["errors"]:
            break
    assert [one["kind"] for one in values["valgrind"]["errors"]] == ["InvalidWrite"]
    assert values["valgrind"]["definitely-lost"] is None


def test_a_program_that_cannot_be_started_has_no_exit(watching: Watching) -> None:
    assert "/nowhere/at-all: No such file or directory" in watching.untried(valgrind, "/nowhere/at-all")


def test_valgrinds_own_variable_does_not_reach_the_program(watching: Watching) -> None:
    told = watching.watch(valgrind, "/usr/bin/env", env={"A": "1"})["stdout"].splitlines()
    assert "A=1" in told
    assert not [one for one in told if one.startswith("VALGRIND_")]
