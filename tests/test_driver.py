"""Steps become C programs: what real ones do, what compilers say of them, and when two of them are one."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from conftest import World
from elfworlds import driver
from elfworlds.planning import Plan
from elfworlds.process import Command, Pool
from elfworlds.spec import load
from elfworlds.spec.checks.values import values_of
from elfworlds.spec.expand import Names
from elfworlds.spec.model.steps import every
from elfworlds.spec.shapes import Shape
from elfworlds.toolchains import Toolchain
from elfworlds.yamltext import parse
from plans import plan_of
from playing import Played, at_once, played, value, why
from shaping import misfits
from waiting import AGES

STEPS = Path(__file__).resolve().parent / "data" / "steps"
VERBS = (STEPS / "every-verb.yaml").read_text()
WAYS = (STEPS / "every-way.yaml").read_text()
STRICT = ("-std=gnu17", "-Wall", "-Wextra", "-Wshadow", "-pedantic", "-Werror")
GNU = "-D_GNU_SOURCE"
MOST_LINES = 530
LONGEST_PROGRAM = 150
KEPT = re.compile(r"@[0-9a-f]{40}@")


def scenarios(text: str) -> list[str]:
    return list(dict.fromkeys(one.scenario for one in plan_of(text, STEPS).trials))


def trials(text: str) -> list[str]:
    return [one.id for one in plan_of(text, STEPS).trials]


def described(name: str) -> Mapping[str, Shape]:
    """What each value of a scenario is said to be."""
    experiment = load(parse(VERBS, "x"), toolchains=["host"]).experiment
    scenario = experiment.scenarios[name]
    known = Names(experiment.matrix.axes, frozenset(), frozenset(experiment.objects))
    return values_of(scenario, every(scenario.steps), known).roots


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with Pool() as one:
        yield one


@pytest.fixture(scope="module")
def verbs(tmp_path_factory: pytest.TempPathFactory, pool: Pool, toolchain: Toolchain) -> Played:
    return played(VERBS, tmp_path_factory.mktemp("verbs"), pool, toolchain)


@pytest.fixture(scope="module")
def ways(tmp_path_factory: pytest.TempPathFactory, pool: Pool, toolchain: Toolchain) -> Played:
    return played(WAYS, tmp_path_factory.mktemp("ways"), pool, toolchain)


class TestAProgram:
    @pytest.mark.parametrize("scenario", scenarios(VERBS))
    def test_does_what_its_steps_say(self, scenario: str, verbs: Played) -> None:
        one = verbs.of(scenario)
        assert one.judgement.verdict == "PASS", why(one)

    @pytest.mark.parametrize("trial", trials(WAYS))
    def test_is_that_of_its_point(self, trial: str, ways: Played) -> None:
        one = ways.seen[trial]
        assert one.judgement.verdict == "PASS", why(one)

    @pytest.mark.parametrize("scenario", scenarios(VERBS))
    def test_gives_values_as_they_are_described(self, scenario: str, verbs: Played) -> None:
        known = described(scenario)
        observed = verbs.of(scenario).values
        assert {name for name in observed if name in verbs.of(scenario).trial.bound.outcomes["so"]} <= set(known)
        assert [one for name in known if name in observed for one in misfits(observed[name], known[name], name)] == []

    def test_that_crashes_has_told_all_before(self, verbs: Played) -> None:
        one = verbs.of("what-is-flushed-comes-before-a-crash")
        assert [event.name for event in one.events] == ["flush", "last"]
        assert one.completed is not None
        assert (one.completed.exit, one.completed.signal) == (None, "SIGSEGV")

    def test_leaves_no_process_behind(self, verbs: Played) -> None:
        left = {name: one.completed.left for name, one in verbs.seen.items() if one.completed and one.completed.left}
        assert [name.partition(",")[0] for name in left] == ["a-command-that-hangs-ends-the-program-in-time"]

    def test_writes_nothing_but_what_its_author_prints(self, verbs: Played) -> None:
        printed = {one.trial.scenario for one in verbs.seen.values() if one.completed and one.completed.stdout.data}
        assert printed == {"a-command-gives-its-exit", "what-is-flushed-comes-before-a-crash"}
        assert [why(one) for one in verbs.seen.values() if one.completed and one.completed.stderr.data] == []

    def test_tells_one_event_of_each_link_map(self, verbs: Played) -> None:
        one = verbs.of("objects-are-opened-in-the-namespace-that-is-said")
        maps = value(one, "maps.maps")
        libraries = [found for found in maps if "/libcounter.so" in found["name"]]
        assert sorted(found["lmid"] for found in libraries) == [0, 1, 2]
        assert len({found["base"] for found in libraries}) == len(libraries)
        assert all(re.fullmatch("0x[0-9a-f]+", found["dynamic"]) for found in maps)

    def test_finds_its_own_header_first(self, verbs: Played) -> None:
        names = value(verbs.of("headers-are-those-of-the-base-namespace"), "shown.names")
        assert names[0] == ""
        assert sum(name.endswith("/libcounter.so") for name in names) == 1


class TestTheText:
    def test_says_first_what_is_asked_and_before_each_step_which_it_is(self, verbs: Played) -> None:
        one = verbs.of("what-is-closed-is-gone")
        question = "Does each verb do what its name says, and tell what came of it?"
        assert one.program.startswith(f"/* {question}\n * scenario what-is-closed-is-gone, libc=host */\n")
        assert re.findall(r"/\* (\d+\. .*) \*/", one.program) == [
            "1. dlopen teller, as lib",
            "2. mappings teller, as before",
            "3. dlopen teller, as again",
            "4. dlclose lib",
            "5. mappings teller, as between",
            "6. dlclose again",
            "7. mappings teller, as after",
        ]
        assert "#line" not in one.program

    def test_is_short(self, verbs: Played) -> None:
        long = {one.trial.scenario: one.program.count("\n") for one in verbs.seen.values()}
        assert {name: lines for name, lines in long.items() if lines > LONGEST_PROGRAM} == {}

    def test_includes_only_what_it_uses(self, verbs: Played) -> None:
        one = verbs.of("an-object-that-is-not-there-ends-the-program")
        assert re.findall('#include "(.*)"', one.program) == ["steps.h", "values.h"]

    def test_holds_no_path_of_a_store(self, verbs: Played, ways: Played, tmp_path: Path) -> None:
        texts = [*verbs.plan.programs().values(), *ways.plan.programs().values()]
        stores = ("/store/", str(tmp_path.parent), "/nix/")
        assert [text for text in texts if KEPT.search(text) or any(one in text for one in stores)] == []

    def test_is_the_same_each_time(self, verbs: Played, toolchain: Toolchain, tmp_path: Path) -> None:
        again = plan_of(VERBS, tmp_path, {"host": toolchain})
        assert again.digest == verbs.plan.digest
        assert again.programs() == verbs.plan.programs()


COMPILERS = [
    pytest.param(compiler, level, id=f"{compiler}{level}") for compiler in ("gcc", "clang") for level in ("-O0", "-O2")
]


class TestCompilers:
    @pytest.mark.parametrize(("compiler", "level"), COMPILERS)
    def test_say_nothing_of_any_program(
        self,
        compiler: str,
        level: str,
        verbs: Played,
        tmp_path: Path,
        pool: Pool,
        needs: Callable[[str], str],
    ) -> None:
        for number, text in enumerate(sorted(verbs.plan.programs().values())):
            (tmp_path / f"{number}.c").write_text(driver.standalone(text, ()))

        def compiled(source: Path) -> str:
            words = (*STRICT, level, "-DMACRO=1", "-c", "-o", f"{source}.o", str(source))
            return said(pool, (needs(compiler), *words))

        told = "".join(at_once(compiled, sorted(tmp_path.glob("*.c"))))
        assert told == ""

    @pytest.mark.parametrize(("compiler", "level"), COMPILERS)
    def test_say_nothing_of_any_header(
        self, compiler: str, level: str, tmp_path: Path, pool: Pool, needs: Callable[[str], str]
    ) -> None:
        for name in driver.HEADERS:
            source = tmp_path / f"{name}.c"
            source.write_text(driver.standalone(f'#include "{name}"\n#include "{name}"\n', ()))
            assert said(pool, (needs(compiler), *STRICT, GNU, level, "-c", "-o", f"{source}.o", str(source))) == ""

    @pytest.mark.parametrize("compiler", ["g++", "clang++"])
    def test_take_what_objects_include_as_cxx(
        self, compiler: str, tmp_path: Path, pool: Pool, needs: Callable[[str], str]
    ) -> None:
        source = tmp_path / "all.cc"
        headers = '#include "observe.h"\n#include "phdrs.h"\nint main() { observe("it"); return observe_phdrs("x"); }\n'
        source.write_text(driver.standalone(headers, ()))
        words = ("-std=c++17", *STRICT[1:], "-O2", "-o", f"{source}.out", str(source))
        assert said(pool, (needs(compiler), *words)) == ""


def said(pool: Pool, words: tuple[str, ...]) -> str:
    done = pool.run(Command(argv=words, env={"PATH": "/usr/bin:/bin"}, cwd="/", timeout=AGES))
    return (done.stdout.data + done.stderr.data).decode() + ("" if done.exit == 0 else f"{words}: {done.exit}\n")


def program_of(steps: str, tmp_path: Path) -> tuple[tuple[str, ...], str]:
    """The compiler's command line and the C of a scenario with these steps."""
    text = f"""
experiment: x
question: "?"
objects: {{lib: {{library: lib, code: "int v;"}}}}
scenarios: {{s: {{steps: {steps}}}}}
"""
    plan = plan_of(text, tmp_path)
    (program,) = plan.programs().values()
    return next(request.argv for request in plan.requests.values() if request.filename == "program"), program


def test_only_a_program_with_threads_is_compiled_for_them(tmp_path: Path) -> None:
    opened = "dlopen: {object: lib, as: it}"
    more = "mappings: {object: lib, as: a}, namespaces: {as: b}, fork: {as: c, steps: [dlclose: it]}"
    plain = f"[{opened}, {more}]"
    threads = f"[thread: {{as: other, steps: [{opened}]}}, join: other]"
    assert "-pthread" not in program_of(plain, tmp_path)[0]
    assert "-pthread" in program_of(threads, tmp_path)[0]


def test_only_a_step_that_may_fail_goes_on_without_what_it_looked_for(tmp_path: Path) -> None:
    opened = "{dlopen: {object: lib, as: it}}"
    verb = "read: {handle: it, symbol: v, type: int, as: found}"
    needed = program_of(f"[{opened}, {{{verb}}}]", tmp_path)[1]
    optional = program_of(f"[{opened}, {{{verb}, may-fail: true}}]", tmp_path)[1]
    assert ("need(find(" in needed, "if (find(" in needed) == (True, False)
    assert ("need(find(" in optional, "if (find(" in optional) == (False, True)


@pytest.mark.parametrize(
    ("steps", "kept"),
    [
        ("[{loop: {times: 3, steps: [OPENED]}}, {dlclose: it}]", 3),
        ("[{loop: {times: 2, steps: [{loop: {times: 3, steps: [OPENED]}}]}}, {dlclose: it}]", 6),
        ("[OPENED, {dlclose: it}]", None),
        ("[{loop: {times: 3, steps: [OPENED, {dlclose: it}]}}]", None),
        ("[{loop: {times: 3, steps: [OPENED, {fork: {as: c, steps: [{dlclose: it}]}}]}}]", None),
    ],
)
def test_what_a_loop_opened_is_kept_for_who_closes_it_afterwards(steps: str, kept: int | None, tmp_path: Path) -> None:
    text = program_of(steps.replace("OPENED", "{dlopen: {object: lib, as: it}}"), tmp_path)[1]
    assert re.findall(r"void \*it_all\[(\d+)\];", text) == ([] if kept is None else [str(kept)])


@pytest.mark.parametrize("other", ["values.h", "overloads.h"], ids=["c++", "c"])
def test_the_headers_of_a_program_are_small(other: str) -> None:
    headers = [name for name in driver.HEADERS if name != other]  # a program is in one language
    assert len(headers) == len(driver.HEADERS) - 1
    without = [re.sub(r"/\*.*?\*/", "", driver.source(name), flags=re.DOTALL) for name in headers]
    lines = [line for text in without for line in text.split("\n") if line.strip()]
    assert len(lines) <= MOST_LINES


def test_a_header_that_is_not_ours_stays_an_include_and_ours_is_there_once() -> None:
    program = 'int main(void) { return observe_phdrs("it"); }\n'
    text = driver.standalone(f'#include "mine.h"\n#include "phdrs.h"\n#include "phdrs.h"\n{program}', ())
    assert '#include "mine.h"\n' in text
    assert '#include "phdrs.h"' not in text
    assert text.count("int observe_phdrs(") == 1


ONE = """\
experiment: test
question: Which keys are equal?
objects:
  lib: {library: one, code: 'int one = 1;'}
scenarios:
  first: {steps: [dlopen: {object: lib, as: found}, flush: true]}
  second: {steps: [dlopen: {object: lib, as: found}, flush: true], env: {A: b}, timeout: 3}
  third: {steps: [dlopen: {object: lib, as: other}, flush: true]}
"""


class TestAKey:
    def keys(self, text: str, tmp_path: Path) -> dict[str, str]:
        """Scenario → the key of its program."""
        plan = plan_of(text, tmp_path)
        return {one.scenario: one.bound.argv[0] for one in plan.trials}

    def test_is_that_of_an_equal_text(self, tmp_path: Path) -> None:
        keys = self.keys(ONE, tmp_path)
        assert keys["first"] == keys["second"] != keys["third"]

    def test_does_not_change_with_a_comment_or_white_space(self, tmp_path: Path) -> None:
        other = ONE.replace("scenarios:", "scenarios: # here\n\n").replace(
            "flush: true", "flush:    yes".replace("yes", "true")
        )
        assert self.keys(other, tmp_path) == self.keys(ONE, tmp_path)

    def test_does_not_change_with_the_objects_that_the_program_is_given(self, tmp_path: Path) -> None:
        other = ONE.replace("one = 1", "one = 2")
        assert self.keys(other, tmp_path) == self.keys(ONE, tmp_path)
        assert arguments(plan_of(other, tmp_path)) != arguments(plan_of(ONE, tmp_path))

    def test_does_not_change_with_what_is_claimed(self, tmp_path: Path) -> None:
        other = ONE.replace("timeout: 3", "outcomes: {fine: {exit: 0}}, claim: {says: It is., outcome: fine}")
        assert self.keys(other, tmp_path) == self.keys(ONE, tmp_path)

    def test_changes_with_a_step(self, tmp_path: Path) -> None:
        other = ONE.replace("flush: true", "{flush: true, quiet: true}")
        assert not set(self.keys(other, tmp_path).values()) & set(self.keys(ONE, tmp_path).values())


def arguments(plan: Plan) -> list[tuple[str, ...]]:
    return [one.bound.argv[1:] for one in plan.trials]


class TestARun:
    def test_keeps_the_program_and_its_events_of_a_failing_step(self, world: World) -> None:
        path = world.experiment(
            "fails",
            "experiment: fails\nquestion: Where?\nscenarios:\n  s:\n    steps:\n"
            "      - flush: true\n      - dlopen: {path: ./nothing.so, as: gone}\n      - flush: true\n"
            "    expect: {outcome: other, exit: 0}\n",
        )
        code, out, _ = world.run("run", path)
        assert code == 1
        assert "gone" in out
        (trial,) = (world.latest("fails") / "trials").iterdir()
        assert "int main(void)" in (trial / "driver.c").read_text()
        assert (world.latest("fails") / "events.jsonl").read_text().count('"event"') == 3


class TestATimeLimit:
    """On a busy machine every sleep takes longer; a limit that counts its sleeps would be longer too.

    No test says how long anything takes: a program whose sleeps take 20 times as long makes fewer of them in a time,
    however busy the machine is, and one whose sleeps take no time at all has to wait as long as ever.
    """

    SLEEPER = r"""
      #include <sys/syscall.h>
      #include <time.h>
      #include <unistd.h>
      static double began, LIMIT = 0.4;
      static long sleeps;
      static double now(void)
      {
          struct timespec t;

          clock_gettime(CLOCK_MONOTONIC, &t);
          return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
      }
      static void slowly(long long nanoseconds)
      {
          const double end = now() + FACTOR * (double)nanoseconds / 1e9;

          sleeps++;
          while (now() < end)
              syscall(SYS_sched_yield);
      }
      int usleep(useconds_t microseconds) { return slowly(microseconds * 1000LL), 0; }
      int nanosleep(const struct timespec *t, struct timespec *left)
      {
          (void)left;
          return slowly(t->tv_sec * 1000000000LL + t->tv_nsec), 0;
      }
      int clock_nanosleep(clockid_t clock, int flags, const struct timespec *t, struct timespec *left)
      {
          const double wanted = (double)t->tv_sec + (double)t->tv_nsec / 1e9;
          const double seconds = flags ? wanted - now() : wanted;

          (void)clock, (void)left;
          return slowly(seconds > 0 ? (long long)(seconds * 1e9) : 0), 0;
      }
"""
    TEXT = r"""
experiment: limits
question: "?"
scenarios:
  fork:
    timeout: 600
    includes: [time.h, unistd.h]
    program: {code: CODE}
    steps:
      - c: "began = now();"
      - fork: {as: forked, timeout: 0.4, steps: [{c: "for (;;) pause();"}]}
      - c: ""
        values: {sleeps: sleeps, early: now() - began < LIMIT}
    outcomes: {timed-out: {forked.timed-out: true}}
"""

    def limited(self, factor: float, tmp_path: Path, pool: Pool, toolchain: Toolchain) -> tuple[int, bool]:
        """How often the program slept until its child's time was up, and whether that was too early."""
        code = json.dumps(self.SLEEPER.replace("FACTOR", str(factor)))
        one = played(self.TEXT.replace("CODE", code), tmp_path, pool, toolchain).of("fork")
        assert one.judgement.outcome == "timed-out", why(one)
        return value(one, "sleeps"), bool(value(one, "early"))

    def test_takes_no_more_sleeps_than_fit_into_it(self, tmp_path: Path, pool: Pool, toolchain: Toolchain) -> None:
        """Each sleep of 2 ms takes at least 40 ms: ten fit into 0.4 s, and one more begins before its end."""
        sleeps, early = self.limited(20, tmp_path, pool, toolchain)
        assert (0 < sleeps <= 11, early) == (True, False)

    def test_is_not_over_early(self, tmp_path: Path, pool: Pool, toolchain: Toolchain) -> None:
        assert self.limited(0, tmp_path, pool, toolchain)[1] is False


def test_a_sleep_is_not_cut_short_by_a_signal(tmp_path: Path, pool: Pool, toolchain: Toolchain) -> None:
    text = r"""
experiment: slept
question: "?"
scenarios:
  sleep:
    timeout: 600
    includes: [signal.h, sys/time.h, time.h]
    program:
      code: |
        static volatile sig_atomic_t caught;
        static struct timespec a, b;
        static void count(int number) { (void)number, caught++; }
    steps:
      - c: |
          const struct itimerval often = {{0, 5000}, {0, 5000}}, never = {{0, 0}, {0, 0}};
          signal(SIGALRM, count);
          setitimer(ITIMER_REAL, &often, NULL);
          clock_gettime(CLOCK_MONOTONIC, &a);
      - sleep: 500ms
      - c: |
          clock_gettime(CLOCK_MONOTONIC, &b);
          setitimer(ITIMER_REAL, &never, NULL);
        values:
          caught: caught > 0
          whole: (b.tv_sec - a.tv_sec) * 1000000000L + b.tv_nsec - a.tv_nsec >= 500000000L
    outcomes: {slept: {caught: 1, whole: 1}}
"""
    one = played(text, tmp_path, pool, toolchain).of("sleep")
    assert (value(one, "caught"), value(one, "whole")) == (1, 1), why(one)
