"""Exported scripts show what the run showed, in an empty directory, with a shell and a compiler."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from building import whole_toolchain
from conftest import ROOT, World
from elfworlds import shell_script
from elfworlds.planning import Plan, Trial
from elfworlds.process import Command, Pool
from elfworlds.toolchains import Toolchain
from exporting import Workplace, lacking, plain_ones
from plans import plan_of
from playing import HOST, at_once, played, why
from test_driver import STEPS, VERBS, scenarios
from waiting import AGES

IN_ROOTS = ("built-elsewhere",)  # only pinned roots build its objects: test_built_elsewhere.py
EXPERIMENTS = [path for path in sorted((ROOT / "experiments").glob("*.yaml")) if path.stem not in IN_ROOTS]
# One of each kind of object, step and observation; `make slow` has all of them.
ALWAYS = (
    *("audit-two", "deepbind", "different-libs", "dlclose-order", "environ", "exceptions"),
    *("hwcaps-levels", "ifunc-order", "iterate-phdr", "key-life", "ldso-debug", "lost-output", "more-plugins"),
    *("namespace-limit", "origin", "preload-shim", "private-state", "rust-unload", "same-lib", "set-user-id"),
    *("takes-too-much", "two-bundles-one-soname", "two-releases", "unique-symbols"),
)
WORKPLACES = 2
SAY_ONE = r"""
#include <stdio.h>
int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		printf("[%s]", argv[i]);
	return 0;
}"""
SAY_TWO = r"""
#include <signal.h>
#include <stdio.h>
extern char **environ;
int main(int argc, char **argv)
{
	int byte;
	if (argc > 1 && argv[1][0] == 'd')
		raise(SIGKILL);
	while (argc > 1 && (byte = getchar()) != EOF)
		putchar(byte);
	for (char **one = environ; argc == 1 && *one; one++)
		printf("%s;", *one);
	return 0;
}
/*
end_of_file
*/
"""
LATIN = "/* bytes that are no text: ä\0 */ int latin;".encode("latin-1")


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with Pool() as one:
        yield one


def judged_in_parallel(plan: Plan, trials: list[Trial], places: list[Workplace]) -> dict[str, str]:
    """Trial → what is wrong with what its script shows; those with which nothing is are left out."""

    def of(number: int) -> dict[str, str]:
        return {
            trial.id: wrong
            for trial in trials[number :: len(places)]
            if (wrong := difference(places[number], plan, trial))
        }

    found = at_once(of, range(len(places)))
    return {trial: wrong for one in found for trial, wrong in one.items()}


def difference(place: Workplace, plan: Plan, trial: Trial) -> str:
    judgement, values = place.judged(plan, trial)
    unsupported = "unsupported" in values and values["exit"] == 77  # as observe.h says
    return (
        ""
        if judgement.verdict in ("PASS", "XFAIL", "NEW") or unsupported
        else f"{judgement.outcome}: {judgement.why} {values}"
    )


@pytest.fixture(scope="module")
def wrong(tmp_path_factory: pytest.TempPathFactory, pool: Pool, toolchain: Toolchain) -> dict[str, str]:
    """What differs elsewhere, of the experiment that uses every verb."""
    folder = tmp_path_factory.mktemp("verbs")
    plan = plan_of(VERBS, folder, {HOST: toolchain})
    places = [Workplace(folder / str(number), pool, toolchain, {}) for number in range(WORKPLACES)]
    return judged_in_parallel(plan, list(plan.trials), places)


@pytest.fixture(scope="module")
def everything() -> Toolchain:
    """This machine's, with its compilers for every language, and the linkers that it has."""
    return whole_toolchain(None)


class TestEveryVerb:
    @pytest.mark.parametrize("scenario", scenarios(VERBS))
    def test_shows_the_same_elsewhere(self, scenario: str, wrong: dict[str, str]) -> None:
        assert [said for trial, said in wrong.items() if trial.startswith(f"{scenario},")] == []


class TestOddWords:
    @pytest.fixture
    def folder(self, tmp_path: Path, pool: Pool, needs: Callable[[str], str]) -> Path:
        for name, text in (("one", SAY_ONE), ("two", SAY_TWO)):
            (tmp_path / name).mkdir()
            (tmp_path / name / "say.c").write_text(text)
        (tmp_path / "latin.c").write_bytes(LATIN)
        words = (needs("cc"), "one/say.c", "-o", "taken")
        done = pool.run(Command(argv=words, env={"PATH": "/usr/bin:/bin"}, cwd=str(tmp_path), timeout=AGES))
        assert done.exit == 0
        return tmp_path

    def test_arrive_in_a_run_and_elsewhere(self, folder: Path, pool: Pool, toolchain: Toolchain) -> None:
        text = (STEPS / "odd-words.yaml").read_text()
        run = played(text, folder, pool, toolchain)
        assert [why(one) for one in run.seen.values() if one.judgement.verdict != "PASS"] == []
        trials = list(run.plan.trials)
        assert len(trials) == len(run.seen)
        places = [
            Workplace.remembering(folder / f"a 'place' with $words {number}", pool, toolchain)
            for number in range(WORKPLACES)
        ]
        assert judged_in_parallel(run.plan, trials, places) == {}


def test_a_script_needs_nothing_but_a_shell_and_a_compiler(
    tmp_path: Path, pool: Pool, toolchain: Toolchain, needs: Callable[[str], str]
) -> None:
    plan = plan_of(VERBS, tmp_path, {HOST: toolchain})
    trial = next(one for one in plan.trials if one.scenario == "the-program-is-built-as-it-is-said")
    tools = tmp_path / "bin"
    tools.mkdir()
    for tool in ("cat", "mkdir", "env", "as", "ld"):
        (tools / tool).symlink_to(needs(tool))
    (tmp_path / "script").write_text(shell_script.script(plan, trial))
    (tmp_path / "empty").mkdir()
    words = ("/bin/sh", str(tmp_path / "script"))
    env = {"PATH": str(tools), "CC": needs("cc")}
    done = pool.run(Command(argv=words, env=env, cwd=str(tmp_path / "empty"), timeout=AGES, events=True))
    assert (done.exit, done.stderr.data) == (0, b"")
    assert done.events.count(b"\n") == len(trial.bound.outcomes["so"])


def test_what_happens_is_told_on_standard_error_where_nobody_watches(
    tmp_path: Path, pool: Pool, toolchain: Toolchain
) -> None:
    plan = plan_of(VERBS, tmp_path, {HOST: toolchain})
    trial = next(one for one in plan.trials if one.scenario == "variables-are-read-and-written")
    (tmp_path / "script").write_text(shell_script.script(plan, trial))
    (tmp_path / "empty").mkdir()
    words = ("/bin/sh", str(tmp_path / "script"))
    env = {"PATH": "/usr/bin:/bin", "CC": toolchain.tools["cc"][0]}
    done = pool.run(Command(argv=words, env=env, cwd=str(tmp_path / "empty"), timeout=AGES))
    told = re.findall(r'"event":"([^"]*)"', done.stderr.data.decode())
    assert told == ["one", "two", "write value", "of-one", "of-two", "as-a-byte"]


class TestTheCommand:
    def test_prints_the_script_of_the_chosen_point(self, world: World) -> None:
        path = world.experiment("every-way", (STEPS / "every-way.yaml").read_text())
        code, out, err = world.run("export-c", path, "the-point-chooses", "-S", "way=dlmopen", "-S", "rounds=3")
        assert (code, err) == (0, "")
        assert "# every-way: the-point-chooses, way=dlmopen, rounds=3" in out
        assert "-DSTART=3" in out
        assert "step_dlmopen(" in out

    def test_prints_the_program_alone(self, world: World) -> None:
        path = world.experiment("every-way", (STEPS / "every-way.yaml").read_text())
        code, out, _ = world.run("export-c", path, "the-point-chooses", "--only-c")
        assert code == 0
        assert out.startswith("/* Does a point of the matrix decide what the steps do?\n")
        assert '#include "' not in out

    @pytest.mark.parametrize(
        ("words", "told"),
        [
            (("the-point-choses",), "did you mean `the-point-chooses`?"),
            (("the-point-chooses", "-S", "way=dlmopn"), "did you mean `dlmopen`?"),
            (("the-point-chooses", "-S", "way"), "write axis=value,value"),
        ],
    )
    def test_says_what_there_is_instead(self, words: tuple[str, ...], told: str, world: World) -> None:
        path = world.experiment("every-way", (STEPS / "every-way.yaml").read_text())
        code, out, err = world.run("export-c", path, *words)
        assert (code, out) == (4, "")
        assert told in err


SONAME = r"""
experiment: soname-of-a-program
question: Is a library loaded whose name the program itself has as its soname?
objects:
  c:
    library: deep
    code: |
      extern int puts(const char *);
      __attribute__((constructor)) static void c(void) { puts("c"); }
  b: {library: b, needs: [c], code: "int b(void) { return 1; }\n"}
  app: {executable: app, soname: "${c.soname}", needs: [b], code: "int main(void) { return 0; }\n"}
  other: {executable: other, needs: [b], pie: false, code: "int main(void) { return 0; }\n"}
scenarios:
  start:
    env: {LD_LIBRARY_PATH: "${c.dir}"}
    run: ${app}
    outcomes: {as-one: {exit: 0, stdout: ""}, both-loaded: {exit: 0, stdout: "c\n"}}
    expect: {outcome: as-one}
  without:
    env: {LD_LIBRARY_PATH: "${c.dir}"}
    run: ${other} ${other.soname}
    outcomes: {as-one: {exit: 0, stdout: ""}, both-loaded: {exit: 0, stdout: "c\n"}}
    expect: {outcome: both-loaded}
"""


def test_the_soname_of_a_program_is_one_in_a_run_and_elsewhere(
    world: World, tmp_path: Path, pool: Pool, toolchain: Toolchain
) -> None:
    path = world.experiment("soname-of-a-program", SONAME)
    code, out, err = world.run("run", path)
    assert code == 0, out + err
    plan = plan_of(SONAME, tmp_path, {HOST: toolchain})
    assert judged_in_parallel(plan, list(plan.trials), [Workplace(tmp_path / "1", pool, toolchain, {})]) == {}


class TestEveryExperiment:
    @pytest.mark.parametrize(
        "path",
        [
            pytest.param(path, id=path.stem, marks=[] if path.stem in ALWAYS else [pytest.mark.slow])
            for path in EXPERIMENTS
        ],
    )
    def test_shows_the_same_elsewhere_at_every_point(
        self, path: Path, tmp_path: Path, pool: Pool, everything: Toolchain
    ) -> None:
        plan = plan_of(path.read_text(), path.parent, {HOST: everything}, root=ROOT)
        lacks = [(trial, lacking(plan, trial, everything)) for trial in plain_ones(plan)]
        trials = [trial for trial, lack in lacks if not lack]
        if lacks and not trials:
            pytest.skip(", ".join(sorted({text for _, lack in lacks for text in lack})))
        places = [Workplace.remembering(tmp_path / str(number), pool, everything) for number in range(WORKPLACES)]
        assert judged_in_parallel(plan, trials, places) == {}
