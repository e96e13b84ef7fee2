"""Objects in C++, assembly and Rust by Nix over the host's toolchain: the same facts as by the local store."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from elfworlds.__main__ import main
from nix_support import ROOT, RUSTC, bench, environment, needs_nix, written

pytestmark = [
    needs_nix,
    pytest.mark.skipif(not Path(RUSTC).exists(), reason=f"no {RUSTC}, which a Nix build sees: apt-get install rustc"),
    pytest.mark.skipif(shutil.which("c++") is None, reason="c++ is not installed"),
]
OBJECTS = {
    "cxx": {"library": "cxx", "language": "c++", "code": '#include <string>\nstd::string f() { return "f"; }\n'},
    "asm": {"library": "asm", "language": "assembly", "code": ".globl f\nf: ret\n", "exports": ["f"]},
    "rust": {
        "library": "rust",
        "language": "rust",
        "needs": ["asm"],
        "code": 'extern "C" { fn f(); }\n#[no_mangle] pub extern "C" fn g() { unsafe { f() } }\n',
    },
    "dylib": {"library": "dylib", "language": "rust", "crate-type": "dylib", "code": "pub fn f() {}\n"},
    "versions": {"library": "versions", "code": "int f, g;\n", "exports": {"V1": ["f"], "V2": ["g"]}},
    "bin": {
        "executable": "bin",
        "language": "rust",
        "needs": ["rust", "cxx"],
        "code": 'extern "C" { fn g(); }\nfn main() { unsafe { g() } }\n',
    },
}


def test_both_backends_give_the_same_facts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in environment(tmp_path / "cache").items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    file = written(tmp_path, "every", OBJECTS, "${bin}")
    code = main(["run", "--backend", "both", "--no-tables", "-o", str(tmp_path / "results"), str(file)])
    runs = sorted((tmp_path / "results" / "every").glob("2*"))
    assert [json.loads((run / "backends.json").read_text())["findings"] for run in runs] == [[], []]
    assert code == 0
    assert "local and nix: the same ELF facts and outcomes for 6 objects" in capsys.readouterr().out


def test_a_store_path_holds_the_object_alone_and_names_no_place_of_its_build(tmp_path: Path) -> None:
    with bench(written(tmp_path, "every", OBJECTS, "${bin}"), tmp_path) as one:
        for artifact in one.build().artifacts.values():
            assert [path.name for path in Path(artifact.directory).iterdir()] == [artifact.filename]
            # Debian's std says of itself that it was built in /build/rustc-….
            assert b"/build/" not in Path(artifact.path).read_bytes().replace(b"/build/rustc", b"")
        assert len(one.reported) == len(OBJECTS)


def test_a_rustc_that_builds_cannot_see_fails_the_objects_in_rust_and_no_other(tmp_path: Path) -> None:
    elsewhere = tmp_path / "rustc"
    elsewhere.write_text('#!/bin/sh\n[ "$*" = "--print sysroot" ] && echo /usr/lib || exec /usr/bin/rustc "$@"\n')
    elsewhere.chmod(0o755)
    file = written(tmp_path, "every", OBJECTS, "${bin}")
    with bench(file, tmp_path, RUSTC=str(elsewhere)) as one:
        build = one.build(keep_going=True)
        rust = {key for key, request in one.plan.requests.items() if request.argv[0] == "rustc"}
        own = {key for key, failure in build.failures.items() if not failure.missing}
        assert own <= rust <= set(build.failures)
        assert all(re.search(r"rustc` is not where a Nix build sees it", build.failures[key].output) for key in own)
        assert set(build.artifacts) == set(one.plan.requests) - set(build.failures) != set()


def test_a_package_sets_own_rustc_is_used_where_an_object_is_in_rust(tmp_path: Path) -> None:
    packages = str(ROOT / "tests" / "data" / "nix" / "own-compiler")
    file = written(tmp_path, "every", OBJECTS, "${bin}")
    with bench(file, tmp_path, ELFWORLDS_NIX_PACKAGES=packages, RUSTC="") as one:
        words = one.toolchains["host"].tools["rustc"]
        assert words[0].startswith("/nix/store/")
        assert words[2].startswith("linker=/nix/store/")
    with bench(ROOT / "experiments" / "same-lib.yaml", tmp_path, ELFWORLDS_NIX_PACKAGES=packages, RUSTC="") as one:
        assert "rustc" not in one.toolchains["host"].tools
