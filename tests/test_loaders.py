"""The rules of `resolve` are what real loaders do: of this machine and of every pinned root, glibc's and musl's.

Two tiers: a part of every system's own files and some made ones always; all of them with the marker `slow`, which also
fetches the roots that are not here.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import elves
from elfworlds.toolchains import Toolchain
from loaders import PINNED, Asked, Question, disagreements, own_files, pinned_root

QUICK_FILES, LEAST_FILES = 60, 300
DEEP = ("/usr/bin/", "/usr/sbin/", "/usr/lib/", "/usr/libexec/")
QUICK_GRAPHS, ALL_GRAPHS = 40, 600
EVERYWHERE = pytest.mark.parametrize("place", ["host", *PINNED])


@pytest.fixture(scope="module")
def systems(toolchain: Toolchain) -> Callable[..., Toolchain]:
    made: dict[str, Toolchain] = {"host": toolchain}

    def find(name: str, *, fetch: bool = False) -> Toolchain:
        if name not in made:
            made[name] = pinned_root(name, fetch=fetch)
        return made[name]

    return find


def asked(toolchain: Toolchain, directory: Path) -> Asked:
    """The loader, in a world that shows a directory."""
    return Asked(replace(toolchain, world=toolchain.world.reading(str(directory))))


@EVERYWHERE
def test_some_of_a_systems_own_files_are_loaded_as_the_rules_say(
    place: str, systems: Callable[..., Toolchain], tmp_path: Path
) -> None:
    one = asked(systems(place), tmp_path)
    flat = ("/usr/bin", "/usr/sbin", *one.toolchain.default_paths)
    questions = own_files(one, flat, QUICK_FILES)
    assert len(questions) > QUICK_FILES // 3
    assert disagreements(one, questions) == []


@pytest.mark.slow
@EVERYWHERE
def test_every_file_of_a_system_is_loaded_as_the_rules_say(
    place: str, systems: Callable[..., Toolchain], tmp_path: Path
) -> None:
    one = asked(systems(place, fetch=True), tmp_path)
    questions = own_files(one, DEEP)
    assert len(questions) >= LEAST_FILES
    assert disagreements(one, questions) == []


NAMES = tuple(f"lib{letter}.so" for letter in "abcdef")
SONAMES = (*NAMES, "libother.so")
FOLDERS = ("one", "two", "two/deep", "three", "cwd", "cwd/here")
ENTRIES = (
    *("$ORIGIN", "${ORIGIN}/../one", "$ORIGIN/../two/deep", "$ORIGIN/../three/", "@/one", "@/two", "@//three", "here"),
    *("", ".", "@/nowhere", "$ORIGINAL/x", "$NONE", "@/$PLATFORM", "@/$LIB", "${LIB", "@/two/../one"),
)
LIBRARY_PATHS = ("", "@/one", "here:@/three", ":@/two", "@/nowhere;@/two", "$ORIGIN/../two:@/three", "@/$NONE:.:@/one")


def graph(directory: Path, chance: random.Random) -> Path:
    """An application and libraries, some of them several times, some nowhere, with run paths of every kind."""

    def entries() -> str | None:
        if chance.random() < 0.45:
            return None
        return ":".join(chance.choices(ENTRIES, k=chance.randint(1, 3))).replace("@", str(directory)) or None

    def needed() -> list[str]:
        names = chance.sample(NAMES, chance.choice((0, 1, 1, 2, 3)))
        paths = [f"{directory}/{chance.choice(FOLDERS)}/{chance.choice(NAMES)}"] if chance.random() < 0.1 else []
        return names + paths

    for folder in FOLDERS:
        for name in chance.sample(NAMES, 3):
            soname = chance.choice((name, name, None, chance.choice(SONAMES)))
            nodeflib = chance.random() < 0.1
            elves.make(
                directory / folder / name,
                needed(),
                soname=soname,
                rpath=entries(),
                runpath=entries(),
                nodeflib=nodeflib,
            )
    if chance.random() < 0.3:
        link = directory / "one" / "libf.so"
        link.unlink(missing_ok=True)
        link.symlink_to(f"../two/{chance.choice(NAMES)}")
    return elves.make(directory / "app" / "x", needed() or ["liba.so"], rpath=entries(), runpath=entries())


def graphs(directory: Path, how_many: int) -> list[Question]:
    """A graph for every seed, each asked about with one of the LD_LIBRARY_PATHs."""
    questions = []
    for seed in range(how_many):
        place = directory / str(seed)
        app = graph(place, random.Random(seed))  # noqa: S311  # the same each time
        value = LIBRARY_PATHS[seed % len(LIBRARY_PATHS)].replace("@", str(place))
        questions.append(Question(str(app), str(place / "cwd"), value))
    return questions


@EVERYWHERE
def test_graphs_of_every_kind_of_run_path_are_loaded_as_the_rules_say(
    place: str, systems: Callable[..., Toolchain], tmp_path: Path
) -> None:
    assert disagreements(asked(systems(place), tmp_path), graphs(tmp_path, QUICK_GRAPHS), ordered=False) == []


@pytest.mark.slow
@EVERYWHERE
def test_many_graphs_are_loaded_as_the_rules_say(place: str, systems: Callable[..., Toolchain], tmp_path: Path) -> None:
    one = asked(systems(place, fetch=True), tmp_path)
    assert disagreements(one, graphs(tmp_path, ALL_GRAPHS), ordered=False) == []
