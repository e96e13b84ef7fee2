"""Objects that one pinned root builds and another one runs, made by both backends and by exported scripts."""

from __future__ import annotations

import os
import shlex
import subprocess  # a script is run as a person would
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from elfworlds import shell_script
from elfworlds.backends import Backend, Build, compare
from elfworlds.backends.local import LocalBackend
from elfworlds.backends.nix import NixBackend
from elfworlds.backends.nix.memory import Memory
from elfworlds.backends.nix.settings import settings
from elfworlds.planning import Plan, Trial
from elfworlds.process import Command, Pool
from elfworlds.sandbox import wrap
from elfworlds.toolchains import Toolchain
from elfworlds.toolchains.families import seeing
from elfworlds.trials.observe import Observation, TrialRunner
from nix_support import environment, lacks_nix
from pinned_roots import rooted
from plans import plan_of
from waiting import AGES

OLD, NEW, MUSL = "debian/bookworm", "debian/trixie", "musl/bookworm"
TEXT = """\
experiment: elsewhere
question: Does it run here?
matrix:
  built: [debian/bookworm, debian/trixie]
  libc: [debian/bookworm, debian/trixie]
objects:
  number:
    library: number
    toolchain: "${matrix.built}"
    defines: {_GNU_SOURCE: 1}
    code: |
      #include <stdlib.h>
      int number(const char *text) { return (int)strtol(text, NULL, 10); }
  over:
    library: over
    toolchain: debian/trixie
    needs: [number]
    code: 'int number(const char *); int over(void) { return number("41") + 1; }'
  here:
    executable: here
    needs: [over]
    ldflags: ["-Wl,--allow-shlib-undefined"]
    code: 'int over(void); int main(void) { return over(); }'
  there:
    executable: there
    toolchain: "${matrix.built}"
    needs: [number]
    ldflags: ["-Wl,--allow-shlib-undefined"]
    code: 'int number(const char *); int main(void) { return number("42"); }'
scenarios:
  open:
    steps:
      - {dlopen: {object: number, as: opened}, may-fail: true}
      - {call: {handle: opened, function: number, type: int (const char *), args: ['"42"'], as: result}, may-fail: true}
    outcomes: &outcomes
      too-new: {opened.error: {contains: "version `GLIBC_2.38' not found"}}
      works: {result: 42}
  start: &start
    run: ${here}
    outcomes:
      too-new: {exit: 1, stderr: {contains: "version `GLIBC_2.38' not found"}}
      works: {exit: 42}
  start-there: {<<: *start, run: "${there}"}
"""


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with Pool() as one:
        yield one


@pytest.fixture(scope="module")
def chains(pool: Pool) -> dict[str, Toolchain]:
    return {name: rooted(name, pool) for name in (OLD, NEW)}


@dataclass(frozen=True)
class Place:
    """Where a plan is built and tried."""

    path: Path
    pool: Pool
    chains: Mapping[str, Toolchain]

    def local(self) -> Backend:
        return LocalBackend(self.path / "store", self.pool.run, 2, self.pool.interrupt)

    def nix(self) -> Backend:
        memory = Memory(self.path / "nix")
        return NixBackend(settings(environment(self.path)), memory, self.pool.run, 2, self.pool.interrupt)

    def build(self, plan: Plan, backend: Backend) -> Build:
        build = backend.build(plan, self.chains, keep_going=True, report=lambda *_: None)
        assert not build.failures, [each.output for each in build.failures.values()]
        return build

    def runner(self, plan: Plan, build: Build, backend: Backend) -> TrialRunner:
        def directory(trial: Trial) -> Path:
            place = self.path / "trials" / backend.name / trial.id / "cwd"
            place.mkdir(parents=True)
            return place

        return TrialRunner(
            names=plan.names(),
            build=build,
            toolchains=seeing(self.chains, backend.store),
            run=self.pool.run,
            directory=directory,
            broken={},
            programs=plan.programs(),
            builders={key: request.toolchain for key, request in plan.requests.items()},
        )


@pytest.fixture
def place(tmp_path: Path, pool: Pool, chains: dict[str, Toolchain]) -> Place:
    return Place(tmp_path, pool, chains)


Seen = dict[tuple[str, str, str], Observation]


def observed(place: Place, plan: Plan, build: Build, backend: Backend) -> Seen:
    runner = place.runner(plan, build, backend)
    points = {trial.id: dict(trial.point) for trial in plan.trials}
    return {
        (trial.scenario, points[trial.id]["built"], points[trial.id]["libc"]): runner.observe(trial)
        for trial in plan.trials
    }


def outcomes(seen: Seen) -> dict[tuple[str, str, str], str]:
    return {at: one.judgement.outcome for at, one in seen.items()}


EXPECTED = {
    (scenario, built, libc): "too-new" if (built, libc) == (NEW, OLD) else "works"
    for scenario in ("open", "start", "start-there")
    for built in (OLD, NEW)
    for libc in (OLD, NEW)
}


def test_a_newer_build_is_refused_by_an_older_libc_and_an_older_one_runs_everywhere(place: Place) -> None:
    plan, backend = plan_of(TEXT, place.path, place.chains), place.local()
    seen = observed(place, plan, place.build(plan, backend), backend)
    assert outcomes(seen) == EXPECTED
    libc = "/lib/x86_64-linux-gnu/libc.so.6"
    said = f"number, which was built with {NEW}, needs GLIBC_2.38, which {libc} of {OLD} does not have"
    assert all(said in seen[scenario, NEW, OLD].notes for scenario in ("open", "start", "start-there"))
    assert not any("which was built" in note for at, one in seen.items() if at[1:] != (NEW, OLD) for note in one.notes)


def test_nix_makes_the_same_objects_and_they_do_the_same(place: Place) -> None:
    if why := lacks_nix():
        pytest.skip(why)
    plan, backends = plan_of(TEXT, place.path, place.chains), (place.local(), place.nix())
    builds = place.build(plan, backends[0]), place.build(plan, backends[1])
    assert list(compare.builds(plan, ("local", "nix"), builds)) == []
    assert outcomes(observed(place, plan, builds[1], backends[1])) == EXPECTED
    again = backends[1].verify(plan, place.chains, builds[1])
    assert {key: one.identical for key, one in again.items()} == dict.fromkeys(plan.requests, True)


def test_what_failed_in_one_root_is_missing_in_the_other_with_each_backend(place: Place) -> None:
    broken = TEXT.replace("int number(const char *text) { return", "int number(const char *text) { retrun")
    plan = plan_of(broken, place.path, place.chains)
    backends = [place.local()] + ([] if lacks_nix() else [place.nix()])
    for backend in backends:
        build = backend.build(plan, place.chains, keep_going=True, report=lambda *_: None)
        own = {plan.requests[key].name for key, failure in build.failures.items() if not failure.missing}
        others = {plan.requests[key].name for key, failure in build.failures.items() if failure.missing}
        assert (own, others) == ({"number"}, {"over", "here", "there"}), backend.name


def test_what_another_libc_loads_is_a_question_and_the_outcome_its_answer(place: Place, pool: Pool) -> None:
    chains = {**place.chains, MUSL: rooted(MUSL, pool)}
    text = TEXT.replace("built: [debian/bookworm, debian/trixie]", "built: [debian/bookworm, musl/bookworm]")
    text = text.replace("libc: [debian/bookworm, debian/trixie]", "libc: [debian/bookworm]")
    start = text.index("  over:")
    text = text[:start] + text[text.index("  there:") :]
    text = text.replace("  start: &start\n    run: ${here}\n", "  start-there:\n    run: ${there}\n")
    text = text[: text.index("  start-there: {")].replace(
        "too-new: {exit: 1", "no-loader: {start.errno: ENOENT}\n      too-new: {exit: 1"
    )
    text = text.replace(
        "      works: {result: 42}", "      refused: {opened.error: {matches: .}}\n      works: {result: 42}"
    )
    other = replace(place, chains=chains)
    plan, backend = plan_of(text, place.path, chains), place.local()
    seen = outcomes(observed(other, plan, other.build(plan, backend), backend))
    assert seen[("start-there", OLD, OLD)] == "works"
    assert seen[("start-there", MUSL, OLD)] == "no-loader"
    assert seen[("open", OLD, OLD)] == "works"
    assert seen[("open", MUSL, OLD)] == "refused"


def in_root(toolchain: Toolchain, directory: Path) -> str:
    """Words for a shell that run a command in a root, where the directory is seen at its own path."""
    command = Command(argv=("sh",), env={"PATH": "/usr/bin:/bin"}, cwd=str(directory), timeout=AGES)
    return shlex.join(wrap(command, replace(toolchain.world, reaper="")).argv[:-1])


def test_a_script_builds_each_object_where_the_plan_does(place: Place) -> None:
    plan = plan_of(TEXT, place.path, place.chains)
    trial = next(
        one for one in plan.trials if one.scenario == "start" and dict(one.point) == {"built": NEW, "libc": OLD}
    )

    def done(name: str, **more: str) -> subprocess.CompletedProcess[str]:
        here = place.path / name
        here.mkdir()
        (here / "script.sh").write_text(shell_script.script(plan, trial))
        env = {"PATH": os.environ["PATH"], **more}
        return subprocess.run(["sh", "script.sh"], cwd=here, env=env, capture_output=True, text=True, check=False)

    asked = done("asked")
    assert asked.returncode == 2
    assert "IN_DEBIAN_TRIXIE: words that run a command in debian/trixie, where number, over is built" in asked.stderr
    assert done("here", IN_DEBIAN_TRIXIE="").returncode == 42
    there = done("there", IN_DEBIAN_TRIXIE=in_root(place.chains[NEW], place.path / "there"))
    here_is = tuple(int(part) for part in (os.confstr("CS_GNU_LIBC_VERSION") or "glibc 9").split()[1].split("."))
    if here_is < (2, 38):
        assert (there.returncode, "version `GLIBC_2.38' not found" in there.stderr) == (1, True), there.stderr
    else:
        assert there.returncode == 42, there.stderr
