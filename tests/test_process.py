"""process: whatever a command does, it ends in time, its end has a name, and nothing of it is left."""

from __future__ import annotations

import os
import signal
import subprocess  # the runner itself is killed here
import sys
import threading
from pathlib import Path

import pytest

from elfworlds.errors import InterruptedRunError
from elfworlds.process import Command, Completed, Pool
from elfworlds.process import pool as process_pool
from elfworlds.supervisor import namespaces
from waiting import AGES, patiently, wait_until


def sh(pool: Pool, script: str, *, timeout: float = AGES, **more: object) -> Completed:
    defaults = {"env": {"PATH": "/usr/bin:/bin"}, "cwd": "/"}
    return pool.run(Command(argv=("/bin/sh", "-c", script), timeout=timeout, **(defaults | more)))  # type: ignore[arg-type]


def alive(marker: str) -> list[str]:
    """Command lines of processes that hold a marker."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if marker in line:
                found.append(line)
    return found


def test_exit_status_and_streams_are_the_programs(pool: Pool) -> None:
    done = sh(pool, "echo out; echo err >&2; exit 3")
    assert (done.exit, done.signal, done.timed_out) == (3, None, False)
    assert (done.stdout.data, done.stderr.data) == (b"out\n", b"err\n")


def test_nothing_of_this_process_reaches_the_program(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEAK", "1")
    done = pool.run(Command(argv=("/usr/bin/env",), env={"A": "b"}, cwd="/", timeout=AGES))
    assert done.stdout.data == b"A=b\n"
    assert sh(pool, "ls /proc/self/fd | wc -l").stdout.data.strip() == b"4"  # 0, 1, 2 and ls' own
    assert sh(pool, "pwd", cwd="/usr").stdout.data == b"/usr\n"


def test_standard_input_is_what_the_command_says(pool: Pool) -> None:
    assert sh(pool, "cat", stdin=b"a\0b").stdout.data == b"a\0b"
    assert sh(pool, "cat").stdout.data == b""


def test_a_crash_is_named_by_its_signal(pool: Pool) -> None:
    done = sh(pool, "kill -SEGV $$")
    assert (done.exit, done.signal) == (None, "SIGSEGV")


def test_signals_ignored_by_python_are_not_ignored_by_the_program(pool: Pool) -> None:
    done = pool.run(Command(argv=("/bin/grep", "SigIgn", "/proc/self/status"), env={}, cwd="/", timeout=AGES))
    internal = 0b11 << 31  # 32 and 33: glibc's posix_spawn ignores them, and its threads install handlers of their own
    assert int(done.text.split()[1], 16) & ~internal == 0


def test_a_program_that_is_not_there_says_so(pool: Pool) -> None:
    done = pool.run(Command(argv=("/no/such/program",), env={}, cwd="/", timeout=AGES))
    assert (done.exit, done.not_started) == (None, "No such file or directory")


def test_a_hang_ends_at_the_timeout_and_says_who_waited(pool: Pool) -> None:
    done = patiently(
        lambda limit: sh(pool, "sleep 1000", timeout=limit),
        lambda done: any(one.command == "sleep" for one in done.left),
    )
    assert (done.timed_out, done.exit, done.signal) == (True, None, None)
    assert {one.command for one in done.left} >= {"sleep"}


def test_a_stopped_program_ends_at_the_timeout(pool: Pool) -> None:
    done = patiently(
        lambda limit: sh(pool, "kill -STOP $$", timeout=limit), lambda done: [one.state for one in done.left] == ["T"]
    )
    assert done.timed_out
    assert [one.state for one in done.left] == ["T"]


@pytest.mark.parametrize("ending", ["exit 0", "sleep 1000"], ids=["its own end", "the timeout"])
def test_children_that_left_the_session_and_ignore_signals_are_killed(pool: Pool, ending: str, tmp_path: Path) -> None:
    marker, ready = f"4{os.getpid()}{len(ending)}", tmp_path / "ready"
    child = f"trap '' TERM HUP INT; setsid sh -c \"trap '' TERM HUP INT; touch {ready}; sleep {marker}\" &"
    script = f"({child}) ; until [ -e {ready} ]; do sleep 0.01; done; {ending}"
    if ending == "exit 0":
        done = sh(pool, script)
    else:
        done = patiently(lambda limit: sh(pool, script, timeout=limit), lambda _: ready.exists())
    assert done.timed_out == (ending != "exit 0")
    assert any(one.command in ("sh", "setsid", "sleep") for one in done.left)
    assert alive(f"sleep {marker}") == []


def test_a_program_that_forks_without_end_is_ended(pool: Pool) -> None:
    marker = f"5{os.getpid()}"
    done = sh(
        pool, f"i=0; while [ $i -lt 60 ]; do setsid sleep {marker} & i=$((i+1)); done; sleep {marker}", timeout=1.0
    )
    assert done.timed_out
    assert alive(f"sleep {marker}") == []


def test_output_without_end_is_drained_and_bounded(pool: Pool) -> None:
    done = sh(pool, "head -c 50000000 /dev/zero; echo end", keep=1000)
    assert done.exit == 0
    assert done.stdout.total == 50_000_004
    assert done.stdout.tail.endswith(b"end\n")
    assert done.stdout.cut == done.stdout.total - 1000
    assert b"bytes cut here" in done.stdout.data
    assert len(done.stdout.data) < 1100


def test_output_just_within_the_bound_is_whole(pool: Pool) -> None:
    done = sh(pool, "head -c 1000 /dev/zero", keep=1000)
    assert (done.stdout.cut, done.stdout.data) == (0, bytes(1000))


def test_a_program_that_closes_its_streams_is_still_waited_for(pool: Pool) -> None:
    done = sh(pool, "exec >&- 2>&-; sleep 0.2; exit 5")
    assert done.exit == 5


def test_resources_are_measured(pool: Pool) -> None:
    done = sh(pool, "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done")
    assert 0 < done.user_s <= done.wall_s * os.cpu_count() + 0.1  # type: ignore[operator]
    assert done.max_rss_kb > 0


def test_limits_hold(pool: Pool) -> None:
    assert sh(pool, "ulimit -c").stdout.data == b"0\n"
    assert sh(pool, "ulimit -n", limits={"nofile": 17}).stdout.data == b"17\n"


def test_commands_of_several_threads_run_side_by_side(pool: Pool, tmp_path: Path) -> None:
    """Each waits for the other's file, so one after the other would time out."""
    results: dict[str, Completed] = {}

    def meet(mine: str, other: str) -> None:
        script = f"touch {mine}; while [ ! -e {other} ]; do sleep 0.01; done"
        results[mine] = sh(pool, script, cwd=str(tmp_path))

    threads = [threading.Thread(target=meet, args=pair) for pair in (("a", "b"), ("b", "a"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [done.exit for done in results.values()] == [0, 0]


def test_an_orphan_of_one_trial_does_not_end_another(pool: Pool, tmp_path: Path) -> None:
    """Two trials at once, each with a daemon: the end of the first leaves the second's alone."""
    daemon = "(setsid sh -c 'touch there; until [ -e go ]; do sleep 0.01; done; touch survived' &) ;"
    until = "until [ -e survived ]; do sleep 0.01; done"
    second: list[Completed] = []
    thread = threading.Thread(target=lambda: second.append(sh(pool, f"{daemon} {until}", cwd=str(tmp_path))))
    thread.start()
    wait_until((tmp_path / "there").exists)
    sh(pool, "setsid sleep 1000 & until grep -q sleep /proc/$!/comm; do :; done")
    (tmp_path / "go").touch()
    thread.join()
    assert second[0].exit == 0
    assert (tmp_path / "survived").exists()


def test_an_interrupt_ends_what_runs_and_refuses_what_follows() -> None:
    marker = f"6{os.getpid()}"
    caught: list[BaseException] = []
    with Pool() as pool:

        def wait() -> None:
            try:
                sh(pool, f"sleep {marker}", timeout=600)
            except InterruptedRunError as error:
                caught.append(error)

        thread = threading.Thread(target=wait)
        thread.start()
        wait_until(lambda: bool(alive(f"sleep {marker}")))
        pool.interrupt()
        thread.join()
        with pytest.raises(InterruptedRunError):
            sh(pool, "true")
    assert len(caught) == 1
    assert alive(f"sleep {marker}") == []


def test_a_killed_runner_leaves_no_trial_behind() -> None:
    marker = f"7{os.getpid()}"
    script = (
        "from elfworlds.process import Command, Pool\n"
        f"argv = ('/bin/sh', '-c', 'setsid sleep {marker} & sleep {marker}')\n"
        "Pool().run(Command(argv=argv, env={'PATH': '/usr/bin:/bin'}, cwd='/', timeout=600))\n"
    )
    with subprocess.Popen([sys.executable, "-c", script]) as runner:
        wait_until(lambda: len(alive(f"sleep {marker}")) >= 3)
        runner.send_signal(signal.SIGKILL)
    wait_until(lambda: not alive(f"sleep {marker}"))


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("kill -KILL $PPID; sleep MARKER", "what watched it is gone: it was ended by SIGKILL"),
        ("setsid sleep MARKER & kill -TERM $PPID; sleep MARKER", "what watched it is gone: it was ended by SIGTERM"),
        ("kill -STOP $PPID; sleep MARKER", "what watched it is gone: it was stopped"),
    ],
)
def test_a_command_that_ends_or_stops_what_watches_it_harms_no_other(pool: Pool, script: str, words: str) -> None:
    marker = f"8{os.getpid()}"
    assert sh(pool, script.replace("MARKER", marker)).untried == words
    assert alive(f"sleep {marker}") == []
    assert sh(pool, "echo next").stdout.data == b"next\n"


@pytest.fixture
def apart() -> None:
    if not namespaces.flags():
        pytest.skip("this machine refuses pid namespaces")


@pytest.mark.usefixtures("apart")
def test_a_command_apart_sees_and_signals_no_process_but_its_own_and_what_watches_it(pool: Pool) -> None:
    done = sh(pool, "kill -KILL 1; kill -STOP 1; kill -TERM $PPID; kill -KILL -1; ls /proc | grep '^[0-9]'", apart=True)
    assert done.untried is None
    assert set(map(int, done.stdout.data.split())) <= set(range(1, 10))


@pytest.mark.usefixtures("apart")
def test_a_command_apart_leaves_nothing_behind_and_no_mount(pool: Pool) -> None:
    marker = f"9{os.getpid()}"
    mounts = Path("/proc/mounts").read_text()
    done = sh(pool, f"(setsid sleep {marker} &) ; sleep {marker} & mount -t tmpfs x /mnt; exit 3", apart=True)
    assert (done.exit, len(done.left)) == (3, 2)
    assert alive(f"sleep {marker}") == []
    assert Path("/proc/mounts").read_text() == mounts


APART = """
from elfworlds.process import Command, Pool
argv = ("/bin/sh", "-c", "kill -KILL $PPID; echo alive; sleep 100")
with Pool() as pool:
    done = pool.run(Command(argv=argv, env={"PATH": "/usr/bin:/bin"}, cwd="/", timeout=2, apart=True))
    print(done.timed_out, done.stdout.data, done.untried)
"""
NO_NAMESPACES = ["--unshare-user", "--uid", "1000", "--disable-userns", "--unshare-pid", "--cap-drop", "ALL"]


@pytest.mark.needs("bwrap")
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([], "True b'alive\\n' None\n"),
        (NO_NAMESPACES, "False b'' what watched it is gone: it was ended by SIGKILL\n"),
    ],
)
def test_where_namespaces_are_refused_a_command_is_watched(options: list[str], words: str) -> None:
    world = ["bwrap", "--bind", "/", "/", "--dev", "/dev", "--proc", "/proc", *options]
    script = f"import sys; sys.path.append({process_pool.PACKAGES!r}){APART}"
    done = subprocess.run([*world, sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == (words, "")


def test_a_command_that_stops_every_process_above_it_but_the_runner_is_named(pool: Pool) -> None:
    above = "$PPID $(cut -d' ' -f4 /proc/$PPID/stat)"
    done = sh(pool, f"kill -STOP {above}; kill -STOP $PPID; sleep 1000")
    assert done.untried == "what watched it is gone: it was stopped"


def test_a_command_that_keeps_what_watches_it_from_its_work_is_named_and_ended(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stops them again faster than they are woken; whether one is awake for long enough to say so is chance."""
    monkeypatch.setattr(process_pool, "GRACE_SECONDS", 0.5)
    marker = f"7{os.getpid()}"
    script = f"above=\"$PPID $(cut -d' ' -f4 /proc/$PPID/stat)\"; while :; do kill -STOP $above; done; : {marker}"
    done = sh(pool, script, timeout=0.5)
    silent, told = "it did not answer within 0.5 s after the time was up", "it was stopped"
    assert done.untried in (f"what watched it is gone: {silent}", f"what watched it is gone: {told}")
    assert alive(marker) == []
    assert sh(pool, "echo next").stdout.data == b"next\n"


def test_a_supervisor_that_ended_while_it_was_idle_is_replaced(pool: Pool) -> None:
    os.kill(int(sh(pool, "echo $PPID").stdout.data), signal.SIGKILL)
    assert sh(pool, "echo next").stdout.data == b"next\n"


def test_a_command_shows_as_one_line_of_shell() -> None:
    command = Command(argv=("/bin/echo", "a b"), env={"X": "1 2"}, cwd="/", timeout=1)
    assert command.as_shell() == "env -i -- 'X=1 2' /bin/echo 'a b'"
