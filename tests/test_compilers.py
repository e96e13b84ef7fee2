"""toolchains.host.compilers: C++ and Rust are asked about where they are used, and say what is missing."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from building import HOME, made, whole_toolchain
from conftest import World
from elfworlds.process import Command, Completed, Pool
from elfworlds.toolchains import Toolchain
from elfworlds.toolchains.host import Prober, probe
from waiting import AGES

PATH = os.environ["PATH"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Toolchain:
    return whole_toolchain(tmp_path_factory.mktemp("toolchains"))


@pytest.mark.needs("c++", "rustc")
def test_their_identity_is_beside_that_of_c(whole: Toolchain, toolchain: Toolchain) -> None:
    assert whole.identity == toolchain.identity
    assert {"c++", "c++ --version"} <= whole.parts["c++"].keys()
    assert {"rustc", "librustc_driver", "std", "rustc --version --verbose"} <= whole.parts["rust"].keys()
    digests = {whole.digest_of(language) for language in ("c", "c++", "rust")}
    assert len(digests) == 3
    assert toolchain.digest == whole.digest == whole.digest_of("c") == whole.digest_of("assembly")


@pytest.mark.needs("c++")
def test_gccs_identity_holds_its_compiler_and_library(pool: Pool) -> None:
    found = probe(Prober(pool.run, PATH, "gcc"), None, ("c++",))
    assert found.tools["c++"][0].endswith("g++")
    assert {"cc1plus", "libstdc++.so"} <= found.parts["c++"].keys()


@pytest.mark.needs("c++")
def test_the_compiler_for_cxx_is_the_one_beside_that_for_c(pool: Pool, tmp_path: Path) -> None:
    for name in ("gcc-99", "g++-99", "c++"):
        (tmp_path / name).write_text(f'#!/bin/sh\nexec {shutil.which("cc")} "$@"\n')
        (tmp_path / name).chmod(0o755)

    def found(cc: str, cxx: str = "") -> tuple[str, ...]:
        return probe(Prober(pool.run, PATH, cc, cxx), None, ("c++",)).tools["c++"]

    assert found(f"{tmp_path}/gcc-99 -m64") == (f"{tmp_path}/g++-99", "-m64")
    (tmp_path / "g++-99").unlink()
    assert found(f"{tmp_path}/gcc-99") == (f"{tmp_path}/c++",)
    assert found("cc", f"{tmp_path}/c++ -m64") == (f"{tmp_path}/c++", "-m64")
    (tmp_path / "c++").unlink()
    assert found(f"{tmp_path}/gcc-99") == (shutil.which("c++") or shutil.which("g++"),)


@pytest.mark.needs("c++")
def test_what_stands_before_the_compiler_stays_there(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text('#!/bin/sh\nexec "$@"\n')
    (tmp_path / "cache").chmod(0o755)
    with Pool() as pool:
        prober = Prober(pool.run, PATH, f"{tmp_path}/cache gcc -m64", "", "", HOME)
        tools = probe(prober, None, ("c++", "rust")).tools
    assert tools["c++"] == (f"{tmp_path}/cache", shutil.which("g++"), "-m64")
    assert tools["rustc"][1:5] == ("-C", f"linker={shutil.which('gcc')}", "-C", "link-arg=-m64")


@pytest.mark.needs("rustc")
def test_rustups_stand_in_is_asked_for_the_real_compiler(pool: Pool, tmp_path: Path) -> None:
    real = whole_toolchain(None).tools["rustc"][0]
    shim = tmp_path / "rustc"
    shim.write_text(f'#!/bin/sh\n[ "$HOME" = /home/of/mine ] && exec {real} "$@"\n')
    shim.chmod(0o755)
    found = probe(Prober(pool.run, PATH, "cc", "", str(shim), (("HOME", "/home/of/mine"),)), None, ("rust",))
    assert found.tools["rustc"][0] == real
    done = pool.run(Command(argv=(real, "--version"), env={}, cwd="/", timeout=AGES))
    assert f"rustc {found.versions['rustc']}" in done.text
    lost = probe(Prober(pool.run, PATH, "cc", "", str(shim), (("HOME", "/other"),)), None, ("rust",))
    assert "gives none" in (lost.lack("rustc") or "")


@pytest.mark.needs("rustc")
def test_rustc_links_with_the_compiler_for_c(whole: Toolchain) -> None:
    assert whole.tools["rustc"][1:3] == ("-C", f"linker={whole.tools['cc'][0]}")


def test_nothing_is_asked_twice(pool: Pool, tmp_path: Path) -> None:
    def ask(run: object) -> Toolchain:
        return probe(Prober(run, PATH, "cc", "", "", HOME), tmp_path, ("c++", "rust"))  # type: ignore[arg-type]

    def refuse(command: Command) -> Completed:
        raise AssertionError(command)

    assert ask(pool.run) == ask(refuse)


def test_c_alone_asks_nothing_of_others(pool: Pool, tmp_path: Path) -> None:
    started: list[tuple[str, ...]] = []

    def run(command: Command) -> Completed:
        started.append(command.argv)
        return pool.run(command)

    found = probe(Prober(run, PATH, "cc", "no-such-compiler", "no-such-compiler"), tmp_path)
    assert not {"c++", "rustc"} & found.tools.keys()
    assert not [argv for argv in started if "rustc" in argv[0] or "++" in argv[0]]
    assert {path.name.partition("-")[0] for path in tmp_path.iterdir()} == {"host", "tools", "loader"}


MISSING = """
experiment: missing
question: Is what is missing told?
objects:
  cxx: {library: cxx, language: c++, code: "int cxx;"}
  rust: {library: rust, language: rust, code: ""}
  above: {library: above, code: "int a;", needs: [rust]}
  c: {executable: c, code: "int main(void) { return 0; }"}
scenarios:
  fine: {run: "${c}"}
  lacking:
    build: cxx
    outcomes: {refused: {exit: {not: 0}}, silent: {output: ""}}
    expect: {outcome: [refused, other]}
"""


@pytest.mark.parametrize("backend", ["local", "nix"])
def test_a_missing_compiler_is_a_failure_of_the_object(
    backend: str, world: World, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    if backend == "nix":
        request.getfixturevalue("nix")
    monkeypatch.setenv("CXX", "/nowhere/c++")
    monkeypatch.setenv("RUSTC", "/nowhere/rustc")
    monkeypatch.setenv("ELFWORLDS_NIX_PACKAGES", "hostpkgs")
    path = world.experiment("missing", MISSING)
    code, out, err = world.run("run", "--backend", backend, "-k", path)
    told = out + err
    assert code == 6
    assert "object rust failed to build" in told
    assert "no Rust compiler: `/nowhere/rustc` is not in PATH" in told
    assert "RUSTC" in told
    assert "object above: not built, since rust failed" in told
    assert "object cxx failed" not in told
    trials = (world.latest("missing") / "trials.jsonl").read_text().splitlines()
    assert {one["trial"]: one["verdict"] for one in map(json.loads, trials)} == {
        "fine,libc=host": "NEW",
        "lacking,libc=host": "UNRESOLVED",  # no compiler has refused anything
    }


@pytest.mark.needs("rustc")
def test_when_may_compare_rustc_where_no_object_is_in_rust(world: World) -> None:
    path = world.experiment(
        "compared",
        """
experiment: compared
question: Is the version known?
scenarios:
  old: {run: /bin/true, when: {rustc: "<1.0"}}
  new: {run: /bin/true, when: {rustc: ">=1.0"}}
""",
    )
    code, out, _ = world.run("plan", path)
    assert code == 0
    assert "new,libc=host" in out
    assert "old,libc=host" not in out


@pytest.mark.needs("rustc")
def test_two_runs_of_rustc_give_the_same_bytes_and_the_linker_is_that_of_c(
    tmp_path: Path, pool: Pool, whole: Toolchain
) -> None:
    objects = """
  lib: {library: lib, language: rust, code: "pub fn f() { panic!() }"}
  dylib: {library: dylib, language: rust, crate-type: dylib, code: "pub fn f() { panic!() }"}
  bin: {executable: bin, language: rust, code: "fn main() { panic!() }"}
"""
    digests = []
    for name in ("one", "another-and-longer"):
        (tmp_path / name).mkdir()
        built = made(objects, tmp_path / name, pool, whole)
        digests.append([built.artifact(one).sha256 for one in ("lib", "dylib", "bin")])
        assert b"Linker: LLD" not in Path(built.artifact("lib").path).read_bytes()
    assert digests[0] == digests[1]
