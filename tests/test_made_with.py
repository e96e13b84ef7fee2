"""Flips of scenarios that ask for a build: named after what made the object, not after the libc beside it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from conftest import World
from elfworlds.environment import made_with
from elfworlds.outcome_changes import orders
from elfworlds.records import RunRecord
from elfworlds.tables import frame
from elfworlds.toolchains import Package, Toolchain
from plans import plan_of, stub
from recording import flip_lines_of, heats_of, report_md
from sealing import unseal
from test_flips import Records, of_run, tried

LIBC = {
    "debian/bullseye": {"version": "2.31", "revision": "2.31-13+deb11u11", "family": "glibc"},
    "debian/bookworm": {"version": "2.36", "revision": "2.36-9+deb12u14", "family": "glibc"},
    "debian/trixie": {"version": "2.41", "revision": "2.41-12", "family": "glibc"},
    "musl/bookworm": {"version": "1.2.3", "family": "musl"},
}
BULLSEYE, BOOKWORM, TRIXIE = {"binutils": "2.35.2"}, {"binutils": "2.40"}, {"binutils": "2.44"}
TOGETHER = "s: binutils, gcc and libc changed together; which of them decides was not seen"


def built(
    outcomes: Mapping[str, str], parts: Mapping[str, Mapping[str, str]], libc: Mapping[str, Mapping[str, str]] = LIBC
) -> RunRecord:
    axes = {"libc": tuple(outcomes)}
    found = of_run(axes, tried(axes, lambda at: outcomes[at["libc"]]), {"libc": libc})
    return replace(found, made_with={"s": {"libc": parts}})


def links(*labels: str, refuses: tuple[str, ...]) -> dict[str, str]:
    return {**dict.fromkeys(labels, "links"), **dict.fromkeys(refuses, "refuses")}


TWO = links("debian/bullseye", refuses=("debian/bookworm",))
THREE = links("debian/bullseye", refuses=("debian/bookworm", "debian/trixie"))


def test_a_flip_is_named_after_the_linker_and_the_compiler_that_changed_there() -> None:
    parts = {"debian/bullseye": {**BULLSEYE, "gcc": "10.2.1"}, "debian/bookworm": {**BOOKWORM, "gcc": "12.2.0"}}
    run = built(TWO, parts)
    assert flip_lines_of(run) == ["s: refuses from binutils 2.40 with gcc 12.2.0 on, links below", TOGETHER]
    (row,) = frame("flips", run, []).to_dict("records")
    assert (row["axis"], row["below_label"], row["from_label"]) == ("libc", "debian/bullseye", "debian/bookworm")
    assert row["below_version"] == "binutils 2.35.2 with gcc 10.2.1"
    assert row["from_version"] == "binutils 2.40 with gcc 12.2.0"


def test_where_one_linker_is_asked_for_nothing_is_said_of_the_others() -> None:
    axes = {"linker": ("bfd", "gold"), "libc": ("debian/bullseye", "debian/bookworm")}
    trials = tried(axes, lambda at: "refuses" if at["libc"] == "debian/bookworm" else "links")
    parts = {
        "debian/bullseye": {**BULLSEYE, "gold": "1.16"},
        "debian/bookworm": {**BOOKWORM, "gold": "1.17"},
    }
    both = replace(of_run(axes, trials, {"libc": LIBC}), made_with={"s": {"libc": parts}})
    assert flip_lines_of(both)[0] == "s: refuses from binutils 2.40 with gold 1.17 on, links below"
    assert [row["from_version"] for row in frame("flips", both, []).to_dict("records")] == [
        "binutils 2.40",
        "gold 1.17",
    ]
    trials = tried(axes, lambda at: "refuses" if at == {"linker": "bfd", "libc": "debian/bookworm"} else "links")
    one = replace(of_run(axes, trials, {"libc": LIBC}), made_with={"s": {"libc": parts}})
    assert flip_lines_of(one)[:2] == [
        "s, where linker = bfd: refuses from binutils 2.40 on, links below",
        "s, where linker = gold: links everywhere",
    ]
    assert (
        "  - libc: between binutils 2.35.2, libc 2.31-13+deb11u11 (debian/bullseye)"
        " and binutils 2.40, libc 2.36-9+deb12u14 (debian/bookworm)"
    ) in report_md(one, {}, []).splitlines()


def test_a_linker_that_no_axis_asks_for_is_named_whatever_another_axis_says() -> None:
    axes = {"compiler": ("clang", "gcc"), "libc": ("debian/bullseye", "debian/bookworm")}
    trials = tried(axes, lambda at: "refuses" if tuple(at.values()) == ("clang", "debian/bookworm") else "links")
    parts = {"debian/bullseye": {**BULLSEYE, "gcc": "10.2.1"}, "debian/bookworm": {**BOOKWORM, "gcc": "12.2.0"}}
    run = replace(of_run(axes, trials, {"libc": LIBC}), made_with={"s": {"libc": parts}})
    assert flip_lines_of(run)[0] == (
        "s, where compiler = clang: refuses from binutils 2.40 with gcc 12.2.0 on, links below"
    )


def test_the_long_form_says_everything_that_changed() -> None:
    parts = {"debian/bullseye": {**BULLSEYE, "gcc": "10.2.1"}, "debian/bookworm": {**BOOKWORM, "gcc": "12.2.0"}}
    found = built(TWO, parts)
    lines = report_md(found, {}, []).splitlines()
    assert (
        "  - libc: between binutils 2.35.2, gcc 10.2.1, libc 2.31-13+deb11u11 (debian/bullseye)"
        " and binutils 2.40, gcc 12.2.0, libc 2.36-9+deb12u14 (debian/bookworm)"
    ) in lines


def test_a_part_that_did_not_change_is_not_named() -> None:
    gcc = {"gcc": "12.2.0"}
    parts = {"debian/bullseye": {**BULLSEYE, **gcc}, "debian/bookworm": {**BOOKWORM, **gcc}}
    assert flip_lines_of(built(TWO, parts))[0] == "s: refuses from binutils 2.40 on, links below"
    only_there = {**parts, "debian/trixie": {**TRIXIE, "gcc": "14.2.0"}}
    assert flip_lines_of(built(THREE, only_there))[0] == "s: refuses from binutils 2.40 on, links below"


def test_a_part_that_goes_back_along_the_axis_names_no_threshold() -> None:
    parts = {
        "debian/bullseye": {**BULLSEYE, "gcc": "12.2.0"},
        "debian/bookworm": {**BOOKWORM, "gcc": "14.2.0"},
        "debian/trixie": {**TRIXIE, "gcc": "10.2.1"},
    }
    assert flip_lines_of(built(THREE, parts))[0] == "s: refuses from binutils 2.40 on, links below"


def test_the_order_is_that_of_the_parts_and_not_of_the_libc() -> None:
    parts = {"debian/bullseye": {"binutils": "2.44"}, "debian/bookworm": {"binutils": "2.40"}}
    assert flip_lines_of(built(TWO, parts))[0] == "s: links from binutils 2.44 on, refuses below"


def test_a_part_whose_version_is_unknown_somewhere_is_not_named() -> None:
    parts = {"debian/bullseye": {"gcc": "10.2.1"}, "debian/bookworm": {**BOOKWORM, "gcc": "12.2.0"}}
    assert flip_lines_of(built(TWO, parts))[0] == "s: refuses from gcc 12.2.0 on, links below"
    parts = {"debian/bullseye": {**BULLSEYE, "gcc": "10.2.1"}, "debian/bookworm": {"gcc": "12.2.0"}}
    assert flip_lines_of(built(TWO, parts))[0] == "s: refuses from gcc 12.2.0 on, links below"


def test_where_no_part_changed_it_is_the_libc() -> None:
    parts = {"debian/bullseye": BOOKWORM, "debian/bookworm": BOOKWORM}
    assert flip_lines_of(built(TWO, parts)) == ["s: refuses from libc 2.36 on, links below"]
    same = {"debian/bullseye": BULLSEYE, "debian/bookworm": BOOKWORM, "debian/trixie": BOOKWORM}
    outcomes = {"debian/bullseye": "links", "debian/bookworm": "links", "debian/trixie": "refuses"}
    assert flip_lines_of(built(outcomes, same)) == ["s: refuses from libc 2.41 on, links below"]


def test_one_libc_with_two_linkers_has_an_order() -> None:
    libc = {"debian/bullseye": LIBC["debian/bookworm"], "debian/bookworm": LIBC["debian/bookworm"]}
    run = built(TWO, {"debian/bullseye": BULLSEYE, "debian/bookworm": BOOKWORM}, libc)
    assert flip_lines_of(run) == ["s: refuses from binutils 2.40 on, links below"]
    assert flip_lines_of(replace(run, made_with={})) == []


def test_what_lies_between_two_changes_and_what_comes_back_is_named_by_its_parts() -> None:
    parts = {"debian/bullseye": BULLSEYE, "debian/bookworm": BOOKWORM, "debian/trixie": TRIXIE}
    three = {"debian/bullseye": "links", "debian/bookworm": "warns", "debian/trixie": "refuses"}
    assert flip_lines_of(built(three, parts))[0] == (
        "s: refuses from binutils 2.44 on, warns at binutils 2.40, links below binutils 2.40"
    )
    back = {**three, "debian/trixie": "links"}
    assert flip_lines_of(built(back, parts))[0] == (
        "s: links at binutils 2.35.2 and binutils 2.44, warns at binutils 2.40"
    )


def test_beside_another_axis_it_is_named_by_its_parts_too() -> None:
    axes = {"libc": ("debian/bullseye", "debian/bookworm"), "n": ("1", "2")}
    trials = tried(axes, lambda at: "refuses" if at["n"] == "2" and at["libc"] == "debian/bookworm" else "links")
    run = replace(
        of_run(axes, trials, {"libc": LIBC}),
        made_with={"s": {"libc": {"debian/bullseye": BULLSEYE, "debian/bookworm": BOOKWORM}}},
    )
    assert flip_lines_of(run)[0] == "s: refuses from n 2 on, where made with binutils 2.40 or later; links elsewhere"
    (heat,) = heats_of(run)
    assert [head.version for head in heat.rows.heads] == ["binutils 2.35.2", "binutils 2.40"]


def test_what_has_the_parts_of_another_place_is_named_by_all_that_is_known_of_it() -> None:
    parts = {"debian/bullseye": BULLSEYE, "debian/bookworm": BOOKWORM, "debian/trixie": BOOKWORM}
    outcomes = {"debian/bullseye": "links", "debian/bookworm": "warns", "debian/trixie": "refuses"}
    run = built(outcomes, parts)
    assert flip_lines_of(run)[0] == "s: refuses from libc 2.41 on, warns at binutils 2.40, links below binutils 2.40"
    rows = frame("flips", run, []).to_dict("records")
    assert [(row["below_version"], row["from_version"]) for row in rows] == [
        ("binutils 2.35.2", "binutils 2.40, libc 2.36-9+deb12u14"),
        ("binutils 2.40, libc 2.36-9+deb12u14", "binutils 2.40, libc 2.41-12"),
    ]


def test_families_stay_apart() -> None:
    parts = {"debian/bullseye": BULLSEYE, "debian/bookworm": BOOKWORM, "musl/bookworm": BULLSEYE}
    outcomes = {**TWO, "musl/bookworm": "links"}
    assert flip_lines_of(built(outcomes, parts))[:2] == [
        "s, where libc = glibc: refuses from binutils 2.40 on, links below",
        "s, where libc = musl: links everywhere",
    ]


def test_other_scenarios_of_the_run_are_named_after_the_libc() -> None:
    run = built(TWO, {"debian/bullseye": BULLSEYE, "debian/bookworm": BOOKWORM})
    other: Records = [replace(one, scenario="t", number=one.number + 9) for one in run.trials]
    lines = flip_lines_of(replace(run, trials=[*run.trials, *other]))
    assert lines[-1] == "t: refuses from libc 2.36 on, links below"
    axis = orders(run.axes, run.versions, run.made_with)
    assert axis.of("s") != axis.of("t")


OBJECTS = """\
experiment: kinds
question: What makes what?
matrix: {libc: [debian/bullseye, debian/bookworm]}
objects:
  c: {library: c, code: "int c;"}
  cxx: {library: cxx, language: c++, code: "int cxx;"}
  rust: {library: rust, language: rust, code: "pub fn rust() {}"}
  taken: {prebuilt: taken.so}
  app: {executable: app, code: "int main(void) { return 0; }"}
scenarios:
  build-c: {build: c, outcomes: {built: {exit: 0}}}
  inspect-c: {inspect: c, outcomes: {elf: {type: DYN}}}
  build-cxx: {build: cxx, outcomes: {built: {exit: 0}}}
  build-rust: {build: rust, outcomes: {built: {exit: 0}}}
  inspect-taken: {inspect: taken, outcomes: {elf: {type: DYN}}}
  start: {run: "${app}", outcomes: {ran: {exit: 0}}}
"""


def chain(name: str, gcc: str, rustc: str, *packages: Package) -> Toolchain:
    return replace(stub(name), versions={"libc": "2", "cc": gcc, "rustc": rustc}, packages=packages)


@pytest.fixture
def chains() -> dict[str, Toolchain]:
    old = chain("debian/bullseye", "10.2.1", "1.48.0", Package("binutils", "2.35.2-2"))
    new = chain("debian/bookworm", "12.2.0", "1.63.0", Package("binutils-x86-64-linux-gnu", "2.40-2"))
    return {one.name: one for one in (old, new)}


def test_a_run_says_what_made_the_object_of_each_scenario(tmp_path: Path, chains: dict[str, Toolchain]) -> None:
    shutil.copy("/bin/sh", tmp_path / "taken.so")
    found = made_with(plan_of(OBJECTS, tmp_path, chains), chains)
    new = {scenario: by_axis["libc"]["debian/bookworm"] for scenario, by_axis in found.items()}
    assert new == {
        "build-c": {"binutils": "2.40", "gcc": "12.2.0"},
        "inspect-c": {"binutils": "2.40", "gcc": "12.2.0"},
        "build-cxx": {"binutils": "2.40", "g++": "12.2.0"},
        "build-rust": {"rustc": "1.63.0", "binutils": "2.40"},
    }
    assert list(new["build-rust"]) == ["rustc", "binutils"], "the first one decides the order"
    assert found["build-c"]["libc"]["debian/bullseye"] == {"binutils": "2.35.2", "gcc": "10.2.1"}


def test_another_compiler_has_its_own_name(tmp_path: Path, chains: dict[str, Toolchain]) -> None:
    shutil.copy("/bin/sh", tmp_path / "taken.so")
    clang = replace(chains["debian/bookworm"], identity={"cc --version": "Debian clang version 14.0.6"})
    found = made_with(plan_of(OBJECTS, tmp_path, chains), {**chains, "debian/bookworm": clang})
    assert found["build-c"]["libc"]["debian/bookworm"] == {"binutils": "2.40", "clang": "12.2.0"}
    assert found["build-cxx"]["libc"]["debian/bookworm"] == {"binutils": "2.40", "clang++": "12.2.0"}


def test_a_machine_without_packages_is_asked_and_cxx_has_its_own_version(
    tmp_path: Path, chains: dict[str, Toolchain]
) -> None:
    shutil.copy("/bin/sh", tmp_path / "taken.so")
    asked = replace(stub("debian/bookworm"), versions={"libc": "2", "cc": "12.2.0", "c++": "13.1.0", "ld": "2.41"})
    found = made_with(plan_of(OBJECTS, tmp_path, chains), {**chains, "debian/bookworm": asked})
    assert found["build-cxx"]["libc"]["debian/bookworm"] == {"binutils": "2.41", "g++": "13.1.0"}
    assert found["build-rust"]["libc"]["debian/bookworm"] == {"binutils": "2.41"}, "no rustc there"


BUILDS = """\
experiment: builds
question: Is it built?
matrix: {n: [1, 2]}
objects: {lib: {library: lib, defines: {N: "${matrix.n}"}, code: "int x[2 - N ? 1 : -1];"}}
scenarios: {make: {build: lib, outcomes: {built: {exit: 0}, refused: {exit: {not: 0}}}}}
"""


def test_run_json_holds_it_and_a_run_directory_without_it_is_read(world: World) -> None:
    code, out, err = world.run("run", world.experiment("builds", BUILDS))
    assert (code, err) == (0, "")
    assert "\nmake: refused from n 2 on, built below\n" in out
    path = world.latest("builds") / "run.json"
    about = json.loads(path.read_text())
    (host,) = json.loads((path.parent / "environment.json").read_text())["toolchains"]
    parts = about["made-with"]["make"]["libc"]["host"]
    assert host["versions"]["cc"] in parts.values()
    assert parts.get("binutils") == host["versions"].get("ld")
    unseal(path.parent)
    path.write_text(json.dumps({key: value for key, value in about.items() if key != "made-with"}))
    code, again, _ = world.run("report", "builds")
    assert code == 0
    assert "make: refused from n 2 on, built below" in again
