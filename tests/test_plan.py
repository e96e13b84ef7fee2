"""plan: keys change when, and only when, what is built changes; trials share builds."""

from __future__ import annotations

import json
import random
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import elves
from elfworlds.planning.document import as_document
from elfworlds.planning.make import trial_id
from elfworlds.yamltext import ProblemsError
from plans import keys_of, plan_of, stub
from waiting import TIMES

CHAIN = ("leaf", "middle", "top", "app", "other")
DOWNSTREAM = {
    "leaf": {"leaf", "middle", "top", "app"},
    "middle": {"middle", "top", "app"},
    "top": {"top", "app"},
    "app": {"app"},
    "other": {"other"},
}
NEEDS = {"leaf": [], "middle": ["leaf"], "top": ["middle"], "app": ["top"], "other": []}
KIND = {"app": "executable"}


def chain(**changes: dict[str, object]) -> str:
    """leaf ← middle ← top ← app, and an object beside them; `changes` are further keys of objects."""
    objects = {
        name: {
            KIND.get(name, "library"): name,
            "sources": [f"{name}.c"],
            "needs": NEEDS[name],
            **changes.get(name, {}),
        }
        for name in CHAIN
    }
    return json.dumps({"experiment": "x", "question": "?", "objects": objects, "scenarios": {"s": {"run": "${app}"}}})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sources")
    for name in CHAIN:
        (path / f"{name}.c").write_text(f'#include "{name}.h"\nint {name}_;\n')
        (path / f"{name}.h").write_text('#include "common/all.h"\n')
    (path / "common").mkdir()
    (path / "common" / "all.h").write_text("#define ALL 1\n")
    return path


@given(
    changed=st.sampled_from(CHAIN), key=st.sampled_from(["cflags", "ldflags", "z", "defines", "soname", "hash-style"])
)
def test_one_flag_of_one_object_changes_exactly_the_keys_downstream(folder: Path, changed: str, key: str) -> None:
    values: dict[str, object] = {"defines": {"A": 1}, "soname": "libz.so", "hash-style": "sysv"}
    if key == "soname" and changed == "app":
        return  # an executable has none
    before = keys_of(plan_of(chain(), folder))
    after = keys_of(plan_of(chain(**{changed: {key: values.get(key, ["x"])}}), folder))
    assert {name for name in CHAIN if before[name] != after[name]} == DOWNSTREAM[changed]


@given(changed=st.sampled_from(CHAIN), byte=st.sampled_from("xyz \n"))
def test_one_byte_of_an_included_header_changes_exactly_the_keys_downstream(
    folder: Path, changed: str, byte: str
) -> None:
    before = keys_of(plan_of(chain(), folder))
    header = folder / f"{changed}.h"
    text = header.read_text()
    header.write_text(text + byte)
    try:
        after = keys_of(plan_of(chain(), folder))
    finally:
        header.write_text(text)
    assert {name for name in CHAIN if before[name] != after[name]} == DOWNSTREAM[changed]


def test_a_header_that_all_include_changes_all_keys(folder: Path) -> None:
    before = keys_of(plan_of(chain(), folder))
    shared = folder / "common" / "all.h"
    shared.write_text("#define ALL 2\n")
    try:
        after = keys_of(plan_of(chain(), folder))
    finally:
        shared.write_text("#define ALL 1\n")
    assert all(before[name] != after[name] for name in CHAIN)


def shuffled(data: object, source: random.Random) -> str:
    """YAML with the same meaning: keys in another order, comments and blanks strewn in."""
    if isinstance(data, dict):
        items = list(data.items())
        source.shuffle(items)
        blank = " " * source.randrange(3)
        return "{" + f",{blank}".join(f'"{key}": {shuffled(value, source)}' for key, value in items) + blank + "}"
    if isinstance(data, list):
        return "[" + ", ".join(shuffled(one, source) for one in data) + "]"
    return json.dumps(data)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=50 * TIMES)
def test_order_comments_and_white_space_change_no_key(folder: Path, seed: int) -> None:
    source = random.Random(seed)  # noqa: S311  # no secret
    text = "# a comment\n\n" + shuffled(json.loads(chain(leaf={"defines": {"A": 1, "B": 2}})), source) + "\n# end\n"
    expected = keys_of(plan_of(chain(leaf={"defines": {"A": 1, "B": 2}}), folder))
    assert keys_of(plan_of(text, folder)) == expected


def test_an_objects_name_is_no_part_of_its_key(folder: Path) -> None:
    renamed = chain().replace('"leaf":', '"foliage":').replace('["leaf"]', '["foliage"]')
    assert keys_of(plan_of(renamed, folder))["foliage"] == keys_of(plan_of(chain(), folder))["leaf"]


def test_the_plan_of_the_same_file_is_the_same(folder: Path) -> None:
    one, two = (json.dumps(as_document(plan_of(chain(), folder))) for _ in range(2))
    assert one == two


def test_two_toolchains_give_two_keys_an_object_and_share_none(folder: Path) -> None:
    data = json.loads(chain())
    data["matrix"] = {"libc": ["host", "other"]}
    toolchains = {"host": stub("host", ld="1"), "other": stub("other", ld="2")}
    made = plan_of(json.dumps(data), folder, toolchains)
    assert len(made.requests) == 2 * len(CHAIN)
    assert {request.toolchain for request in made.requests.values()} == {"host", "other"}
    by_toolchain = {name: {key for key, one in made.requests.items() if one.toolchain == name} for name in toolchains}
    needs = {need for key in by_toolchain["host"] for need in made.requests[key].needs}
    assert needs <= by_toolchain["host"]


MATRIX = """
experiment: x
question: "?"
matrix:
  way: [a, b]
  area: [1, 2, 3]
objects:
  fixed: {library: fixed, code: "int fixed;\\n"}
  sized: {library: sized, code: "int sized = SIZE;\\n", defines: {SIZE: "${matrix.area}"}, needs: [fixed]}
  chosen: {executable: chosen, code: "int main(void) { return 0; }\\n", needs: ["${matrix.pick}"]}
scenarios:
  s: {run: "${chosen} ${matrix.way}", repeat: 2}
"""


def test_an_object_is_made_once_for_each_value_of_the_axes_it_reads(tmp_path: Path) -> None:
    made = plan_of(MATRIX.replace("${matrix.pick}", "sized"), tmp_path)
    counts = {
        name: len({one.key for one in made.placements if one.object == name}) for name in ("fixed", "sized", "chosen")
    }
    assert counts == {"fixed": 1, "sized": 3, "chosen": 3}
    assert len(made.trials) == 2 * 3 * 2
    assert len({id(trial.bound) for trial in made.trials}) == 6


def test_an_axis_can_choose_the_object_that_is_needed(tmp_path: Path) -> None:
    text = MATRIX.replace("area: [1, 2, 3]", "area: [1]\n  pick: [fixed, sized]")
    made = plan_of(text, tmp_path)
    needed = {dict(one.at)["pick"]: one.needs for one in made.placements if one.object == "chosen"}
    assert needed == {"fixed": ("fixed",), "sized": ("sized",)}


def test_transitive_needs_are_found_by_the_linker_and_leave_no_runpath(folder: Path) -> None:
    made = plan_of(chain(), folder)
    keys = keys_of(made)
    argv = made.requests[keys["app"]].argv
    assert f"-Wl,-rpath-link,@{keys['leaf']}@" in argv
    assert [argv[i + 2] for i, word in enumerate(argv) if word == "-rpath"] == [f"@{keys['top']}@"]


@pytest.mark.parametrize(
    "word",
    [
        "-Wl,--no-as-needed",
        "-Wl,--enable-new-dtags",
        "-Wl,-z,lazy",
        "-Wl,-z,noexecstack",
        "-Wl,--build-id=sha1",
        "-Wl,--hash-style=gnu",
        "-std=gnu17",
        "-g",
        "-O0",
    ],
)
def test_every_default_is_stated_on_the_command_line(folder: Path, word: str) -> None:
    for request in plan_of(chain(), folder).requests.values():
        assert word in request.argv
        assert ("-pie" in request.argv) != ("-shared" in request.argv)


def test_an_rpath_is_no_runpath(folder: Path) -> None:
    made = plan_of(chain(app={"rpath": ["leaf", "$ORIGIN/x"]}), folder)
    argv = made.requests[keys_of(made)["app"]].argv
    assert "-Wl,--disable-new-dtags" in argv
    assert "-Wl,--enable-new-dtags" not in argv
    assert [argv[i + 2] for i, one in enumerate(argv) if one == "-rpath"] == [f"@{keys_of(made)['leaf']}@", "$ORIGIN/x"]


def test_two_objects_that_would_be_one_file_are_refused_at_the_second(tmp_path: Path) -> None:
    text = MATRIX.replace("${matrix.pick}", "sized").replace(
        "  chosen:",
        '  twin: {library: sized, code: "int sized = SIZE;\\n", defines: {SIZE: 2}, needs: [fixed]}\n  chosen:',
    )
    with pytest.raises(ProblemsError, match="`twin` and `sized` are the same file where area=2"):
        plan_of(text, tmp_path)


def test_no_store_prefix_and_no_directory_is_in_the_plan(folder: Path) -> None:
    assert str(folder) not in json.dumps(as_document(plan_of(chain(), folder)))


@given(st.lists(st.tuples(st.sampled_from(["a", "b"]), st.text(max_size=40)), max_size=4, unique_by=lambda one: one[0]))
def test_a_trials_id_is_a_file_name(point: list[tuple[str, str]]) -> None:
    name = trial_id("scenario", tuple(point), "plain", None)
    assert len(name.encode()) < 255
    assert all(char.isascii() and (char.isalnum() or char in "_.+-,=~:") for char in name)


@given(st.text(max_size=12), st.text(max_size=12))
def test_trials_at_different_points_have_different_ids(one: str, two: str) -> None:
    ids = {trial_id("s", (("axis", label),), "plain", None) for label in (one, two)}
    assert len(ids) == len({one, two})


@pytest.mark.parametrize(
    ("label", "plain"),
    [
        ("a_b", True),
        ("a/b", True),
        ("a b", False),
        ("a:b", False),
        ("a\nb", False),
        ("a" * 143, True),
        ("a" * 144, False),
    ],
)
def test_an_id_has_a_digest_where_it_could_not_hold_the_label(label: str, plain: bool) -> None:  # noqa: FBT001  # a parameter
    assert (trial_id("s", (("axis", label),), "plain", None) == f"s,axis={label.replace('/', ':')}") == plain
    digests = {trial_id("s", (("axis", f"{label}{end}"),), "plain", None) for end in (" ", "_", ":", "/", "\n")}
    assert len(digests) == 5


@pytest.mark.parametrize("repeat", [1, 2, 3])
def test_an_id_says_the_repetition_where_there_are_several(repeat: int, tmp_path: Path) -> None:
    text = f"""
experiment: x
question: "?"
objects: {{app: {{executable: app, code: "int main(void) {{ return 0; }}"}}}}
scenarios: {{s: {{run: "${{app}}", repeat: {repeat}}}}}
"""
    ids = [trial.id.removeprefix("s,libc=host") for trial in plan_of(text, tmp_path).trials]
    assert ids == ([""] if repeat == 1 else [f",repeat={number}" for number in range(1, repeat + 1)])


def test_a_reference_to_an_object_is_its_path_its_directory_or_its_soname(tmp_path: Path) -> None:
    elves.make(tmp_path / "named.so", soname="libnamed.so.1")
    elves.make(tmp_path / "bare.so")
    text = """
experiment: x
question: "?"
objects:
  app: {executable: app, code: "int main(void) { return 0; }"}
  lib: {library: plain, code: "int plain;"}
  other: {library: other, soname: libo.so.2, code: "int other;"}
  named: {prebuilt: named.so}
  bare: {prebuilt: bare.so}
scenarios:
  s: {run: "${app} ${lib} ${lib.dir} ${app.soname}:${lib.soname}:${other.soname}:${named.soname}:${bare.soname}"}
"""
    made = plan_of(text, tmp_path)
    (trial,) = made.trials
    app, lib, directory, sonames = trial.bound.argv
    keys = keys_of(made)
    assert (app, lib, directory) == (f"@{keys['app']}@/app", f"@{keys['lib']}@/libplain.so", f"@{keys['lib']}@")
    assert sonames == ":libplain.so:libo.so.2:libnamed.so.1:"


def test_only_the_object_of_a_build_scenario_may_fail_to_build(tmp_path: Path) -> None:
    text = """
experiment: x
question: "?"
objects:
  app: {executable: app, code: "int main(void) { return 0; }"}
  tried: {library: tried, code: "int tried;"}
  read: {library: read, code: "int read_;"}
scenarios:
  start: {run: "${app}"}
  make: {build: tried, outcomes: {built: {exit: 0}}}
  look: {inspect: read, outcomes: {elf: {type: DYN}}}
  step: {steps: [dlopen: {object: read}]}
"""
    made = plan_of(text, tmp_path)
    keys = {one.object: one.key for one in made.placements if one.object in ("app", "tried", "read")}
    assert made.may_fail() == {keys["tried"]}


def test_a_list_behind_a_label_is_spliced_into_the_command(tmp_path: Path) -> None:
    text = """
experiment: x
question: "?"
matrix: {args: {none: [], two: [a, "b c"]}}
objects: {app: {executable: app, code: "int main(void) { return 0; }"}}
scenarios: {s: {run: "${app} ${matrix.args} end"}}
"""
    argv = {dict(trial.point)["args"]: trial.bound.argv[1:] for trial in plan_of(text, tmp_path).trials}
    assert argv == {"none": ("end",), "two": ("a", "b c", "end")}


def test_what_a_step_is_there_for_decides_the_program(tmp_path: Path) -> None:
    """Though nothing else of the scenario names the axis."""
    text = """
experiment: x
question: "?"
matrix: {way: [one, other]}
scenarios:
  s: {steps: [{flush: true, when: {way: one}}, {loop: {times: 2, steps: [{flush: true, when: {way: other}}]}}]}
"""
    made = plan_of(text, tmp_path)
    programs = {dict(trial.point)["way"]: made.programs()[trial.bound.program] for trial in made.trials}
    assert [programs[way].count("fflush(NULL)") for way in ("one", "other")] == [1, 1]
    assert programs["one"] != programs["other"]


@pytest.mark.parametrize(
    ("judged", "watched"),
    [
        ("outcomes: {a: {exit: 0}}", ["plain", "ld-debug", "gdb"]),
        ("outcomes: {a: {gdb.stops.count: 1}}", ["gdb"]),
        ("outcomes: {a: {exit: 0}, b: {gdb.error: null}}", ["gdb"]),
        ("claim: {says: x, outcome: other, gdb.error: null}", ["gdb"]),
        ("expect: {outcome: other, ld-debug.namespaces: 1}", ["ld-debug"]),
        (
            "expect: [{outcome: crash, when: {way: other}, gdb.error: null}, {outcome: other}]",
            ["plain", "ld-debug", "gdb"],
        ),
    ],
)
def test_who_watches_is_whom_the_outcomes_speak_of_else_everybody_and_nobody(
    judged: str, watched: list[str], tmp_path: Path
) -> None:
    text = (
        "experiment: x\nquestion: '?'\nmatrix: {way: [one, other], exclude: [{way: other}]}\n"
        f"scenarios:\n  s:\n    run: /bin/true\n    observe: [ld-debug, gdb]\n    {judged}\n"
    )
    assert [trial.observer for trial in plan_of(text, tmp_path).trials] == watched


@pytest.mark.parametrize("observer", ["gdb", "ld-debug", "strace", "valgrind"])
def test_the_id_of_a_trial_that_is_watched_names_its_observer(observer: str) -> None:
    assert trial_id("s", (("libc", "host"),), observer, None) == f"s,libc=host,observer={observer}"
    assert trial_id("s", (("libc", "host"),), "plain", None) == "s,libc=host"


@pytest.mark.parametrize(
    ("name", "more", "words"),
    [
        ("0-lib.x", "", ("_0_lib_x", "bin", "2021", "pic")),
        ("lib9", "pie: false", ("_9", "bin", "2021", "static")),
        ("x+y", "edition: 2018", ("x_y", "bin", "2018", "pic")),
    ],
)
def test_all_that_rustc_would_decide_by_itself_is_said(
    name: str, more: str, words: tuple[str, ...], tmp_path: Path
) -> None:
    settings = ", ".join(filter(None, (f"executable: {name}", "language: rust", 'code: ""', more)))
    text = f"experiment: x\nquestion: '?'\nobjects: {{a: {{{settings}}}}}\nscenarios: {{s: {{run: /bin/true}}}}\n"
    (request,) = plan_of(text, tmp_path).requests.values()
    after = dict(pairwise(request.argv))
    model = next(word for word in request.argv if word.startswith("relocation-model="))
    assert (after["--crate-name"], after["--crate-type"], after["--edition"]) == words[:3]
    assert model == f"relocation-model={words[3]}"


def test_a_comma_in_a_keyword_or_a_soname_begins_no_other_option(tmp_path: Path) -> None:
    text = """
experiment: x
question: "?"
objects: {a: {library: a, code: "", z: ["lazy,-Map=/tmp/map", now], soname: "liba.so,-Map=/tmp/map"}}
scenarios: {s: {run: /bin/true}}
"""
    (request,) = plan_of(text, tmp_path).requests.values()
    assert [word for word in request.argv if "Map" in word] == ["lazy,-Map=/tmp/map", "liba.so,-Map=/tmp/map"]
    assert {("-Xlinker", word) for word in ("-z", "lazy,-Map=/tmp/map")} <= set(pairwise(request.argv))
    assert "-Wl,-z,now" in request.argv
