"""toolchains.families: a family that is a row of the table, and known nowhere else, works with every verb."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from conftest import World
from elfworlds.errors import BuildFailedError, InputError
from elfworlds.process import Command, Completed
from elfworlds.toolchains import Package, Toolchain
from elfworlds.toolchains.families import FAMILIES, OF_OWN_NAMES, by_family, family_of, known, provided, seen_beside
from elfworlds.toolchains.family import NOBODY_LOOKS, DoctorLine, Family, Listed, Means
from elfworlds.toolchains.host.family import host

EXPERIMENT = """
experiment: own
question: "Which compiler made it?"
matrix: {libc: [host, own/one, own/two]}
objects: {app: {executable: app, sources: [own/app.c]}}
scenarios:
  ends:
    run: "${app}"
    outcomes: {none: {exit: 0}, one: {exit: 1}, two: {exit: 2}}
    expect:
      - {when: {libc: host}, outcome: none}
      - {when: {libc: own/one}, outcome: one}
      - {when: {libc: ">=9"}, outcome: two}
"""
NUMBERS = {"own/one": "1", "own/two": "2"}
SOURCE = """\
#ifndef OWN
#define OWN 0
#endif
int main(void) { return OWN; }
"""


class Own(Family):
    """This machine's toolchain, which defines a number besides."""

    prefix = "own"
    own_root = False
    programs = {"no-such-program": "own/<number>"}  # noqa: RUF012  # nobody writes to it

    def names(self, where: Sequence[Path]) -> tuple[str, ...]:
        del where
        return tuple(NUMBERS)

    def stand_in(
        self, name: str, where: Sequence[Path], languages: Collection[str] = (), why: str = NOBODY_LOOKS
    ) -> Toolchain:
        del where, languages
        return Toolchain(name=name, identity={}, versions={}, packages=(), tools={}, env={}, unsupported=why)

    def foreseen(self, name: str, means: Means) -> Toolchain:
        return self.provided(name, means)

    def provided(self, name: str, means: Means) -> Toolchain:
        made = host(means.run, means.environment, remember=False, languages=means.languages)
        number = NUMBERS[name]
        return replace(
            made,
            name=name,
            identity={**made.identity, "own": number},
            tools={**made.tools, "cc": (*made.tool("cc"), f"-DOWN={number}")},
            versions={**made.versions, "libc": f"{number}0", "libc-revision": ""},
            packages=(Package("own-libc", f"{number}0-7"),),
            packages_of_axes={"libc": "own-libc"},
        )

    def listed(self, where: Sequence[Path], cache: Path) -> Iterator[Listed]:
        del where, cache
        yield Listed(name="own/one", release="2026-01-01", versions={"libc": "10-7"}, here="always")

    def fetch(self, names: Sequence[str], parts: Sequence[str], means: Means) -> Iterator[str]:
        del parts, means
        return (f"{name}: fetched" for name in names)

    def remove(self, names: Sequence[str] | None, where: Sequence[Path], cache: Path) -> Iterator[str]:
        del where, cache
        return (f"{name}: removed" for name in names or ())

    def doctor(self, means: Means) -> Iterator[DoctorLine]:
        del means
        yield DoctorLine("own", here=True, needed=False, text="two numbers")


@pytest.fixture
def own(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setitem(FAMILIES, "own", Own())
    return world


def test_a_family_of_a_test_is_checked_planned_run_and_reported(own: World) -> None:
    path = own.experiment("own", EXPERIMENT)
    (own.path / "csrc" / "own").mkdir()
    (own.path / "csrc" / "own" / "app.c").write_text(SOURCE)
    assert own.run("check", path)[0] == 0
    code, plan, _ = own.run("plan", path)
    assert (code, "3 objects to have, 3 trials" in plan) == (0, True)
    code, out, err = own.run("run", path)
    assert (code, err) == (0, "")
    assert "3 trials: 3 PASS" in out
    lines = [json.loads(line) for line in (own.latest("own") / "trials.jsonl").read_text().splitlines()]
    assert {one["point"]["libc"]: one["outcome"] for one in lines} == {
        "host": "none",
        "own/one": "one",
        "own/two": "two",
    }
    about = json.loads((own.latest("own") / "run.json").read_text())
    assert about["versions"]["libc"]["own/two"] == {"version": "20", "revision": "20-7", "family": "glibc"}
    assert "own/two" in (own.latest("own") / "report.md").read_text()


def test_a_family_of_a_test_is_listed_fetched_removed_and_doctored(own: World) -> None:
    rows = [line.split() for line in own.run("toolchain", "list")[1].splitlines()]
    assert ["own/one", "2026-01-01", "10-7"] in [row[:3] for row in rows]
    assert own.run("toolchain", "fetch", "own/one", "own/two") == (0, "own/one: fetched\nown/two: fetched\n", "")
    assert own.run("toolchain", "remove", "own/two")[1].startswith("own/two: removed\n")
    _, told, _ = own.run("doctor")
    assert "own              two numbers" in told
    assert "no-such-program  without it: not own/<number>" in told


def test_a_toolchain_of_no_family_is_refused_with_the_nearest_name(own: World) -> None:
    path = own.experiment("own", EXPERIMENT.replace("own/two]", "own/tow]"))
    code, _, err = own.run("check", path)
    assert code == 4
    assert "did you mean `own/two`?" in err
    with pytest.raises(InputError, match="no toolchain `none/x` is known here"):
        family_of("none/x")


def test_every_known_name_belongs_to_the_family_that_says_it(root: Path) -> None:
    for prefix, family in FAMILIES.items():
        names = family.names((root / "toolchains",))
        assert prefix == family.prefix
        if prefix == OF_OWN_NAMES:  # names of one's own have no prefix: tests/test_rooted.py
            assert names == ()
            continue
        assert {name.partition("/")[0] for name in names} == {prefix}
        assert all(family.stand_in(name, (root / "toolchains",)).name == name for name in names)


def test_names_without_a_family_are_suites_of_debian() -> None:
    words = ["bookworm", "nixpkgs/x", "debian/bookworm", "musl/sid", "foo/bar"]
    named = {family.prefix: names for family, names in by_family(words)}
    assert named == {
        "host": [],
        "debian": ["debian/bookworm", "debian/foo/bar"],
        "musl": ["musl/sid"],
        "nixpkgs": ["nixpkgs/x"],
        "glibc": [],
        "root": [],
    }


def test_only_debians_roots_are_seen_beside_others(root: Path) -> None:
    names = known((root / "toolchains",))
    assert names[0] == "host"
    assert seen_beside(names) == {name for name in names if name.startswith("debian/")}


def test_what_a_root_hides_is_refused_for_roots_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(command: Command) -> Completed:
        raise AssertionError(command)

    means = Means(run=never, environment={"XDG_CACHE_HOME": "/usr/none"}, where=(tmp_path,))
    with pytest.raises(InputError, match="cannot be seen in debian/x, which has its own /usr"):
        provided("debian/x", means)
    monkeypatch.setitem(FAMILIES, "own", Own())
    with pytest.raises((AssertionError, BuildFailedError)):  # it goes on to look for a compiler, and to ask it
        provided("own/one", means)
