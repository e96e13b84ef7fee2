"""What an object exports: the dynamic symbols that are there, and what dlvsym finds."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from building import Made, made
from elfworlds import elf
from elfworlds.planning.exports import Versions
from elfworlds.planning.exports import exported as told
from elfworlds.process import Pool
from elfworlds.toolchains import Toolchain
from elfworlds.toolchains.host import Prober, probe
from plans import keys_of, plan_of

CODE = '"int one(void) { return 1; } int two(void) { return 2; } int other(void) { return 3; }"'
PROGRAM = '"int one(void) { return 1; } int two(void) { return 2; } int main(void) { return 0; }"'


def exported(built: Made, name: str) -> dict[str, str | None]:
    """Each symbol that others may bind to, with its version."""
    found = elf.symbols(Path(built.artifact(name).path))
    return {one.symbol: one.version for one in found if one.defined and one.type == "STT_FUNC"}


@pytest.mark.parametrize(
    ("exports", "expected"),
    [
        ("[one]", {"one"}),
        ("[one, two]", {"one", "two"}),
        ("[o*]", {"one", "other"}),
        ("[]", set()),
        ("all", {"one", "two", "other"}),
        ("null", {"one", "two", "other"}),
    ],
)
def test_a_library_exports_what_is_listed(
    exports: str, expected: set[str], tmp_path: Path, pool: Pool, toolchain: Toolchain
) -> None:
    built = made(f"  x: {{library: x, code: {CODE}, exports: {exports}}}", tmp_path, pool, toolchain)
    assert exported(built, "x").keys() == expected


@pytest.mark.parametrize(
    ("exports", "expected"), [("[one]", {"one"}), ("[]", set()), ("all", {"one", "two", "main"}), ("null", set())]
)
def test_an_executable_exports_what_is_listed(
    exports: str, expected: set[str], tmp_path: Path, pool: Pool, toolchain: Toolchain
) -> None:
    built = made(f"  x: {{executable: x, code: {PROGRAM}, exports: {exports}}}", tmp_path, pool, toolchain)
    assert exported(built, "x").keys() - {"_start", "_init", "_fini"} == expected


def test_an_executable_has_versions_too(tmp_path: Path, pool: Pool, toolchain: Toolchain) -> None:
    built = made(f"  x: {{executable: x, code: {PROGRAM}, exports: {{V1: [one]}}}}", tmp_path, pool, toolchain)
    assert exported(built, "x") == {"one": "V1"}


@pytest.mark.parametrize(
    ("versions", "shared", "words"),
    [
        ((("", ("one",)),), True, ("-Wl,--version-script=f",)),
        ((("", ("one",)),), False, ("-Wl,--dynamic-list=f",)),
        ((("V1", ("one",)),), False, ("-rdynamic", "-Wl,--version-script=f")),
        ((("", ()),), False, ()),
        (None, True, ()),
        (None, False, ("-rdynamic",)),
    ],
)
def test_the_linker_is_told_by_a_version_script_a_dynamic_list_or_rdynamic(
    versions: Versions | None, *, shared: bool, words: tuple[str, ...]
) -> None:
    assert told(versions, "f", shared=shared).words == words


VERSIONED = """
  lib:
    library: lib
    code: |
      __asm__(".symver old_value, value@LIB_1.0");
      __asm__(".symver new_value, value@@LIB_2.0");
      int old_value(void) { return 1; }
      int new_value(void) { return 2; }
      int hidden(void) { return 3; }
    exports: {LIB_1.0: [value], LIB_2.0: [value]}
  app:
    executable: app
    code: |
      #define _GNU_SOURCE
      #include <dlfcn.h>
      #include <stdio.h>
      int main(int argc, char **argv)
      {
          void *handle = dlopen(argv[argc - 1], RTLD_NOW);
          int (*old)(void) = (int (*)(void))dlvsym(handle, "value", "LIB_1.0");
          int (*new)(void) = (int (*)(void))dlvsym(handle, "value", "LIB_2.0");
          int (*bare)(void) = (int (*)(void))dlsym(handle, "value");
          printf("%d %d %d %p\\n", old(), new(), bare(), dlsym(handle, "hidden"));
          return 0;
      }
"""


def test_dlvsym_finds_the_version_that_is_asked_for(tmp_path: Path, pool: Pool, toolchain: Toolchain) -> None:
    built = made(VERSIONED, tmp_path, pool, toolchain)
    assert built.run("app", "lib").text == "1 2 2 (nil)\n"


def test_each_version_depends_on_the_one_before(tmp_path: Path, pool: Pool, toolchain: Toolchain) -> None:
    built = made(VERSIONED, tmp_path, pool, toolchain)
    request = built.plan.requests[built.key("lib")]
    digest = dict(request.inputs)["liblib.so.map"]
    assert built.plan.files[digest].decode() == (
        "LIB_1.0 {\nglobal:\n  value;\nlocal:\n  *;\n};\nLIB_2.0 {\nglobal:\n  value;\n} LIB_1.0;\n"
    )


@pytest.mark.needs("c++")
def test_a_cxx_library_exports_by_mangled_name(tmp_path: Path, pool: Pool, toolchain: Toolchain) -> None:
    (tmp_path / "x.cc").write_text("int one() { return 1; }\nint two() { return 2; }\n")
    whole = probe(Prober(pool.run, os.environ["PATH"], "cc"), None, ("c++",))
    built = made("  x: {library: x, sources: [x.cc], exports: [_Z3onev]}", tmp_path, pool, whole)
    assert exported(built, "x").keys() == {"_Z3onev"}
    assert toolchain.digest == whole.digest


def test_what_is_exported_may_come_from_an_axis_and_changes_the_key(tmp_path: Path) -> None:
    text = f"""
experiment: x
question: "?"
matrix: {{what: {{one: one, both: [one, two]}}}}
objects: {{x: {{library: x, code: {CODE}, exports: ["${{matrix.what}}"]}}}}
scenarios: {{s: {{run: "/bin/true ${{x}}"}}}}
"""
    plan = plan_of(text, tmp_path)
    texts = {dict(request.inputs)["libx.so.map"] for request in plan.requests.values()}
    assert [plan.files[one].decode().count(";") for one in texts if one] in ([3, 4], [4, 3])
    assert len(plan.requests) == 2


def test_without_exports_nothing_is_said(tmp_path: Path) -> None:
    def keys(more: str) -> dict[str, str]:
        text = f'experiment: x\nquestion: "?"\nobjects: {{x: {{library: x, code: "int x;"{more}}}}}\n'
        return keys_of(plan_of(text + "scenarios: {s: {run: /bin/true}}", tmp_path))

    assert keys("") == keys(", exports: all") == keys(", exports: null")
    assert keys("") != keys(", exports: [x]")
