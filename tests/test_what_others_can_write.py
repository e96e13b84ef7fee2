"""Whatever is built or run and comes from where another user can write runs in the sandbox, unless it is trusted."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from conftest import World
from elfworlds.process import Pool
from elfworlds.workflow.experiments import load_one
from elfworlds.workflow.sandboxing import needed
from elfworlds.workflow.screen import Silent
from elfworlds.workflow.session import Session
from elfworlds.workflow.toolchains import chosen
from waiting import AGES

NAMING = """
experiment: naming
question: What is named?
objects:
  app: {executable: app, sources: [inner/app.c]}
  other: {prebuilt: {file: PREBUILT}}
  within: {prebuilt: {tree: TREE, file: other.so}}
scenarios:
  s: {run: "${app}", outcomes: {fine: {exit: 0}}, expect: {outcome: fine}}
"""
RECIPE = "base: host\nsource: {archive: sources.tar, sha256: " + "0" * 64 + "}\n"


@dataclass(frozen=True)
class Telling(Silent):
    """A screen that keeps what it is told."""

    told: list[str] = field(default_factory=list)

    def tell(self, lines: Iterable[str]) -> None:
        self.told.extend(lines)


@pytest.fixture
def named(world: World) -> Path:
    """An experiment with a source, a file and a tree that somebody else built, and a root of one's own; all mine."""
    source = world.path / "csrc" / "inner" / "app.c"
    source.parent.mkdir()
    source.write_text("int main(void) { return 0; }\n")
    for place in ("prebuilt", "tree"):
        (world.path / place).mkdir()
    made = world.path / "prebuilt" / "other.so"
    subprocess.run(["cc", "-shared", "-o", str(made), "-xc", "/dev/null"], check=True, timeout=AGES)
    shutil.copy(made, world.path / "tree")
    (world.path / "toolchains").mkdir()
    (world.path / "root" / "usr").mkdir(parents=True)
    (world.path / "toolchains" / "mine.yaml").write_text("root: ../root\n")
    text = NAMING.replace("PREBUILT", "../prebuilt/other.so").replace("TREE", "../tree")
    return world.experiment("naming", text)


def asked(path: Path, *libcs: str) -> tuple[bool, str]:
    """Whether it would run in the sandbox, and what is told of that."""
    labels = {"libc": libcs} if libcs else {}
    screen = Telling()
    with Pool() as pool:
        session = Session(pool, {"PATH": "/usr/bin:/bin"}, screen, 1)
        wanted = needed(None, chosen([load_one(path, Path.cwd())], labels), "local", session)
    return wanted, " ".join(screen.told)


@pytest.mark.parametrize("place", ["csrc/inner", "csrc/inner/app.c", "prebuilt/other.so", "tree"])
def test_what_an_experiment_is_made_of(named: Path, world: World, place: str) -> None:
    assert asked(named) == (False, "")
    (world.path / place).chmod(0o777)
    assert asked(named) == (True, f"in the sandbox, since everybody can write {place}; or: --trust")


@pytest.mark.parametrize("place", ["toolchains/mine.yaml", "toolchains", "root"])
def test_a_root_of_ones_own_and_the_file_that_names_it(named: Path, world: World, place: str) -> None:
    (world.path / place).chmod(0o777)
    assert asked(named) == (False, "")  # nothing names it
    assert asked(named, "mine") == (True, f"in the sandbox, since everybody can write {place}; or: --trust")


def test_a_recipe_is_not_built_unless_it_is_trusted(world: World) -> None:
    recipe = world.path / "toolchains" / "glibc-mine.yaml"
    recipe.parent.mkdir()
    recipe.write_text(RECIPE)
    (recipe.parent / "sources.tar").write_bytes(b"")
    recipe.chmod(0o666)
    code, _, err = world.run("toolchain", "build", "mine")
    assert code == 4
    assert "everybody can write" in err
    assert "glibc/mine would be built of it" in err
    assert "--trust" in err
    assert "would be built of it" not in world.run("toolchain", "build", "--trust", "mine")[2]


def test_a_file_is_tried_in_the_sandbox_or_not_at_all(
    named: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    del named
    (world.path / "bin").mkdir()
    (world.path / "bin" / "cc").symlink_to(shutil.which("cc") or "")
    monkeypatch.setenv("PATH", str(world.path / "bin"))
    code, _, err = world.run("try", "prebuilt/other.so")
    assert code == 4
    assert "there can be no sandbox: bubblewrap (`bwrap`) is not in PATH" in err
    assert "--trust" in err


@pytest.mark.slow  # test_try.py has the sandbox
def test_a_file_that_is_trusted_is_tried_without(named: Path, world: World) -> None:
    del named
    assert world.run("try", "--trust", "prebuilt/other.so", "-o", "tried")[0] in (0, 1)
    (environment,) = (world.path / "tried").glob("*/latest/environment.json")
    assert "sandbox" not in json.loads(environment.read_text())
