"""One rule of the search a test, made of objects that hold nothing, asked of real loaders: see test_loaders.py."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import pytest

import elves
from elfworlds import elf, resolve
from elfworlds.process import Command, Pool
from elfworlds.resolve import MUSL
from elfworlds.sandbox import inside, look, wrap
from elfworlds.sandbox.world import World
from elfworlds.toolchains import Toolchain
from elfworlds.traces.ldcache import library_cache
from loaders import PINNED, Asked, Question, disagreements, pinned_root

EVERYWHERE = pytest.mark.parametrize("place", ["host", *PINNED])
GLIBCS = pytest.mark.parametrize("place", ["host", *(one for one in PINNED if one.startswith("debian/"))])
SUBDIRECTORIES = (
    *("glibc-hwcaps/x86-64-v4", "glibc-hwcaps/x86-64-v3", "glibc-hwcaps/x86-64-v2", "glibc-hwcaps/other"),
    *("tls/haswell/x86_64", "tls/x86_64", "tls", "haswell/avx512_1", "haswell", "avx512_1", "x86_64", "xeon_phi"),
)


@pytest.fixture(scope="module")
def systems(toolchain: Toolchain) -> Callable[[str], Toolchain]:
    made = {"host": toolchain}

    def find(name: str) -> Toolchain:
        if name not in made:
            made[name] = pinned_root(name, fetch=False)
        return made[name]

    return find


@pytest.fixture
def one(place: str, systems: Callable[[str], Toolchain], tmp_path: Path) -> Asked:
    """A loader, in a world that shows the test's directory."""
    found = systems(place)
    return Asked(replace(found, world=found.world.reading(str(tmp_path))))


@EVERYWHERE
def test_subdirectories_for_the_processor_come_first_where_that_libc_has_them(one: Asked, tmp_path: Path) -> None:
    """Each alone, and every two of them; what the loader has none for is beside them."""
    choices = [*((each,) for each in SUBDIRECTORIES), *combinations(SUBDIRECTORIES, 2)]
    needed = [f"lib{at}.so" for at in range(len(choices))]
    for name, subdirectories in zip(needed, choices, strict=True):
        for directory in (*subdirectories, "." if len(subdirectories) == 1 else subdirectories[0]):
            elves.make(tmp_path / "lib" / directory / name, soname=name)
    app = elves.make(tmp_path / "app", needed, runpath=f"{tmp_path}/lib")
    by_variable = elves.make(tmp_path / "other", needed)
    questions = [Question(str(app)), Question(str(by_variable), str(tmp_path), "lib")]
    assert disagreements(one, questions) == []
    taken = set((one.rules_say(questions[0]) or {}).values())
    assert any("glibc-hwcaps" in (path or "") for path in taken) == any("hwcaps" in x for x in subdirectories_of(one))


def subdirectories_of(one: Asked) -> tuple[str, ...]:
    return one.toolchain.subdirectories


def test_which_libc_has_which_subdirectories(systems: Callable[[str], Toolchain]) -> None:
    """From 2.33 on glibc-hwcaps, up to 2.36 the names before it."""
    for place in ("debian/bullseye", "debian/bookworm", "debian/trixie", "debian/sid"):
        named = systems(place).subdirectories
        assert any(one.startswith("glibc-hwcaps/") for one in named) == (place != "debian/bullseye")
        assert ("tls" in named) == (place in ("debian/bullseye", "debian/bookworm"))


def text(path: Path) -> None:
    path.write_text("/* GNU ld script */\nGROUP ( /lib/libx.so.1 )\n" + "x" * 64)


def loop(path: Path) -> None:
    path.symlink_to(path.name)


def dangling(path: Path) -> None:
    path.symlink_to("nowhere")


def changed(at: int, value: bytes) -> Callable[[Path], None]:
    """An object with some bytes of its header changed."""

    def make(path: Path) -> None:
        data = bytearray(elves.make(path).read_bytes())
        data[at : at + len(value)] = value
        path.write_bytes(data)

    return make


def short(path: Path) -> None:
    path.write_bytes(elves.make(path).read_bytes()[:40])


KINDS: dict[str, Callable[[Path], None]] = {
    "a linker script": text,
    "empty": Path.touch,
    "a directory": lambda path: path.mkdir(),
    "a loop of links": loop,
    "a dangling link": dangling,
    "a header cut off": short,
    "another class": changed(4, b"\x01"),
    "another byte order": changed(5, b"\x02"),
    "another version": changed(6, b"\x07"),
    "another OS": changed(7, b"\x09"),
    "an ABI version": changed(8, b"\x01"),
    "padding": changed(12, b"\x01"),
    "another type": changed(16, b"\x01\x00"),
    "another machine": changed(18, b"\x08\x00"),
    "another version at its end": changed(20, b"\x02"),
    "other program headers": changed(54, b"\x20\x00"),
}
# musl maps what it opens and looks at neither class nor machine: what becomes of it, nobody can say.
SILENT_IN_MUSL = ("another class", "another byte order", "another machine", "other program headers")


@EVERYWHERE
def test_what_is_no_object_stops_the_search_or_is_passed_over(one: Asked, tmp_path: Path) -> None:
    """Before a good one: in the same list, and in another one."""
    questions: dict[Question, str] = {}
    for kind, make in KINDS.items():
        place = tmp_path / kind
        bad, good = place / "bad", place / "good"
        bad.mkdir(parents=True)
        make(bad / "libx.so")
        elves.make(good / "libx.so", soname="libx.so")
        same = elves.make(place / "same", ["libx.so"], runpath=f"{bad}:{good}")
        other = elves.make(place / "other", ["libx.so"], runpath=str(good))
        questions |= {Question(str(same)): kind, Question(str(other), library_path=str(bad)): kind}
    silent = {kind for each, kind in questions.items() if unsure(one, each)}
    assert silent == (set(SILENT_IN_MUSL) if one.family == MUSL else set())
    assert disagreements(one, [each for each, kind in questions.items() if kind not in silent]) == []


def unsure(one: Asked, question: Question) -> bool:
    return any(not edge.sure for edge in resolve.tree(question.file, one.world(question)))


@GLIBCS
def test_auxiliary_objects_and_filters_come_before_whom_they_serve(one: Asked, tmp_path: Path) -> None:
    lib = tmp_path / "lib"
    auxiliary = [(elves.DT_AUXILIARY, "libx.so"), (elves.DT_AUXILIARY, "liby.so")]
    elves.make(lib / "liba.so", ["libb.so", "libq.so"], runpath="$ORIGIN", filters=auxiliary)
    elves.make(lib / "libx.so", ["libdeep.so"], runpath="$ORIGIN:$ORIGIN/x")
    elves.make(lib / "liby.so", ["libdeep.so"], runpath="$ORIGIN/y")
    elves.make(lib / "libq.so", runpath="$ORIGIN", filters=[(elves.DT_FILTER, "libb.so")])
    elves.make(lib / "libc.so", ["libdeep.so"], runpath="$ORIGIN/z")
    for name in ("libb.so", "x/libdeep.so", "y/libdeep.so", "z/libdeep.so"):
        elves.make(lib / name)
    app = elves.make(tmp_path / "app", ["liba.so", "libc.so"], runpath=str(lib))
    assert disagreements(one, [Question(str(app))], ordered=False) == []
    assert (one.rules_say(Question(str(app))) or {})["libdeep.so"] == f"{lib}/x/libdeep.so"


@EVERYWHERE
def test_no_default_path_serves_an_object_that_wants_none_nor_does_the_cache(one: Asked, tmp_path: Path) -> None:
    """musl knows no such flag."""
    names = [name for name in one.toolchain.library_cache if name.startswith("lib")][:20] or ["libgcc_s.so.1"]
    app = elves.make(tmp_path / "app", names, nodeflib=True)
    assert disagreements(one, [Question(str(app))], ordered=False) == []
    assert one.family == MUSL or set((one.rules_say(Question(str(app))) or {}).values()) == {None}


@GLIBCS
def test_the_cache_takes_runs_of_digits_for_numbers(one: Asked, tmp_path: Path) -> None:
    if not Path("/etc/ld.so.cache").exists():
        pytest.skip("this machine has no /etc/ld.so.cache")
    app = elves.make(tmp_path / "app", ["libc.so.06", "libgcc_s.so.001", "libc.so.60"])
    assert disagreements(one, [Question(str(app))]) == []
    assert (one.rules_say(Question(str(app))) or {}).get("libgcc_s.so.001")


@EVERYWHERE
def test_the_names_of_libcs_parts_are_libc_in_musl_alone(one: Asked, tmp_path: Path) -> None:
    names = ["libm.so.6", "libpthread.so.0", "libcx.so", "libxnet.so", "libc.musl-x86_64.so.1", "libutil.so.9"]
    for name in names:
        elves.make(tmp_path / "lib" / name, soname=name)
    app = elves.make(tmp_path / "app", names, runpath="$ORIGIN/lib")
    assert disagreements(one, [Question(str(app))]) == []
    assert len(one.rules_say(Question(str(app))) or {}) == (1 if one.family == MUSL else len(names))


def little_root(found: Toolchain, directory: Path) -> World:
    """A root of a loader, its libc and a shell, to which a test adds what it likes."""
    for path in (found.interp, "/bin/sh", f"/lib/{os.uname().machine}-linux-gnu/libc.so.6", "/sbin/ldconfig"):
        target = directory / "usr" / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(found.world.outside(path), target)
    (directory / "etc").mkdir()
    return World("little", look(str(directory)), bwrap=found.world.bwrap)


@GLIBCS
@pytest.mark.parametrize("cached", [True, False], ids=["with a cache", "without a cache"])
def test_default_paths_and_the_cache_have_subdirectories_too(
    place: str, systems: Callable[[str], Toolchain], tmp_path: Path, *, cached: bool
) -> None:
    if not Path("/sbin/ldconfig").exists():
        pytest.skip("no /sbin/ldconfig")
    found, tree = systems(place), tmp_path / "tree"
    world = little_root(found, tree)
    choices = [*((each,) for each in SUBDIRECTORIES), *combinations(SUBDIRECTORIES, 2)]
    needed = [f"lib{at}.so" for at in range(len(choices))]
    for at, (name, subdirectories) in enumerate(zip(needed, choices, strict=True)):
        top = tree / ("usr/lib" if at % 2 else f"usr/lib/{os.uname().machine}-linux-gnu")
        for directory in (*subdirectories, *((".",) if at % 3 else ())):
            elves.make(top / directory / name, soname=name)
    elves.make(tree / "usr/lib/app", [*needed, "libc.so.6"])
    data = b""
    if cached:
        (tree / "etc/ld.so.conf").write_text(f"/usr/lib/{os.uname().machine}-linux-gnu\n/usr/lib\n")
        command = Command(argv=("/sbin/ldconfig",), env={}, cwd="/", timeout=60)
        with Pool() as pool:
            done = pool.run(inside(command, world.bwrap, str(tree), ("etc",)))
        assert done.ok, done.stderr.data
        data = (tree / "etc/ld.so.cache").read_bytes()
    cache = library_cache(data, os.uname().machine, found.subdirectories)
    assert bool(cache) == cached
    one = Asked(replace(found, world=world, library_cache=cache))
    assert disagreements(one, [Question("/usr/lib/app")]) == []


OPENING = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
void *opens(const char *name);
int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		struct link_map *map = 0;
		void *handle = opens(argv[i]);
		if (handle)
			dlinfo(handle, RTLD_DI_LINKMAP, &map);
		printf("%s\n", map ? map->l_name : "");
	}
	return 0;
}
"""
OPENS = "#include <dlfcn.h>\nvoid *opens(const char *name) { return dlopen(name, RTLD_NOW); }\n"
RUN_PATHS = ("$ORIGIN/theirs", "$ORIGINAL/../x:$ORIGIN/theirs", "$ORIGIN/theirs:$LIB", "${ORIGIN}/theirs", "")


@pytest.mark.parametrize("place", [one for one in PINNED if one.startswith("musl/")])
@pytest.mark.parametrize("run_path", RUN_PATHS)
def test_what_dlopen_opens_is_searched_for_by_the_applications_run_path_in_musl(
    one: Asked, run_path: str, tmp_path: Path
) -> None:
    """Whoever calls; no soname counts, and what was opened by path answers to its name once a search found it."""
    for name in ("libx.so", "liby.so", "libz.so"):
        elves.make(tmp_path / "own" / name)
    for name in ("liby.so", "libz.so", "libpath.so"):
        elves.make(tmp_path / "theirs" / name)
    elves.make(tmp_path / "env" / "libz.so")
    elves.make(tmp_path / "env" / "libs.so", soname="libsoname.so")
    (tmp_path / "env/libpath2.so").symlink_to("../theirs/libpath.so")
    by_path = f"{tmp_path}/theirs/libpath.so"
    names = ["libx.so", "liby.so", "libz.so", "libs.so", "libsoname.so", by_path, "libpath2.so", "libpath.so"]
    env = {"LD_LIBRARY_PATH": f"{tmp_path}/env"}
    assert opened(one, run_path, names, env, tmp_path) == foretold(one, names, env, tmp_path)


def opened(one: Asked, run_path: str, names: list[str], env: dict[str, str], directory: Path) -> list[str]:
    """The path of what each name led to, from a library with a run path of its own."""
    (directory / "app.c").write_text(OPENING)
    (directory / "opens.c").write_text(OPENS)
    cc, where = one.toolchain.tool("cc"), ("-L.", "-Wl,--no-as-needed", "-Wl,-rpath,$ORIGIN/../own")
    words = [f"-Wl,-rpath,{run_path}"] if run_path else []
    lines = [
        (*cc, "-shared", "-fPIC", "-o", "env/libopens.so", "opens.c", *where),
        (*cc, "-o", "app", "app.c", "-Lenv", "-lopens", "-Wl,--no-as-needed", *words),
        (str(directory / "app"), *names),
    ]
    with Pool() as pool:
        for argv in lines:
            command = Command(argv=argv, env={**one.toolchain.env, **env}, cwd=str(directory), timeout=60)
            done = pool.run(wrap(command, one.toolchain.world))
            assert done.ok, done.stderr.data
    return done.text.splitlines()


def foretold(one: Asked, names: list[str], env: dict[str, str], directory: Path) -> list[str]:
    app = str(directory / "app")
    world = one.world(Question(app, str(directory), env["LD_LIBRARY_PATH"]))
    facts = elf.read(Path(app))
    application, space = resolve.begin(app, facts, world)
    opens = str(directory / "env/libopens.so")
    caller = resolve.LoadedObject(opens, elf.read(Path(opens)), application)
    found = []
    for name in names:
        edge = resolve.serve(resolve.opener(caller, application, world), name, space, world)
        if edge.path and edge.rule != "loaded":
            resolve.load(edge, elf.read(Path(edge.path)), application, space, world)
        mapped = space.mapped(world.identity(edge.path)) if edge.path else None
        found.append(mapped.loaded.path if mapped else "")
    return found
