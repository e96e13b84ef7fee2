"""Libraries that need each other: built, keyed, loaded, and the stubs that they are linked with never are."""

from __future__ import annotations

import os
import subprocess  # a script is run as a person would
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from building import Made, made
from elfworlds import elf, shell_script
from elfworlds.process import Command, Pool
from elfworlds.store.entries import entry
from elfworlds.toolchains import Toolchain
from nix_support import bench, needs_nix, written
from plans import keys_of, plan_of, stub
from waiting import AGES

CODE = "extern int {0}(int); int {1}(int n) {{ return n ? 1 + {0}(n - 1) : {2}; }}"
LEFT, RIGHT = CODE.format("right", "left", 0), CODE.format("left", "right", 10)
OBJECTS = f"""\
  left: {{library: left, needs: [right, apart], code: "{LEFT}"}}
  right: {{library: right, needs: [left], exports: {{V1: [right]}}, code: "{RIGHT}"}}
  apart: {{library: apart, code: "int apart;"}}
  app: {{executable: app, needs: [left], code: "int left(int); int main(void) {{ return left(3); }}"}}
"""
HEAD = 'experiment: x\nquestion: "?"\nobjects:\n'
RUN = "scenarios: {s: {run: '${app}'}}\n"
ANSWER = 13  # three calls, the last one of them in `right`


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, toolchain: Toolchain) -> Iterator[Made]:
    with Pool() as pool:
        yield made(OBJECTS, tmp_path_factory.mktemp("circle"), pool, toolchain)


def keys(objects: str, folder: Path) -> dict[str, str]:
    return keys_of(plan_of(HEAD + objects + RUN.replace("${app}", "/bin/true"), folder, {"host": stub()}))


class TestKeys:
    def test_are_the_same_every_time_and_whatever_the_names_and_the_order(self, tmp_path: Path) -> None:
        before = keys(OBJECTS, tmp_path)
        assert keys(OBJECTS, tmp_path) == before
        other = OBJECTS.replace("  left:", "  first:").replace("[left]", "[first]")
        renamed = "".join(sorted(other.splitlines(keepends=True)))
        after = keys(renamed, tmp_path)
        assert {**after, "left": after["first"]} == {**before, "first": before["left"]}

    def test_of_all_change_with_each(self, tmp_path: Path) -> None:
        before, after = keys(OBJECTS, tmp_path), keys(OBJECTS.replace(": 10;", ": 11;"), tmp_path)
        assert {name for name in before if before[name] != after[name]} == {"left", "right", "app"}

    def test_of_a_circle_at_some_points_only_are_plain_elsewhere(self, tmp_path: Path) -> None:
        sometimes = OBJECTS.replace("needs: [left], exp", "needs: ['${matrix.other}'], exp")
        plan = plan_of("matrix: {other: [left, apart]}\n" + HEAD + sometimes + RUN, tmp_path)
        placed = [placed for placed in plan.placements if placed.object == "right"]
        circles = {dict(each.at)["other"]: len(plan.requests[each.key].circle) for each in placed}
        assert circles == {"left": 1, "apart": 0}
        assert [request.name for request in plan.requests.values() if request.stub] == ["stub of left", "stub of right"]


class TestObjects:
    def test_are_linked_with_stubs_and_find_the_real_ones(self, built: Made) -> None:
        left, right = built.artifact("left"), built.artifact("right")
        assert left.facts.needed[:2] == ("libright.so", "libapart.so")
        assert (left.facts.runpath or ())[:1] == (right.directory,)
        assert right.facts.runpath == (left.directory,)
        assert built.run("app").exit == ANSWER

    def test_never_load_a_stub(self, built: Made) -> None:
        command = Command(argv=(built.artifact("app").path,), env={"LD_DEBUG": "files,libs"}, cwd="/", timeout=AGES)
        words = built.pool.run(command).stderr.data.decode()
        stubs = [built.build.artifacts[key].directory for key, one in built.plan.requests.items() if one.stub]
        assert len(stubs) == 2
        assert built.artifact("right").path in words
        assert [place for place in stubs if place in words] == []

    def test_bind_to_the_versions_that_the_other_one_exports(self, built: Made) -> None:
        needed = elf.versions(Path(built.artifact("left").path)).needed
        assert [each.name for each in needed if each.file == "libright.so"] == ["V1"]

    def test_are_kept_in_the_store_as_long_as_what_needs_them(self, built: Made) -> None:
        left, right = built.artifact("left"), built.artifact("right")
        kept = entry(Path(left.directory))
        assert kept is not None
        assert right.key in kept.needs

    def test_fail_together(self, tmp_path: Path, pool: Pool, toolchain: Toolchain) -> None:
        broken = made(OBJECTS.replace("int right(int n)", "int right(int n"), tmp_path, pool, toolchain)
        assert {broken.plan.requests[key].name for key in broken.build.failures} == {
            "stub of right",
            "left",
            "right",
            "app",
        }


def test_an_exported_script_builds_a_circle(tmp_path: Path, toolchain: Toolchain) -> None:
    plan = plan_of(HEAD + OBJECTS + RUN, tmp_path, {"host": toolchain})
    place = tmp_path / "empty"
    place.mkdir()
    (tmp_path / "script").write_text(shell_script.script(plan, plan.trials[0]))
    done = subprocess.run(["/bin/sh", str(tmp_path / "script")], cwd=place, env=os.environ, check=False)
    assert done.returncode == ANSWER


@needs_nix
def test_nix_builds_a_circle_as_one_store_path(tmp_path: Path) -> None:
    objects = yaml.safe_load(OBJECTS)
    with bench(written(tmp_path, "circle", objects, "${app}"), tmp_path / "cache") as nix:
        build = nix.build()
        assert build.failures == {}
        left, right = (build.artifacts[nix.key(name)] for name in ("left", "right"))
        assert Path(left.directory).parent == Path(right.directory).parent
        assert (left.facts.runpath or ())[:1] == (right.directory,)
        assert right.facts.runpath == (left.directory,)
        app = build.artifacts[nix.key("app")].path
        command = Command(argv=(app,), env={"LD_DEBUG": "libs"}, cwd="/", timeout=AGES)
        done = nix.pool.run(command)
        assert done.exit == ANSWER
        stubs = [build.artifacts[key].directory for key, one in nix.plan.requests.items() if one.stub]
        assert [place for place in stubs if place.encode() in done.stderr.data] == []
        assert {artifact.reused for artifact in nix.build().artifacts.values()} == {True}


@needs_nix
def test_of_a_circle_that_nix_cannot_build_all_fail(tmp_path: Path) -> None:
    objects = yaml.safe_load(OBJECTS)
    objects["left"]["ldflags"] = ["-lnowhere"]  # a stub is linked with the same words
    with bench(written(tmp_path, "circle", objects, "${app}"), tmp_path / "cache") as nix:
        failed = {nix.plan.requests[key].name for key in nix.build(keep_going=True).failures}
        assert failed == {"stub of left", "left", "right", "app"}
