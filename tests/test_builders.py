"""Objects that a toolchain of their own builds, wherever they are run: plans, records, words and scripts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conftest import World
from elfworlds import shell_script
from elfworlds.backends.nix.groups import groups
from elfworlds.environment import made_with, versions
from elfworlds.errors import InputError
from elfworlds.gather.cells import Cell, Gathered, Version
from elfworlds.gather.compare import compare
from elfworlds.outcome import Verdict
from elfworlds.planning import BuildRequest, Plan
from elfworlds.spec import load
from elfworlds.spec.builders import Builders, by_axis, named
from elfworlds.tables import frame
from elfworlds.toolchains import Toolchain
from elfworlds.traces.loader import VersionNotFound, versions_not_found
from elfworlds.workflow.experiments import load_one
from elfworlds.workflow.toolchains import chosen, wanted
from elfworlds.yamltext import parse
from plans import PINNED, plan_of, stub
from recording import flip_lines_of, report_md
from test_flips import Axes, Point, of_run, tried
from test_made_with import chain

BULLSEYE, BOOKWORM, TRIXIE = "debian/bullseye", "debian/bookworm", "debian/trixie"
LIBC = {BULLSEYE: "2.31", BOOKWORM: "2.36", TRIXIE: "2.41"}
CHAINS = {name: replace(stub(name, is_=name), versions={"libc": version}) for name, version in LIBC.items()}
HEAD = """\
experiment: x
question: x
matrix:
  libc: [debian/bookworm, debian/trixie]
  built: [debian/bullseye, debian/trixie]
  n: [1, 2]
"""
OBJECTS = (
    HEAD
    + """\
objects:
  own: {library: own, toolchain: "${matrix.built}", code: "int own;"}
  home: {library: home, code: "int home;"}
  fixed: {library: fixed, toolchain: debian/trixie, defines: {N: "${matrix.n}"}, code: "int fixed;"}
  needing: {library: needing, toolchain: debian/trixie, needs: [home], code: "int needing;"}
  app: {executable: app, needs: [own, fixed], code: "int main(void) { return 0; }"}
scenarios:
  s: {run: "${app} ${needing}"}
"""
)


def at(plan: Plan, name: str) -> list[dict[str, str]]:
    return [dict(placed.at) for placed in plan.placements if placed.object == name]


def builders_of(plan: Plan, name: str) -> set[str]:
    return {plan.requests[placed.key].toolchain for placed in plan.placements if placed.object == name}


def test_an_object_is_built_by_the_toolchain_that_it_names_and_others_by_the_trials(tmp_path: Path) -> None:
    plan = plan_of(OBJECTS, tmp_path, CHAINS)
    assert builders_of(plan, "own") == {BULLSEYE, TRIXIE}
    assert builders_of(plan, "fixed") == builders_of(plan, "needing") == {TRIXIE}
    assert builders_of(plan, "home") == builders_of(plan, "app") == {BOOKWORM, TRIXIE}
    assert {trial.bound.toolchain for trial in plan.trials} == {BOOKWORM, TRIXIE}


def test_it_reads_libc_only_where_the_trials_toolchain_builds_what_it_needs(tmp_path: Path) -> None:
    plan = plan_of(OBJECTS, tmp_path, CHAINS)
    assert at(plan, "own") == [{"built": BULLSEYE}, {"built": TRIXIE}]
    assert at(plan, "fixed") == [{"n": "1"}, {"n": "2"}]
    assert at(plan, "needing") == [{"libc": BOOKWORM}, {"libc": TRIXIE}]


def test_its_key_is_that_of_the_same_object_built_where_it_is_run(tmp_path: Path) -> None:
    text = "objects: {o: {library: o, %scode: 'int o;'}}\nscenarios: {s: {run: '/bin/true ${o}'}}\n"
    head = "experiment: x\nquestion: x\nmatrix: {libc: [%s]}\n"
    elsewhere = plan_of(head % BOOKWORM + text % "toolchain: debian/trixie, ", tmp_path, CHAINS)
    there = plan_of(head % TRIXIE + text % "", tmp_path, CHAINS)
    here = plan_of(head % BOOKWORM + text % "", tmp_path, CHAINS)
    assert list(elsewhere.requests) == list(there.requests) != list(here.requests)


WHENS = (
    HEAD
    + """\
objects: {own: {library: own, toolchain: "${matrix.built}", code: "int own;"}}
scenarios:
"""
)


@pytest.mark.parametrize(
    ("when", "built"),
    [
        ('">=2.38"', {TRIXIE}),
        ('"<2.38"', {BULLSEYE}),
        ("2.31", {BULLSEYE}),
        ("glibc 2.41", {TRIXIE}),
        ("musl >=1", set()),
        ("debian/trixie", {TRIXIE}),
    ],
)
def test_when_compares_the_libc_that_it_is_built_with(when: str, built: set[str], tmp_path: Path) -> None:
    scenarios = f"  s: {{when: {{built: {when}}}, run: '/bin/true ${{own}}'}}\n  always: {{run: /bin/true}}\n"
    plan = plan_of(WHENS + scenarios, tmp_path, CHAINS)
    assert {dict(trial.point)["built"] for trial in plan.trials if trial.scenario == "s"} == built


def test_when_of_libc_compares_the_trials(tmp_path: Path) -> None:
    plan = plan_of(WHENS + "  s: {when: {libc: '>=2.38'}, run: '/bin/true ${own}'}\n", tmp_path, CHAINS)
    assert {(dict(trial.point)["libc"], dict(trial.point)["built"]) for trial in plan.trials} == {
        (TRIXIE, BULLSEYE),
        (TRIXIE, TRIXIE),
    }


def axes_of(text: str) -> tuple[tuple[str, ...], dict[str, Builders]]:
    loaded = load(parse(text, "x.yaml"), toolchains=["host", *PINNED])
    axes = loaded.experiment.matrix.axes
    return named(loaded.experiment.objects, axes), by_axis(loaded.experiment.objects, axes)


def experiment(matrix: str, *toolchains: str) -> str:
    objects = "".join(
        f"  o{number}: {{library: o{number}, toolchain: {name!r}, code: ''}}\n"
        for number, name in enumerate(toolchains)
    )
    return f"experiment: x\nquestion: x\nmatrix: {matrix}\nobjects:\n{objects}scenarios: {{s: {{run: /bin/true}}}}\n"


def test_an_axis_of_builders_has_one_toolchain_for_each_label() -> None:
    names, axes = axes_of(experiment("{built: {old: debian/bullseye, new: debian/sid}}", "${matrix.built}"))
    assert names == (BULLSEYE, "debian/sid")
    assert axes == {"built": Builders(("o0",), {"old": BULLSEYE, "new": "debian/sid"})}
    _, axes = axes_of(experiment("{suite: [trixie, sid]}", "debian/${matrix.suite}", "debian/${matrix.suite}"))
    assert axes == {"suite": Builders(("o0", "o1"), {"trixie": TRIXIE, "sid": "debian/sid"})}


@pytest.mark.parametrize(
    ("matrix", "toolchains"),
    [
        ("{family: [debian], suite: [trixie, sid]}", ("debian/trixie",)),
        ("{suite: {a: bookworm, b: trixie}, other: [debian/sid, host]}", ("debian/${matrix.suite}", "${matrix.suite}")),
        ("{libc: [debian/sid, host], built: {here: '${matrix.libc}', there: debian/trixie}}", ("${matrix.built}",)),
    ],
)
def test_an_axis_that_does_not_tell_the_toolchain_alone_is_none(matrix: str, toolchains: tuple[str, ...]) -> None:
    text = experiment(matrix, *toolchains)
    loaded = parse(text, "x.yaml")
    known = ["host", *PINNED, "bookworm", "trixie"]
    made = load(loaded, toolchains=known).experiment
    assert by_axis(made.objects, made.matrix.axes) == {}


def versions_of(*names: str, builds: str = "") -> dict[str, dict[str, str]]:
    more = {"builds": builds} if builds else {}
    return {name: {"version": LIBC[name], "revision": f"{LIBC[name]}-1", "family": "glibc", **more} for name in names}


AXES: Axes = {"built": tuple(LIBC), "libc": tuple(LIBC)}


def refused(point: Point) -> str:
    """A function that got a new version in 2.38."""
    return "refused" if point["built"] == TRIXIE and point["libc"] != TRIXIE else "works"


def test_a_flip_says_on_which_side_the_version_counts() -> None:
    libc = {"libc": versions_of(BOOKWORM), "built": versions_of(*LIBC, builds="lib")}
    alone: Axes = {"built": tuple(LIBC), "libc": (BOOKWORM,)}
    run = of_run(alone, tried(alone, refused), libc)
    assert flip_lines_of(run) == ["s: refused if lib is built with libc 2.41 or later, works below"]
    assert "  - built (libc with which lib is built): between 2.36-1 (debian/bookworm) and 2.41-1 (debian/trixie)" in (
        report_md(run, {}, []).splitlines()
    )


@pytest.mark.parametrize(
    ("order", "words"),
    [
        (("built", "libc"), "refused below libc 2.41, where lib is built with libc 2.41 or later; works elsewhere"),
        (
            ("libc", "built"),
            "refused if lib is built with libc 2.41 or later, where libc is below 2.41; works elsewhere",
        ),
    ],
)
def test_both_sides_are_told_apart(order: tuple[str, ...], words: str) -> None:
    libc = {"libc": versions_of(*LIBC), "built": versions_of(*LIBC, builds="lib")}
    axes = {axis: AXES[axis] for axis in order}
    run = of_run(axes, tried(axes, refused), libc)
    assert flip_lines_of(run) == [f"s: {words}"]
    rows = frame("flips", run, []).to_dict("records")
    assert {(row["axis"], row["below_version"], row["from_version"]) for row in rows} == {
        ("built", "2.36", "2.41"),
        ("libc", "2.36", "2.41"),
    }


def test_an_outcome_that_comes_back_and_one_in_between_are_told_of_the_builders() -> None:
    axes: Axes = {"built": tuple(LIBC)}
    libc = {"built": versions_of(*LIBC, builds="a b c d")}
    seen = {BULLSEYE: "works", BOOKWORM: "refused", TRIXIE: "works"}
    assert flip_lines_of(of_run(axes, tried(axes, lambda at: seen[at["built"]]), libc)) == [
        "s: works if objects are built with libc 2.31 or 2.41, refused if objects are built with libc 2.36"
    ]
    seen = {BULLSEYE: "works", BOOKWORM: "warns", TRIXIE: "refused"}
    libc = {"built": versions_of(*LIBC, builds="a b")}
    assert flip_lines_of(of_run(axes, tried(axes, lambda at: seen[at["built"]]), libc)) == [
        (
            "s: refused if a and b are built with libc 2.41 or later, warns if a and b are built with libc 2.36,"
            " works if a and b are built with less than libc 2.36"
        )
    ]


def test_what_a_built_or_inspected_object_was_made_with_is_that_of_its_own_toolchain(tmp_path: Path) -> None:
    text = (
        HEAD
        + """\
objects:
  own: {library: own, toolchain: "${matrix.built}", code: "int own;"}
  home: {library: home, code: "int home;"}
scenarios:
  inspect-own: {inspect: own, outcomes: {elf: {type: DYN}}}
  build-home: {build: home, outcomes: {built: {exit: 0}}}
"""
    )
    chains = {name: chain(name, gcc, "") for name, gcc in {BULLSEYE: "10", BOOKWORM: "12", TRIXIE: "14"}.items()}
    plan = plan_of(text, tmp_path, chains)
    builders = {"built": Builders(("own",), {BULLSEYE: BULLSEYE, TRIXIE: TRIXIE})}
    assert made_with(plan, chains, builders, ["own"]) == {
        "inspect-own": {"built": {BULLSEYE: {"gcc": "10"}, TRIXIE: {"gcc": "14"}}},
        "build-home": {"libc": {BOOKWORM: {"gcc": "12"}, TRIXIE: {"gcc": "14"}}},
    }
    axes = dict(plan.axes)
    assert versions(axes, chains, builders)["built"][TRIXIE] == {"version": "2", "builds": "own"}


def inspected(gcc: Mapping[str, str]) -> list[str]:
    axes: Axes = {"libc": (BULLSEYE, TRIXIE), "built": (BULLSEYE, TRIXIE)}
    libc = {"libc": versions_of(BULLSEYE, TRIXIE), "built": versions_of(BULLSEYE, TRIXIE, builds="own")}
    run = of_run(axes, tried(axes, lambda at: "new" if at["built"] == TRIXIE else "old"), libc)
    return flip_lines_of(replace(run, made_with={"s": {"built": {name: {"gcc": gcc[name]} for name in gcc}}}))


def test_a_flip_of_an_inspected_object_is_named_after_the_compiler_of_its_own_toolchain() -> None:
    assert inspected({BULLSEYE: "10", TRIXIE: "14"}) == [
        "s: new from gcc 14 on, old below",
        "s: gcc and libc changed together; which of them decides was not seen",
    ]
    assert inspected({BULLSEYE: "12", TRIXIE: "12"}) == ["s: new if own is built with libc 2.41 or later, old below"]


def request(key: str, toolchain: str, *needs: str) -> BuildRequest:
    return BuildRequest(key=key, name=key, toolchain=toolchain, filename=key, argv=("cc",), inputs=(), needs=needs)


def grouped(*requests: BuildRequest) -> list[tuple[str, list[str]]]:
    found = groups({each.key: each for each in requests}, lambda each: each.toolchain)
    return [(toolchain, list(members)) for toolchain, members in found]


def test_each_toolchain_is_one_group_where_nothing_needs_another_ones_objects() -> None:
    assert grouped(request("a", "x"), request("b", "y"), request("c", "x", "a")) == [("x", ["a", "c"]), ("y", ["b"])]


def test_a_group_needs_only_its_own_objects_and_those_of_earlier_groups() -> None:
    requests = (
        request("a", "x"),
        request("b", "y", "a"),
        request("c", "x", "b", "a"),
        request("d", "x", "a"),
        request("e", "y"),
    )
    assert grouped(*requests) == [("x", ["a", "d"]), ("y", ["e"]), ("y", ["b"]), ("x", ["c"])]


ERROR = (
    "/store/app: /lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.38' not found (required by /store/liba.so)\n"
    "/store/app: /lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.34' not found (required by /store/app)\n"
)


def test_the_loaders_words_of_a_missing_version_are_read() -> None:
    libc = "/lib/x86_64-linux-gnu/libc.so.6"
    expected = [
        VersionNotFound("GLIBC_2.38", libc, "/store/liba.so"),
        VersionNotFound("GLIBC_2.34", libc, "/store/app"),
    ]
    assert list(versions_not_found(ERROR * 2)) == expected
    assert list(versions_not_found("version `' not found (required by x)" + ":" * 100_000)) == []


def test_a_script_says_where_what_is_built_and_asks_for_that_compiler(tmp_path: Path) -> None:
    plan = plan_of(OBJECTS, tmp_path, CHAINS)
    trial = next(one for one in plan.trials if dict(one.point) == {"libc": BOOKWORM, "built": BULLSEYE, "n": "1"})
    text = shell_script.script(plan, trial)
    assert "# own: built in debian/bullseye. The trial was in debian/bookworm, which built the rest." in text
    assert "# fixed, needing: built in debian/trixie." in text
    lines = [line for line in text.splitlines() if " -o " in line]
    starts = {line.partition(" -o ")[2].split("/")[2]: line.split()[0] for line in lines}
    own, other = "$IN_DEBIAN_BULLSEYE", "$IN_DEBIAN_TRIXIE"
    assert starts == {"own": own, "fixed": other, "home": "(cd", "app": "(cd", "needing": other}
    at_home = next(one for one in plan.trials if dict(one.point) == {"libc": TRIXIE, "built": TRIXIE, "n": "1"})
    assert "IN_DEBIAN" not in shell_script.script(plan, at_home)


def place(**more: Any) -> Cell:  # noqa: ANN401  # a cell's fields
    fields = {
        "experiment": "x",
        "scenario": "s",
        "observer": "plain",
        "libc": BOOKWORM,
        "gdb": BOOKWORM,
        "expected": "",
    }
    return Cell(**{**fields, "outcome": "works", "verdict": Verdict.NEW, "race": False, **more})


def test_places_are_not_compared_whose_objects_another_version_built() -> None:
    def gathered(version: str, outcome: str) -> Gathered:
        cells = (place(point=f"built={TRIXIE} n=1", outcome=outcome), place(point="n=2"))
        return Gathered(cells, (), (Version(toolchain=TRIXIE, part="libc6", version=version),))

    same = compare(gathered("2.41-12", "works"), gathered("2.41-12", "refused"))
    assert (same.compared, len(same.differences)) == (2, 1)
    other = compare(gathered("2.41-12", "works"), gathered("2.41-13", "refused"))
    assert (other.compared, other.differences) == (1, ())


LACKING = """\
experiment: lacking
question: What of it can be tried?
matrix: {built: [host, debian/trixie]}
objects:
  lib: {library: lib, toolchain: "${matrix.built}", code: "int f(void) { return 0; }"}
  app: {executable: app, needs: [lib], code: "int f(void); int main(void) { return f(); }"}
scenarios:
  start: {run: "${app}", outcomes: {fine: {exit: 0}}, expect: {outcome: fine}}
  make: {build: lib, outcomes: {built: {exit: 0}}}
  look: {inspect: lib, outcomes: {elf: {exports: [f]}}}
"""


def test_a_toolchain_that_cannot_be_had_leaves_out_what_it_builds_and_no_more(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("ELFWORLDS_DEBIAN_MIRROR", "ELFWORLDS_DEBIAN_SNAPSHOT"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9/debian")
    code, out, err = world.run("run", world.experiment("lacking", LACKING))
    assert code == 0, out + err
    assert "6 trials: 1 PASS, 2 NEW, 3 UNSUPPORTED" in out
    assert "debian/trixie, which builds lib: " in out + err


def test_other_builders_can_be_chosen_than_the_files(world: World) -> None:
    path = world.experiment("lacking", LACKING)
    code, out, _ = world.run("plan", path, "-S", "built=debian/sid,host")
    assert code == 0
    assert sorted(line.split()[-1] for line in out.splitlines() if line.lstrip().startswith("lib ")) == [
        "built=debian/sid",
        "built=host",
    ]
    code, _, err = world.run("plan", path, "-S", "built=debian/sidd")
    assert (code, "no toolchain `debian/sidd` is known here" in err) == (4, True)


SEEING = """
experiment: seeing
question: x
matrix: {libc: [debian/trixie], loader: [debian/bullseye, debian/trixie]}
objects: {app: {executable: app, code: "int main(void) { return 0; }"}}
scenarios:
  start:
    sees: ["${matrix.loader}"]
    run: "/${matrix.loader}/lib64/ld-linux-x86-64.so.2 ${app}"
"""


def test_what_a_trial_sees_beside_its_root_can_be_chosen_too(world: World) -> None:
    path = world.experiment("seeing", SEEING)
    (chosen_one,) = chosen([load_one(path, Path.cwd())], {"loader": ["debian/sid"]})
    assert wanted([chosen_one]) == ("debian/trixie", "debian/sid")
    with pytest.raises(InputError, match="no toolchain `debian/sidd` is known here"):
        chosen([load_one(path, Path.cwd())], {"loader": ["debian/sidd"]})


def test_where_one_runs_it_says_so_in_the_report_and_the_tables(world: World) -> None:
    text = LACKING.replace("debian/trixie", "host").replace("built: [host, host]", "built: [host]")
    code, out, err = world.run("run", world.experiment("lacking", text))
    assert code == 0, out + err
    assert isinstance(CHAINS[TRIXIE], Toolchain)
    report = (world.latest("lacking") / "report.md").read_text()
    assert "| object | built in | soname | needed | search path | sha256 |" in report
    assert "| lib | host | liblib.so |" in report
