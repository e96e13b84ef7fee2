"""sandbox: in a root a program sees that root and little else, its end is its own, and nothing of it stays."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from elfworlds.install import installing
from elfworlds.process import Completed, Pool
from elfworlds.sandbox import HOST, World, look, wrap
from elfworlds.sandbox.availability import explain, probe
from elfworlds.sandbox.reaper import provide
from elfworlds.supervisor.report import ReportPipe
from rooting import CC, Inside, small_root, small_world
from test_process import alive
from waiting import AGES, heed_signals, patiently, wait_until

SPIN = "int main(void) { for (volatile long i = 0; i < 300000000; i++) ; return 0; }"
CRASH = "int main(void) { return *(volatile int *)0; }"


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return small_world(tmp_path_factory.mktemp("world"))


@pytest.fixture
def inside(world: World, pool: Pool, tmp_path: Path) -> Iterator[Inside]:
    cwd = tmp_path / "where it's run"
    cwd.mkdir()
    yield Inside(pool, world, cwd)
    assert alive(str(cwd)) == []  # its path stands in bubblewrap's words


def test_an_exit_status_is_the_programs(inside: Inside) -> None:
    done = inside.sh("echo out; echo err >&2; exit 3")
    assert (done.exit, done.signal, done.timed_out, done.not_started) == (3, None, False, None)
    assert (done.stdout.data, done.stderr.data, done.left) == (b"out\n", b"err\n", ())


@pytest.mark.parametrize("name", ["SIGSEGV", "SIGKILL", "SIGTERM", "SIGABRT", "SIGPIPE"])
def test_a_signal_is_the_programs(inside: Inside, name: str) -> None:
    done = inside.sh(f"kill -{name.removeprefix('SIG')} $$")
    assert (done.exit, done.signal) == (None, name)


def test_a_crash_is_no_exit_of_139(inside: Inside) -> None:
    assert inside.run(inside.compile(CRASH)).signal == "SIGSEGV"
    assert inside.sh("exit 139").exit == 139


def test_processor_time_and_memory_are_the_programs(inside: Inside) -> None:
    spun = inside.run(inside.compile(SPIN))
    assert spun.exit == 0
    assert spun.user_s > 0.05
    text = (
        "#include <stdlib.h>\n#include <string.h>\nint main(void) { return memset(malloc(1 << 27), 1, 1 << 27) == 0; }"
    )
    assert 1 << 17 < inside.run(inside.compile(text)).max_rss_kb < 1 << 18
    assert inside.sh(":").max_rss_kb < 1 << 14


def test_what_ran_into_its_timeout_has_its_time_too(inside: Inside) -> None:
    done = patiently(
        lambda limit: inside.sh("while :; do :; done", timeout=limit), lambda done: done.user_s + done.sys_s > 0.1
    )
    assert (done.timed_out, done.exit, done.signal) == (True, None, None)
    assert done.user_s + done.sys_s > 0.1
    assert [(one.command, one.state) for one in done.left] == [("sh", "R")]


def test_the_environment_is_what_was_asked_for(inside: Inside) -> None:
    env = {"B": "2", "A": "x=y z\n'", "EMPTY": ""}
    assert inside.run("/usr/bin/env", "-0", env=env).stdout.data == b"A=x=y z\n'\0B=2\0EMPTY=\0"
    assert inside.run("/usr/bin/env", env={}).stdout.data == b""
    assert inside.run("/usr/bin/env", env={"PWD": "/else"}).stdout.data == b"PWD=/else\n"


def test_standard_input_is_what_the_command_says(inside: Inside) -> None:
    assert inside.sh("cat", stdin=b"a\0b").stdout.data == b"a\0b"
    assert inside.sh("cat").stdout.data == b""


@pytest.mark.parametrize("capture", ["pipe", "file", "pty"])
def test_standard_output_is_a_pipe_a_file_or_a_terminal(inside: Inside, capture: str) -> None:
    script = "if [ -t 1 ]; then echo terminal; elif [ -p /dev/fd/1 ]; then echo pipe; else echo file; fi"
    assert inside.sh(script, capture=capture).text.strip() == {"pty": "terminal"}.get(capture, capture)


def test_descriptors_are_the_standard_ones_and_the_one_for_events(inside: Inside) -> None:
    listed = "cd /proc/self/fd && for one in *; do [ -e $one ] && echo $one; done"
    assert inside.sh(listed).text.split() == ["0", "1", "2"]
    done = inside.sh(f"echo told >&9; {listed}", events=True)
    assert (done.text.split(), done.events) == (["0", "1", "2", "9"], b"told\n")


def test_events_of_a_crash_are_kept(inside: Inside) -> None:
    done = inside.sh("echo first >&9; kill -SEGV $$", events=True)
    assert (done.signal, done.events) == ("SIGSEGV", b"first\n")


def test_a_program_that_is_not_there_says_so(inside: Inside) -> None:
    done = inside.run("/no/such/program")
    assert (done.exit, done.signal, done.exec_error, done.untried) == (None, None, "ENOENT", None)
    assert done.not_started == "No such file or directory"
    (inside.cwd / "plain").write_text("x")
    assert inside.run(str(inside.cwd / "plain")).not_started == "Permission denied"


def test_a_world_that_cannot_be_made_says_why(inside: Inside) -> None:
    beside = replace(inside, world=inside.world.reading("/no/such/store"))
    done = beside.sh("true")
    assert (done.exit, done.signal) == (None, None)
    assert done.not_started == (
        "bwrap failed with exit 1 before it started the program:"
        " bwrap: Can't find source path /no/such/store: No such file or directory"
    )


def test_only_the_root_is_seen(inside: Inside) -> None:
    assert inside.sh("cat /etc/whose").stdout.data == b"the root's\n"
    assert sorted(inside.sh("ls -A /").text.split()) == sorted(
        {".reaper", "bin", "dev", "etc", "lib", "proc", "tmp", "usr", *_libraries(inside), inside.cwd.parts[1]}
    )
    assert inside.sh("ls /usr/bin/cc").exit == 2
    assert inside.run("/usr/bin/cat", str(Path(__file__))).exit == 1


def _libraries(inside: Inside) -> set[str]:
    assert inside.world.root
    return {name for name, _ in inside.world.root.links}


def test_links_at_the_top_lead_where_they_lead_in_the_root(inside: Inside, tmp_path: Path) -> None:
    """As images have them: /lib64 → usr/lib, /usr/lib64 → lib, /sbin → /usr/sbin → bin; above the top is the top."""
    root = small_root(tmp_path / "root", ("sh", "readlink"))
    (root / "usr/lib64").rename(root / "usr/lib/loaders")
    for name, target in (("lib64", "../usr/lib/loaders"), ("sbin", "/usr/sbin"), ("usr/sbin", "bin"), ("bin", "../..")):
        (root / name).symlink_to(target)
    tree = look(str(root))
    assert [dict(tree.links).get(name) for name in ("lib64", "sbin", "bin")] == [
        "usr/lib/loaders",
        "usr/bin",
        "usr/bin",
    ]
    elsewhere = replace(inside, world=replace(inside.world, root=tree))
    assert elsewhere.run("/sbin/sh", "-c", "readlink -f /lib64").text == "/usr/lib/loaders\n"


def test_no_library_of_this_machine_is_even_looked_at(inside: Inside) -> None:
    done = inside.run("/usr/bin/env", env={"LD_DEBUG": "libs", "LD_LIBRARY_PATH": "/usr/local/lib"})
    looked = {line.split("=", 1)[1] for line in done.stderr.data.decode().splitlines() if "trying file=" in line}
    assert looked
    assert inside.world.root
    found = [path for path in looked if Path(inside.world.outside(path)).exists()]
    assert found
    assert all(inside.world.outside(path).startswith(f"{inside.world.root.path}/usr/") for path in looked)


def test_nothing_but_its_directory_and_those_named_can_be_written(inside: Inside, tmp_path: Path) -> None:
    leaves = tmp_path / "leaves"
    leaves.mkdir()
    script = f"touch here {leaves}/there /tmp/own && for one in /usr/x /etc/x /x; do touch $one 2>&9 && echo $one; done"
    done = inside.sh(f"{script}; exit 0", writable=(str(leaves),), events=True)
    assert (done.exit, done.stderr.data) == (0, b"")
    assert done.text.split() in ([], ["/x"])  # the top is a file system of the world's own
    assert (inside.cwd / "here").exists()
    assert (leaves / "there").exists()
    assert not Path("/tmp/own").exists()
    assert not Path("/x").exists()


def test_a_store_can_be_read_and_not_written(inside: Inside, tmp_path: Path) -> None:
    store = tmp_path / "store"
    store.mkdir()
    (store / "object").write_text("kept")
    beside = replace(inside, world=inside.world.reading(str(store)))
    done = beside.sh(f"cat {store}/object; touch {store}/object 2>/dev/null || echo ' read-only'")
    assert done.text == "kept read-only\n"
    assert inside.sh(f"cat {store}/object").exit == 1


def test_what_is_in_tmp_is_not_seen_but_for_what_is_bound(inside: Inside) -> None:
    assert inside.sh("ls -A /tmp").text.split() in ([], [inside.cwd.parts[2]])


def test_there_is_no_network_and_no_name_of_this_machine(inside: Inside) -> None:
    interfaces = inside.sh("cat /proc/net/dev").text
    assert [line.partition(":")[0].strip() for line in interfaces.splitlines()[2:]] == ["lo"]
    assert inside.sh("cat /proc/sys/kernel/hostname").text == "elfworlds\n"


def test_nothing_is_allowed_that_an_ordinary_user_is_not(inside: Inside) -> None:
    status = inside.sh("cat /proc/self/status").text
    capabilities = [line.split()[1] for line in status.splitlines() if line.startswith(("CapEff", "CapPrm"))]
    assert [int(one, 16) for one in capabilities] == [0, 0]


def test_no_setting_of_the_machine_can_be_changed_by_root_either(inside: Inside) -> None:
    files = "core_pattern hostname ../vm/drop_caches ../fs/file-max ../../sysrq-trigger ../../irq/default_smp_affinity"
    opened = f"for one in {files}; do (: >> $one) 2> /dev/null && echo $one; done"
    script = f"cd /proc/sys/kernel && {opened}; cat core_pattern"
    assert inside.sh(script).text == Path("/proc/sys/kernel/core_pattern").read_text()


def test_signals_are_as_they_are_without_a_root(inside: Inside) -> None:
    script = "cat /proc/self/status"
    bare = replace(inside, world=HOST)
    for kind in ("SigIgn", "SigBlk"):
        seen, alone = (
            [line for line in one.sh(script).text.splitlines() if line.startswith(kind)] for one in (inside, bare)
        )
        assert seen == alone


def test_a_program_leads_a_session_of_its_own(inside: Inside) -> None:
    """`setsid` without a fork fails for who leads a group already, so it forks; sh's own id tells as much."""
    fields = inside.sh("cat /proc/$$/stat").text.rpartition(")")[2].split()
    assert fields[2] == fields[3]
    assert fields[2] == inside.sh("cat /proc/$$/stat").text.split()[0]


def test_limits_and_processors_hold(inside: Inside) -> None:
    assert inside.sh("ulimit -c; ulimit -n", limits={"core": 0, "nofile": 64}).text.split() == ["0", "64"]
    assert inside.run(inside.compile(SPIN.replace("300000000", "0x7fffffffff")), limits={"cpu": 1}).signal == "SIGXCPU"
    allowed = inside.sh("grep Cpus_allowed_list /proc/self/status", cpus=1).text.split()
    assert allowed == ["Cpus_allowed_list:", str(min(os.sched_getaffinity(0)))]


def test_a_gigabyte_of_output_is_drained_and_bounded(inside: Inside) -> None:
    done = inside.sh("head -c 1000000000 /dev/zero; echo end", keep=1000)
    assert (done.exit, done.stdout.total) == (0, 1_000_000_004)
    assert done.stdout.tail.endswith(b"end\n")


def test_processes_that_are_left_are_told_by_the_ids_they_have_inside(inside: Inside) -> None:
    done = inside.sh("sleep 1000 & echo $!; until grep -q sleep /proc/$!/comm; do :; done; exit 4")
    assert done.exit == 4
    assert [(one.pid, one.command) for one in done.left] == [(int(done.text), "sleep")]


@pytest.mark.parametrize("ending", ["exit 0", "sleep 1000", "kill -KILL $$"])
def test_children_that_left_the_session_and_ignore_signals_are_gone(inside: Inside, ending: str) -> None:
    marker = f"4{os.getpid()}{len(ending)}"
    child = f"trap '' TERM HUP INT; setsid sh -c \"trap '' TERM HUP INT; (sleep {marker} &); sleep {marker}\" &"
    ready = "until grep -q sleep /proc/[0-9]*/comm; do :; done 2>/dev/null"
    script = f"({child}) ; {ready}; {ending}"
    if ending == "sleep 1000":
        done = patiently(lambda limit: inside.sh(script, timeout=limit), lambda done: len(done.left) > 2)
    else:
        done = inside.sh(script)
    assert done.timed_out == (ending == "sleep 1000")
    assert {one.command for one in done.left} & {"sh", "sleep"}
    assert alive(f"sleep {marker}") == []


def test_a_program_that_forks_without_end_is_ended(inside: Inside) -> None:
    marker = f"5{os.getpid()}"
    done = inside.sh(f"while :; do setsid sleep {marker} & i=$((i+1)); [ $i -gt 60 ] && sleep 9; done", timeout=1.0)
    assert done.timed_out
    assert alive(f"sleep {marker}") == []


def test_an_interrupt_ends_what_runs(world: World, tmp_path: Path) -> None:
    script = (
        "import signal, sys, threading\n"
        "from pathlib import Path\n"
        "from elfworlds.process import Pool\n"
        f"sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "from elfworlds.sandbox import World, look\n"
        "from rooting import Inside\n"
        f"world = World('w', look({world.root.path if world.root else ''!r}), {world.reaper!r}, {world.bwrap!r})\n"
        f"Inside(Pool(), world, Path({str(tmp_path)!r})).sh('setsid sleep MARKER & sleep MARKER', timeout=600)\n"
    )
    for number in (signal.SIGKILL, signal.SIGINT):
        marker = f"7{os.getpid()}{number.value}"
        words = [sys.executable, "-c", script.replace("MARKER", marker)]
        runner = subprocess.Popen(words, stderr=subprocess.DEVNULL, preexec_fn=heed_signals)
        wait_until(lambda marker=marker: len([one for one in alive(f"sleep {marker}") if "bwrap" not in one]) >= 2)  # type: ignore[misc]
        runner.send_signal(number)
        runner.wait()
        wait_until(lambda marker=marker: alive(f"sleep {marker}") == [])  # type: ignore[misc]


def test_a_killed_supervisor_leaves_nothing_behind(world: World, tmp_path: Path) -> None:
    """Nobody is left then to look for processes: the kernel ends them."""
    marker = f"8{os.getpid()}"
    inside = Inside(Pool(), world, tmp_path)
    command = inside.command("/bin/sh", "-c", f"setsid sleep {marker} & sleep {marker}")
    words = command.with_stderr_at(2)
    # What a supervisor is to bubblewrap: its parent.
    script = "import subprocess, sys; subprocess.run(sys.argv[1:])"
    parent = subprocess.Popen([sys.executable, "-c", script, *words], env={})
    wait_until(lambda: len([one for one in alive(f"sleep {marker}") if "bwrap" not in one]) >= 2)
    parent.kill()
    parent.wait()
    wait_until(lambda: alive(f"sleep {marker}") == [])


def test_a_program_cannot_forge_its_end(inside: Inside) -> None:
    script = "for one in /proc/1/fd/* /dev/fd/1[0-9]; do echo 'ended 0 0 0 0 0' >$one; done 2>/dev/null; exit 5"
    assert inside.sh(script).exit == 5


def test_by_hand_it_ends_as_in_a_shell(inside: Inside) -> None:
    for script, status in (("sleep 1000 & exit 3", 3), ("kill -SEGV $$", 139)):
        line = inside.command("/bin/sh", "-c", script, env={"A": "it's"}).as_shell()
        assert subprocess.run(["/bin/sh", "-c", line], check=False, timeout=AGES).returncode == status
        assert shlex.split(line)[:3] == ["env", "-i", "--"]


def test_this_machine_needs_no_wrapping(inside: Inside) -> None:
    bare = replace(inside, world=HOST)
    command = bare.command("/bin/true")
    assert wrap(command, HOST) is command
    assert (command.words, command.through) == (("/bin/true",), ())


def test_links_lead_nowhere_but_into_the_root(tmp_path: Path) -> None:
    (tmp_path / "usr/lib/deep").mkdir(parents=True)
    (tmp_path / "lib64").mkdir()
    (tmp_path / "etc").mkdir()
    (tmp_path / "usr/lib/deep/ld-2.31.so").write_text("")
    (tmp_path / "lib64/ld.so").symlink_to("/lib/deep/ld-2.31.so")
    (tmp_path / "usr/lib/up").symlink_to("../../../../../../../etc/passwd")
    (tmp_path / "usr/lib/round").symlink_to("round")
    tree = look(str(tmp_path))
    world = World("w", tree)
    assert tree.links == (("lib", "usr/lib"),)
    assert world.real("/lib64/ld.so") == "/usr/lib/deep/ld-2.31.so"
    assert world.outside("/lib64/../lib64//ld.so") == f"{tmp_path}/usr/lib/deep/ld-2.31.so"
    assert world.outside("/usr/lib/up") == f"{tmp_path}/etc/passwd"
    assert world.outside("/usr/lib/round") == f"{tmp_path}/usr/lib/round"
    assert world.outside("/usr/lib/not-there\0") == f"{tmp_path}/usr/lib/not-there\0"
    assert world.outside(f"{tmp_path}/store/object") == f"{tmp_path}/store/object"
    assert HOST.outside("/usr/lib/x") == "/usr/lib/x"


def test_another_root_is_seen_below_tool(tmp_path: Path, inside: Inside) -> None:
    (tmp_path / "tool/usr/lib").mkdir(parents=True)
    (tmp_path / "tool/usr/lib/gdb").write_text("of another")
    world = replace(inside.world, others=(("/tool", look(str(tmp_path / "tool"))),))
    assert replace(inside, world=world).sh("cat /tool/usr/lib/gdb; cat /tool/lib/gdb").text == "of another" * 2
    assert world.outside("/tool/lib/gdb") == f"{tmp_path}/tool/usr/lib/gdb"


def test_the_reaper_is_made_once_and_whole(tmp_path: Path, pool: Pool) -> None:
    asked: list[str] = []

    def run(command: object) -> Completed:
        asked.append("cc")
        return pool.run(command)  # type: ignore[arg-type]

    env = {"PATH": os.environ["PATH"]}
    first = provide(tmp_path, (CC, "-Wall", "-Wextra", "-Wshadow", "-pedantic", "-Werror"), env, HOST, run)
    assert provide(tmp_path, (CC,), env, HOST, run) == first
    assert asked == ["cc"]
    assert [one.name for one in tmp_path.iterdir()] == [Path(first).name]
    assert subprocess.run([first], check=False).returncode == 64
    assert subprocess.run([first, "10", "2", "5", "A=1", "/bin/true"], check=False).returncode == 64


def test_a_machine_without_bubblewrap_is_told_what_to_install(pool: Pool, tmp_path: Path) -> None:
    found = probe(pool.run, str(tmp_path))
    assert (found.bwrap, found.lacking) == ("", f"bubblewrap (`bwrap`) is not in PATH: {installing('bwrap')}")


def test_a_bubblewrap_that_fails_is_told_in_its_own_words(pool: Pool, tmp_path: Path) -> None:
    (tmp_path / "bwrap").write_text("#!/bin/sh\necho 'bwrap: it rains' >&2; exit 1\n")
    (tmp_path / "bwrap").chmod(0o755)
    found = probe(pool.run, str(tmp_path))
    assert (found.lacking, found.failing) == ("", "bubblewrap cannot make a world here (it rains)")


@pytest.mark.parametrize(
    ("words", "helps"),
    [
        (
            "bwrap: Creating new namespace failed: nesting depth or /proc/sys/user/max_*_namespaces exceeded (ENOSPC)",
            "sysctl -w user.max_user_namespaces=",
        ),
        (
            (
                "bwrap: No permissions to create new namespace, likely because the kernel does not allow non-privileged"
                " user namespaces. On e.g. debian this can be enabled with 'sysctl kernel.unprivileged_userns_clone=1'."
            ),
            "sysctl -w kernel.unprivileged_userns_clone=1",
        ),
        ("bwrap: setting up uid map: Permission denied", "kernel.apparmor_restrict_unprivileged_userns=0"),
        ("bwrap: loopback: Failed RTM_NEWADDR: Operation not permitted", "kernel.apparmor_restrict"),
        ("bwrap: Can't mount proc on /newroot/proc: Operation not permitted", "systempaths=unconfined"),
        ("bwrap: Creating new namespace failed: Operation not permitted", "--privileged"),
        ("bwrap: Unknown option --as-pid-1", "too old"),
    ],
)
def test_what_forbids_namespaces_is_named_with_what_allows_them(words: str, helps: str) -> None:
    """As bubblewrap 0.8 says it."""
    told = explain(words, root=False)
    assert helps in told
    assert words.removeprefix("bwrap: ") in told


def test_root_that_may_make_no_network_is_told_which_capability_is_missing() -> None:
    """As in a container with SYS_ADMIN alone, such as a pod of Kubernetes."""
    told = explain("bwrap: loopback: Failed RTM_NEWADDR: No child processes", root=True)
    assert "NET_ADMIN" in told
    assert "AppArmor" not in told


def test_a_line_that_is_cut_tells_nothing() -> None:
    report = ReportPipe()
    os.write(report.writing, b"started\nended 0 0 1000000 2000000 ")
    assert report.take()
    assert (report.execve_succeeded, report.ended, report.settled) == (True, None, False)
    os.write(report.writing, b"7\n")
    assert report.take()
    assert report.ended == (0, 1.0, 2.0, 7)
    assert report.settled
    report.started()
    assert not report.take()
    report.close()
