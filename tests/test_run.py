"""elfworlds run: from a file to a named outcome, with everything that a stranger needs to believe it."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import signal
import subprocess  # the command as a person runs it
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import World
from test_process import alive
from test_tables import COLUMNS
from waiting import AGES, heed_signals, wait_until

pytestmark = pytest.mark.learns

SEED_LOGS = Path(__file__).parent / "data" / "seed-logs"


def trial_of(world: World, experiment: str, part: str) -> Path:
    trials = [path for path in (world.latest(experiment) / "trials").iterdir() if "-control," not in path.name]
    (found,) = [path for path in trials if part in path.name]
    return found


def table(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text().splitlines()))


def records(world: World, experiment: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in (world.latest(experiment) / "trials.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("experiment", ["same-lib", "different-libs"])
def test_dlmopen_isolates_and_dlopen_shares(world: World, experiment: str) -> None:
    code, out, err = world.run("run", f"experiments/{experiment}.yaml")
    assert (code, err) == (0, "")
    assert re.search(r"way=dlmopen +way=dlopen\n +\S+ +isolated +shared\n", out)
    assert re.search(r"^[23] trials: [23] PASS$", out, re.MULTILINE)
    assert "reproduced  way = dlmopen" in out
    assert (SEED_LOGS / f"{experiment}.txt").read_bytes() == (
        trial_of(world, experiment, "dlmopen") / "stdout"
    ).read_bytes()


def test_the_run_ends_by_naming_its_report(world: World) -> None:
    _, out, _ = world.run("run", "experiments/same-lib.yaml")
    report = Path(out.splitlines()[-1].removeprefix("report: "))
    assert "<h1>Does one library, loaded twice by dlmopen," in report.read_text()
    assert (world.latest("same-lib") / "report.html").samefile(report)
    _, out, _ = world.run("run", "experiments/same-lib.yaml", "--no-tables")
    report = Path(out.splitlines()[-1].removeprefix("report: "))
    assert report.read_text().startswith("# same-lib\n\n**Does one library, loaded twice by dlmopen,")


def test_several_experiments_are_one_call(world: World) -> None:
    code, out, _ = world.run("run", "experiments")
    assert code == 0
    assert out.endswith("2 experiments, 5 trials: 5 PASS\n")


def test_a_missing_runpath_is_explained(world: World) -> None:
    path = world.path / "experiments" / "same-lib.yaml"
    text = path.read_text().replace("needs: [base-1]}", "needs: [base-1], runpath: []}")
    code, out, _ = world.run(
        "run", world.experiment("no-runpath", text.replace("experiment: same-lib", "experiment: no-runpath"))
    )
    assert code == 1
    assert "other [FAIL]" in out
    assert "because   libbase.so, which user-1 needs, was not found: no rpath, no runpath" in out
    assert "stderr    dlmopen: libbase.so: cannot open shared object file" in out
    assert re.search(r"rerun +results/no-runpath/\S+/cmd.sh", out)
    rerun = trial_of(world, "no-runpath", "dlmopen") / "cmd.sh"
    again = subprocess.run([rerun], capture_output=True, text=True, check=False)
    assert again.returncode == 1
    assert "libbase.so: cannot open shared object file" in again.stderr


QUICK = """
experiment: quick
question: "What does a program do?"
matrix: {{what: [{labels}]}}
objects:
  app: {{executable: app, code: "{head}int main(int c, char **v) {{ {code} }}\\n"}}
scenarios:
  s: {{run: "${{app}} ${{matrix.what}}", {more}}}
"""


HEAD = "".join(f"#include <{name}.h>\\n" for name in ("stdio", "unistd", "stdlib", "signal"))


def quick_text(code: str, *, labels: str = "a", more: str = "timeout: 600") -> str:
    return QUICK.format(head=HEAD, code=code, labels=labels, more=more)


def quick(world: World, code: str, *, labels: str = "a", more: str = "timeout: 600") -> tuple[int, str, str]:
    return world.run("run", world.experiment("quick", quick_text(code, labels=labels, more=more)))


@pytest.mark.parametrize(
    ("code", "timeout", "outcome", "ending"),
    [
        ("for (;;) pause();", 0.3, "hang", {"timed_out": True, "exit": None, "signal": None}),
        ("abort();", 60, "crash", {"timed_out": False, "exit": None, "signal": "SIGABRT"}),
        ("raise(SIGSTOP); return 0;", 0.3, "hang", {"timed_out": True}),
        ("return 7;", 60, "other", {"exit": 7, "signal": None}),
    ],
)
def test_what_no_outcome_names_is_hang_crash_or_other(
    world: World, code: str, timeout: float, outcome: str, ending: dict[str, object]
) -> None:
    exit_code, out, _ = quick(world, code, more=f"timeout: {timeout}")
    (record,) = records(world, "quick")
    assert (exit_code, record["outcome"], record["verdict"]) == (0, outcome, "NEW")
    assert record.items() >= ending.items()
    assert "1 trial: 1 NEW" in out


@pytest.mark.parametrize("observer", ["ld-debug", "gdb", "valgrind", "strace"])
def test_a_signal_under_an_observer_is_the_programs(world: World, needs: Callable[[str], str], observer: str) -> None:
    if observer != "ld-debug":
        needs(observer)
    quick(world, "abort();", more=f"observe: [{observer}]")
    found = {record["observer"]: (record["exit"], record["signal"]) for record in records(world, "quick")}
    assert found == {"plain": (None, "SIGABRT"), observer: (None, "SIGABRT")}


def test_an_unmet_expectation_says_what_was_expected_what_came_and_why(world: World) -> None:
    more = "outcomes: {seven: {exit: 7}, eight: {exit: 8}}, expect: {outcome: seven}"
    code, out, _ = quick(world, "return 8;", more=more)
    assert code == 1
    assert re.search(r"expected +seven\n +got +eight \(exit 8\)\n +differs +exit is 8, not 7\n", out)


def test_a_refuted_claim_does_not_decide_the_exit_code(world: World) -> None:
    more = (
        "outcomes: {seven: {exit: 7}}, claim: {id: C-1, says: It is seven., outcome: seven}, expect: {outcome: other}"
    )
    code, out, _ = quick(world, "return 8;", more=more)
    assert code == 0
    assert re.search(r"C-1 +seven +other +refuted +everywhere", out)
    (row,) = table(world.latest("quick") / "tables" / "claims.csv")
    assert (row["claim"], row["claimed"], row["outcome"], row["reproduced"]) == ("C-1", "seven", "other", "False")


def test_a_known_defect_is_xfail_until_it_is_gone(world: World) -> None:
    more = 'outcomes: {seven: {exit: 7}, zero: {exit: 0}}, expect: {outcome: seven, xfail: "bug 1: it is seven"}'
    code, out, err = quick(world, "return 7;", more=more)
    assert code == 0
    assert "1 trial: 1 XFAIL" in out
    assert "seven [XFAIL]" in out
    assert "XFAIL  bug 1: it is seven (trials: 1)" in out + err
    assert "## Known defects" in (world.latest("quick") / "report.md").read_text()
    code, out, _ = quick(world, "return 0;", more=more)
    assert code == 1
    assert re.search(r"expected +seven\n +got +zero \(exit 0\)\n +differs +exit is 0, not 7\n", out)


def test_repetitions_that_differ_are_flaky(world: World) -> None:
    code = 'return access(\\"../../../toggle\\", F_OK) == 0 ? 1 : (system(\\"touch ../../../toggle\\"), 0);'
    more = "repeat: 3, outcomes: {zero: {exit: 0}, one: {exit: 1}}, expect: {outcome: zero}, env: {PATH: /usr/bin:/bin}"
    path = world.experiment("quick", quick_text(code, labels="a", more=more))
    exit_code, out, _ = world.run("run", path, "-j", "1")
    assert exit_code == 1
    assert "3 trials: 3 FLAKY" in out
    assert "one ×2, zero ×1 [FLAKY]" in out or "one ×2, zero [FLAKY]" in out


def test_runs_go_where_a_relative_path_says(world: World) -> None:
    path = world.experiment(
        "quick", quick_text("return 0;", more="outcomes: {zero: {exit: 0}}, expect: {outcome: zero}")
    )
    code, out, _ = world.run("run", path, "-o", "elsewhere")
    assert (code, "1 trial: 1 PASS" in out) == (0, True)
    assert (world.path / "elsewhere" / "quick" / "latest" / "trials.jsonl").is_file()


def test_the_environment_is_what_the_scenario_says_and_nothing_else(world: World) -> None:
    code = "extern char **environ; int n = 0; while (environ[n]) n++; return n;"
    quick(world, code, more="env: {A: 1, B: no}")
    assert records(world, "quick")[0]["exit"] == 2


def test_each_trial_runs_in_an_empty_directory_of_its_own(world: World) -> None:
    code = 'return system(\\"touch mine; test $(ls | wc -l) = 1\\") != 0;'
    exit_code, _, _ = quick(world, code, labels="a, b", more="env: {PATH: /usr/bin:/bin}")
    assert exit_code == 0
    assert [one["exit"] for one in records(world, "quick")] == [0, 0]


def test_what_a_trial_prints_never_reaches_the_terminal_raw(world: World) -> None:
    code = 'write(2, \\"\\\\033[31mred\\\\007\\\\0\\\\377\\\\n\\", 12); return 1;'
    _, out, _ = quick(world, code, more="outcomes: {zero: {exit: 0}}, expect: {outcome: zero}")
    assert "red" in out
    assert not set("\x1b\x07\x00") & set(out)


def test_an_object_whose_facts_are_not_as_said_leaves_its_trials_unresolved(world: World) -> None:
    text = quick_text("return 0;", labels="a", more="expect: {outcome: other}")
    text = text.replace("{executable: app,", "{executable: app, expect: {needed: [libm.so.6]},")
    code, out, _ = world.run("run", world.experiment("quick", text))
    assert code == 5
    assert "UNRESOLVED" in out
    assert "nothing could be tried: object app: needed is ['libc.so.6'], not ['libm.so.6']" in out
    assert "because   object app: needed is ['libc.so.6'], not ['libm.so.6']" in out


def test_a_compile_error_shows_the_command_and_the_line_of_the_experiment(world: World) -> None:
    text = quick_text("return nowhere;", labels="a", more="timeout: 1")
    world.experiment("quick", text)
    code, out, _ = world.run("run", "experiments/quick.yaml")
    assert code == 6
    assert "object app failed to build\n  $ cc -std=gnu17" in out
    assert "app.c:5:" in out
    assert "(app.c is the `code` of app: its line 1 is experiments/quick.yaml:6)" in out
    assert not (world.path / "results").exists()


def test_keep_going_tries_what_could_be_built(world: World) -> None:
    text = quick_text("return 0;", labels="app, bad", more="timeout: 600").replace(
        "scenarios:", '  bad: {executable: bad, code: "int main(void) { return nowhere; }"}\nscenarios:'
    )
    lacks = (
        '  broken: {library: broken, code: "int y = ;"}\n  lacks: {library: lacks, needs: [broken], code: "int z;"}\n'
    )
    text = text.replace("scenarios:", f"{lacks}scenarios:").replace("${app} ${matrix.what}", "${${matrix.what}}")
    text += '  it: {run: "/bin/echo ${broken}"}\n  what-lacks-it: {run: "/bin/echo ${lacks}"}\n'
    code, out, _ = world.run("run", "-k", world.experiment("quick", text))
    assert code == 6
    assert {one["outcome"]: one["verdict"] for one in records(world, "quick")} == {
        "other": "NEW",
        "unresolved": "UNRESOLVED",
    }
    assert "because   object bad was not built" in out
    assert out.count("because   object broken was not built") == 1
    assert "UNRESOLVED  4 trials: it everywhere; what-lacks-it everywhere" in out
    assert (world.latest("quick") / "report.md").read_text().count("object broken was not built") == 1


def test_the_environment_of_a_run_is_recorded_with_revisions(world: World) -> None:
    world.run("run", "experiments/same-lib.yaml")
    told = json.loads((world.latest("same-lib") / "environment.json").read_text())
    assert told["kernel"].startswith(f"Linux {os.uname().release}")
    assert told["backend"] == "local"
    (toolchain,) = told["toolchains"]
    assert toolchain["versions"]["libc"] in toolchain["versions"]["libc-revision"]
    assert set(told["parts"]) >= {"pydantic", "pandas", "pyelftools"}


def test_two_runs_give_the_same_tables_but_for_times(world: World) -> None:
    tables = []
    for _ in range(2):
        world.run("run", "experiments/same-lib.yaml")
        folder = world.latest("same-lib") / "tables"
        tables.append({path.name: table(path) for path in sorted(folder.glob("*.csv"))})
    measured = {"wall_s", "user_s", "sys_s", "max_rss_kb", "base", "dynamic"}
    without = [
        {
            name: [{key: value for key, value in row.items() if key not in measured} for row in rows]
            for name, rows in one.items()
        }
        for one in tables
    ]
    assert without[0] == without[1]
    assert sorted(tables[0]) == sorted(f"{name}.csv" for name in COLUMNS)


def test_the_plan_says_what_the_run_then_does(world: World) -> None:
    _, out, _ = world.run("plan", "--format", "json", "experiments/same-lib.yaml")
    planned = json.loads(out)
    world.run("run", "experiments/same-lib.yaml")
    assert planned == json.loads((world.latest("same-lib") / "plan.json").read_text())


@pytest.mark.parametrize("verb", ["plan", "check", "list", "schema"])
def test_verbs_that_only_tell_write_nothing(world: World, verb: str) -> None:
    shutil.rmtree(world.store)
    before = sorted(world.path.rglob("*"))
    code, out, _ = world.run(verb, *(["experiments"] if verb != "schema" else []))
    assert (code, bool(out)) == (0, True)
    assert sorted(world.path.rglob("*")) == before
    assert not world.store.exists()


def test_build_names_every_object_and_runs_nothing(world: World) -> None:
    code, out, _ = world.run("build", "experiments/same-lib.yaml")
    assert code == 0
    assert re.search(r"app-0 +\S+/objects/[0-9a-f]{40}/app\n", out)
    assert not (world.path / "results").exists()


def test_a_missing_compiler_says_what_to_install(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    code, out, err = world.run("run", "experiments/same-lib.yaml")
    assert (code, out) == (6, "")
    assert "no C compiler: `cc` is not in PATH" in err
    assert "hint: " in err


def test_the_version_loads_nothing_heavy() -> None:
    code = (
        "import sys\nfrom elfworlds.__main__ import main\nmain(['--version'])\n"
        "print(sorted(set(sys.modules) & {'pandas', 'pydantic', 'elftools', 'yaml', 'typer', 'rich'}))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert re.fullmatch(r"elfworlds \d+\.\d+\.\d+\n\[\]\n", out)


def test_help_loads_no_tables() -> None:
    code = (
        "import sys\nfrom elfworlds.__main__ import main\nmain(['run', '--help'])\n"
        "print(sorted(set(sys.modules) & {'pandas', 'elftools', 'yaml'}))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.endswith("[]\n")


@pytest.mark.parametrize(
    "words", [["frob"], ["run"], ["run", "--frob"], ["run", "-j", "x", "y"], ["plan", "--format", "x", "y"], []]
)
def test_wrong_usage_is_exit_4(world: World, words: list[str]) -> None:
    assert world.run(*words)[0] == 4


def test_what_a_pipe_gets_has_no_colours(world: World) -> None:
    _, out, _ = world.run("run", "experiments/same-lib.yaml")
    assert "\x1b" not in out
    _, coloured, _ = world.run("run", "--color", "always", "experiments/same-lib.yaml")
    assert "\x1b[32m" in coloured


@pytest.mark.parametrize("verb", ["build", "run"])
def test_an_interrupt_ends_a_compiler_that_hangs_and_leaves_nothing(
    world: World, verb: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    marker = f"9{os.getpid()}{len(verb)}"
    compiler = world.path / "slow-cc"
    compiler.write_text(f'#!/bin/sh\ncase "$*" in *" -o "*) exec sleep {marker} ;; esac\nexec cc "$@"\n')
    compiler.chmod(0o755)
    monkeypatch.setenv("CC", str(compiler))
    command = [sys.executable, "-m", "elfworlds", verb, "experiments/same-lib.yaml"]
    run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=heed_signals)
    wait_until(lambda: bool(alive(f"sleep {marker}")) or run.poll() is not None)
    run.send_signal(signal.SIGINT)
    _, err = run.communicate(timeout=AGES)
    assert (run.returncode, err.splitlines()[0]) == (2, "interrupted")
    assert alive(f"sleep {marker}") == []
    assert list((world.store / "tmp").iterdir()) == []
    assert list((world.store / "objects").iterdir()) == []
    assert not (world.path / "results").exists()


@pytest.mark.parametrize("what", ["results", "store"])
def test_a_place_that_cannot_be_written_is_named(world: World, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if what == "store":
        monkeypatch.setenv("XDG_CACHE_HOME", "/dev/null/cache")
    words = ["-o", "/dev/null/results"] if what == "results" else []
    code, _, err = world.run("run", *words, "experiments/same-lib.yaml")
    assert code == 4
    assert "/dev/null" in err
    assert "hint: -o names another place for results" in err
    assert "Traceback" not in err


def test_an_objects_path_in_a_regular_expression_stands_for_itself(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(world.path / "a+b"))
    more = 'outcomes: {named: {stderr: {matches: "^${app}: \\\\w+$"}}}, expect: {outcome: named}'
    code, out, _ = quick(world, 'write(2, v[0], 0); dprintf(2, \\"%s: named\\", v[0]); return 0;', more=more)
    assert (code, "1 PASS" in out) == (0, True)
