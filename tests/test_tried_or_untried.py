"""What was not tried is never judged: where a sandbox, a tool, an object or a directory fails, it is UNRESOLVED."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from elfworlds import elf
from elfworlds.backends import Build
from elfworlds.backends.local import LocalBackend
from elfworlds.observers.table import OBSERVERS
from elfworlds.outcome import ClaimVerdict
from elfworlds.planning import Plan, Trial
from elfworlds.process import Pool
from elfworlds.sandbox.availability import probe
from elfworlds.toolchains import Toolchain
from elfworlds.toolchains.debian.toolchain import toolchain as toolchain_of
from elfworlds.trials.observe import Observation, TrialRunner
from elfworlds.trials.trace import Traced, Tracer, first_trials
from plans import plan_of
from rooting import own_root

# Every outcome here would be matched by a program that never ran.
EXPERIMENT = """
experiment: x
question: "?"
objects:
  lib: {{library: lib, code: "int lib(void) {{ return 1; }}"}}
  app:
    executable: app
    needs: [lib]
    code: |
      #include <fcntl.h>
      #include <unistd.h>
      int lib(void);
      int main(int argc, char **argv) {{
          if (argc > 1) {{ close(open("running", O_CREAT | O_WRONLY, 0600)); pause(); }}
          return lib();
      }}
scenarios:
  ends:
    run: "${{app}} {words}"
    observe: [{observers}]
    timeout: 600
    outcomes:
      one: {{exit: 1}}
      silent: {{stdout: ""}}
      complains: {{stderr: {{not: ""}}}}
      none: {{exit: {{not: 1}}}}
    claim: {{says: It returns one., outcome: one}}
    expect: {{outcome: [one, other, crash, silent]}}
"""
BREAKS = {
    "silently": "exit 1",
    "with words": "echo 'bwrap: it rains' >&2; exit 1",
    "killed before the start": "kill -9 $$",
    "exit 0 without starting": "exit 0",
}
# A shell gives a program in the background another standard input.
AFTER = 'exec 3<&0; "$real" "$@" <&3 & while [ ! -e running ]; do sleep 0.01; done; kill -9 $!; wait $!'
WATCHING = [name for name in OBSERVERS if name != "plain"]


@dataclass(frozen=True)
class Stage:
    """A plan, its objects, and what tries its trials in a world whose sandbox may be broken."""

    plan: Plan
    build: Build
    toolchain: Toolchain
    folder: Path
    pool: Pool

    def breaking(self, script: str) -> Stage:
        """The same, where a script stands for bubblewrap; the real one is `$real`."""
        world = self.toolchain.world
        fake = self.folder / "bwrap"
        fake.write_text(f"#!/bin/sh\nreal={world.bwrap}\n{script}\n")
        fake.chmod(0o755)
        return replace(self, toolchain=replace(self.toolchain, world=replace(world, bwrap=str(fake))))

    def directory(self, trial: Trial) -> Path:
        place = self.folder / "trials" / trial.id
        shutil.rmtree(place, ignore_errors=True)
        (place / "cwd").mkdir(parents=True)
        return place / "cwd"

    def observer(self) -> TrialRunner:
        toolchains = {"host": self.toolchain}
        return TrialRunner(self.plan.names(), self.build, toolchains, self.pool.run, self.directory, {})

    def observe(self) -> dict[str, Observation]:
        observer = self.observer()
        return {trial.observer: observer.observe(trial) for trial in self.plan.trials}

    def trace(self) -> Traced | None:
        (trial,) = first_trials(self.plan)
        return Tracer({}, self.build, {"host": self.toolchain}, self.pool.run, lambda _: self.folder).trace(trial)


def staged(text: str, toolchain: Toolchain, folder: Path, pool: Pool) -> Stage:
    store = folder / "store"
    here = replace(toolchain, name="host", world=toolchain.world.reading(str(store / "objects")))
    plan = plan_of(text, folder, {"host": here})
    backend = LocalBackend(store, pool.run, 2, pool.interrupt)
    build = backend.build(plan, {"host": here}, keep_going=True, report=lambda *_: None)
    return Stage(plan, build, here, folder, pool)


@pytest.fixture(scope="module")
def rooted(tmp_path_factory: pytest.TempPathFactory) -> Toolchain:
    if not Path("/usr/bin/gcc").exists() or not Path("/var/lib/dpkg/status").exists():
        pytest.skip("this machine's own system is no root with packages and a compiler in /usr/bin")
    with Pool() as pool:
        return toolchain_of(own_root(tmp_path_factory.mktemp("roots")), pool.run)


@pytest.fixture
def stage(rooted: Toolchain, tmp_path: Path, pool: Pool) -> Callable[..., Stage]:
    def make(words: str = "", observers: str = ", ".join(WATCHING)) -> Stage:
        for name in observers.split(", ") if observers else ():
            for tool in OBSERVERS[name].tools:
                if tool not in rooted.tools:
                    pytest.skip(f"{tool} is not installed")
        return staged(EXPERIMENT.format(words=words, observers=observers), rooted, tmp_path, pool)

    return make


def assert_untried(observation: Observation, *words: str) -> None:
    judged = observation.judgement
    assert (judged.outcome, judged.verdict, judged.why) == ("unresolved", "UNRESOLVED", None)
    assert [claim.verdict for claim in judged.claims] == [ClaimVerdict.UNDECIDED]
    for word in words:
        assert word in " ".join(observation.notes)


def test_in_a_sandbox_that_works_every_observer_sees_the_program(stage: Callable[..., Stage]) -> None:
    seen = stage().observe()
    assert {name: one.judgement.outcome for name, one in seen.items()} == dict.fromkeys(OBSERVERS, "one")


@pytest.mark.parametrize("how", BREAKS)
def test_a_sandbox_that_does_not_start_the_program_leaves_every_observer_without_an_outcome(
    how: str, stage: Callable[..., Stage]
) -> None:
    broken = stage().breaking(BREAKS[how])
    for observation in broken.observe().values():
        assert_untried(
            observation, "bwrap", "before it started the program", "it rains" if "rains" in BREAKS[how] else ""
        )
        assert observation.completed
        assert observation.completed.stderr.data == b""


@pytest.mark.parametrize("how", BREAKS)
def test_a_trace_that_was_not_tried_is_none(how: str, stage: Callable[..., Stage]) -> None:
    here = stage("", "")
    assert here.breaking(BREAKS[how]).trace() is None
    assert here.trace()


@pytest.mark.parametrize("observer", ["", *WATCHING])
def test_a_sandbox_that_is_killed_after_the_start_leaves_no_outcome(observer: str, stage: Callable[..., Stage]) -> None:
    """The program runs before process 1 of its world tells that it was started: either of both may have been last."""
    broken = stage("wait", observer).breaking(AFTER)
    for observation in broken.observe().values():
        assert_untried(observation, " before it ")


def test_what_a_sandbox_says_is_not_what_the_program_says(stage: Callable[..., Stage]) -> None:
    talking = stage("", "").breaking('echo "a warning" >&2; exec "$real" "$@"')
    (observation,) = talking.observe().values()
    assert (observation.judgement.outcome, observation.values["stderr"]) == ("one", "")


def test_an_object_that_is_not_in_the_store_any_more_is_named(stage: Callable[..., Stage]) -> None:
    here = stage("", "")
    (artifact,) = (one for one in here.build.artifacts.values() if one.filename == "liblib.so")
    shutil.rmtree(artifact.directory)
    (observation,) = here.observe().values()
    assert_untried(observation, "object lib is not in the store any more", artifact.path)


def test_an_object_that_goes_away_while_its_trial_runs_is_named(
    tmp_path: Path, pool: Pool, toolchain: Toolchain
) -> None:
    text = """
experiment: x
question: "?"
objects: {lib: {library: lib, code: "int lib;"}}
scenarios: {s: {run: "/bin/rm -f ${lib}", outcomes: {gone: {exit: 0}}, claim: {says: So., outcome: gone}}}
"""
    (observation,) = staged(text, toolchain, tmp_path, pool).observe().values()
    assert_untried(observation, "object lib is not in the store any more")


def test_a_directory_that_is_gone_is_no_word_of_the_program(stage: Callable[..., Stage]) -> None:
    here = stage("", "")
    observer = replace(here.observer(), directory=lambda _: here.folder / "no" / "such")
    assert_untried(
        observer.observe(here.plan.trials[0]), "its directory cannot be entered", "No such file or directory"
    )


EXECUTING = """
experiment: x
question: "?"
objects:
  app:
    executable: app
    ldflags: ["-Wl,--dynamic-linker=/nowhere/ld.so"]
    code: "int main(void) {{ return 0; }}"
scenarios:
  s:
    run: "${{app}}"
    outcomes: {{{outcomes}}}
    claim: {{says: It starts., outcome: starts}}
"""


@pytest.fixture(params=["host", "root"])
def either(request: pytest.FixtureRequest, toolchain: Toolchain) -> Toolchain:
    found: Toolchain = toolchain if request.param == "host" else request.getfixturevalue("rooted")
    return found


def test_a_program_that_cannot_be_executed_is_judged_by_its_errno_alone(
    either: Toolchain, tmp_path: Path, pool: Pool
) -> None:
    outcomes = 'silent: {stdout: ""}, starts: {exit: 0}, lacks-its-loader: {start.errno: ENOENT}'
    (observation,) = staged(EXECUTING.format(outcomes=outcomes), either, tmp_path, pool).observe().values()
    assert (observation.judgement.outcome, observation.judgement.verdict) == ("lacks-its-loader", "NEW")
    assert [claim.verdict for claim in observation.judgement.claims] == [ClaimVerdict.REFUTED]


def test_a_program_that_cannot_be_executed_is_untried_where_no_outcome_names_that(
    either: Toolchain, tmp_path: Path, pool: Pool
) -> None:
    outcomes = 'silent: {stdout: ""}, starts: {exit: 0}'
    (observation,) = staged(EXECUTING.format(outcomes=outcomes), either, tmp_path, pool).observe().values()
    assert_untried(observation, "app could not be executed: No such file or directory (ENOENT)")


def test_a_program_that_starts_has_no_errno_of_its_start(tmp_path: Path, pool: Pool, toolchain: Toolchain) -> None:
    text = EXECUTING.format(outcomes="starts: {start.errno: {absent: true}, exit: 0}")
    text = text.replace("/nowhere/ld.so", toolchain_loader())
    (observation,) = staged(text, toolchain, tmp_path, pool).observe().values()
    assert observation.judgement.outcome == "starts"


def toolchain_loader() -> str:
    interp = elf.read(Path("/bin/sh")).interp
    assert interp
    return interp


BUILDING = """
experiment: x
question: "?"
objects: {app: {executable: app, code: "int main(void) { return 0; }"}}
scenarios:
  s: {build: app, outcomes: {refuses: {exit: {not: 0}}, links: {exit: 0}}, claim: {says: So., outcome: refuses}}
"""


def test_a_compiler_whose_sandbox_fails_has_refused_nothing(rooted: Toolchain, tmp_path: Path, pool: Pool) -> None:
    world = replace(rooted.world, bwrap=shutil.which("false") or "/bin/false")
    (observation,) = staged(BUILDING, replace(rooted, world=world), tmp_path, pool).observe().values()
    assert_untried(observation, "object app was not built", "false failed with exit 1 before it started the program")


def test_a_sandbox_that_fails_for_no_known_reason_is_not_said_to_be_forbidden(tmp_path: Path, pool: Pool) -> None:
    """By chance a sandbox may fail; what this machine forbids it says in words that are known."""
    for script in BREAKS.values():
        (tmp_path / "bwrap").write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "bwrap").chmod(0o755)
        assert probe(pool.run, str(tmp_path)).lacking == ""
