"""Objects in C++, assembly and Rust: built by real compilers, and what runs of them print."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from building import Made, made, whole_toolchain
from elfworlds import elf
from elfworlds.planning import Plan
from elfworlds.process import Pool
from elfworlds.toolchains import Toolchain
from plans import keys_of, plan_of, stub

CALLER = """
  caller:
    executable: caller
    cflags: [-pthread]
    code: |
      #include <dlfcn.h>
      #include <pthread.h>
      #include <stdio.h>
      static int (*value)(void);
      static void *thread(void *unused) { (void)unused; printf("thread %d\\n", value()); fflush(stdout); return NULL; }
      int main(int argc, char **argv)
      {
          pthread_t one;
          void *handle = dlopen(argv[argc - 1], RTLD_NOW);
          if (!handle) { puts(dlerror()); return 1; }
          value = (int (*)(void))dlsym(handle, "value");
          if (!value) { puts(dlerror()); return 2; }
          pthread_create(&one, NULL, thread, NULL);
          pthread_join(one, NULL);
          printf("main %d\\n", value());
          return 0;
      }
"""
CXX = """
  lib:
    library: lib
    language: c++
    code: |
      #include <cstdio>
      #include <string>
      struct Static { Static() { std::puts("static made"); } };
      static Static one;
      struct Local { int value = 7; ~Local() { std::puts("thread's own destroyed"); std::fflush(stdout); } };
      thread_local Local local;
      extern "C" int value() { return local.value + int(std::string("abc").size()); }
"""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Toolchain:
    return whole_toolchain(tmp_path_factory.mktemp("toolchains"))


@pytest.mark.needs("c++")
def test_a_cxx_library_runs_constructors_and_a_threads_destructors(
    tmp_path: Path, pool: Pool, whole: Toolchain
) -> None:
    built = made(CALLER + CXX, tmp_path, pool, whole)
    done = built.run("caller", "lib")
    lines = ["static made", "thread 10", "thread's own destroyed", "main 10", "thread's own destroyed"]
    assert done.text.splitlines() == lines
    assert "libstdc++.so.6" in built.artifact("lib").facts.needed
    assert built.artifact("lib").facts.soname == "liblib.so"


def test_an_assembly_library_has_a_function_and_no_executable_stack(
    tmp_path: Path, pool: Pool, whole: Toolchain
) -> None:
    (tmp_path / "value.S").write_text(ASSEMBLY)
    (tmp_path / "marks.h").write_text("#define EXPORTED(name) .globl name; .type name, @function; name:\n")
    built = made(CALLER + "  lib: {library: lib, sources: [value.S], defines: {N: 42}}", tmp_path, pool, whole)
    assert built.run("caller", "lib").text == "thread 42\nmain 42\n"
    assert built.artifact("lib").facts.execstack is False
    request = built.plan.requests[built.key("lib")]
    assert dict(request.inputs).keys() == {"value.S", "marks.h"}
    assert not [word for word in request.argv if word.startswith("-std")]


ASSEMBLY = {
    "x86_64": '#include "marks.h"\nEXPORTED(value)\n mov $N, %eax\n ret\n',
    "aarch64": '#include "marks.h"\nEXPORTED(value)\n mov w0, #N\n ret\n',
}[os.uname().machine]


def test_c_and_assembly_are_one_object(tmp_path: Path, pool: Pool, whole: Toolchain) -> None:
    (tmp_path / "value.S").write_text(ASSEMBLY)
    (tmp_path / "marks.h").write_text("#define EXPORTED(name) .globl name; .type name, @function; name:\n")
    (tmp_path / "main.c").write_text("int value(void); int main(void) { return value(); }\n")
    objects = "  app: {executable: app, sources: [main.c, value.S], defines: {N: 42}}"
    built = made(objects, tmp_path, pool, whole)
    assert built.run("app").exit == 42
    assert built.plan.requests[built.key("app")].argv[:2] == ("cc", "-std=gnu17")


@pytest.mark.needs("c++")
def test_c_beside_cxx_is_compiled_as_cxx(tmp_path: Path, pool: Pool, whole: Toolchain) -> None:
    (tmp_path / "part.c").write_text("int part(void) { return __cplusplus > 0 ? 3 : 4; }\n")
    (tmp_path / "main.cc").write_text("int part(); int main() { return part(); }\n")
    built = made("  app: {executable: app, sources: [part.c, main.cc]}", tmp_path, pool, whole)
    assert built.run("app").exit == 3
    assert built.artifact("app").output == ""


RUST = """
  base: {library: base, code: "int base(void) { return 40; }"}
  lib:
    library: lib
    language: rust
    needs: [base]
    defines: {greeting: 'a "b" c', loud: ""}
    code: |
      extern "C" { fn base() -> i32; }
      #[no_mangle]
      pub extern "C" fn value() -> i32 {
          if cfg!(loud) && cfg!(greeting = "a \\"b\\" c") { println!("rust speaks"); }
          unsafe { base() + 2 }
      }
"""


@pytest.mark.needs("rustc")
def test_a_rust_cdylib_is_loaded_by_a_c_program(tmp_path: Path, pool: Pool, whole: Toolchain) -> None:
    built = made(CALLER + RUST, tmp_path, pool, whole)
    assert built.run("caller", "lib").text == "rust speaks\nthread 42\nrust speaks\nmain 42\n"
    facts = built.artifact("lib").facts
    assert facts.runpath == (built.artifact("base").directory,)
    assert "libbase.so" in facts.needed
    assert (facts.rpath, facts.soname, facts.execstack, facts.flags) == (None, "liblib.so", False, ())
    assert len(facts.build_id or "") == 40


@pytest.mark.needs("rustc")
def test_a_rust_cdylib_has_the_linker_words_of_other_objects(tmp_path: Path, pool: Pool, whole: Toolchain) -> None:
    more = ('rpath: ["$ORIGIN/x", base]', "soname: other.so.1", "z: [now, nodelete]", "build-id: none")
    built = made(RUST.replace("language: rust", "\n    ".join(("language: rust", *more))), tmp_path, pool, whole)
    facts = built.artifact("lib").facts
    assert facts.rpath == ("$ORIGIN/x", built.artifact("base").directory)
    assert (facts.runpath, facts.soname, facts.build_id) == (None, "other.so.1", None)
    assert {"DF_BIND_NOW", "DF_1_NODELETE"} <= set(facts.flags)


@pytest.mark.needs("rustc")
def test_a_rust_dylib_exports_what_is_public(tmp_path: Path, pool: Pool, whole: Toolchain) -> None:
    objects = """
  dylib:
    library: dylib
    language: rust
    crate-type: dylib
    code: |
      pub fn public_of_rust() -> i32 { 1 }
  cdylib: {library: cdylib, language: rust, code: "pub fn public_of_rust() -> i32 { 1 }"}
"""
    built = made(objects, tmp_path, pool, whole)
    exported = {
        name: [one.symbol for one in elf.symbols(Path(built.artifact(name).path)) if one.defined]
        for name in ("dylib", "cdylib")
    }
    assert any("public_of_rust" in symbol for symbol in exported["dylib"])
    assert not any("public_of_rust" in symbol for symbol in exported["cdylib"])


@pytest.mark.needs("rustc")
def test_a_rust_program_needs_a_library_in_c(tmp_path: Path, pool: Pool, whole: Toolchain) -> None:
    code = 'extern "C" { fn base() -> i32; } fn main() { println!("{}", unsafe { base() }); }'
    objects = f"""
  base: {{library: base, code: "int base(void) {{ return 40; }}"}}
  0-app.x: {{executable: 0-app.x, language: rust, needs: [base], code: '{code}'}}
  fixed: {{executable: fixed, language: rust, pie: false, needs: [base], code: '{code}'}}
"""
    built = made(objects, tmp_path, pool, whole)
    assert built.run("0-app.x").text == "40\n"
    assert built.run("fixed").text == "40\n"
    assert built.artifact("0-app.x").facts.type == "ET_DYN"
    assert built.artifact("fixed").facts.type == "ET_EXEC"


@pytest.mark.needs("rustc")
def test_a_warning_of_rustc_is_kept_and_an_error_is_a_failure(tmp_path: Path, pool: Pool, whole: Toolchain) -> None:
    objects = """
  warned: {library: warned, language: rust, code: "fn unused() {}"}
  wrong: {library: wrong, language: rust, code: "fn wrong() { nothing }"}
"""
    built = made(objects, tmp_path, pool, whole)
    assert "is never used" in built.artifact("warned").output
    failure = built.build.failures[built.key("wrong")]
    assert "wrong.rs:1:14" in failure.output
    assert failure.exit == 1
    assert failure.command.startswith("rustc --crate-name wrong --crate-type cdylib --edition 2021")


def test_an_axis_may_choose_the_language(tmp_path: Path) -> None:
    (tmp_path / "value.c").write_text("int value(void) { return 1; }\n")
    (tmp_path / "value.cc").write_text('extern "C" int value() { return 1; }\n')
    (tmp_path / "value.rs").write_text('#[no_mangle] pub extern "C" fn value() -> i32 { 1 }\n')
    text = """
experiment: x
question: "?"
matrix: {suffix: [c, cc, rs]}
objects: {lib: {library: lib, sources: ["value.${matrix.suffix}"], edition: 2018}}
scenarios: {s: {run: /bin/true}}
"""
    plan = plan_of(text, tmp_path)
    assert [request.argv[0] for request in plan.requests.values()] == ["cc", "c++", "rustc"]


ALL = """
experiment: x
question: "?"
objects:
  c: {library: c, code: "int c;"}
  cxx: {library: cxx, language: c++, code: "int cxx;"}
  rust: {library: rust, language: rust, code: ""}
  asm: {library: asm, language: assembly, code: ""}
scenarios: {s: {run: /bin/true}}
"""


def changed(one: dict[str, str], other: dict[str, str]) -> set[str]:
    return {name for name in one if one[name] != other[name]}


def test_a_compiler_changes_the_keys_of_its_own_language_only(tmp_path: Path) -> None:
    def keys(**parts: Mapping[str, str]) -> dict[str, str]:
        return keys_of(plan_of(ALL, tmp_path, {"host": replace(stub(cc="1"), parts=parts)}))

    assert changed(keys(), keys(**{"c++": {"c++": "1"}})) == {"cxx"}
    assert changed(keys(), keys(rust={"rustc": "1"})) == {"rust"}
    assert changed(keys(rust={"rustc": "1"}), keys(rust={"rustc": "2"})) == {"rust"}


def planned(folder: Path, objects: str) -> Plan:
    text = f'experiment: x\nquestion: "?"\nobjects:\n{objects}\nscenarios: {{s: {{run: /bin/true}}}}\n'
    return plan_of(text, folder)


def read_by(folder: Path, objects: str) -> set[str]:
    """What the only object may read."""
    (request,) = planned(folder, objects).requests.values()
    return {path for path, _ in request.inputs}


def files(folder: Path, **texts: str) -> None:
    for name, text in texts.items():
        path = folder / name.replace("__", "/").replace("_DOT_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_a_header_of_cxx_is_an_input_and_changes_the_key(tmp_path: Path) -> None:
    files(tmp_path, x_DOT_cc='#include "sub/x.hpp"\n', sub__x_DOT_hpp="#include <y.hh>\n", include__y_DOT_hh="int y;\n")
    objects = "  x: {library: x, sources: [x.cc]}"
    assert read_by(tmp_path, objects) == {"x.cc", "sub/x.hpp", "include/y.hh"}
    before = keys_of(planned(tmp_path, objects))
    (tmp_path / "include" / "y.hh").write_text("long y;\n")
    assert keys_of(planned(tmp_path, objects)) != before


def test_what_an_assembler_includes_is_an_input(tmp_path: Path) -> None:
    text = ' .include "a/macros.inc"\n\t.incbin "data.bin"\n'
    files(tmp_path, a__x_DOT_S=text, a__macros_DOT_inc="", include__data_DOT_bin="")
    (tmp_path / "a" / "data.bin").write_text("not this one: the assembler looks where it is started")
    assert read_by(tmp_path, "  x: {library: x, sources: [a/x.S]}") == {"a/x.S", "a/macros.inc", "include/data.bin"}


def test_the_modules_of_a_crate_are_inputs_and_change_the_key(tmp_path: Path) -> None:
    files(
        tmp_path,
        r__lib_DOT_rs='mod one;\npub(crate) mod two;\n#[path = "odd/three.rs"]\nmod third;\n'
        'const T: &str = include_str!("text.txt");\nmod inline { }\nmod absent;\n',
        r__one_DOT_rs="mod deep;\nmod r#type;\n",
        r__one__deep_DOT_rs="",
        r__one__type__mod_DOT_rs="mod last;",
        r__one__type__last_DOT_rs="",
        r__two__mod_DOT_rs='include!("part.rs");',
        r__two__part_DOT_rs="",
        r__odd__three_DOT_rs="",
        r__text_DOT_txt="mod fake;",
        r__unread_DOT_rs="",
    )
    objects = "  x: {library: x, sources: [r/lib.rs]}"
    expected = "lib.rs one.rs one/deep.rs one/type/mod.rs one/type/last.rs two/mod.rs two/part.rs odd/three.rs text.txt"
    assert read_by(tmp_path, objects) == {f"r/{one}" for one in expected.split()}
    before = keys_of(planned(tmp_path, objects))
    (tmp_path / "r" / "one" / "deep.rs").write_text("// changed")
    assert keys_of(planned(tmp_path, objects)) != before


@pytest.mark.needs("rustc")
def test_a_crate_of_several_files_is_built(tmp_path: Path, pool: Pool, whole: Toolchain) -> None:
    files(
        tmp_path,
        r__main_DOT_rs="mod one;\nmod listed;\nuse std::process::exit;\n"
        "fn main() { exit(one::deep::value() + listed::value()) }\n",
        r__one_DOT_rs="pub mod deep;\n",
        r__one__deep_DOT_rs="pub fn value() -> i32 { 40 }\n",
        r__listed_DOT_rs="pub fn value() -> i32 { 2 }\n",
    )
    built: Made = made("  app: {executable: app, sources: [r/main.rs, r/listed.rs]}", tmp_path, pool, whole)
    assert built.run("app").exit == 42
