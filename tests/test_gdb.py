"""observers.gdb and the parsers below it: recordings of three versions, and real sessions."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elfworlds.observers import gdb
from elfworlds.process import Pool
from elfworlds.toolchains import Toolchain
from elfworlds.traces import gdb_stops, mi
from elfworlds.traces.places import MappedRange as Mapped
from elfworlds.traces.places import Places, address, mappings
from mutating import mutated
from waiting import longer
from watching import KILLS_ITS_TRACER, OBSERVED, Watching, app_and_library, compiled, ended, recorded

LIBRARY = "/srv/libtwice.so"
SEES_NAMESPACES = ("gdb-13.1", "gdb-16.3")


@pytest.fixture
def watching(pool: Pool, toolchain: Toolchain, tmp_path: Path) -> Watching:
    if gdb.TOOLS[0] not in toolchain.tools:
        pytest.skip("gdb is not installed")
    return Watching(pool, toolchain, tmp_path)


def told(seen: gdb_stops.GdbSession) -> Mapping[str, Any]:
    """What matchers may speak of; each test knows what is in it."""
    return seen.values


def read(files: Mapping[str, bytes]) -> gdb_stops.GdbSession:
    texts = {name: data.decode() for name, data in files.items()}
    return gdb_stops.read(texts["mi"], texts)


def recordings(name: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(
        ("version", "seen"), [pytest.param(one, read(files), id=one) for one, files in recorded("gdb", name)]
    )


def namespaces(frames: list[dict[str, Any]]) -> list[tuple[str | None, str | None, int | None]]:
    return [(one["function"], one["address"]["object"], one["address"]["lmid"]) for one in frames]


@recordings("crash")
def test_a_crash_lies_in_the_copy_of_the_second_namespace(version: str, seen: gdb_stops.GdbSession) -> None:
    assert (seen.exit, seen.signal) == (None, "SIGSEGV")
    crash, end = told(seen)["stops"]
    assert (crash["state"], crash["signal"], end["state"]) == ("signal", "SIGSEGV", "exited")
    assert (crash["frame"]["address"]["object"], crash["frame"]["address"]["lmid"]) == (LIBRARY, 1)
    if version in SEES_NAMESPACES:
        assert namespaces(told(seen)["backtrace"]) == [
            ("inner", LIBRARY, 1),
            ("boom", LIBRARY, 1),
            ("call", "/srv/app", 0),
            ("main", "/srv/app", 0),
        ]
        assert (crash["frame"]["file"], crash["frame"]["line"]) == ("lib.c", 17)


@recordings("crash")
def test_a_variable_belongs_to_the_frames_copy_or_it_is_seen_that_it_does_not(
    version: str, seen: gdb_stops.GdbSession
) -> None:
    crash = told(seen)["stops"][0]
    assert (crash["frame"]["address"]["lmid"] == crash["values"]["counter"]["address"]["lmid"]) == (
        version in SEES_NAMESPACES
    )


@recordings("breakpoints")
def test_a_breakpoint_in_a_library_that_comes_later_is_hit_in_each_copy(
    version: str, seen: gdb_stops.GdbSession
) -> None:
    assert (seen.exit, seen.signal) == (3, None)
    hits = [one for one in told(seen)["stops"] if one["state"] == "breakpoint"]
    expected = [(0, "41"), (1, "41"), (1, "42")] if version in SEES_NAMESPACES else [(0, "41")]
    assert [(one["frame"]["address"]["lmid"], one["values"]["counter"]["value"]) for one in hits] == expected
    assert {one["function"] for one in hits} == {"hello"}


@recordings("breakpoints")
def test_each_value_says_where_it_lies_and_where_it_points_to(version: str, seen: gdb_stops.GdbSession) -> None:
    values = told(seen)["stops"][0]["values"]
    place, counter = values["place"], values["counter"]
    assert place["points-to"] == counter["address"]
    assert counter["points-to"] is None
    assert place["address"] is None
    assert values["sum"] == {"value": "2", "points-to": None, "address": None}
    assert "nothing" not in values, version


@recordings("breakpoints")
def test_commands_threads_and_libraries_are_told(version: str, seen: gdb_stops.GdbSession) -> None:
    stop = told(seen)["stops"][0]
    assert stop["commands"]["frame"].startswith("#0  hello () at lib.c:27\n")
    assert stop["commands"]["frame"].endswith("No locals.\n")
    assert [(one["id"], one["name"], one["function"]) for one in stop["threads"]] == [(1, "app", "hello")]
    libraries = [one["path"] for one in told(seen)["shared-libraries"]]
    assert libraries.count(LIBRARY) == (2 if version in SEES_NAMESPACES else 1)


@recordings("attach")
def test_an_attached_gdb_finds_the_same_place(version: str, seen: gdb_stops.GdbSession) -> None:
    crash, attached, again, end = told(seen)["stops"]
    assert [one["state"] for one in (crash, attached, again, end)] == ["signal", "attached", "signal", "exited"]
    assert crash["backtrace"] == attached["backtrace"] == again["backtrace"], version
    assert attached["signal"] is None
    assert seen.signal == "SIGSEGV"


@recordings("exit")
def test_an_exit_is_the_programs(version: str, seen: gdb_stops.GdbSession) -> None:
    assert (seen.exit, seen.signal, told(seen)["backtrace"]) == (3, None, []), version


@recordings("killed")
def test_a_killed_session_gives_what_was_seen(version: str, seen: gdb_stops.GdbSession) -> None:
    assert (seen.exit, seen.signal) == (None, None)
    expected = ["breakpoint"] if version in SEES_NAMESPACES else []
    assert [one["state"] for one in told(seen)["stops"]] == expected
    assert [one["function"] for one in told(seen)["backtrace"][:2]] == ["spin", "call"][: 2 * len(expected)]


@pytest.mark.parametrize("name", ["crash", "breakpoints", "attach"])
def test_a_session_cut_anywhere_tells_its_beginning(name: str) -> None:
    for _, files in recorded("gdb", name):
        whole = [one["state"] for one in told(read(files))["stops"]]
        for share in range(0, 100, 7):
            text = files["mi"][: len(files["mi"]) * share // 100]
            part = [one["state"] for one in told(read({**files, "mi": text}))["stops"]]
            assert part == whole[: len(part)]


def test_records_are_read_as_the_manual_writes_them() -> None:
    (record,) = mi.parse('12^done,bkpt={number="1",at=["a",{b="c"}],frames=[frame={level="0"}],e={},f=[]},x="a\\"\\n"')
    assert (record.token, record.kind, record.word) == (12, "^", "done")
    assert record.results == {
        "bkpt": {"number": "1", "at": ["a", {"b": "c"}], "frames": [{"level": "0"}], "e": {}, "f": []},
        "x": 'a"\n',
    }
    assert [(one.kind, one.text) for one in mi.parse('~"\\303\\251\\t"\n&"é"\n')] == [("~", "é\t"), ("&", "é")]


@pytest.mark.parametrize("text", ["", "(gdb) ", '~"open', "^done,a", '^done,a="1"x', "^done,a=[", "12", "^", "~x"])
def test_a_line_that_is_no_record_is_passed_over(text: str) -> None:
    assert mi.parse(text) == ()


@given(st.text())
def test_a_text_survives_being_quoted(text: str) -> None:
    quoted = mi.quoted(text)
    assert "\n" not in quoted
    assert [one.text for one in mi.parse(f"~{quoted}".replace("\r", "\\r"))] == [text] or "\r" in text


@given(
    st.recursive(
        st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.from_regex("[a-z]{1,5}", fullmatch=True), inner),
        max_leaves=20,
    )
)
def test_results_are_read_back(data: Any) -> None:  # noqa: ANN401  # anything that MI can say
    def written(one: Any) -> str:  # noqa: ANN401
        if isinstance(one, str):
            return mi.quoted(one)
        if isinstance(one, list):
            return f"[{','.join(map(written, one))}]"
        return f"{{{','.join(f'{name}={written(value)}' for name, value in one.items())}}}"

    assert [one.results for one in mi.parse(f"^done,data={written(data)}")] == [{"data": data}]


def test_deep_nesting_is_no_record() -> None:
    assert mi.parse("^done,a=" + "[" * 100_000 + "\n" + "^done,a=" + "{b=" * 100_000) == ()


def test_mutated_sessions_raise_nothing() -> None:
    files = [files for name in ("crash", "breakpoints", "attach", "killed") for _, files in recorded("gdb", name)]
    headers = [next(line for line in one["mi"].split(b"\n") if b"asked" in line) for one in files]
    rng = random.Random(0)  # noqa: S311  # the same each time
    for data in mutated([one["mi"] for one in files] + [one["ld-debug.7"] for one in files]):
        text = data.decode("utf-8", "replace")
        header = rng.choice(headers).decode()
        seen = gdb_stops.read(f"{header}\n^done\n{text}", {"ld-debug.7": text, "ld-debug.None": text})
        json.dumps(seen.values, allow_nan=False)


@pytest.mark.parametrize(
    "text", ['{"asked": ' + "[" * 100_000, '{"asked": 1}', '{"asked": [1]}', '{"asked": [[1, 2, 3]]}', '{"asked": ']
)
def test_a_broken_header_asks_nothing(text: str) -> None:
    seen = gdb_stops.read(f"~{mi.quoted(text)}\n^done\n*stopped\n1000^done\n", {})
    assert [one["state"] for one in told(seen)["stops"]] == ["attached"]


def test_an_address_is_told_from_other_values() -> None:
    assert address("0x7f00 <counter>") == address("(int *) 0x7f00") == address("{int (void)} 0x7f00 <f>") == 0x7F00
    assert address('0x7f00 "text"') == 0x7F00
    assert [address(one) for one in ("12", "{a = 0x8}", "", "0x", "x 0x8", "-1")] == [None] * 6


def test_memory_without_a_file_has_no_object() -> None:
    lines = ("  0x1000  0x2000  0x1000  0x0  r-xp   /a b (deleted)  ", " 0x3000 0x4000 0x1000 0x0 [heap]")
    text = "\n".join((*lines, " 0x5000 0x6000 0x1000 0x0 rw-p ", " 0x7000 0x8000 0x1000 0x0 "))
    assert mappings(text) == (Mapped(0x1000, 0x2000, "/a b"),)
    places = Places("/a b", mappings(text), ())
    assert places.locate(0x1FFF) == {"address": "0x1fff", "object": "/a b", "lmid": 0}
    assert places.locate(0x2000) == {"address": "0x2000", "object": None, "lmid": None}


def test_a_crash_in_a_dlmopened_library_is_named_with_its_namespace(watching: Watching) -> None:
    app, library = app_and_library(watching.directory)
    values = watching.watch(gdb, app, library, "boom", settings={"evaluate": {"counter": "counter"}})
    assert (values["exit"], values["signal"], values["timed-out"]) == (None, "SIGSEGV", False)
    assert namespaces(values["gdb"]["backtrace"])[:3] == [("inner", library, 1), ("boom", library, 1), ("call", app, 0)]
    counter = values["gdb"]["stops"][0]["values"]["counter"]
    assert (counter["value"], counter["address"]["object"], counter["address"]["lmid"]) == ("42", library, 1)


def test_stops_values_and_the_end_of_a_program(watching: Watching) -> None:
    app, library = app_and_library(watching.directory)
    text = (OBSERVED / "app.c").read_text()
    settings = {
        "break": ["hello", f"app.c:{1 + text[: text.index('the end')].count(chr(10))}"],
        "evaluate": {"counter": "counter", "function": "hello", "text": '"a\\"b"', "two": "1 +\n1"},
        "commands": {"echo": "echo one\\n\necho two\\n"},
        "collect": ["backtrace", "sharedlibrary", "threads", "registers", "linker-namespaces"],
    }
    values = watching.watch(gdb, app, library, "hello", settings=settings)
    assert (values["exit"], values["signal"], values["stderr"]) == (3, None, "the end\n")
    stops = values["gdb"]["stops"]
    assert [one["state"] for one in stops] == ["breakpoint", "breakpoint", "breakpoint", "exited"]
    assert [one["function"] for one in stops] == ["hello", "hello", "main", None]
    first = stops[0]
    assert (first["values"]["text"]["value"], first["values"]["two"]["value"]) == ('"a\\"b"', "2")
    assert first["values"]["function"]["address"]["object"] == library
    assert first["commands"] == {"echo": "one\ntwo\n"}
    assert int(first["registers"]["rip"], 16) == int(first["frame"]["address"]["address"], 16)
    libraries = [(one["path"], one["symbols"]) for one in values["gdb"]["shared-libraries"]]
    assert libraries.count((library, True)) == 2


def test_what_is_mapped_where_something_was_before_has_its_own_namespace(watching: Watching) -> None:
    _, library = app_and_library(watching.directory)
    text = """
        #define _GNU_SOURCE
        #include <dlfcn.h>
        int main(int argc, char **argv) {
            for (int i = 0; i < 3; i++) {
                void *handle = i % 2 ? dlmopen(LM_ID_NEWLM, argv[1], RTLD_NOW) : dlopen(argv[1], RTLD_NOW);
                ((void (*)(void)) dlsym(handle, "hello"))();
                dlclose(handle);
            }
        }
    """
    program = compiled(watching.directory, "reload", text)
    values = watching.watch(gdb, program, library, settings={"break": ["hello"]})
    hits = [one["frame"]["address"] for one in values["gdb"]["stops"] if one["state"] == "breakpoint"]
    assert [one["lmid"] for one in hits] == [0, 1, 0]


def test_a_program_that_becomes_another_is_told_under_its_own_name(watching: Watching) -> None:
    last = compiled(watching.directory, "last", "void here(void) {} int main(void) { here(); return 6; }")
    text = f'#include <unistd.h>\nint main(void) {{ execl("{last}", "a name", (char *) 0); return 1; }}'
    (watching.directory / "link").symlink_to(compiled(watching.directory, "first", text))
    settings = {"break": ["here", "main"]}
    values = watching.watch(gdb, str(watching.directory / "link"), settings=settings)
    stops = [(one["state"], one["function"]) for one in values["gdb"]["stops"]]
    assert stops == [("breakpoint", "main"), ("breakpoint", "main"), ("breakpoint", "here"), ("exited", None)]
    objects = [frame["address"] for one in values["gdb"]["stops"] for frame in one["backtrace"]]
    assert [one["object"] for one in objects] == [str(watching.directory / "first"), last, last, last]
    assert {one["lmid"] for one in objects} == {0}
    assert values["exit"] == 6


def test_a_thread_that_crashes_is_named_and_its_own_variables_are_shown(watching: Watching) -> None:
    text = """
        #include <pthread.h>
        static __thread int mine = 1;
        static void *crash(void *unused) { mine = 5; *(volatile int *) 8 = 1; return 0; }
        int main(void) { pthread_t one; pthread_create(&one, 0, crash, 0); pthread_join(one, 0); return mine; }
    """
    program = compiled(watching.directory, "threads", text, "-pthread")
    settings = {"evaluate": {"mine": "mine"}, "collect": ["backtrace", "threads"]}
    values = watching.watch(gdb, program, settings=settings)
    assert (values["signal"], values["gdb"]["backtrace"][0]["function"]) == ("SIGSEGV", "crash")
    assert values["gdb"]["stops"][0]["values"]["mine"]["value"] == "5"
    assert sorted(one["id"] for one in values["gdb"]["stops"][0]["threads"]) == [1, 2]


def test_at_most_so_many_stops_and_then_the_program_runs_on(watching: Watching) -> None:
    text = "int n; void step(void) { n++; } int main(void) { while (n < 100) step(); return 200; }"
    program = compiled(watching.directory, "steps", text)
    settings = {"break": ["step"], "at-most": 3, "evaluate": {"n": "n"}}
    values = watching.watch(gdb, program, settings=settings)
    assert values["exit"] == 200
    assert [one["values"]["n"]["value"] for one in values["gdb"]["stops"][:-1]] == ["0", "1", "2"]


@pytest.mark.parametrize("signal", ["SIGSEGV", "SIGABRT", "SIGTERM", "SIGINT"])
def test_gdb_attaches_where_a_program_crashes(watching: Watching, signal: str) -> None:
    text = f"#include <signal.h>\nint n = 7; int main(void) {{ raise({signal}); return 1; }}"
    program = compiled(watching.directory, "raises", text)
    values = watching.watch(gdb, program, settings={"start": "attach", "evaluate": {"n": "n"}})
    crash, attached, *_, end = values["gdb"]["stops"]
    assert (crash["signal"], attached["state"], end["signal"], values["signal"]) == (signal, "attached", signal, signal)
    assert attached["backtrace"] == crash["backtrace"]
    assert attached["values"]["n"]["value"] == "7"


def test_a_program_that_does_not_crash_is_never_attached_to(watching: Watching) -> None:
    values = watching.watch(gdb, "/bin/true", settings={"start": "attach"})
    assert (values["exit"], [one["state"] for one in values["gdb"]["stops"]]) == (0, ["exited"])


def test_a_hanging_program_is_ended_and_its_stops_are_told(watching: Watching) -> None:
    app, library = app_and_library(watching.directory)
    for timeout in longer():
        completed, values = watching.completed(gdb, app, library, "spin", settings={"break": ["spin"]}, timeout=timeout)
        assert (values["timed-out"], values["exit"], values["signal"]) == (True, None, None)
        assert ended(watching, completed)
        if values["gdb"]["stops"]:
            break
    assert namespaces(values["gdb"]["backtrace"])[0] == ("spin", library, 1)


def test_a_program_that_cannot_be_started_has_no_exit(watching: Watching) -> None:
    assert "No executable file" in watching.untried(gdb, "/nowhere/at-all")


def test_a_program_whose_gdb_is_killed_is_not_tried(watching: Watching) -> None:
    program = compiled(watching.directory, "kills", KILLS_ITS_TRACER)
    assert watching.untried(gdb, program) == "gdb was ended by SIGKILL"


def test_what_gdb_cannot_do_is_a_value(watching: Watching) -> None:
    app, library = app_and_library(watching.directory)
    settings = {"break": ["hello"], "commands": {"lost": "info nothing"}, "evaluate": {"none": "no_such_thing"}}
    values = watching.watch(gdb, app, library, "hello", settings=settings)["gdb"]
    assert values["commands"]["lost"]["error"].startswith('Undefined info command: "nothing".')
    assert values["values"]["none"]["error"] == 'No symbol "no_such_thing" in current context.'
    assert (values["stops"][0]["commands"], values["stops"][0]["values"]) == ({}, {})


def test_gdb_leaves_no_trace_in_the_environment(watching: Watching) -> None:
    values = watching.watch(gdb, "/usr/bin/env", env={"A": "1", "LD_DEBUG": "statistics"})
    assert sorted(values["stdout"].splitlines()) == ["A=1", "LD_DEBUG=statistics"]
    told = watching.watch(gdb, "/usr/bin/env")["stdout"].splitlines()
    assert sorted(one.partition("=")[0] for one in told) == ["LD_DEBUG", "LD_DEBUG_OUTPUT"]
