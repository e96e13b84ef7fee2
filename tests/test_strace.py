"""observers.strace and traces.strace: recordings of three versions, and the real tool."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elfworlds.observers import strace as observer
from elfworlds.outcome import Tried
from elfworlds.process import Pool
from elfworlds.toolchains import Toolchain
from elfworlds.traces import strace
from mutating import mutated
from waiting import longer
from watching import KILLS_ITS_TRACER, Watching, app_and_library, compiled, ended, recorded

LIBRARY = "/srv/libtwice.so"


@pytest.fixture
def watching(pool: Pool, toolchain: Toolchain, tmp_path: Path) -> Watching:
    if observer.TOOLS[0] not in toolchain.tools:
        pytest.skip("strace is not installed")
    return Watching(pool, toolchain, tmp_path)


def recordings(name: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(
        "trace",
        [pytest.param(strace.parse(files["strace"].decode()), id=one) for one, files in recorded("strace", name)],
    )


@recordings("crash")
def test_each_copy_is_opened_and_mapped(trace: strace.SyscallTrace) -> None:
    opened = [(one.path, one.result, one.file, one.flags) for one in trace.opens if one.path == LIBRARY]
    assert opened == [(LIBRARY, "ok", LIBRARY, "O_RDONLY|O_CLOEXEC")] * 2
    code = [one.offset for one in trace.maps if one.path == LIBRARY and one.prot == "PROT_READ|PROT_EXEC"]
    assert code == [0x1000] * 2


@recordings("crash")
def test_a_file_that_is_not_there_has_its_errno(trace: strace.SyscallTrace) -> None:
    assert {one.result for one in trace.opens if one.path == "/etc/ld.so.cache"} <= {"ok", "ENOENT"}
    assert all(one.file is None for one in trace.opens if one.result != "ok")
    assert [one.path for one in trace.executes] == ["/srv/app"]


@recordings("child")
def test_a_child_is_another_process(trace: strace.SyscallTrace) -> None:
    assert [one.path for one in trace.executes] == ["/srv/app", "/bin/sh"]
    assert [one.pid for one in trace.executes] == list(trace.pids)


def test_a_call_that_another_process_cut_in_two_is_one() -> None:
    text = (
        '7 openat(AT_FDCWD</a>, "x\\303\\251\\"y", O_RDONLY <unfinished ...>\n'
        '8 openat(AT_FDCWD</a>, "none", O_RDONLY) = -1 ENOENT (No such file or directory)\n'
        "7 <... openat resumed>)             = 3</a/x\\76>\n"
        '9 open("never", O_RDONLY <unfinished ...>\n'
    )
    assert strace.parse(text).opens == (
        strace.OpenCall(8, "none", "ENOENT", "O_RDONLY", None),
        strace.OpenCall(7, 'xé"y', "ok", "O_RDONLY", "/a/x>"),
        strace.OpenCall(9, "never", "?", "O_RDONLY", None),
    )


@pytest.mark.parametrize(
    "call",
    ['open("p", O_RDONLY)', 'openat(5</d>, "p", O_RDONLY)', 'openat2(AT_FDCWD, "p", {flags=O_RDONLY, resolve=0}, 24)'],
)
def test_each_way_to_open_is_known(call: str) -> None:
    assert strace.parse(f"1 {call} = 4</d/p>(deleted)\n").opens == (strace.OpenCall(1, "p", "ok", "O_RDONLY", "/d/p"),)


def test_mutated_traces_raise_nothing() -> None:
    texts = [files["strace"] for name in ("crash", "child") for _, files in recorded("strace", name)]
    for data in mutated(texts):
        strace.parse(data.decode("utf-8", "replace"))


@given(st.text(alphabet='1 open("x\\<>)=,ABC\n'))
def test_any_text_raises_nothing(text: str) -> None:
    assert len(strace.parse(text).opens) <= text.count("open")


def test_the_loaders_opens_and_maps_are_told(watching: Watching) -> None:
    app, library = app_and_library(watching.directory)
    values = watching.watch(observer, app, library, "child", env={"LD_LIBRARY_PATH": "/nowhere"})
    seen = values["strace"]
    assert (values["exit"], values["stderr"]) == (3, "the end\n")
    assert [(one["process"], one["path"]) for one in seen["executes"]] == [(0, app), (1, "/bin/sh")]
    opens = [(one["process"], one["path"], one["result"]) for one in seen["opens"]]
    assert (0, "/nowhere/libc.so.6", "ENOENT") in opens
    assert opens.count((0, library, "ok")) == 2
    assert [one["offset"] for one in seen["maps"] if one["path"] == library and "EXEC" in one["prot"]] == [4096] * 2
    assert seen["calls"]["execve"] == 2


def test_a_hanging_program_is_ended_and_its_opens_are_told(watching: Watching) -> None:
    app, library = app_and_library(watching.directory)
    for timeout in longer():
        completed, values = watching.completed(observer, app, library, "spin", timeout=timeout)
        assert (values["timed-out"], values["exit"]) == (True, None)
        assert ended(watching, completed)
        if library in [one["path"] for one in values["strace"]["opens"]]:
            return
    pytest.fail("the library was never opened")


def test_a_program_that_cannot_be_started_has_no_exit(watching: Watching) -> None:
    assert "No such file or directory" in watching.untried(observer, "/nowhere/at-all")


def test_a_program_that_cannot_be_executed_has_its_errno(watching: Watching) -> None:
    script = watching.directory / "script"
    script.write_text("#!/nowhere/sh\n")
    script.chmod(0o755)
    _, result = watching.result(observer, str(script))
    assert isinstance(result, Tried)
    assert (result.exec_error, result.values["start"], result.values["exit"]) == ("ENOENT", {"errno": "ENOENT"}, None)


def test_a_program_whose_strace_is_killed_is_not_tried(watching: Watching) -> None:
    program = compiled(watching.directory, "kills", KILLS_ITS_TRACER)
    assert "ended before it saw the program end (SIGKILL)" in watching.untried(observer, program)


def test_the_environment_is_the_experiments_alone(watching: Watching) -> None:
    values = watching.watch(observer, "/usr/bin/env", env={"A": "1", "B": "x\ny"})
    assert values["stdout"] == "A=1\nB=x\ny\n"
