"""What an experiment can ask beside a program's end: a build, a file's facts, a real library, kinds of output."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from conftest import World

pytestmark = pytest.mark.learns


def records(world: World, experiment: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in (world.latest(experiment) / "trials.jsonl").read_text().splitlines()]


def run(world: World, name: str, text: str, *words: str) -> tuple[int, str]:
    path = world.experiment(name, f"experiment: {name}\nquestion: Is it so?\n{text}")
    code, out, err = world.run("run", path, *words)
    assert err == ""
    return code, out


BUILD = """
matrix: {who: [whole, lacking]}
objects:
  greet: {library: greet, code: "int greet(void) { return 1; }"}
  whole: {executable: whole, needs: [greet], code: "int greet(void); int main(void) { return greet(); }"}
  lacking: {executable: lacking, code: "int greet(void); int main(void) { return greet(); }"}
scenarios:
  link:
    build: ${matrix.who}
    show: [exit]
    outcomes:
      linked: {exit: 0}
      refused: {exit: 1, output: {contains: "undefined reference to `greet'"}}
    expect:
      - {when: {who: whole}, outcome: linked}
      - {when: {who: lacking}, outcome: refused}
"""


def test_what_the_compiler_says_can_be_the_outcome(world: World) -> None:
    code, out = run(world, "link", BUILD)
    assert code == 0
    assert re.search(r"link +linked \(exit 0\) +refused \(exit 1\)", out)
    assert "1 failed" in out
    assert "failed to build" not in out


def test_an_object_that_a_program_needs_must_still_be_built(world: World) -> None:
    text = BUILD + '  use: {run: "${lacking}"}\n'
    code, out = run(world, "link", text)
    assert code == 1
    assert "because   object lacking was not built" in out


INSPECT = """
objects:
  leaf:
    library: leaf
    code: |
      int leaf(void) { return 1; }
      static int hidden(void) { return 2; }
      int (*use)(void) = hidden;
  top:
    library: top
    needs: [leaf]
    code: |
      int leaf(void);
      int nowhere(void);
      int top(void) { return leaf() + nowhere(); }
  lost: {library: lost, needs: [leaf], runpath: [], code: "int leaf(void); int lost(void) { return leaf(); }"}
scenarios:
  exports:
    inspect: leaf
    outcomes: {as-said: {exports: [leaf, use], needed: [libc.so.6], missing-symbols: [], size: {greater-than: 1000}}}
    expect: {outcome: as-said}
  undefined:
    inspect: top
    outcomes: {as-said: {missing-symbols: [nowhere], undefined: {contains: [leaf, nowhere]}, missing-objects: []}}
    expect: {outcome: as-said}
  not-found:
    inspect: lost
    outcomes: {as-said: {missing-objects: [libleaf.so], runpath: null}}
    expect: {outcome: as-said}
"""


def test_facts_of_a_file_can_be_the_outcome(world: World) -> None:
    code, out = run(world, "facts", INSPECT)
    assert (code, "3 trials: 3 PASS" in out) == (0, True)


def test_the_search_of_an_inspection_ends_at_the_systems_own_libraries(world: World) -> None:
    text = """
objects: {app: {executable: app, ldflags: [-lm], code: "int main(void) { return 0; }"}}
scenarios:
  s: {inspect: app, outcomes: {found: {needed: [libm.so.6, libc.so.6], missing-objects: []}}, expect: {outcome: found}}
"""
    assert run(world, "system", text)[0] == 0


def test_a_library_that_somebody_else_built(world: World) -> None:
    libc = next(Path(one) for one in ("/lib/x86_64-linux-gnu/libm.so.6", "/lib64/libm.so.6") if Path(one).exists())
    text = f"""
objects:
  libm: {{prebuilt: {libc}, expect: {{soname: libm.so.6}}}}
  app:
    executable: app
    needs: [libm]
    expect: {{needed: ["${{libm.soname}}", libc.so.6], runpath: ["${{libm.dir}}"]}}
    code: |
      #define _GNU_SOURCE
      #include <dlfcn.h>
      #include <string.h>
      double cos(double);
      int main(int argc, char **argv)
      {{
          Dl_info info;
          double (*volatile used)(double) = cos;
          return argc > 1 && dladdr((void *)used, &info) && strcmp(info.dli_fname, argv[1]) == 0 ? 0 : 1;
      }}
scenarios:
  s: {{run: "${{app}} ${{libm}}", outcomes: {{ours: {{exit: 0}}}}, expect: {{outcome: ours}}}}
"""
    code, out = run(world, "real", text)
    assert (code, "1 PASS" in out) == (0, True)


CAPTURE = """
matrix: {capture: [pipe, file, pty]}
objects:
  app:
    executable: app
    code: |
      #include <stdio.h>
      #include <sys/stat.h>
      #include <unistd.h>
      int main(void)
      {
          struct stat status;
          fstat(1, &status);
          puts(S_ISFIFO(status.st_mode) ? "pipe" : S_ISREG(status.st_mode) ? "file" : isatty(1) ? "pty" : "other");
          return 0;
      }
scenarios:
  s:
    run: ${app}
    capture: ${matrix.capture}
    outcomes: {pipe: {stdout: "pipe\\n"}, file: {stdout: "file\\n"}, pty: {stdout: "pty\\n"}}
"""


def test_standard_output_is_a_pipe_a_file_or_a_terminal(world: World) -> None:
    run(world, "capture", CAPTURE)
    assert {one["point"]["capture"]: one["outcome"] for one in records(world, "capture")} == {  # type: ignore[index]
        "pipe": "pipe",
        "file": "file",
        "pty": "pty",
    }


def test_processors_can_be_limited(world: World) -> None:
    text = """
objects:
  app:
    executable: app
    code: |
      #define _GNU_SOURCE
      #include <sched.h>
      int main(void) { cpu_set_t set; sched_getaffinity(0, sizeof set, &set); return CPU_COUNT(&set); }
scenarios: {s: {run: "${app}", cpus: 1, outcomes: {one: {exit: 1}}, expect: {outcome: one}}}
"""
    assert run(world, "cpus", text)[0] == 0


FLIP = """
objects:
  app:
    executable: app
    code: |
      #include <stdio.h>
      #include <stdlib.h>
      int main(int argc, char **argv)
      {
          FILE *file = fopen(argv[1], "r+");
          int count = 0;
          (void)argc;
          if (!file) file = fopen(argv[1], "w+");
          if (fscanf(file, "%d", &count) != 1) count = 0;
          rewind(file);
          fprintf(file, "%d", count + 1);
          return count % 2;
      }
scenarios:
  s:
    run: ${app} COUNTER
    outcomes: {even: {exit: 0}, odd: {exit: 1}}
"""


def flip(world: World) -> str:
    return FLIP.replace("COUNTER", str(world.path / "counter"))


def test_any_of_several_expected_outcomes_passes_with_its_distribution(world: World) -> None:
    code, out = run(world, "flip", flip(world) + "    expect: {outcome: [even, odd]}\n    repeat: 4\n", "-j", "1")
    assert (code, "4 trials: 4 PASS" in out) == (0, True)
    assert "even ×2, odd ×2" in out


def test_two_outcomes_where_one_is_expected_are_flaky(world: World) -> None:
    code, out = run(world, "flip", flip(world) + "    expect: {outcome: even}\n    repeat: 4\n", "-j", "1")
    assert (code, "4 trials: 4 FLAKY" in out) == (1, True)


def test_two_outcomes_where_none_is_expected_are_flaky_and_fail_nothing(world: World) -> None:
    code, out = run(world, "flip", flip(world) + "    repeat: 2\n", "-j", "1")
    assert (code, "2 trials: 2 FLAKY" in out) == (0, True)


@pytest.mark.parametrize("where", ["file", "command line"])
def test_a_trial_that_passes_when_tried_again_is_flaky(world: World, where: str) -> None:
    text = flip(world) + "    expect: {outcome: odd}\n" + ("    retries: 2\n" if where == "file" else "")
    code, out = run(world, "flip", text, *([] if where == "file" else ["--retries", "2"]))
    assert (code, "1 trial: 1 FLAKY" in out) == (1, True)
    assert "tried     even then odd" in out
    assert records(world, "flip")[0]["attempts"] == ["even", "odd"]


def test_a_trial_that_fails_each_time_stays_failed(world: World) -> None:
    text = flip(world).replace("count % 2", "0") + "    expect: {outcome: odd}\n    retries: 2\n"
    code, _ = run(world, "flip", text)
    assert (code, records(world, "flip")[0]["attempts"]) == (1, ["even"] * 3)


def test_values_stand_beside_the_outcome_where_they_are_wanted(world: World) -> None:
    text = """
matrix: {n: [1, 2]}
objects: {app: {executable: app, code: "int main(int c, char **v) { (void)v; return c; }"}}
scenarios: {s: {run: "${app} ${matrix.n}", show: [exit, signal], outcomes: {ended: {signal: null}}}}
"""
    _, out = run(world, "values", text)
    assert re.search(r"s +ended \(exit 2, signal –\) +ended \(exit 2, signal –\)", out)


def test_keys_that_begin_with_x_are_a_place_for_anchors(world: World) -> None:
    text = """
x-common: &common {executable: app, code: "int main(void) { return CODE; }"}
objects: {app: {<<: *common, defines: {CODE: 3}}}
scenarios: {s: {run: "${app}", outcomes: {three: {exit: 3}}, expect: {outcome: three}}}
"""
    assert run(world, "anchors", text)[0] == 0


def test_building_alone_asks_the_same_of_the_compiler_as_a_run(world: World) -> None:
    path = world.experiment("link", f"experiment: link\nquestion: Is it so?\n{BUILD}")
    code, out, err = world.run("build", path)
    assert (code, err) == (0, "")
    assert "1 failed" in out


def test_an_objects_path_may_stand_in_what_is_claimed_and_expected(world: World) -> None:
    text = """
objects:
  app: {executable: app, code: "#include <stdio.h>\\nint main(int c, char **v) { return printf(v[0]) < 0; }"}
scenarios:
  s:
    run: ${app}
    outcomes: {said: {exit: 0}}
    claim: {says: it names itself, outcome: said, stdout: "${app}"}
    expect: {outcome: said, stdout: {matches: "^${app}$"}}
"""
    code, out = run(world, "named", text)
    assert (code, "1 PASS" in out, "reproduced" in out) == (0, True, True)
