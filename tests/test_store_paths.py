"""Files of paths of the Nix store as objects: locked beside the experiment, with all that they refer to."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from bundling import library
from conftest import World
from elfworlds import elf
from elfworlds.sources.store_paths import LockedPath, read, written
from elfworlds.trees import Entry, Manifest, StorePath
from nix_support import environment, needs_nix
from rooting import bubblewrap
from waiting import AGES

FILE = "lib/libcore.so"
EXPERIMENT = """
experiment: stored
question: Does a library of the Nix store find the one that it depends on?
objects:
  core: {prebuilt: {ORIGIN, file: FILE}, expect: {soname: libcore.so}}
  app:
    executable: app
    needs: [core]
    code: "int core(void); int main(void) { return core() == 42 ? 0 : 1; }"
scenarios:
  linked: {run: "${app}", outcomes: {fine: {exit: 0}}, expect: {outcome: fine}}
  read: {inspect: core, outcomes: {fine: {missing-objects: []}}, expect: {outcome: fine}}
"""
# A library that refers to another store path; `make` runs a script that has a compiler. It ends with `exit`: a shell
# that becomes its last program closes its output before it ends, which Nix takes for the end.
EXPRESSION = """
make:
let
  dep = make "dep" "" "echo 'int dep(void) { return 42; }' | gcc -shared -x c - -o $out/lib/libdep.so";
in
make "core" dep ''
  # of WORLD alone, so that it is nobody else's
  echo 'int dep(void); int core(void) { return dep(); }' > core.c
  gcc -shared core.c -o $out/lib/libcore.so $needed/lib/libdep.so -Wl,-soname,libcore.so -Wl,-rpath,$needed/lib
  ln -s libcore.so $out/lib/libcore.so.1
  ln -s $needed/lib/libdep.so $out/lib/libother.so
''
"""
BY_HAND = """
name: needed: script: derivation {
  inherit name needed;
  system = builtins.currentSystem or "x86_64-linux";
  builder = "/usr/bin/bash";
  PATH = "/usr/bin:/bin";
  args = [ "-euc" "mkdir -p $out/lib\\n${script}\\nexit" ];
}
"""
BY_SET = 'name: needed: script: pkgs.runCommand name { inherit needed; } "mkdir -p $out/lib\\n${script}"'
FLAKE = "{ outputs = _: { packages.x86_64-linux.lib = import ./core.nix (import ./make.nix); }; }"
ORIGINS = {"nix": 'nix: "import ./core.nix (import ./of-set.nix pkgs)"', "flake": 'flake: "path:./dependency#lib"'}


def text(origin: str, file: str = FILE) -> str:
    return EXPERIMENT.replace("ORIGIN", origin).replace("FILE", file)


@pytest.fixture
def here(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """A world with Nix, and an expression and a flake beside its experiments."""
    for name, value in environment(world.store.parent).items():
        monkeypatch.setenv(name, value)
    beside = world.experiment("other", text("tree: nowhere")).parent
    (beside / "dependency").mkdir()
    for place in (beside, beside / "dependency"):
        (place / "core.nix").write_text(EXPRESSION.replace("WORLD", beside.as_posix()))
    (beside / "of-set.nix").write_text(f"pkgs: {BY_SET}")
    (beside / "dependency/make.nix").write_text(BY_HAND)
    (beside / "dependency/flake.nix").write_text(FLAKE)
    return world


def locked(world: World, origin: str) -> tuple[Path, LockedPath]:
    path = world.experiment("stored", text(origin))
    code, out, err = world.run("toolchain", "lock", "--for", path)
    assert (code, "-core" in out) == (0, True), err
    (entry,) = read(path.with_name("stored.nix-lock.json"), "stored.yaml").values()
    return path, entry


def forget(world: World, entry: LockedPath) -> None:
    """Remove a store path that this process keeps."""
    shutil.rmtree(world.store / "nix" / "held")
    nix("nix-store", "--delete", entry.stored.out)


def nix(*words: str) -> list[str]:
    done = subprocess.run(words, check=False, capture_output=True, timeout=AGES)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode().split()


@needs_nix
class TestWithNix:
    @pytest.mark.parametrize("kind", ORIGINS)
    def test_both_backends_run_the_store_path_itself(self, kind: str, here: World) -> None:
        path, entry = locked(here, ORIGINS[kind])
        code, out, err = here.run("run", "--backend", "both", path)
        assert (code, "the same ELF facts and outcomes" in out) == (0, True), out + err
        runs = [run for run in here.latest("stored").parent.glob("2*") if run.is_dir()]
        assert len(runs) == 2
        for run in runs:
            objects = [json.loads(line) for line in (run / "objects.jsonl").read_text().splitlines()]
            assert [row["path"] for row in objects if row["object"] == "core"] == [f"{entry.stored.out}/{FILE}"]
            (tree,) = json.loads((run / "plan.json").read_text())["trees"].values()
            assert (tree["nix"]["kind"], tree["nix"]["out"]) == (kind, entry.stored.out)
            assert entry.stored.out in nix("nix-store", "-qR", str((run / "nix-objects").resolve()))

    def test_an_object_is_copied_to_another_store_with_all_that_it_refers_to(self, here: World, tmp_path: Path) -> None:
        path, entry = locked(here, ORIGINS["nix"])
        assert here.run("run", "--backend", "nix", path)[0] == 0
        rows = map(json.loads, (here.latest("stored") / "objects.jsonl").read_text().splitlines())
        (app,) = (str(Path(row["path"]).parent) for row in rows if row["object"] == "app")
        closure = nix("nix-store", "-qR", app)
        assert entry.stored.out in closure
        assert any(name.endswith("-dep") for name in closure)
        other = tmp_path / "other"
        command = ("nix", "--extra-experimental-features", "nix-command", "copy", "--no-check-sigs", "--to", str(other))
        nix(*command, app)
        assert {f"/nix/store/{place.name}" for place in (other / "nix/store").iterdir()} >= set(closure)
        assert (other / app.removeprefix("/") / "app").is_file()

    def test_what_was_collected_is_made_again(self, here: World) -> None:
        path, entry = locked(here, ORIGINS["flake"])
        forget(here, entry)
        code, out, err = here.run("run", path)
        assert (code, "2 PASS" in out) == (0, True), out + err
        nix("nix-store", "--check-validity", entry.stored.out)

    def test_another_path_than_the_locked_one_is_an_error(self, here: World) -> None:
        path, entry = locked(here, ORIGINS["flake"])
        forget(here, entry)
        core = path.with_name("dependency") / "core.nix"
        core.write_text(core.read_text().replace("return dep();", "return dep() + 1;"))
        code, _, err = here.run("run", path)
        assert (code, f"and {entry.stored.out} is locked" in err) == (6, True), err
        assert "`elfworlds toolchain lock --for FILE` locks what it makes now" in err

    @pytest.mark.parametrize("kind", ORIGINS)
    def test_in_the_sandbox_a_locked_path_that_is_here_is_taken(self, kind: str, here: World) -> None:
        bubblewrap()
        path, _ = locked(here, ORIGINS[kind])
        code, out, err = here.run("run", "--sandbox", path)
        assert (code, "2 PASS" in out) == (0, True), out + err

    def test_in_the_sandbox_nix_evaluates_nothing_of_a_strangers(self, here: World) -> None:
        bubblewrap()
        path = here.experiment("stored", text("nix: core"))
        core = library(path.parent / "libcore.so", "int core(void) { return 42; }", "-Wl,-soname,libcore.so")
        manifest = Manifest.of({FILE: Entry("file", "0" * 64, executable=True, size=1)})
        stored = StorePath("nix", "core", f"/nix/store/{'0' * 32}-core", "1")
        path.with_name("stored.nix-lock.json").write_text(
            written([LockedPath(stored, manifest, {FILE: elf.read(core)})])
        )
        path.chmod(0o666)
        code, _, err = here.run("build", path)
        refused = "Nix would evaluate `nix: core` outside of the sandbox" in err and "--trust" in err
        assert (code, refused) == (4, True), err
        assert here.run("build", "--trust", path)[0] == 6  # Nix was asked, and knows no `core`

    def test_what_a_stranger_can_write_is_not_locked_unless_it_is_trusted(self, here: World) -> None:
        path = here.experiment("stored", text(ORIGINS["nix"]))
        path.chmod(0o666)
        code, _, err = here.run("toolchain", "lock", "--for", path)
        assert (code, "everybody can write" in err, "--trust" in err) == (4, True, True), err
        assert not path.with_name("stored.nix-lock.json").exists()
        assert here.run("toolchain", "lock", "--trust", "--for", path)[0] == 0

    @pytest.mark.parametrize(
        ("file", "hint"),
        [("libcore.so", f"did you mean `{FILE}`?"), ("lib/libother.so", ""), ("lib", "a file of its own")],
    )
    def test_a_file_that_it_lacks_cannot_be_locked(self, file: str, hint: str, here: World) -> None:
        path = here.experiment("stored", text(ORIGINS["nix"], file))
        code, _, err = here.run("toolchain", "lock", "--for", path)
        assert (code, f"has no file `{file}`" in err, hint in err) == (4, True, True), err

    def test_what_nix_cannot_make_is_told_in_its_words(self, here: World) -> None:
        path = here.experiment("stored", text("nix: no-such-package"))
        code, _, err = here.run("toolchain", "lock", "--for", path)
        assert (code, "no-such-package" in err) == (6, True), err

    def test_a_script_takes_it_from_the_store(self, here: World, tmp_path: Path) -> None:
        path, _ = locked(here, ORIGINS["nix"])
        code, script, err = here.run("export-c", path, "linked")
        assert code == 0, err
        place = tmp_path / "script"
        place.mkdir()
        (place / "it.sh").write_text(script)
        done = subprocess.run(["/bin/sh", "it.sh"], cwd=place, check=False, capture_output=True, timeout=AGES)
        assert done.returncode == 0, done.stderr


class TestTheLockFile:
    def entry(self, out: str = f"/nix/store/{'0' * 32}-core") -> LockedPath:
        manifest = Manifest.in_place({})
        return LockedPath(StorePath("flake", "nixpkgs#core", out, "1", "github:o/r/abc#core"), manifest, {})

    def test_is_read_as_it_was_written(self, tmp_path: Path) -> None:
        lock = tmp_path / "x.nix-lock.json"
        lock.write_text(written([self.entry()]))
        assert read(lock, "x.yaml") == {("flake", "nixpkgs#core"): self.entry()}
        assert self.entry().tree.name == "core"

    @pytest.mark.parametrize(
        "damaged", ["", "[]", '{"schema": 2}', '{"schema": 1, "paths": [{}]}', '{"schema": 1, "paths": [1]}']
    )
    def test_damaged_is_an_error_with_the_command(self, damaged: str, world: World) -> None:
        path = world.experiment("stored", text("nix: core"))
        path.with_name("stored.nix-lock.json").write_text(damaged)
        code, _, err = world.run("check", path)
        assert (code, "writes it" in err) == (4, True), err

    @pytest.mark.parametrize("out", ["/etc", f"/nix/store/{'0' * 32}-core.drv", f"/nix/store/{'0' * 32}-core!out"])
    def test_another_place_than_the_store_and_what_is_built_by_asking_for_it_are_damage(
        self, out: str, world: World
    ) -> None:
        path = world.experiment("stored", text("nix: core"))
        path.with_name("stored.nix-lock.json").write_text(written([self.entry(out)]))
        code, _, err = world.run("check", path)
        assert (code, f"no path of the Nix store: {out}" in err) == (4, True), err

    def test_two_store_paths_with_the_same_files_are_two_trees(self) -> None:
        first, second = (self.entry(f"/nix/store/{letter * 32}-core").tree for letter in "ab")
        assert first.key != second.key
        assert first.manifest.key == second.manifest.key

    def test_is_all_that_a_plan_takes(self, world: World, needs: Callable[[str], str]) -> None:
        path = world.experiment("stored", text("nix: core"))
        core = library(path.parent / "libcore.so", "int core(void) { return 42; }", "-Wl,-soname,libcore.so")
        out = f"/nix/store/{'0' * 32}-core"
        manifest = Manifest.of({FILE: Entry("file", "0" * 64, executable=True, size=1)})
        entry = LockedPath(StorePath("nix", "core", out, "1"), manifest, {FILE: elf.read(core)})
        path.with_name("stored.nix-lock.json").write_text(written([entry]))
        code, out, err = world.run("check", path)
        assert (code, "  tree core: 1 file, 1 bytes" in out) == (0, True), err
        code, out, err = world.run("plan", "--format", "json", path)
        (tree,) = json.loads(out)["trees"].values()
        assert (code, tree["nix"]["text"], needs("cc") != "") == (0, "core", True), err
