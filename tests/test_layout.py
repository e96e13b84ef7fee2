"""A scenario's `files` lie in the trial's directory before it begins, anew for each attempt, under every backend."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conftest import World
from elfworlds.backends import Build
from elfworlds.planning import LaidFile
from elfworlds.planning.document import as_document
from elfworlds.trials.layout import LAID_OUT_NS, lay_out, unchanged
from plans import plan_of
from waiting import AGES

NOTHING_BUILT = Build({}, {})
EXPERIMENT = """
experiment: laid-out
question: Does what is laid out lie there?
matrix: {{which: [first, second]}}
objects:
  w-first: &w {{library: w, defines: {{WHICH: 1}}, code: "int w(void) {{ return WHICH; }}"}}
  w-second: {{<<: *w, defines: {{WHICH: 2}}}}
  app:
    executable: app
    needs: [w-first]
    runpath: ['$ORIGIN/../lib']
    code: "int w(void); int main(void) {{ return w(); }}"
scenarios:
  started:
    files:
      app/bin/app: ${{app}}
      app/lib/libw.so: "${{w-${{matrix.which}}}}"
      linked: {{link: app/bin}}
    run: ${{files.dir}}/linked/app
    observe: {observe}
    outcomes: {{first: {{exit: 1}}, second: {{exit: 2}}}}
    expect: [{{when: {{which: first}}, outcome: first}}, {{outcome: second}}]
  opened:
    files:
      "${{matrix.which}}/libw.so": {{object: "w-${{matrix.which}}"}}
      only/in-the-first: {{text: "${{files.dir}}", when: {{which: first}}}}
    env: {{LD_LIBRARY_PATH: "${{files.dir}}/first"}}
    steps:
      - dlopen: {{path: libw.so, as: by-name}}
        may-fail: true
      - dlopen: {{path: "${{files.dir}}/${{matrix.which}}/libw.so", as: by-path}}
      - {{c: "", values: {{there: 'access("only/in-the-first", F_OK) == 0'}}}}
    includes: [unistd.h]
    observe: {observe}
    outcomes:
      found: {{by-name.ok: true, there: 1}}
      lost: {{by-name.ok: false, by-path.ok: true, there: 0}}
    expect: [{{when: {{which: first}}, outcome: found}}, {{outcome: lost}}]
  lacking:
    files: {{app: "${{app}}"}}
    run: ${{files.dir}}/app
    show: [stderr]
    outcomes: {{lacking: {{exit: 127, stderr: {{contains: "${{files.dir}}/app: error while loading"}}}}}}
    expect: {{outcome: lacking}}
"""


def laid(path: str, kind: str, holds: str = "", mode: int = 0o644) -> LaidFile:
    return LaidFile(path, kind, holds, mode)


def lines(world: World, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (world.latest("laid-out") / name).read_text().splitlines()]


@pytest.mark.parametrize("observe", ["[]", "[ld-debug]"])
def test_objects_links_and_texts_lie_where_the_experiment_says(world: World, observe: str) -> None:
    """Watched by ld-debug it is the trial itself that was traced; otherwise another one, in a directory of its own."""
    code, out, err = world.run("run", world.experiment("laid-out", EXPERIMENT.format(observe=observe)))
    assert code == 0, out + err
    traces = lines(world, "traces.jsonl")
    searches = [search for trace in traces for search in trace["searches"] if "/" not in search["name"]]
    assert [search for search in searches if search["agrees"] is not True] == []
    ends = {search["found"] for search in searches if search["name"] == "libw.so"}
    assert ends == {"${files.dir}/app/bin/../lib/libw.so", "${files.dir}/first/libw.so", None}
    copies = {(mapped["object"], mapped["path"]) for trace in traces for mapped in trace["link_maps"]}
    assert ("w-second", "${files.dir}/app/bin/../lib/libw.so") in copies
    assert ("app", "${files.dir}/app") in copies
    check_that_nothing_names_the_place(world.latest("laid-out"))
    lacking = next(trial for trial in lines(world, "trials.jsonl") if trial["scenario"] == "lacking")
    assert lacking["command"] == "${files.dir}/app"
    (note,) = lacking["notes"]
    assert note.startswith("libw.so, which app needs, was not found: runpath ${files.dir}/../lib;")


def check_that_nothing_names_the_place(run: Path) -> None:
    """Where and when a trial was is in no table and in no report."""
    for path in (*run.glob("tables/*.csv"), *run.glob("*.jsonl"), run / "report.md"):
        text = path.read_text()
        assert str(run.resolve()) not in text, path
        assert "/elfworlds-" not in text, path


def test_each_attempt_has_its_files_anew(world: World) -> None:
    text = """
experiment: anew
question: Is what an attempt changed as it was in the next one?
scenarios:
  twice:
    files: {there: {text: x}}
    run: /bin/sh -c 'rm there || exit 2; exit 1'
    retries: 2
    outcomes: {there: {exit: 1}, gone: {exit: 2}, never: {exit: 0}}
    expect: {outcome: never}
"""
    world.run("run", world.experiment("anew", text))
    (trial,) = [json.loads(line) for line in (world.latest("anew") / "trials.jsonl").read_text().splitlines()]
    assert trial["attempts"] == ["there", "there", "there"]


def test_modes_are_those_of_the_file_whatever_the_umask(tmp_path: Path) -> None:
    files = (
        laid("d", "directory", mode=0o1777),
        laid("d/f", "text", "x", 0o600),
        laid("deep/down/g", "text", "", 0o755),
        laid("l", "link", "d/f"),
    )
    old = os.umask(0o077)
    try:
        lay_out(files, tmp_path, NOTHING_BUILT)
    finally:
        os.umask(old)
    modes = {path: stat.S_IMODE((tmp_path / path).lstat().st_mode) for path in ("d", "d/f", "deep", "deep/down/g")}
    assert modes == {"d": 0o1777, "d/f": 0o600, "deep": 0o755, "deep/down/g": 0o755}
    assert (tmp_path / "l").read_text() == "x"
    assert {path.lstat().st_mtime_ns for path in (tmp_path, *tmp_path.rglob("*"))} == {LAID_OUT_NS}


@pytest.mark.parametrize(
    ("change", "path", "same"),
    [
        (lambda _: None, "lib/there", True),
        (lambda _: None, "lib/no-such", True),
        (lambda _: None, "linked/there", True),
        (lambda top: (top / "lib/there").write_text("other"), "lib/there", False),
        (lambda top: (top / "lib/there").write_text("other"), "linked/there", False),
        (lambda top: (top / "lib/there").write_text("other"), "lib/no-such", True),
        (lambda top: (top / "lib/there").unlink(), "lib/there", False),
        (lambda top: (top / "lib/new").write_text(""), "lib/no-such", False),
        (lambda top: (top / "lib/new").write_text(""), "no-such", True),
        (lambda top: (top / "lib").rename(top / "away").rename(top / "lib"), "lib/there", False),
    ],
)
def test_a_change_on_the_way_to_a_path_is_seen(
    tmp_path: Path,
    change: Callable[[Path], Any],
    path: str,
    same: bool,  # noqa: FBT001  # what is expected
) -> None:
    lay_out((laid("lib/there", "text", "x"), laid("linked", "link", "lib")), tmp_path, NOTHING_BUILT)
    change(tmp_path)
    assert unchanged(f"{tmp_path}/{path}", str(tmp_path)) is same


def test_the_plan_does_not_depend_on_the_place_and_has_the_key_only_where_it_is_given(tmp_path: Path) -> None:
    commands = json.dumps(as_document(plan_of(EXPERIMENT.format(observe="[]"), tmp_path))["commands"])
    assert "@files.dir@/app" in commands
    assert str(tmp_path) not in commands
    without = plan_of("experiment: x\nquestion: x\nscenarios: {x: {run: /bin/true}}", tmp_path)
    assert "files" not in json.dumps(as_document(without)["commands"])


CHANGING = """
experiment: changing
question: Is a search that a program's own changes decide told as an alarm?
matrix: {change: [none, removed, put-there, replaced-and-back]}
objects:
  w-1: &w {library: w, defines: {WHICH: 1}, code: "int w(void) { return WHICH; }"}
  w-2: {<<: *w, defines: {WHICH: 2}}
scenarios:
  changed:
    files: {a/libw.so: "${w-1}", b/libw.so: "${w-2}", c: {directory: true}}
    env: {LD_LIBRARY_PATH: "${files.dir}/c:${files.dir}/a:${files.dir}/b", PATH: "/usr/bin:/bin"}
    steps:
      - {system: {command: rm a/libw.so}, when: {change: removed}}
      - {system: {command: cp b/libw.so c}, when: {change: put-there}}
      - {system: {command: mv a away}, when: {change: replaced-and-back}}
      - dlopen: {path: libw.so, as: opened}
      - call: {handle: opened, function: w, type: int (void), as: which}
      - {system: {command: mv away a}, when: {change: replaced-and-back}}
      - {system: {command: cp -p b/libw.so a}, when: {change: removed}}
      - {system: {command: rm c/libw.so}, when: {change: put-there}}
    outcomes: {first: {which: 1}, second: {which: 2}}
    expect: [{when: {change: none}, outcome: first}, {outcome: second}]
"""


def test_what_the_program_changed_and_changed_back_is_no_false_alarm(world: World) -> None:
    """What lay where the program changed something stays open; a file that was taken was there, wherever it is now."""
    code, out, err = world.run("run", world.experiment("changing", CHANGING))
    assert code == 0, out + err
    assert "did not go where the search order says" not in out + err
    traces = [json.loads(line) for line in (world.latest("changing") / "traces.jsonl").read_text().splitlines()]
    agrees = {
        trace["point"]["change"]: search["agrees"]
        for trace in traces
        for search in trace["searches"]
        if search["name"] == "libw.so"
    }
    assert agrees == {"none": True, "removed": None, "put-there": True, "replaced-and-back": None}


def test_an_exported_script_lays_out_the_same(world: World) -> None:
    path = world.experiment("laid-out", EXPERIMENT.format(observe="[]"))
    ends = {}
    for which in ("first", "second"):
        code, script, err = world.run("export-c", path, "started", "-S", f"which={which}")
        assert code == 0, err
        place = world.path / f"script {which}"
        place.mkdir()
        (place.parent / "script.sh").write_text(script)
        done = subprocess.run(["/bin/sh", "../script.sh"], cwd=place, capture_output=True, timeout=AGES, check=False)
        ends[which] = (done.returncode, done.stderr.decode())
    assert ends == {"first": (1, ""), "second": (2, "")}
    assert (world.path / "script first/cwd/linked").is_symlink()
