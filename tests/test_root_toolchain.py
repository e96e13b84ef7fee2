"""toolchains/debian: objects are built and trials run in a root, and what is told of it is read from it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from elfworlds import sandbox
from elfworlds.backends import Build
from elfworlds.backends.local import LocalBackend
from elfworlds.observers import gdb, ld_debug, plain, strace, valgrind
from elfworlds.planning import Plan
from elfworlds.process import Command, Completed, Pool
from elfworlds.records import trace_record
from elfworlds.sandbox import look
from elfworlds.toolchains import Package, Toolchain
from elfworlds.toolchains.borrowed import cannot_see, seeing, with_gdb
from elfworlds.toolchains.debian.root import Root
from elfworlds.toolchains.debian.toolchain import toolchain as toolchain_of
from elfworlds.toolchains.debian.toolchain import upstream
from elfworlds.toolchains.musl.toolchain import MuslSystem
from elfworlds.traces.ldcache import LEGACY
from elfworlds.trials import observe as running
from elfworlds.trials.searching import Searching, facts_of
from elfworlds.trials.trace import Tracer, first_trials
from plans import keys_of, plan_of
from rooting import own_root, small_root
from waiting import AGES
from watching import Watching

OBJECTS = """
experiment: x
question: "?"
objects:
  base: {library: base, code: "int base = 1;"}
  user: {library: user, code: "extern int base; int user(void) { return base; }", needs: [base]}
  app:
    executable: app
    needs: [user]
    code: |
      #include <signal.h>
      #include <stdio.h>
      int user(void);
      int main(int argc, char **argv) { printf("%d %s", user(), argv[1]); return argc == 3 ? raise(SIGSEGV) : 0; }
scenarios:
  ends: {run: "${app} ${user}", outcomes: {well: {exit: 0, stdout: "1 ${user}"}}}
  crashes: {run: "${app} x y", outcomes: {so: {signal: SIGSEGV, exit: null}}}
  looks: {inspect: app}
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Root:
    if not Path("/usr/bin/gcc").exists() or not Path("/var/lib/dpkg/status").exists():
        pytest.skip("this machine's own system is no root with packages and a compiler in /usr/bin")
    return own_root(tmp_path_factory.mktemp("roots"))


@pytest.fixture(scope="module")
def rooted(root: Root) -> Toolchain:
    with Pool() as pool:
        return toolchain_of(root, pool.run)


@dataclass(frozen=True)
class Ran:
    plan: Plan
    build: Build
    toolchain: Toolchain
    observations: dict[str, running.Observation]
    tracer: Tracer


@pytest.fixture
def ran(rooted: Toolchain, tmp_path: Path, pool: Pool) -> Ran:
    """Two objects and an application, built in the root, and each scenario's only trial."""
    store = tmp_path / "store"
    toolchains = {"host": replace(rooted, name="host", world=rooted.world.reading(str(store / "objects")))}
    plan = plan_of(OBJECTS, tmp_path, toolchains)
    build = LocalBackend(store, pool.run, 2, pool.interrupt).build(
        plan, toolchains, keep_going=True, report=lambda *_: None
    )
    assert not build.failures, [one.output for one in build.failures.values()]

    def directory(name: str) -> Path:
        place = tmp_path / "trials" / name / "cwd"
        place.mkdir(parents=True)
        return place

    observer = running.TrialRunner(plan.names(), build, toolchains, pool.run, lambda one: directory(one.id), {})
    names = {one.path: plan.names()[key] for key, one in build.artifacts.items()}
    tracer = Tracer(names, build, toolchains, pool.run, lambda one: tmp_path / "trials" / one.id)
    seen = {one.scenario: observer.observe(one) for one in plan.trials}
    return Ran(plan, build, toolchains["host"], seen, tracer)


def test_objects_are_built_in_the_root_and_run_there(ran: Ran) -> None:
    outcomes = {name: one.judgement.outcome for name, one in ran.observations.items()}
    assert outcomes | {"looks": ""} == {"ends": "well", "crashes": "so", "looks": ""}
    command = ran.observations["ends"].command
    assert command
    assert command.through[0] == ran.toolchain.world.bwrap


def test_the_loader_finds_what_was_predicted_in_the_root(ran: Ran) -> None:
    trial = next(one for one in first_trials(ran.plan) if one.scenario == "ends")
    traced = ran.tracer.trace(trial)
    assert traced
    record = trace_record(traced)
    assert {one.name for one in record.searches} >= {"libuser.so", "libbase.so", "libc.so.6"}
    assert [one for one in record.searches if not one.agrees] == []
    libc = next(one for one in record.link_maps if one.name == "libc.so.6")
    data = Path(ran.toolchain.world.outside(libc.path)).read_bytes()
    assert libc.sha256 == hashlib.sha256(data).hexdigest()


def test_a_file_of_the_root_is_read_where_it_lies(ran: Ran) -> None:
    assert ran.observations["looks"].values["missing-symbols"] == []
    assert ran.observations["looks"].values["missing-objects"] == []


def test_no_file_of_this_machine_is_taken_for_one_of_the_root(ran: Ran, tmp_path: Path) -> None:
    (tmp_path / "empty/usr").mkdir(parents=True)
    elsewhere = replace(ran.toolchain, world=replace(ran.toolchain.world, root=look(str(tmp_path / "empty"))))
    assert Searching(None, ran.toolchain, facts_of).read("/usr/bin/env") is not None
    assert Searching(None, elsewhere, facts_of).read("/usr/bin/env") is None
    assert Searching(None, elsewhere, facts_of).read(next(iter(ran.build.artifacts.values())).path) is not None


def test_the_compiler_sees_nothing_but_the_root(tmp_path: Path, pool: Pool, rooted: Toolchain) -> None:
    """A root without a compiler builds nothing, whatever this machine has."""
    (tmp_path / "tree").mkdir()
    small = small_root(tmp_path / "tree", ("sh", "env"))
    bare = replace(rooted, name="host", world=replace(rooted.world, root=look(str(small))))
    plan = plan_of(OBJECTS, tmp_path, {"host": bare})
    backend = LocalBackend(tmp_path / "store", pool.run, 2, pool.interrupt)
    build = backend.build(plan, {"host": bare}, keep_going=True, report=lambda *_: None)
    said = build.failures[keys_of(plan)["base"]].output
    assert "could not be started: No such file or directory" in said


def ask(pool: Pool, toolchain: Toolchain, *argv: str) -> Completed:
    return pool.run(sandbox.wrap(Command(argv=argv, env=toolchain.env, cwd="/", timeout=AGES), toolchain.world))


def test_versions_are_what_the_tools_say_of_themselves(pool: Pool, rooted: Toolchain) -> None:
    versions = rooted.versions
    assert ask(pool, rooted, *rooted.tool("cc"), "-dumpfullversion").text.strip() == versions["cc"]
    for name in {"gdb", "valgrind", "strace"} & set(rooted.tools):
        assert versions[name] in ask(pool, rooted, *rooted.tool(name), "--version").text.partition("\n")[0]
    assert versions["libc"] in ask(pool, rooted, "/usr/bin/ldd", "--version").text.partition("\n")[0]
    assert versions["libc-family"] == "glibc"


def test_every_package_is_part_of_the_identity(root: Root, rooted: Toolchain, pool: Pool) -> None:
    assert {f"package {one.name}" for one in root.packages} <= set(rooted.identity)
    newer = tuple(replace(one, version=f"{one.version}+1") if one.name == "libc6" else one for one in root.packages)
    changed = toolchain_of(replace(root, packages=newer), pool.run)
    assert changed.digest != rooted.digest
    recorded: Any = rooted.record()["packages"]
    assert recorded["libc6"] == {one.name: one.version for one in root.packages}["libc6"]


def test_default_paths_and_cache_are_the_loaders(pool: Pool, rooted: Toolchain) -> None:
    """The loader, asked for what is nowhere, names every directory that it looks into."""
    script = "LD_DEBUG=libs LD_PRELOAD=libnowhere.so.1 exec /usr/bin/env"
    said = ask(pool, rooted, *rooted.tool("sh"), "-c", script).stderr.data.decode()
    tried = [line.split("trying file=")[1] for line in said.splitlines() if "trying file=" in line]
    directories = [str(Path(one).parent) for one in tried if one.endswith("libnowhere.so.1")]
    of_processors = {"glibc-hwcaps", *LEGACY["x86_64"].values()}
    plain_ones = [one for one in directories if of_processors.isdisjoint(Path(one).parts)]
    assert plain_ones == list(rooted.default_paths)
    assert (rooted.library_cache["libc.so.6"] or "").endswith("/libc.so.6")


def test_musl_is_a_toolchain_of_its_own(tmp_path: Path, pool: Pool) -> None:
    root = own_root(tmp_path, ("base", "musl"))
    packages = (*(one for one in root.packages if one.name != "musl"), Package("musl", "1.2.5-3.1~deb13u1"))
    musl = toolchain_of(replace(root, packages=packages), pool.run, system=MuslSystem)
    assert (musl.name, musl.tool("cc")) == ("musl/own", ("/usr/bin/musl-gcc",))
    assert (musl.versions["libc-family"], musl.versions["libc"]) == ("musl", "1.2.5")
    assert "C++" in (musl.lack("c++") or "")
    assert "musl" in (musl.lack("rustc") or "")
    assert musl.library_cache == {}


@pytest.mark.parametrize(
    ("version", "number"),
    [
        ("2.36-9+deb12u14", "2.36"),
        ("1:3.16.1-1", "3.16.1"),
        ("1.48.0+dfsg1-2", "1.48.0"),
        ("4:12.2.0-3", "12.2.0"),
        ("1.2.5-3.1~deb13u1", "1.2.5"),
        ("unknown", "unknown"),
    ],
)
def test_a_package_version_has_its_authors_number(version: str, number: str) -> None:
    assert upstream(version) == number


@pytest.fixture
def watching(rooted: Toolchain, pool: Pool, tmp_path: Path) -> Watching:
    return Watching(pool, rooted, tmp_path)


@pytest.fixture
def crashing(watching: Watching) -> str:
    text = """
        #include <stdio.h>
        #include <stdlib.h>
        #include <unistd.h>
        extern char **environ;
        int main(void)
        {
            for (char **one = environ; *one; one++)
                puts(*one);
            fflush(stdout);
            char *volatile lost = malloc(10);
            lost = NULL;
            return *(volatile int *)lost;
        }
    """
    (watching.directory / "crash.c").write_text(text)
    argv = (*watching.toolchain.tool("cc"), "-g", "-O0", "-o", "crash", "crash.c")
    env = watching.toolchain.env
    command = Command(argv=argv, env=env, cwd=str(watching.directory), timeout=AGES)
    assert watching.pool.run(sandbox.wrap(command, watching.toolchain.world)).ok
    return str(watching.directory / "crash")


@pytest.mark.parametrize(
    "observer", [plain, ld_debug, strace, valgrind, gdb], ids=lambda one: one.__name__.split(".")[-1]
)
def test_every_observer_sees_the_programs_own_end_in_a_root(
    watching: Watching, crashing: str, observer: object
) -> None:
    lacking = [one for one in getattr(observer, "TOOLS", ()) if one not in watching.toolchain.tools]
    if lacking:
        pytest.skip(f"{lacking} is not installed")
    completed, values = watching.completed(observer, crashing, env={"A": "1"})  # type: ignore[arg-type]
    assert (values["exit"], values["signal"], values["timed-out"]) == (None, "SIGSEGV", False)
    assert "A=1" in values["stdout"].split()
    assert completed.left == ()


def test_gdb_of_another_root_runs_through_its_own_loader(watching: Watching, crashing: str) -> None:
    if "gdb" not in watching.toolchain.tools:
        pytest.skip("gdb is not installed")
    other = replace(watching.toolchain, name="debian/other", versions={**watching.toolchain.versions, "gdb": "99"})
    borrowing = replace(watching, toolchain=with_gdb(watching.toolchain, other))
    words = borrowing.toolchain.tool("gdb")
    assert words[:2] == ("/usr/bin/env", "PYTHONHOME=/tool/usr")
    assert words[2].startswith("/tool/")
    assert borrowing.toolchain.versions["gdb"] == "99"
    settings = {"commands": {"python": "python import sys; print(sys.prefix)", "self": "info proc exe"}}
    values = borrowing.watch(gdb, crashing, env={"A": "1"}, settings=settings)
    assert (values["signal"], values["gdb"]["stops"][0]["function"]) == ("SIGSEGV", "main")
    assert values["gdb"]["stops"][0]["commands"]["python"] == "/tool/usr\n"
    assert not {line.partition("=")[0] for line in values["stdout"].splitlines()} - {"A", "LD_DEBUG", "LD_DEBUG_OUTPUT"}


def test_gdb_of_a_root_may_watch_this_machines_programs(
    watching: Watching, crashing: str, toolchain: Toolchain
) -> None:
    if "gdb" not in watching.toolchain.tools:
        pytest.skip("gdb is not installed")
    borrowing = replace(watching, toolchain=with_gdb(toolchain, watching.toolchain))
    assert borrowing.toolchain.world.root is None
    assert borrowing.watch(gdb, crashing)["signal"] == "SIGSEGV"


def test_another_root_is_seen_below_its_name(rooted: Toolchain, toolchain: Toolchain) -> None:
    other = replace(rooted, name="debian/other")
    seen = seeing(rooted, ["debian/other"], {"debian/other": other}).world
    assert rooted.world.root is not None
    assert seen.outside("/debian/other/usr/bin/env") == rooted.world.outside("/usr/bin/env")
    assert seen.real("/debian/other/usr/bin/env") == "/debian/other" + rooted.world.real("/usr/bin/env")
    assert cannot_see(rooted, ["debian/other"], {"debian/other": other}) == ""
    without = replace(other, unsupported="no bubblewrap", world=toolchain.world)
    assert cannot_see(rooted, ["debian/other"], {"debian/other": without}) == "debian/other: no bubblewrap"


def test_this_machine_shows_no_other_root(toolchain: Toolchain) -> None:
    assert seeing(toolchain, ["debian/other"], {}).world == toolchain.world
    why = "host is no root, and only a root can have another (debian/other) beside it"
    assert cannot_see(toolchain, ["debian/other"], {}) == why
    assert cannot_see(toolchain, [], {}) == ""


def test_a_gdb_that_is_not_there_is_lacking(rooted: Toolchain, tmp_path: Path) -> None:
    without = replace(rooted, name="debian/other", tools={})
    got = with_gdb(rooted, without)
    assert "gdb" not in got.tools
    assert got.lack("gdb") == "the toolchain debian/other has no gdb"
    assert with_gdb(rooted, rooted) is rooted
    hidden = replace(rooted, name="nixpkgs/x", tools={"gdb": (str(tmp_path / "gdb"),)})
    assert "no other world shows it" in (with_gdb(rooted, hidden).lack("gdb") or "")
