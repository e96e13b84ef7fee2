"""`ld-so-conf`: a trial in a root has a cache that the root's own ldconfig made, and searches in it are foretold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from elfworlds.backends import Build
from elfworlds.backends.local import LocalBackend
from elfworlds.planning import Plan, Trial
from elfworlds.process import Pool
from elfworlds.records import TraceRecord, trace_record
from elfworlds.sandbox import look
from elfworlds.toolchains import Toolchain
from elfworlds.toolchains.debian.toolchain import toolchain as toolchain_of
from elfworlds.trials import cache
from elfworlds.trials import observe as running
from elfworlds.trials.observe import Observation
from elfworlds.trials.trace import Tracer
from plans import plan_of
from rooting import own_root, small_root

EXPERIMENT = """
experiment: own-cache
question: Is a directory of ld.so.conf searched?
objects:
  w-1: &w {library: w, soname: libw.so.1, defines: {WHICH: 1}, code: "int w(void) { return WHICH; }"}
  w-2: {<<: *w, defines: {WHICH: 2}}
  app: {executable: app, needs: [w-1], runpath: [], code: "int w(void); int main(void) { return w(); }"}
x-outcomes: &outcomes {first: {exit: 1}, second: {exit: 2}, not-found: {exit: 127}}
scenarios:
  named: {run: "${app}", files: {opt/libw.so.1: "${w-1}"}, ld-so-conf: ["${files.dir}/opt"], outcomes: *outcomes}
  linked: {run: "${app}", files: {opt/libw.so: "${w-2}"}, ld-so-conf: ["${files.dir}/opt"], outcomes: *outcomes}
  not-named: {run: "${app}", files: {opt/libw.so.1: "${w-1}"}, outcomes: *outcomes}
  of-the-root: {run: "${app}", ld-so-conf: [/nowhere], outcomes: *outcomes}
  watched:
    run: ${app}
    files: {a/libw.so.1: "${w-2}", b/libw.so.1: "${w-1}"}
    ld-so-conf: ["${files.dir}/a", "${files.dir}/b"]
    observe: [ld-debug]
    outcomes: {second: {exit: 2, ld-debug.searches.found: {contains: "${files.dir}/a/libw.so.1"}}}
  set-user-id: {files: {app: {object: app, mode: "04755", owner: 65534}}, run: "${files.dir}/app"}
"""


@dataclass(frozen=True)
class Ran:
    plan: Plan
    build: Build
    toolchain: Toolchain
    seen: dict[str, Observation]
    traces: dict[str, TraceRecord]
    place: Path


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with Pool() as one:
        yield one


@pytest.fixture(scope="module")
def ran(pool: Pool, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """Every scenario in a root, each in a directory whose name means something to ldconfig, and its trace."""
    if not Path("/etc/ld.so.cache").exists():
        pytest.skip("this machine's loader has no cache, so a root of its files has none")
    path = tmp_path_factory.mktemp("own-cache")
    root = toolchain_of(own_root(tmp_path_factory.mktemp("root")), pool.run)
    store = path / "store"
    toolchains = {"host": replace(root, name="host", world=root.world.reading(str(store / "objects")))}
    plan = plan_of(EXPERIMENT, path, toolchains)
    backend = LocalBackend(store, pool.run, 2, pool.interrupt)
    build = backend.build(plan, toolchains, keep_going=True, report=lambda *_: None)
    assert not build.failures, [failure.output for failure in build.failures.values()]

    def directory(trial: Trial) -> Path:
        place = path / f"libc=own # {trial.scenario},{trial.observer}" / "cwd"
        place.mkdir(parents=True)
        return place

    runner = running.TrialRunner(plan.names(), build, toolchains, pool.run, directory, {})
    trials = [trial for trial in plan.trials if trial.observer == "plain" or trial.scenario == "watched"]
    seen = {trial.scenario: runner.observe(trial) for trial in trials}
    names = {artifact.path: plan.names()[key] for key, artifact in build.artifacts.items()}
    kept = Tracer(
        names, build, toolchains, pool.run, lambda trial: path / f"libc=own # {trial.scenario},{trial.observer}"
    )
    traced = {trial.scenario: kept.trace(trial) for trial in trials if trial.scenario != "set-user-id"}
    traces = {name: trace_record(trace) for name, trace in traced.items() if trace}
    return Ran(plan, build, toolchains["host"], seen, traces, path)


def test_what_ld_so_conf_names_is_found_and_nothing_else_is(ran: Ran) -> None:
    outcomes = {name: observation.judgement.outcome for name, observation in ran.seen.items()}
    notes = {name: observation.notes for name, observation in ran.seen.items()}
    assert outcomes == {
        "named": "first",
        "linked": "second",
        "not-named": "not-found",
        "of-the-root": "not-found",
        "watched": "second",
        "set-user-id": "unsupported",
    }, notes


def test_every_search_is_foretold(ran: Ran) -> None:
    assert {*ran.traces} == {"named", "linked", "not-named", "of-the-root", "watched"}
    searches = [search for trace in ran.traces.values() for search in trace.searches]
    assert [search for search in searches if search.agrees is not True] == []
    found = {search.predicted for search in searches if search.name == "libw.so.1"}
    assert found == {"${files.dir}/opt/libw.so.1", "${files.dir}/a/libw.so.1", None}
    libc = {rule for search in searches if search.name == "libc.so.6" for rule, _ in search.tried}
    assert libc == {"ld.so.cache"}


def test_both_files_are_kept_with_the_trial_and_name_its_real_directory(ran: Ran) -> None:
    cwd = ran.place / "libc=own # linked,plain" / "cwd"
    assert (cwd.parent / "etc/ld.so.conf").read_text().startswith(f"{cwd}/opt\n")
    assert f"{cwd}/opt/libw.so.1\0".encode() in (cwd.parent / "etc/ld.so.cache").read_bytes()
    assert (cwd / "opt/libw.so.1").is_symlink()


def test_without_a_root_or_a_cache_it_is_unsupported(ran: Ran, toolchain: Toolchain, tmp_path: Path) -> None:
    bound = next(trial.bound for trial in ran.plan.trials if trial.scenario == "named")
    none = next(trial.bound for trial in ran.plan.trials if trial.scenario == "not-named")
    musl = replace(ran.toolchain, versions={"libc-family": "musl"})
    (tmp_path / "bare").mkdir()
    bare = replace(ran.toolchain, world=replace(ran.toolchain.world, root=look(str(small_root(tmp_path / "bare")))))
    assert "host is no root" in cache.unsupported(bound, toolchain)
    assert "musl reads no /etc/ld.so.cache" in cache.unsupported(bound, musl)
    assert "has no /sbin/ldconfig" in cache.unsupported(bound, bare)
    assert [cache.unsupported(none, one) for one in (toolchain, musl, bare)] == ["", "", ""]


def test_a_set_user_id_program_in_a_root_is_unsupported_with_the_reason(ran: Ran) -> None:
    (note,) = ran.seen["set-user-id"].notes
    assert "the mode 04755 of app would have no effect: bubblewrap" in note
    assert "no_new_privs" in note
