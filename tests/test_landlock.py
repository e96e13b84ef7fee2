"""Landlock where a sandbox cannot be had: asked for in words, called weaker, and what it stops is known."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from conftest import ROOT, World
from elfworlds.process import Command, Completed, Pool
from elfworlds.sandbox import World as Seen
from elfworlds.sandbox import landlock, seccomp, wrap
from elfworlds.supervisor.landlock import abi
from elfworlds.supervisor.pids import available
from elfworlds.toolchains.sandboxed import landlocked
from rooting import bubblewrap
from waiting import AGES

ESCAPES = ROOT / "tests" / "data" / "escapes" / "escapes.c"
WAYS = 55
# These ask only whether a name is there (access(2)), which Landlock does not keep to itself: nothing of it is read.
ATTRIBUTES = {"console", "disk", "leaves_by_link", "reads_home", "unix_socket"}
PROCESSES = {"sees"}  # command lines, where there is no pid namespace
SIGNALS = {"signals"}  # before version 6, there
TOLD = """
experiment: told
question: What is seen?
objects:
  app: {executable: app, code: "int main(void) { return 0; }", cflags: [OPTION]}
scenarios:
  s: {run: "${app}", outcomes: {fine: {exit: 0}}, expect: {outcome: fine}}
  missing: {run: /nowhere/program, outcomes: {missing: {start.errno: ENOENT}}, expect: {outcome: missing}}
"""
WITHOUT_NAMESPACES = """
for kind in user pid mnt; do echo 0 > /proc/sys/user/max_${kind}_namespaces || exit 77; done
exec "$@"
"""

pytestmark = [
    pytest.mark.skipif(abi() < landlock.LEAST, reason="this kernel has no Landlock, or an old one"),
    pytest.mark.skipif("NIX_BUILD_TOP" in os.environ, reason="a Nix build has no programs at their places"),
]


@pytest.fixture
def without_bubblewrap(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """PATH has a compiler, and no bubblewrap."""
    bin_ = world.path / "bin"
    bin_.mkdir()
    for name in ("cc", "ld", "as"):
        (bin_ / name).symlink_to(shutil.which(name) or pytest.skip(f"no {name}"))
    monkeypatch.setenv("PATH", str(bin_))


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with Pool() as one:
        yield one


def told(world: World, option: str = "-O1") -> Path:
    return world.experiment("told", TOLD.replace("OPTION", option))


def confined(pool: Pool, argv: list[str], cwd: Path, version: int = 0, processes: int = 0) -> Completed:
    """A command in a Landlock domain of a version; it may read what lies beside the program."""
    world = Seen("host", guard=landlocked(version or abi())).reading(str(Path(argv[0]).parent))
    command = Command(argv=tuple(argv), env={}, cwd=str(cwd), timeout=AGES, apart=True)
    command = replace(command, processes=processes, exactly=bool(processes))
    return pool.run(wrap(command, world))


@pytest.mark.usefixtures("without_bubblewrap")
def test_without_a_choice_nothing_weaker_is_taken_and_the_refusal_names_it(world: World) -> None:
    code, _, err = world.run("run", "--sandbox", told(world))
    assert code == 4
    assert "there can be no sandbox: bubblewrap (`bwrap`) is not in PATH" in err
    assert "or weaker, by Landlock: --sandbox-fallback landlock" in err
    assert not world.latest("told").exists()


@pytest.mark.usefixtures("without_bubblewrap")
def test_it_is_called_weaker_on_the_terminal_in_the_environment_and_in_the_reports(world: World) -> None:
    path = told(world)
    path.chmod(0o666)
    code, out, err = world.run("run", "--sandbox-fallback", "landlock", path)
    assert (code, landlock.words(abi()) in out + err) == (0, True), out + err
    latest = world.latest("told")
    assert json.loads((latest / "environment.json").read_text())["sandbox"] == landlock.words(abi())
    assert landlock.words(abi()).startswith("landlock: weaker: ")
    for report in ("report.md", "report.html"):
        assert "landlock: weaker: " in (latest / report).read_text()
    assert "landlock: weaker" not in "".join(world.run("run", "--trust", path)[1:])


@pytest.mark.needs("valgrind")
def test_what_needs_the_directory_for_temporary_files_is_unsupported(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, broken = told(world), world.path / "broken" / "bwrap"
    broken.parent.mkdir()
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{broken.parent}:{os.environ['PATH']}")
    path.write_text(path.read_text().replace('run: "${app}",', 'run: "${app}", observe: [valgrind],'))
    world.run("run", "--sandbox", "--sandbox-fallback", "landlock", path)
    rows = [json.loads(line) for line in (world.latest("told") / "trials.jsonl").read_text().splitlines()]
    found = {(row["scenario"], row["observer"]): (row["verdict"], row["notes"]) for row in rows}
    why = "valgrind: it can write no file in /tmp here, as where Landlock is the sandbox"
    assert found["s", "valgrind"] == ("UNSUPPORTED", [why])
    assert found["s", "plain"][0] == "PASS"


def test_where_there_is_bubblewrap_the_fallback_is_not_taken(world: World) -> None:
    bubblewrap()
    assert world.run("build", "--sandbox", "--sandbox-fallback", "landlock", told(world))[2] == ""


def test_another_fallback_is_refused(world: World) -> None:
    code, _, err = world.run("run", "--sandbox-fallback", "firejail", told(world))
    assert code != 0
    assert "`firejail` is no fallback; there is: landlock" in err


@pytest.mark.usefixtures("without_bubblewrap")
def test_a_build_reads_nothing_of_the_machine_but_the_toolchain(world: World, tmp_path: Path) -> None:
    outside = tmp_path / "outside.h"
    outside.write_text("int outside;\n")
    path = told(world, f"-include, {outside}")
    code, out, err = world.run("build", "--sandbox", "--sandbox-fallback", "landlock", path)
    assert code == 6
    assert "Permission denied" in out + err


@pytest.fixture(scope="module")
def escapes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    program = tmp_path_factory.mktemp("escapes") / "escapes"
    subprocess.run(["cc", "-o", str(program), str(ESCAPES)], check=True, timeout=AGES)
    return program


TRY = """
import json, sys
sys.path[:0] = json.loads(sys.argv[1])
from pathlib import Path
import test_landlock
from elfworlds.process import Pool
with Pool() as pool:
    done = test_landlock.confined(pool, sys.argv[3:], Path(sys.argv[2]))
print(done.not_started or done.text)
"""


def through(escapes: Path, place: Path, *before: str) -> set[str]:
    """The ways out that lead out of a Landlock domain; all of them were tried."""
    own, outside, store = place / "own", place / "outside", place / "store"
    for directory in (own, outside, store):
        directory.mkdir()
    (outside / "secret").write_text("x")
    shutil.copy(escapes, store)
    name = f"elfworlds-landlock-{os.getpid()}"
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_UNIX) as abstract:
        abstract.bind(f"\0{name}")
        abstract.listen()
        words = [str(store / "escapes"), str(outside), str(os.getpid()), str(server.getsockname()[1]), name]
        started = [*before, sys.executable, "-c", TRY, json.dumps(sys.path), str(own), *words]
        done = subprocess.run(started, check=False, capture_output=True, text=True, timeout=AGES)
    if done.returncode == 77:
        pytest.skip(f"no user namespace can be made here: {done.stderr}")
    lines = [line.split() for line in done.stdout.splitlines() if line]
    assert len(lines) == WAYS, done.stdout + done.stderr
    assert sorted(path.name for path in place.rglob("*")) == ["escapes", "home", "outside", "own", "secret", "store"]
    return {line[1] for line in lines if line[0] == "THROUGH"}


def test_of_the_ways_out_those_stay_open_that_read_nothing(escapes: Path, tmp_path: Path) -> None:
    found = through(escapes, tmp_path)
    sys.stdout.write(f"{WAYS} ways out, {len(found)} open\n")  # bench/reliability counts them
    assert found <= {*ATTRIBUTES, *PROCESSES, *(SIGNALS if abi() < landlock.OF_SIGNALS else ())}


def test_where_namespaces_are_refused_other_processes_are_seen_too(escapes: Path, tmp_path: Path) -> None:
    if shutil.which("unshare") is None or subprocess.run(["unshare", "-Ur", "true"], check=False).returncode:
        pytest.skip("no user namespace can be made here")
    found = through(escapes, tmp_path, "unshare", "-Ur", "sh", "-c", WITHOUT_NAMESPACES, "sh")
    assert found >= PROCESSES
    assert found <= {*ATTRIBUTES, *PROCESSES, *(SIGNALS if abi() < landlock.OF_SIGNALS else ())}


@pytest.mark.parametrize("version", range(landlock.LEAST, abi() + 1))
def test_each_version_keeps_what_no_rule_allows(version: int, pool: Pool, tmp_path: Path) -> None:
    own, outside = tmp_path / "own", tmp_path / "outside"
    own.mkdir()
    outside.write_text("secret")
    refused = f"cat {outside}; (: > {outside}); cat /tmp/*"
    allowed = "echo mine > mine; ln mine other; mkdir -p a; mv mine a; cat a/mine"
    script = f"{refused}; {allowed}"
    done = confined(pool, ["/bin/sh", "-c", script], own, version)
    assert done.text == "mine\n", done.stderr
    assert outside.read_text() == "secret"


def test_a_trial_changes_no_mode_or_owner_even_of_its_own(pool: Pool, tmp_path: Path) -> None:
    words = "touch x; chmod 600 x; chown 0 x; touch -d 2001-01-01 x && echo touched"
    done = confined(pool, ["/bin/sh", "-c", words], tmp_path)
    assert (done.stderr.data.count(b"Operation not permitted"), done.text) == (2, "touched\n")


def test_it_has_no_capability_and_gets_none(pool: Pool, tmp_path: Path) -> None:
    done = confined(pool, ["/bin/grep", "-E", "^(Cap...|NoNewPrivs|Seccomp):", "/proc/self/status"], tmp_path)
    values = dict(line.split(":") for line in done.text.splitlines())
    assert {int(value, 16) for name, value in values.items() if name in ("CapPrm", "CapEff", "CapBnd", "CapAmb")} == {0}
    assert (values["NoNewPrivs"].strip(), values["Seccomp"].strip()) == ("1", "2")


def test_what_watches_it_is_not_confined(pool: Pool, tmp_path: Path) -> None:
    """A thread of the supervisor was, and a command after it that is not confined may do all."""
    confined(pool, ["/bin/true"], tmp_path)
    argv = ("/bin/sh", "-c", "echo x > x; chmod 600 x")
    assert pool.run(Command(argv=argv, env={}, cwd=str(tmp_path), timeout=AGES, apart=True)).ok  # the same supervisor


def test_a_limit_of_processes_is_what_it_is_without(pool: Pool, tmp_path: Path) -> None:
    if not available():
        pytest.skip("no pids cgroup can be made here")
    script = "for i in 1 2 3 4 5 6 7 8; do sleep 60 & done; echo $(jobs -p | wc -l)"
    most = [confined(pool, ["/bin/sh", "-c", script], tmp_path, processes=6).limit for _ in range(2)]
    assert most == ["processes", "processes"]
    fewer = confined(pool, ["/bin/sh", "-c", "sleep 0 & sleep 0 & wait; echo fine"], tmp_path, processes=3)
    assert (fewer.text, fewer.limit) == ("fine\n", "")


@pytest.mark.parametrize("machine", seccomp.AUDIT)
def test_every_jump_of_the_stricter_filter_stays_in_it(machine: str) -> None:
    data = seccomp.program(machine, tracing=False, alone=True, refused=seccomp.MODES)
    steps = [data[at : at + 8] for at in range(0, len(data), 8)]
    assert len(steps) < 4096
    assert all(at + 1 + max(step[2], step[3]) < len(steps) for at, step in enumerate(steps) if step[0] & 7 == 5)


@pytest.mark.parametrize(
    ("version", "why"), [(0, "this kernel has no Landlock"), (2, "is too old (ABI 2"), (3, ""), (7, "")]
)
def test_a_kernel_that_has_none_is_told(version: int, why: str) -> None:
    assert landlock.lack(version) == why if not why else why in landlock.lack(version)


@pytest.mark.parametrize(
    ("version", "line"),
    [
        (0, "missing +landlock +this kernel has no Landlock"),
        (2, "missing +landlock +.*ABI 2,"),
        (None, "ok +landlock +"),
    ],
)
def test_the_doctor_says_whether_it_can_be_had(
    version: int | None, line: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of this kernel, and of two that it is not."""
    if version is not None:
        monkeypatch.setattr("elfworlds.supervisor.landlock.abi", lambda: version)
    own = line if version is not None else f"{line}ABI {abi()}: .*--sandbox-fallback landlock"
    assert re.search(f"^{own}", world.run("doctor")[1], re.MULTILINE)
