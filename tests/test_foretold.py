"""The report shows what advise foretold of a trial's library beside what the trial showed."""

from __future__ import annotations

from pathlib import Path

import pytest

from elfworlds.cli.invoking import invoke
from elfworlds.records import read_run
from elfworlds.records.directory import RunDirectory
from elfworlds.report import foretold

EXPERIMENT = """
experiment: told
question: What is foretold?
matrix: {plugin: [plain, lacking, itself, greedy]}
objects:
  plain: {library: plain, code: "int plain;"}
  lacking: {library: lacking, code: "int nobody(void); int f(void) { return nobody(); }"}
  itself:
    library: itself
    code: |
      #define _GNU_SOURCE
      #include <dlfcn.h>
      int here;
      __attribute__((constructor)) static void stay(void)
      {
          Dl_info about;
          if (dladdr(&here, &about))
              dlopen(about.dli_fname, RTLD_NOW);
      }
  greedy:
    library: greedy
    cflags: [-ftls-model=initial-exec]
    code: "static __thread char room[700]; char *f(void) { return room; }"
scenarios:
  closed:
    steps:
      - dlopen: {object: "${matrix.plugin}", as: library, flags: [FLAGS]}
      - dlclose: library
      - mappings: {object: "${matrix.plugin}", as: left}
    outcomes: {gone: {left.count: 0}, stays: {left.count: {greater-than: 0}}, refused: {library.ok: false}}
  filled:
    when: {plugin: greedy}
    steps: [loop: {as: copies, at-most: 20, until: failure, steps: [dlmopen: {object: greedy, as: each}]}]
    outcomes: {two: {copies.count: 2}, otherwise: {exit: 0}}
  found-with-a-path-of-its-own:
    when: {plugin: plain}
    files: {here.txt: {text: "nothing"}}
    steps: [dlopen: {object: plain, as: library}]
    outcomes: {loaded: {library.ok: true}}
"""


def run(directory: Path, flags: str) -> RunDirectory:
    file = directory / "told.yaml"
    file.write_text(EXPERIMENT.replace("FLAGS", flags))
    assert invoke(["run", str(file), "-q", "-o", str(directory / "results")]) in (0, 1)
    return RunDirectory((directory / "results" / "told" / "latest").resolve())


def test_what_differs_comes_first_and_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    directory = run(tmp_path, "RTLD_NOW")
    told = "1 of 9 foretellings of advise did not come true: see report.md"
    assert told in capsys.readouterr().out
    lines = (directory.path / "report.md").read_text().partition("### Foretold by advise")[2].splitlines()[2:10]
    assert lines[0] == "8 of 9 foretellings of elfworlds advise came true."
    assert [line.strip("| ").split(" | ") for line in lines[4:]] == [
        [
            *("closed", "plugin = itself", "itself", "loads, gone after dlclose", "loads, stays after dlclose"),
            "nothing stands against it",
        ],
        ["closed", "plugin = plain \\| greedy", "plain, greedy", *["loads, gone after dlclose"] * 2],
        ["closed", "plugin = lacking", "lacking", *["is refused"] * 2],
        ["filled", "plugin = greedy", "greedy", *["loads, 2 copies fit"] * 2],
    ]


def test_of_lazily_bound_functions_nothing_is_foretold(tmp_path: Path) -> None:
    directory = run(tmp_path, "RTLD_LAZY")
    answers = foretold.answers(read_run(directory))
    assert {answer.told.object for answer in answers} == {"plain", "itself", "greedy"}
    assert "Foretold by advise" in (directory.path / "report.html").read_text()
