"""bindings: what the rules foretell is what ld.so binds, reference by reference."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from elfworlds.bindings import Foretold, Linked, Opened, opened, started
from foretelling import MACHINE, Library, bound, compare, differences, foretold, listed, programs_and_libraries
from loaders import pinned_root

HOST = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
int main(int argc, char **argv)
{
	for (int i = 1; i + 2 < argc; i += 3) {
		const int flags = atoi(argv[i + 2]);

		if (!(argv[i][1] == 'm' ? dlmopen(LM_ID_NEWLM, argv[i + 1], flags) : dlopen(argv[i + 1], flags)))
			return 1;
	}
	return 0;
}
"""
NOW, GLOBAL, DEEP = 2, 0x100, 8
MARKS = ("", "__attribute__((weak)) ", '__attribute__((visibility("protected"))) ')


def cc(directory: Path, name: str, code: str, *words: str | Path, compiler: str = "cc") -> Path:
    source = directory / f"{name}.{'c' if compiler == 'cc' else 'cc'}"
    source.write_text(code)
    path = directory / (name if "-pie" in words or "-no-pie" in words else f"lib{name}.so")
    kind = [] if path.name == name else ["-shared", "-fPIC", f"-Wl,-soname,{path.name}"]
    subprocess.run(
        [compiler, "-w", *kind, "-o", path, source, *map(str, words), f"-Wl,-rpath,{directory}", "-Wl,--no-as-needed"],
        check=True,
    )
    return path


def agreeing(path: Path) -> list[Foretold]:
    """What is foretold of a file and what it loads, which is what ld.so binds."""
    closure = Library().closure(path)
    references = list(started(closure))
    count, lines = differences(listed(closure), foretold(references))
    assert lines == []
    assert count > 5
    return references


def server(references: list[Foretold], needing: str, symbol: str) -> set[tuple[str | None, str | None]]:
    """Where the references of an object to a symbol end, and by which rule."""
    return {
        (Path(each.path).name if each.path else None, each.rule)
        for each in references
        if Path(each.needing).name == needing and each.symbol == symbol
    }


def test_the_first_in_the_order_of_loading_serves_weak_or_not(tmp_path: Path) -> None:
    b = cc(tmp_path, "b", "int f(void) { return 2; } int g(void) { return f(); }")
    a = cc(tmp_path, "a", "__attribute__((weak)) int f(void) { return 1; }")
    app = cc(tmp_path, "app", "int g(void); int f(void); int main(void) { return g() + f(); }", "-pie", a, b)
    references = agreeing(app)
    assert server(references, "libb.so", "f") == {("liba.so", "scope")}


def test_versions_tell_definitions_apart(tmp_path: Path) -> None:
    versions = tmp_path / "v.map"
    versions.write_text("V1 { f; }; V2 { f; g; } V1;")
    code = """
    __asm__(".symver f_1, f@V1"); __asm__(".symver f_2, f@@V2");
    int f_1(void) { return 1; } int f_2(void) { return 2; } int g(void) { return 3; }
    """
    new = cc(tmp_path, "dep", code, f"-Wl,--version-script={versions}")
    asks = cc(tmp_path, "asks", "int f(void); int g(void); int h(void) { return f() + g(); }", new)
    (tmp_path / "old").mkdir()
    old = cc(tmp_path / "old", "dep", "int f(void) { return 0; } int g(void) { return 0; }")
    plain = cc(tmp_path, "plain", "int f(void); int k(void) { return f(); }", old, f"-Wl,-rpath,{tmp_path}")
    app = cc(
        tmp_path, "app", "int h(void); int k(void); int main(void) { return h() + k(); }", "-pie", asks, plain, new
    )
    references = agreeing(app)
    by_version = {(Path(each.needing).name, each.version, each.provided) for each in references if each.symbol == "f"}
    assert by_version >= {("libasks.so", "V2", "V2"), ("libplain.so", None, "V1")}


def test_protected_and_symbolic_objects_serve_themselves(tmp_path: Path) -> None:
    code = "VISIBLE int f(void) { return 2; } int g(void) { return f(); } int (*p)(void) = f;"
    protected = cc(tmp_path, "protected", code.replace("VISIBLE", '__attribute__((visibility("protected")))'))
    symbolic = cc(
        tmp_path,
        "symbolic",
        "int s(void) { return 1; } int t(void) { return s(); } int (*q)(void) = s;",
        "-Wl,-Bsymbolic",
    )
    own = "int f(void) { return 9; } int s(void) { return 9; }"
    main = f"{own} int g(void); int t(void); int main(void) {{ return g() + t(); }}"
    references = agreeing(cc(tmp_path, "app", main, "-pie", "-rdynamic", protected, symbolic))
    assert server(references, "libprotected.so", "f") <= {("libprotected.so", "own"), ("libprotected.so", "scope")}
    assert server(references, "libsymbolic.so", "s") == set()  # the link editor bound it already


def test_a_copy_relocation_is_served_by_the_library_and_serves_it(tmp_path: Path) -> None:
    lib = cc(tmp_path, "data", "int counter = 7; int *where(void) { return &counter; }")
    app = cc(
        tmp_path,
        "app",
        "extern int counter; int *where(void); int main(void) { return where() != &counter; }",
        "-no-pie",
        "-fno-pie",
        lib,
    )
    references = agreeing(app)
    assert ("libdata.so", "scope") in server(references, "app", "counter")
    assert server(references, "libdata.so", "counter") == {("app", "scope")}


def test_a_protected_variable_that_a_program_copied_is_shared_until_glibc_2_36(tmp_path: Path) -> None:
    """As seen of protected-and-copied: bfd 2.35 links such a program, newer ones refuse to."""
    lib = cc(tmp_path, "data", "int counter = 7; int *where(void) { return &counter; }")
    main = "extern int counter; int *where(void); int main(void) { return where() != &counter; }"
    app = cc(tmp_path, "app", main, "-no-pie", "-fno-pie", lib)
    new = [protected(each) if each.path.endswith("libdata.so") else each for each in Library().closure(app)]
    old = [older(each) if each.facts.soname == "libc.so.6" else each for each in new]
    assert server(list(started(new)), "libdata.so", "counter") == {("libdata.so", "own")}
    assert server(list(started(old)), "libdata.so", "counter") == {("app", "scope")}


def protected(linked: Linked) -> Linked:
    return replace(linked, symbols=[replace(each, visibility="STV_PROTECTED") for each in linked.symbols])


def older(libc: Linked) -> Linked:
    """As if it were of glibc 2.35."""
    assert libc.versions is not None
    defined = tuple(each for each in libc.versions.defined if each.name not in {"GLIBC_2.36", "GLIBC_ABI_DT_RELR"})
    return replace(libc, versions=libc.versions._replace(defined=defined))


def test_a_function_whose_address_a_program_took_is_the_programs(tmp_path: Path) -> None:
    lib = cc(tmp_path, "fun", "int f(void) { return 1; } void *where(void) { return f; } int g(void) { return f(); }")
    app = cc(
        tmp_path,
        "app",
        "int f(void); void *where(void); int g(void); int main(void) { return where() != (void *)f || g() != 1; }",
        "-no-pie",
        "-fno-pie",
        lib,
    )
    references = agreeing(app)
    assert ("app", "scope") in server(references, "libfun.so", "f")


def test_a_unique_symbol_is_one_for_all(tmp_path: Path, needs: Callable[[str], str]) -> None:
    code = """
    template <class T> struct S {{ static int n; }};
    template <class T> int S<T>::n;
    int {0}() {{ return S<int>::n++; }}
    """
    libraries = [cc(tmp_path, name, code.format(f"f_{name}"), compiler=needs("c++")) for name in ("one", "two")]
    app = cc(tmp_path, "app", "int main(void) { return 0; }", "-pie", "-Wl,--no-as-needed", *libraries)
    references = agreeing(app)
    assert len({each.path for each in references if each.symbol == "_ZN1SIiE1nE"}) == 1


@pytest.mark.parametrize("seed", range(6))
def test_random_graphs_bind_as_foretold(tmp_path: Path, seed: int) -> None:
    choose = random.Random(seed)  # noqa: S311  # graphs, no secrets
    symbols = [f"s{number}" for number in range(8)]
    made: list[Path] = []
    for number in range(7):
        defined = choose.sample(symbols, 3)
        marks = [choose.choice(MARKS) for _ in defined]
        used = choose.sample(symbols, 4)
        lines = [f"{mark}int {name}(void) {{ return {number}; }}" for mark, name in zip(marks, defined, strict=True)]
        lines += [f"int {name}(void) __attribute__((weak));" for name in used if name not in defined]
        lines += [f"int use_{number}_{name}(void) {{ return {name} ? {name}() : 0; }}" for name in used]
        words: list[str | Path] = [*choose.sample(made, min(len(made), 2))]
        if choose.random() < 0.3:
            words.append("-Wl,-Bsymbolic")
        if choose.random() < 0.4:
            script = tmp_path / f"{number}.map"
            script.write_text(f"V{choose.randrange(3)} {{ {' '.join(f'{name};' for name in defined)} }};")
            words.append(f"-Wl,--version-script={script}")
        made.append(cc(tmp_path, f"n{number}", "\n".join(lines), *words))
    order = choose.sample(made, len(made))
    agreeing(cc(tmp_path, "app", "int main(void) { return 0; }", "-pie", *order))


@pytest.fixture(scope="module")
def opening(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A host that has `f` and opens libraries that have it too."""
    place = tmp_path_factory.mktemp("opening")
    dep = cc(place, "dep", "int f(void) { return 2; } int d(void) { return f(); }")
    plugin = cc(place, "plugin", "int d(void); int f(void); int g(void); int p(void) { return d() + f(); }", dep)
    other = cc(place, "other", "int f(void) { return 3; } int d(void) { return 4; }")
    host = cc(place, "host", HOST + "int f(void) { return 1; }", "-pie", "-rdynamic", "-ldl")
    bare = cc(place, "bare", HOST, "-pie", "-ldl")
    return {"dep": dep, "plugin": plugin, "other": other, "host": host, "bare": bare}


def brought(library: Library, path: Path, there: set[str], flags: int) -> Opened:
    closure = tuple(library.closure(path))
    return Opened(closure, frozenset({each.path for each in closure} - there), deep=bool(flags & DEEP))


@pytest.mark.parametrize("host", ["host", "bare"])
@pytest.mark.parametrize("flags", [NOW, NOW | GLOBAL, NOW | DEEP])
@pytest.mark.parametrize("before", [None, NOW, NOW | GLOBAL])
def test_what_dlopen_binds_is_foretold(opening: dict[str, Path], host: str, flags: int, before: int | None) -> None:
    words: list[str | Path] = [opening[host]]
    library = Library()
    program = library.closure(opening[host])
    globally, references = list(program), list(started(program))
    loaded = {each.path for each in program}
    for path, with_flags in ((opening["other"], before), (opening["plugin"], flags)):
        if with_flags is None:
            continue
        words += ["open", path, str(with_flags)]
        one = brought(library, path, loaded, with_flags)
        references += opened(one, globally)
        globally += [each for each in one.objects if with_flags & GLOBAL and each not in globally]
        loaded |= {each.path for each in one.objects}
    _, lines = differences(bound(words), foretold(references))
    assert lines == []


def test_nothing_of_the_host_is_there_in_a_new_namespace(opening: dict[str, Path]) -> None:
    library = Library()
    program = library.closure(opening["host"])
    one = brought(library, opening["plugin"], set(), NOW)
    references = [*started(program), *opened(one, [])]
    _, lines = differences(bound([opening["host"], "dm", opening["plugin"], str(NOW)]), foretold(references))
    assert lines == []
    assert server(references, "libplugin.so", "f") == {("libdep.so", "scope")}


def test_an_undefined_weak_reference_binds_to_nothing(tmp_path: Path) -> None:
    app = cc(tmp_path, "app", "int f(void) __attribute__((weak)); int main(void) { return f ? f() : 0; }", "-pie")
    (reference,) = [each for each in agreeing(app) if each.symbol == "f"]
    assert (reference.path, reference.weak, reference.missing) == (None, True, False)


def test_the_python_that_runs_this_binds_as_foretold() -> None:
    count, lines = compare(sys.executable, Library())
    assert lines == []
    assert count > 100


def all_of(top: Path) -> tuple[int, list[str]]:
    """How many references the programs and libraries of a system have, and those that bind otherwise than foretold."""
    library, count = Library(top), 0
    lines: list[str] = []
    for path in programs_and_libraries(top):
        more, differing = compare(path, library)
        count, lines = count + more, lines + differing
    return count, lines


@pytest.mark.slow
def test_programs_and_libraries_of_this_machine_bind_as_foretold() -> None:
    count, lines = all_of(MACHINE)
    assert lines == []
    assert count > 100_000


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="chroot needs root")
@pytest.mark.parametrize("suite", ["bullseye", "bookworm", "trixie", "sid"])
def test_programs_and_libraries_of_a_root_bind_as_foretold(suite: str) -> None:
    root = pinned_root(f"debian/{suite}", fetch=False).world.root
    assert root is not None
    count, lines = all_of(Path(root.path))
    assert lines == []
    assert count > 10_000


def test_a_linked_object_says_whether_it_is_symbolic(tmp_path: Path) -> None:
    path = cc(tmp_path, "s", "int f(void) { return 1; }", "-Wl,-Bsymbolic")
    (linked, *_) = Library().closure(path)
    assert isinstance(linked, Linked)
    assert linked.symbolic
