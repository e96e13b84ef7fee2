"""backends.local: an entry is complete or absent, right or made again; any number of runs share the store."""

from __future__ import annotations

import json
import os
import subprocess  # readelf is asked as a person would
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from elfworlds.backends import Build
from elfworlds.backends.local import LocalBackend
from elfworlds.planning import Plan
from elfworlds.process import Command, Completed, Pool
from elfworlds.toolchains import Toolchain
from plans import keys_of, plan_of

EXPERIMENT = """
experiment: x
question: "?"
objects:
  leaf: {library: leaf, code: "int leaf(void) { return 1; }\\n"}
  top: {library: top, needs: [leaf], code: "int leaf(void);\\nint top(void) { return leaf(); }\\n"}
  app: {executable: app, needs: [top], code: "int top(void);\\nint main(void) { return top(); }\\n"}
  other: {library: other, code: "int other;\\n"}
scenarios: {s: {run: "${app}"}}
"""
BROKEN = EXPERIMENT.replace("int leaf(void) { return 1; }", "int leaf(void) { return nowhere; }")


def make(
    text: str,
    folder: Path,
    pool: Pool,
    toolchain: Toolchain,
    *,
    keep_going: bool = False,
    run: Callable[[Command], Completed] | None = None,
) -> tuple[Plan, Build]:
    planned = plan_of(text, folder, {"host": toolchain})
    backend = LocalBackend(folder / "store", run or pool.run, 2, pool.interrupt)
    return planned, backend.build(planned, {"host": toolchain}, keep_going=keep_going, report=lambda *_: None)


def listed(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def names(planned: Plan, keys: object) -> set[str]:
    return {planned.names()[key] for key in keys}  # type: ignore[attr-defined]


def test_objects_are_built_once(tmp_path: Path, pool: Pool, toolchain: Toolchain) -> None:
    _, first = make(EXPERIMENT, tmp_path, pool, toolchain)
    _, second = make(EXPERIMENT, tmp_path, pool, toolchain)
    assert [one.reused for one in first.artifacts.values()] == [False] * 4
    assert [one.reused for one in second.artifacts.values()] == [True] * 4
    assert {key: one.sha256 for key, one in first.artifacts.items()} == {
        key: one.sha256 for key, one in second.artifacts.items()
    }


def test_the_runpath_is_exactly_the_needs(tmp_path: Path, pool: Pool, toolchain: Toolchain) -> None:
    planned, build = make(EXPERIMENT, tmp_path, pool, toolchain)
    keys = keys_of(planned)
    app = build.artifacts[keys["app"]]
    assert app.facts.runpath == (build.directory(keys["top"]),)
    assert app.facts.needed == ("libtop.so", "libc.so.6")
    assert app.facts.rpath is None


def test_our_facts_are_readelfs(tmp_path: Path, pool: Pool, toolchain: Toolchain, needs: Callable[[str], str]) -> None:
    planned, build = make(EXPERIMENT, tmp_path, pool, toolchain)
    app = build.artifacts[keys_of(planned)["app"]]
    told = subprocess.run([needs("readelf"), "-dnlW", app.path], capture_output=True, text=True, check=True).stdout
    assert f"Library runpath: [{':'.join(app.facts.runpath or ())}]" in told
    assert [f"[{name}]" in told for name in app.facts.needed] == [True, True]
    assert f"Build ID: {app.facts.build_id}" in told
    assert f"interpreter: {app.facts.interp}]" in told


def test_a_second_build_elsewhere_gives_the_same_bytes(tmp_path: Path, pool: Pool, toolchain: Toolchain) -> None:
    """An object without a store path in it, built in two stores."""
    found = []
    for place in ("one", "two"):
        folder = tmp_path / place
        folder.mkdir()
        planned, build = make(EXPERIMENT, folder, pool, toolchain)
        found.append(build.artifacts[keys_of(planned)["leaf"]].sha256)
    assert found[0] == found[1]


def test_nothing_but_finished_entries_is_left(tmp_path: Path, pool: Pool, toolchain: Toolchain) -> None:
    planned, build = make(EXPERIMENT, tmp_path, pool, toolchain)
    assert (listed(tmp_path / "store" / "objects")) == sorted(planned.requests)
    assert listed(tmp_path / "store" / "tmp") == []
    for artifact in build.artifacts.values():
        assert (listed(Path(artifact.directory))) == sorted([artifact.filename, "manifest.json"])


def test_a_failure_shows_the_command_and_the_compilers_words_and_leaves_nothing(
    tmp_path: Path, pool: Pool, toolchain: Toolchain
) -> None:
    planned, build = make(BROKEN, tmp_path, pool, toolchain)
    failure = build.failures[keys_of(planned)["leaf"]]
    assert failure.command.startswith("cc -std=gnu17")
    assert "leaf.c:1:25: error: 'nowhere' undeclared" in failure.output
    assert str(tmp_path) not in failure.output
    assert names(planned, build.failures) == {"leaf", "top", "app"}
    assert keys_of(planned)["leaf"] not in listed(tmp_path / "store" / "objects")
    assert listed(tmp_path / "store" / "tmp") == []


def test_keep_going_builds_what_does_not_need_the_failure(tmp_path: Path, pool: Pool, toolchain: Toolchain) -> None:
    planned, build = make(BROKEN, tmp_path, pool, toolchain, keep_going=True)
    assert names(planned, build.artifacts) == {"other"}
    leaf = keys_of(planned)["leaf"]
    assert [one.missing for one in build.failures.values() if one.key != leaf] == [
        (leaf,),
        (keys_of(planned)["top"],),
    ]


def test_an_entry_that_is_not_what_its_manifest_says_is_made_again(
    tmp_path: Path, pool: Pool, toolchain: Toolchain
) -> None:
    planned, build = make(EXPERIMENT, tmp_path, pool, toolchain)
    leaf = build.artifacts[keys_of(planned)["leaf"]]
    Path(leaf.path).chmod(0o755)
    Path(leaf.path).write_bytes(b"tampered")
    _, again = make(EXPERIMENT, tmp_path, pool, toolchain)
    mended = again.artifacts[leaf.key]
    assert (mended.reused, mended.sha256) == (False, leaf.sha256)


@pytest.mark.parametrize("manifest", ["", "{}", "[1]", '{"schema": 99}'])
def test_an_entry_with_a_broken_manifest_is_made_again(
    tmp_path: Path, pool: Pool, toolchain: Toolchain, manifest: str
) -> None:
    planned, build = make(EXPERIMENT, tmp_path, pool, toolchain)
    leaf = build.artifacts[keys_of(planned)["leaf"]]
    (Path(leaf.directory) / "manifest.json").write_text(manifest)
    _, again = make(EXPERIMENT, tmp_path, pool, toolchain)
    assert not again.artifacts[leaf.key].reused


def test_a_store_that_was_moved_is_not_trusted(tmp_path: Path, pool: Pool, toolchain: Toolchain) -> None:
    """Runpaths hold the store's own path."""
    make(EXPERIMENT, tmp_path, pool, toolchain)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / "store").rename(elsewhere / "store")
    planned, build = make(EXPERIMENT, elsewhere, pool, toolchain)
    assert not any(one.reused for one in build.artifacts.values())
    assert build.artifacts[keys_of(planned)["app"]].facts.runpath == (build.directory(keys_of(planned)["top"]),)


def test_the_compiler_sees_the_listed_files_only(tmp_path: Path, pool: Pool, toolchain: Toolchain) -> None:
    (tmp_path / "seen.h").write_text("#define SEEN 1\n")
    (tmp_path / "unseen.h").write_text("#define UNSEEN 1\n")
    text = EXPERIMENT.replace(
        "int leaf(void) { return 1; }", '#include \\"seen.h\\"\\n#define F \\"unseen.h\\"\\n#include F\\nint leaf;'
    )
    planned, build = make(text, tmp_path, pool, toolchain)
    assert "unseen.h: No such file" in build.failures[keys_of(planned)["leaf"]].output
    listed = text.replace("leaf: {library: leaf,", "leaf: {library: leaf, headers: [unseen.h],")
    planned, build = make(listed, tmp_path, pool, toolchain)
    assert keys_of(planned)["leaf"] in build.artifacts


def test_the_environment_of_the_runner_does_not_reach_the_compiler(
    tmp_path: Path, pool: Pool, toolchain: Toolchain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CPATH", "/nonexistent")
    monkeypatch.setenv("GCC_EXEC_PREFIX", "/nonexistent")
    seen: list[Command] = []

    def run(command: Command) -> Completed:
        seen.append(command)
        return pool.run(command)

    make(EXPERIMENT, tmp_path, pool, toolchain, run=run)
    own = {"PATH", "LC_ALL", "SOURCE_DATE_EPOCH", "TMPDIR", "SUNPRO_DEPENDENCIES"}
    assert {frozenset(one.env) for one in seen} == {frozenset(own)}


def test_many_runs_at_once_build_each_object_once(root: Path, tmp_path: Path) -> None:
    """Eight processes, one store: no error, and every key compiled by one of them only."""
    env = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "shared")}
    command = [sys.executable, "-m", "elfworlds", "run", str(root / "experiments" / "different-libs.yaml")]
    runs = [
        subprocess.Popen(
            [*command, "-o", str(tmp_path / "results"), "--no-tables"], env=env, stdout=subprocess.PIPE, text=True
        )
        for _ in range(8)
    ]
    told = [run.communicate()[0] for run in runs]
    assert [run.returncode for run in runs] == [0] * 8
    built = sum(int(line.split()[1]) for text in told for line in text.splitlines() if line.startswith("objects: "))
    assert built == 6
    directories = [path for path in (tmp_path / "results" / "different-libs").iterdir() if path.name[0].isdigit()]
    assert len(directories) == 8
    for directory in directories:
        assert len((directory / "trials.jsonl").read_text().splitlines()) == 3
        assert (directory / "complete").exists()


def test_a_manifest_says_what_was_made_from_what(tmp_path: Path, pool: Pool, toolchain: Toolchain) -> None:
    planned, build = make(EXPERIMENT, tmp_path, pool, toolchain)
    leaf = build.artifacts[keys_of(planned)["leaf"]]
    manifest = json.loads((Path(leaf.directory) / "manifest.json").read_text())
    assert manifest["request"]["argv"][0] == "cc"
    assert manifest["toolchain"]["packages"] == {one.name: one.version for one in toolchain.packages}
    assert manifest["facts"]["soname"] == "libleaf.so"
