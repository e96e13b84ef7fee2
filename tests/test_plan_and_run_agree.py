"""What `plan` says before a root is there is what `run` says when it is: the same plan, to the digest."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from conftest import ROOT, World
from elfworlds import paths
from elfworlds.planning import Plan
from elfworlds.process import Pool
from elfworlds.spec import builders
from elfworlds.toolchains import Toolchain
from elfworlds.toolchains.debian import found as root_found
from elfworlds.toolchains.debian import lock as locks
from elfworlds.toolchains.debian.family import Debian
from elfworlds.toolchains.debian.toolchain import pinned
from elfworlds.toolchains.families import family_of
from elfworlds.toolchains.musl.toolchain import MuslSystem
from elfworlds.toolchains.pinning import places
from elfworlds.toolchains.toolchain import UNKNOWN
from elfworlds.workflow import toolchains as worlds
from elfworlds.workflow.experiments import LoadedExperiment, load_all
from elfworlds.workflow.plans import make_plan
from pinned_roots import rooted

Root = tuple[str, tuple[str, ...]] | ParameterSet

C, RUST = ("c",), ("c", "rust")
NEEDED = (("debian/bullseye", C), ("debian/bookworm", C), ("debian/trixie", RUST), ("musl/bookworm", C))
SUITES = locks.suites([ROOT / "toolchains"])
WHEN_ROOT = """\
experiment: when-root
question: Does a plan of a pinned root know its libc's version?
matrix: {libc: [LIBCS]}
scenarios:
  old-or-new:
    steps:
      - {c: "", values: {old: 1}, when: {libc: "<2.34"}}
      - {c: "", values: {new: 1}, when: {libc: ">=2.34"}}
      - {c: "", values: {musl: 1}, when: {libc: "musl >=1.2"}}
    outcomes: {old: {old: 1}, new: {new: 1}, musl: {musl: 1}}
    expect:
      - {when: {libc: "<2.34"}, outcome: old}
      - {when: {libc: ">=2.34"}, outcome: new}
      - {when: {libc: musl >=1.2}, outcome: musl}
"""
STEP = {"debian/bullseye": "old", "debian/bookworm": "new", "debian/trixie": "new", "debian/sid": "new"}


def before(label: str, languages: tuple[str, ...], why: str = "") -> Toolchain:
    return family_of(label).stand_in(label, places(Path.cwd()), languages, why)


def is_here(label: str, languages: tuple[str, ...], cache: Path) -> bool:
    family = family_of(label)
    assert isinstance(family, Debian)
    return root_found(family.lock(label, places(Path.cwd())), family.parts(languages), cache) is not None


def roots() -> list[Root]:
    """Some, which are fetched, and all that are in the cache; with what their objects are written in.

    The others are `slow`: every experiment is planned twice with each, and what is in the cache is nobody's to say.
    """
    every = [(f"debian/{one}", written) for one in SUITES for written in (C, RUST)]
    every += [(f"musl/{one}", C) for one in SUITES]
    cache = paths.store(os.environ)
    here = [one for one in every if one not in NEEDED and is_here(*one, cache)]
    return [*NEEDED, *(pytest.param(*one, marks=pytest.mark.slow) for one in here)]


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with Pool() as one:
        yield one


@pytest.fixture(scope="module")
def experiments() -> list[LoadedExperiment]:
    return load_all([ROOT / "experiments"], ROOT)


def planned(one: LoadedExperiment, label: str, toolchain: Toolchain) -> Plan:
    """The experiment's plan with every libc, every builder and every other root replaced by this one."""
    experiment = one.spec.experiment
    axes = ("libc", "gdb", *builders.by_axis(experiment.objects, experiment.matrix.axes))
    (chosen,) = worlds.chosen([one], {axis: [label] for axis in axes})
    return make_plan(chosen, {label: toolchain})


@pytest.mark.parametrize(("label", "languages"), roots())
def test_a_lock_file_says_what_the_root_says(
    label: str, languages: tuple[str, ...], pool: Pool, experiments: list[LoadedExperiment]
) -> None:
    there = rooted(label, pool, languages)
    known = before(label, languages)
    assert (known.name, known.identity, known.packages) == (there.name, there.identity, there.packages)
    told = {tool: version for tool, version in there.versions.items() if tool != "libc-revision"}
    assert known.versions == told
    for one in experiments:
        assert planned(one, label, known).digest == planned(one, label, there).digest, one.spec.name


@pytest.mark.parametrize("suite", SUITES)
def test_every_lock_file_names_the_versions_that_a_when_compares(suite: str) -> None:
    lock = locks.find(suite, [ROOT / "toolchains"])
    compared = {"libc", "libc-family", "gdb", "rustc"}
    assert compared <= set(pinned(lock, ("rustc",)).versions)
    assert compared - {"rustc"} <= set(pinned(lock, ()).versions)
    assert pinned(lock, ("musl",), MuslSystem).versions["libc-family"] == "musl"
    assert pinned(lock, ("musl",), MuslSystem).versions["libc"][:2] == "1."


@pytest.mark.parametrize("label", [*STEP, *(f"musl/{suite}" for suite in SUITES)])
def test_a_plan_and_a_script_have_the_step_that_the_run_has(world: World, label: str) -> None:
    path = world.experiment("when-root", WHEN_ROOT.replace("LIBCS", label))
    step = STEP.get(label, "musl")
    code, told, _ = world.run("plan", path, "--format", "json")
    expected = [trial["expected"]["outcomes"] for trial in json.loads(told)["trials"]]
    assert (code, expected) == (0, [[step]])
    for words in ([], ["-S", f"libc={label}"]):
        code, script, _ = world.run("export-c", path, "old-or-new", "--only-c", *words)
        assert code == 0
        assert [one for one in ("old", "new", "musl") if f'tell("{one}", "c"' in script] == [step]


def test_plan_takes_the_labels_that_run_takes(world: World) -> None:
    path = world.experiment("when-root", WHEN_ROOT.replace("LIBCS", "host"))
    words = ("-S", "libc=debian/bullseye,debian/sid")
    code, told, _ = world.run("plan", path, *words)
    assert (code, told.splitlines()[2:]) == (
        0,
        ["  old-or-new,libc=debian:bullseye", "  old-or-new,libc=debian:sid"],
    )
    assert [one for one in world.run("run", "-n", path, *words)[1].splitlines() if one.startswith("  ")] == (
        told.splitlines()[2:]
    )


def test_check_and_list_count_what_a_root_will_try(world: World) -> None:
    text = WHEN_ROOT.replace("LIBCS", "debian/bullseye, debian/sid")
    text = text.replace("    steps:", '    when: {libc: ">=2.34"}\n    steps:', 1)
    path = world.experiment("when-root", text)
    assert world.run("check", path)[1].endswith("ok (1 objects, 1 trials)\n")
    assert "1 trials" in world.run("list", path)[1]


class TestAVersionThatNobodyKnows:
    """A pin of nixpkgs that Nix has not made says no version."""

    def path(self, world: World, text: str = WHEN_ROOT) -> Path:
        return world.experiment("when-root", text.replace("LIBCS", "nixpkgs/25.11, host"))

    @pytest.mark.parametrize("words", [["plan"], ["export-c"], ["run", "-n"]])
    def test_is_told_where_a_when_compares_it(self, words: list[str], world: World) -> None:
        more = ["old-or-new"] if words == ["export-c"] else []
        code, out, err = world.run(*words, self.path(world), *more)
        assert (code, out) == (4, "")
        assert "when-root.yaml:7:48: error: `<2.34` cannot be decided: which libc nixpkgs/25.11 has" in err
        assert "elfworlds toolchain fetch nixpkgs/25.11" in err

    @pytest.mark.parametrize(
        ("old", "new", "place"),
        [
            ("LIBCS", 'nixpkgs/25.11], gdb: [nixpkgs/25.11], exclude: [{gdb: "<13"}', "3:71: error: `<13`"),
            ('libc: "<2.34"}}', 'libc: [host, "<2.34"]}}', "7:55: error: `<2.34`"),
            ('libc: "<2.34"}}', 'rustc: ">=1.2"}}', "7:49: error: `>=1.2`"),
        ],
    )
    def test_is_told_wherever_it_is_compared(self, old: str, new: str, place: str, world: World) -> None:
        text = WHEN_ROOT.replace(old, new, 1)
        _, _, err = world.run("plan", self.path(world, text))
        assert f"when-root.yaml:{place} cannot be decided" in err

    def test_is_of_no_weight_where_nothing_compares_it(self, world: World) -> None:
        text = WHEN_ROOT.replace('"<2.34"', "host").replace('">=2.34"', "nixpkgs/25.11")
        text = text.replace('"musl >=1.2"', "host").replace("musl >=1.2", "host")
        code, out, err = world.run("plan", self.path(world, text))
        assert (code, err) == (0, "")
        assert out.splitlines()[2:] == ["  old-or-new,libc=nixpkgs:25.11", "  old-or-new,libc=host"]

    def test_does_not_keep_a_run_from_saying_what_is_unsupported(self) -> None:
        assert before("nixpkgs/25.11", (), "no Nix").versions == {"libc-family": "glibc"}
        assert before("nixpkgs/25.11", ()).versions["libc"] == UNKNOWN
