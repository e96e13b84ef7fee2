"""toolchains/nixpkgs: pins, what is said where Nix cannot make one, and the toolchain of one that Nix made."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from conftest import ROOT, World
from elfworlds import shipped
from elfworlds.errors import BuildFailedError, InputError
from elfworlds.process import Command, Completed, Pool
from elfworlds.sandbox import World as Seen
from elfworlds.sandbox import look
from elfworlds.toolchains import Package
from elfworlds.toolchains.borrowed import with_gdb
from elfworlds.toolchains.family import Means
from elfworlds.toolchains.nixpkgs import Made, found, make, trouble, unmade
from elfworlds.toolchains.nixpkgs.family import Nixpkgs
from elfworlds.toolchains.nixpkgs.made import Contents, StorePackage, directory, lacking
from elfworlds.toolchains.nixpkgs.pin import Pin, find, names, read
from elfworlds.toolchains.nixpkgs.toolchain import default_paths, number, pinned, toolchain
from plans import stub
from rooting import bubblewrap

PINS = ROOT / "toolchains"
NIX = '#!/bin/sh\n[ "$1" = --version ] && echo "nix-build (Nix) %s" && exit\n: > "$0.asked"\nexit 1\n'


def own_pin(**changed: object) -> str:
    data = json.loads((PINS / "nixpkgs-25.11.json").read_text())
    return json.dumps({**data, **changed})


@pytest.fixture
def pin() -> Pin:
    return find("25.11", (PINS,))


def test_the_pin_is_that_of_the_flake(pin: Pin) -> None:
    """One pin for nix run and for the axes, so that they share what they fetched."""
    nixpkgs = json.loads((ROOT / "flake.lock").read_text())["nodes"]["nixpkgs"]
    locked = nixpkgs["locked"]
    assert (pin.rev, pin.nar_hash, pin.modified) == (locked["rev"], locked["narHash"], locked["lastModified"])
    assert pin.release == nixpkgs["original"]["ref"] == f"nixos-{pin.name}"
    assert pin.url == f"https://github.com/{locked['owner']}/{locked['repo']}/archive/{locked['rev']}.tar.gz"
    assert (pin.label, pin.date) == ("nixpkgs/25.11", "2026-05-10")


def test_pins_that_came_with_the_program_are_known_everywhere(world: World) -> None:
    assert names((world.path, PINS)) == ("25.11",)
    assert shipped.PACKAGE.name == "elfworlds"
    code, out, _ = world.run("toolchain", "list")
    assert code == 0
    assert "nixpkgs/25.11" in out
    assert world.run("check", world.experiment("x", EXPERIMENT.format(libc="nixpkgs/25.11")))[0] == 0


def test_a_wrong_pin_is_told_with_the_right_one(world: World) -> None:
    code, _, err = world.run("check", world.experiment("x", EXPERIMENT.format(libc="nixpkgs/25.12")))
    assert code == 4
    assert "did you mean `nixpkgs/25.11`?" in err
    for words in (
        ("run", "experiments/same-lib.yaml", "-S", "gdb=nixpkgs/2.11"),
        ("toolchain", "fetch", "nixpkgs/2.11"),
    ):
        code, _, err = world.run(*words)
        assert code == 4
        assert "did you mean `nixpkgs/25.11`?" in err


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"schema": 2}, "another elfworlds"),
        ({"rev": "master"}, "wrong rev"),
        ({"narHash": "sha256-x"}, "wrong narHash"),
        ({"url": "https://x/$(y)"}, "wrong url"),
        ({"url": "ssh://x/y"}, "wrong url"),
        ({"nix": ""}, "wrong nix"),
        ({"lastModified": "x"}, "not a pin"),
        ({"lastModified": 10**30}, "not a pin"),
    ],
)
def test_what_is_no_pin_is_told_where_it_is_read(changed: dict[str, object], what: str) -> None:
    with pytest.raises(InputError, match=what) as caught:
        read(own_pin(**changed), Path("/x/nixpkgs-x.json"), "x")
    assert "/x/nixpkgs-x.json" in caught.value.message


def test_text_that_is_no_json_is_no_pin(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a pin"):
        read("[" * 100_000, tmp_path, "x")


def programs(directory: Path, nix: str = "") -> str:
    """A PATH with bubblewrap, a compiler, and a Nix of that version or none."""
    bubblewrap()
    directory.mkdir()
    for name in ("bwrap", "cc", "gdb"):
        path = shutil.which(name)
        if path is None:
            pytest.skip(f"{name} is not installed")
        (directory / name).symlink_to(path)
    if nix:
        (directory / "nix-build").write_text(NIX % nix)
        (directory / "nix-build").chmod(0o755)
    return str(directory)


EXPERIMENT = """
experiment: x
question: "?"
matrix: {{libc: [{libc}]}}
objects: {{app: {{executable: app, code: "int main(void) {{ return 3; }}"}}}}
scenarios: {{ends: {{run: "${{app}}", observe: {{gdb: {{}}}}, outcomes: {{so: {{exit: 3}}}}, expect: {{outcome: so}}}}}}
"""


@pytest.mark.parametrize(
    ("nix", "why"), [("", "nix-build is not in PATH: install Nix"), ("2.8.0", "asks for Nix 2.18 or newer, and")]
)
def test_where_nix_cannot_make_it_trials_are_unsupported_and_say_why(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nix: str, why: str
) -> None:
    monkeypatch.setenv("PATH", programs(tmp_path / "bin", nix))
    file = world.experiment("x", EXPERIMENT.format(libc="nixpkgs/25.11"))
    code, out, err = world.run("run", "--no-tables", file)
    assert code == 5
    assert "2 UNSUPPORTED" in out
    assert f"nixpkgs/25.11: {'Nix makes it, and ' if not nix else 'it '}{why}" in out + err
    assert not (tmp_path / "bin/nix-build.asked").exists()
    assert not (world.store / "nixpkgs").exists()
    code, _, err = world.run("toolchain", "fetch", "nixpkgs/25.11")
    assert code == 6
    assert why in err


def test_without_its_gdb_only_trials_under_gdb_are_unsupported(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{programs(tmp_path / 'bin', '2.3')}:{os.environ['PATH']}")
    file = world.experiment("x", EXPERIMENT.format(libc="host"))
    code, out, err = world.run("run", "--no-tables", file, "-S", "gdb=nixpkgs/25.11")
    assert code == 0
    assert "2 trials: 1 PASS, 1 UNSUPPORTED" in out
    assert "nixpkgs/25.11, whose gdb is asked for: it asks for Nix 2.18 or newer" in out + err


def test_what_nix_cannot_make_ends_as_a_root_that_cannot_be_fetched(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = programs(tmp_path / "bin", "2.18")
    (Path(path) / "nix-build").write_text(
        "#!/bin/sh\n[ $1 = --version ] && echo 2.18 && exit\necho \"error: unable to download 'x'\" >&2\nexit 1\n"
    )
    monkeypatch.setenv("PATH", path)
    code, _, err = world.run("run", world.experiment("x", EXPERIMENT.format(libc="nixpkgs/25.11")))
    assert code == 6
    assert "nixpkgs/25.11: nixpkgs, or a package of it, cannot be fetched" in err


@pytest.mark.parametrize("ours", [True, False])
def test_in_the_sandbox_nix_is_not_asked_for_a_pin_that_did_not_come_with_elfworlds(
    ours: bool,  # noqa: FBT001  # a parameter
    tmp_path: Path,
    pool: Pool,
) -> None:
    (tmp_path / "nixpkgs-25.11.json").write_text(own_pin(url="https://example.org/evil.tar.gz"))
    path = programs(tmp_path / "bin", "2.31.2")
    environment = {"PATH": path, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    where = (PINS,) if ours else (tmp_path, PINS)
    means = Means(run=pool.run, environment=environment, where=where, sandbox=True)
    with pytest.raises(
        BuildFailedError if ours else InputError, match="25.11: " if ours else "would evaluate what .* names"
    ):
        Nixpkgs().provided("nixpkgs/25.11", means)
    assert Path(f"{path}/nix-build.asked").exists() == ours


def test_a_nix_that_says_nothing_is_told(tmp_path: Path, pin: Pin, pool: Pool) -> None:
    (tmp_path / "nix-build").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "nix-build").chmod(0o755)
    assert "does not say its version" in lacking(pin, pool.run, str(tmp_path))


def test_a_plan_that_nobody_runs_asks_nix_for_nothing(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", programs(tmp_path / "bin", "2.18"))
    file = world.experiment("x", EXPERIMENT.format(libc="nixpkgs/25.11"))
    assert world.run("plan", file)[0] == world.run("run", "-n", file)[0] == 0
    assert not (tmp_path / "bin/nix-build.asked").exists()
    assert not (world.store / "nixpkgs").exists()


@pytest.mark.parametrize(
    ("said", "meaning"),
    [
        ("error: hash mismatch in file downloaded from 'x'", "not what is pinned"),
        ("error: unable to download 'x': Couldn't resolve host name (6)", "cannot be fetched"),
        ("error: writing to file: No space left on device", "no space is left"),
        ("error: this pin requires Nix 2.18, and this is 2.8.0", "too old"),
        ("error: creating directory '/nix/var': Permission denied", "not writable for you"),
        ("warning: x\nerror: y\n(use '--show-trace' …)", "Nix failed\n  error: y"),
    ],
)
def test_what_nix_complains_of_is_told_in_its_own_words(said: str, meaning: str) -> None:
    told = trouble.explain("nixpkgs/x", said)
    assert told.message.startswith("nixpkgs/x: ")
    assert meaning in told.message
    assert told.hint


def test_an_hour_and_a_store_elsewhere_are_told() -> None:
    assert "within an hour" in trouble.explain("nixpkgs/x", "", timed_out=True).message
    assert "own-nix" in (trouble.explain("nixpkgs/x", "", unseen=True).hint or "")


def test_nix_is_asked_with_a_time_limit_and_no_patience(pin: Pin, tmp_path: Path) -> None:
    asked: list[Command] = []

    def run(command: Command) -> Completed:
        asked.append(command)
        with Pool() as pool:
            return pool.run(replace(command, argv=("/bin/false",)))

    with pytest.raises(BuildFailedError):
        make(pin, tmp_path, run, {"PATH": os.environ["PATH"]}, rust=True)
    (command,) = asked
    assert command.timeout
    assert {"connect-timeout", "download-attempts", "--out-link"} <= set(command.argv)
    assert " ".join(command.argv).count("--arg rust true") == 1


def store_of(directory: Path, pin: Pin, needs: Callable[[str], str]) -> Made:
    """What Nix would make, of this machine's own programs."""
    for name, program in {"gdb": "env", "coreutils": "env", "valgrind": "env"}.items():
        (directory / name / "bin").mkdir(parents=True)
        for one in ("env", "dd", "cp", name):
            shutil.copy(needs(program), directory / name / "bin" / one)
    (directory / "root/usr/bin").mkdir(parents=True)
    (directory / "libc").mkdir()
    (directory / "libc/libc.so.6").write_bytes(b"GNU C Library (GNU libc) stable release version 2.40.\n")
    versions = {"glibc": "2.40-66", "gcc": "14.3.0", "gdb": "16.3", "valgrind": "3.25.1", "binutils": "2.44"}
    contents = Contents(
        packages={name: StorePackage(str(directory / name), version) for name, version in versions.items()},
        libc=str(directory / "libc"),
        static=str(directory),
        cc=needs("cc"),
        sh=needs("sh"),
        debug="",
        coreutils=str(directory / "coreutils"),
    )
    return Made(pin, directory, directory / "root", contents)


@pytest.fixture
def stored(tmp_path: Path, pin: Pin, needs: Callable[[str], str]) -> Made:
    return store_of(tmp_path / "store", pin, needs)


def completed(text: str) -> Callable[[Command], Completed]:
    def run(command: Command) -> Completed:
        with Pool() as pool:
            if "-static" in command.argv:
                Path(command.cwd, "reaper").touch()
            return pool.run(replace(command, argv=("/bin/echo", text), cwd="/", through=()))

    return run


def test_what_a_store_holds_is_what_is_told_of_it(stored: Made) -> None:
    got = toolchain(stored, completed("  /nix/store/x/lib (system search path)\n"))
    assert got.name == "nixpkgs/25.11"
    told = {name: got.versions[name] for name in ("libc", "libc-family", "libc-revision", "cc", "gdb")}
    assert told == {
        "libc": "2.40",
        "libc-family": "glibc",
        "libc-revision": "nixpkgs 2.40-66",
        "cc": "14.3.0",
        "gdb": "16.3",
    }
    assert Package("glibc", "2.40-66") in got.packages
    assert got.default_paths == ("/nix/store/x/lib",)
    assert "valgrind" not in got.tools
    assert set(got.tools) == {"cc", "sh", "env", "dd", "cp", "gdb"}
    assert "libstdc++" in (got.lack("c++") or "")
    assert "Rust" in (got.lack("rustc") or "")
    assert "/nix/store" in got.world.read_only


def test_the_identity_is_the_store_paths(stored: Made) -> None:
    run = completed("")
    before = toolchain(stored, run)
    packages = stored.contents.packages

    def with_path(name: str) -> str:
        changed = {**packages, name: replace(packages[name], path=f"{packages[name].path}-other")}
        return toolchain(replace(stored, contents=replace(stored.contents, packages=changed)), run).digest

    assert with_path("glibc") != before.digest
    assert with_path("gcc") != before.digest
    assert with_path("gdb") == before.digest
    assert pinned(stored.pin).digest != before.digest


def test_rust_is_told_apart_from_c(stored: Made, tmp_path: Path, needs: Callable[[str], str]) -> None:
    (tmp_path / "rust/bin").mkdir(parents=True)
    shutil.copy(needs("env"), tmp_path / "rust/bin/rustc")
    without = toolchain(stored, completed(""))

    def made(version: str) -> Made:
        packages = {**stored.contents.packages, "rustc": StorePackage(str(tmp_path / "rust"), version)}
        return replace(stored, contents=replace(stored.contents, packages=packages))

    got = toolchain(made("1.91.1"), completed(""))
    assert got.tool("rustc")[1:] == ("-C", f"linker={got.tool('cc')[0]}", "-C", "linker-features=-lld")
    assert "linker-features=-lld" not in toolchain(made("1.89.0"), completed("")).tool("rustc")
    assert got.digest == without.digest
    assert got.digest_of("rust") != without.digest_of("rust")


def test_a_loader_that_does_not_say_where_it_looks_looks_beside_itself(pool: Pool) -> None:
    assert default_paths("/nix/store/x/lib/ld.so", completed("")) == ("/nix/store/x/lib",)
    own = "/lib64/ld-linux-x86-64.so.2"
    if Path(own).exists():
        assert all(one.startswith("/") for one in default_paths(own, pool.run))


@pytest.mark.parametrize(("version", "told"), [("2.40-66", "2.40"), ("14.3.0", "14.3.0"), ("unstable", "unstable")])
def test_nixpkgs_version_has_its_authors_number(version: str, told: str) -> None:
    assert number(version) == told


def test_its_gdb_is_used_at_its_own_place(stored: Made, tmp_path: Path) -> None:
    at = toolchain(stored, completed(""))
    other = replace(at, world=replace(at.world, read_only=(str(tmp_path),)))
    rooted = replace(stub("debian/x"), world=Seen("debian/x", look("/"), read_only=("/some/store",)))
    got = with_gdb(rooted, other)
    assert got.tool("gdb") == at.tool("gdb")
    assert got.versions["gdb"] == "16.3"
    assert got.world.read_only == ("/some/store", str(tmp_path))
    assert got.world.others == ()


def test_a_link_of_a_world_may_lead_to_what_is_bound_and_nowhere_else(tmp_path: Path) -> None:
    for name in ("tree/usr/bin", "store/bin", "elsewhere"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "store/bin/bash").touch()
    (tmp_path / "store/bin/sh").symlink_to("bash")
    (tmp_path / "tree/usr/bin/sh").symlink_to(tmp_path / "store/bin/sh")
    (tmp_path / "tree/usr/bin/x").symlink_to(tmp_path / "elsewhere")
    seen = Seen("x", look(str(tmp_path / "tree")), read_only=(str(tmp_path / "store"),))
    assert seen.real("/bin/sh") == str(tmp_path / "store/bin/bash")
    assert seen.outside("/bin/sh") == str(tmp_path / "store/bin/sh")
    assert seen.outside("/usr/bin/x") == f"{tmp_path}/tree{tmp_path}/elsewhere"
    assert seen.real("/usr/bin/x") == f"{tmp_path}/elsewhere"


def test_forgetting_one_keeps_others_of_like_names(pin: Pin, tmp_path: Path) -> None:
    other = replace(pin, name="25.11-x")
    for one in (pin, other):
        directory(one, tmp_path, rust=False).mkdir(parents=True)
    directory(pin, tmp_path, rust=True).mkdir()
    assert found(pin, tmp_path) is None
    assert unmade(pin, tmp_path)
    assert not unmade(pin, tmp_path)
    assert unmade(other, tmp_path)
