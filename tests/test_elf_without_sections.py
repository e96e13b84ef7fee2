"""elf: facts and symbols come from program headers alone; sections may be missing, or lie."""

from __future__ import annotations

import os
import re
import struct
import subprocess  # tools are run as a person would
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conftest import World
from elfworlds import elf
from elfworlds.process import Command, Pool
from elfworlds.sandbox import wrap
from forging_elf import (
    DT_GNU_HASH,
    DT_STRTAB,
    DT_SYMTAB,
    EM_386,
    EM_ALPHA,
    EM_PPC64,
    EM_S390,
    EM_X86_64,
    Forged,
    library,
)
from pinned_roots import rooted

E_SHOFF, E_SHNUM = 40, 60  # of 64 bits
LIBRARY = r"""
#include <stdio.h>
#include <stdlib.h>
__attribute__((weak)) void missing(void);
int counter = 3;
__thread int own;
static int pick(void) { return 1; }
int chosen(void) __attribute__((ifunc("choose")));
int (*choose(void))(void) { return pick; }
int old(void) { return 1; }
int new(void) { if (missing) missing(); return printf("%d%d", counter, own) + (int)atof("1"); }
"""
MAP = "ONE { global: old; };\nTWO { global: new; counter; own; chosen; choose; local: *; } ONE;\n"
KINDS = {
    "a library": ["-shared", "-fPIC"],
    "a library with versions": ["-shared", "-fPIC", "-Wl,--version-script=MAP"],
    "both hashes": ["-shared", "-fPIC", "-Wl,--hash-style=both"],
    "the older hash": ["-shared", "-fPIC", "-Wl,--hash-style=sysv"],
    "a stripped library": ["-shared", "-fPIC", "-s"],
    "a run path": ["-shared", "-fPIC", "-Wl,-rpath,/a:$ORIGIN/b,--enable-new-dtags", "-Wl,-soname,x.so.1,-z,now"],
    "packed relocations": ["-shared", "-fPIC", "-Wl,-z,pack-relative-relocs"],
    "a program that exports nothing": ["-DPROGRAM", "-pie", "-fPIE"],
    "a program of a fixed place": ["-DPROGRAM", "-no-pie"],
    "a program that exports all": ["-DPROGRAM", "-rdynamic"],
    "a static program": ["-DPROGRAM", "-static"],
    "an empty library": ["-shared", "-fPIC", "-nostdlib", "-DEMPTY"],
}
MAIN = '#ifdef PROGRAM\n#include <stdio.h>\nint main(void) { return puts(""); }\n#elif !defined EMPTY\n'


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sections")
    (folder / "MAP").write_text(MAP)
    (folder / "a.c").write_text(f"{MAIN}{LIBRARY}\n#endif\n")
    return folder


@pytest.fixture(params=KINDS, scope="module")
def built(request: pytest.FixtureRequest, folder: Path) -> Path:
    target = folder / re.sub(r"\W", "-", request.param)
    subprocess.run(["cc", "-o", target.name, "a.c", *KINDS[request.param]], cwd=folder, check=True)
    return target


def without(path: Path, *, garbage: bool = False) -> Path:
    """The file with its header saying that there is no section, or that they lie where there is none."""
    data = bytearray(path.read_bytes())
    struct.pack_into("<Q", data, E_SHOFF, len(data) - 33 if garbage else 0)
    struct.pack_into("<HHH", data, E_SHNUM - 2, 64, *((9, 5) if garbage else (0, 0)))
    target = path.with_suffix(".garbage" if garbage else ".bare")
    target.write_bytes(data)
    return target


def told(path: Path) -> tuple[elf.ElfObject, tuple[elf.Symbol, ...]]:
    return elf.read(path), elf.symbols(path)


def by_sections(path: Path) -> list[str]:
    """What readelf says of .dynsym: a name with its version."""
    words = ["readelf", "--dyn-syms", "-W", str(path)]
    lines = subprocess.run(words, capture_output=True, text=True, check=True, env={**os.environ, "LC_ALL": "C"}).stdout
    found = re.findall(r"^ +\d+: .* (?:UND|ABS|COM|\d+) (\S+)(?: \(\d+\))?$", lines, re.MULTILINE)
    return [re.sub(r"@+", "@", one) for one in found]


def shown(path: Path) -> list[str]:
    """The same of ours; the symbol of a version itself is shown without it."""
    return [
        f"{one.symbol}@{one.version}" if one.version not in (None, one.symbol) else one.symbol
        for one in elf.symbols(path)
    ]


@pytest.mark.parametrize("garbage", [False, True], ids=["none", "garbage"])
def test_a_file_without_section_headers_has_the_same_facts_and_symbols(built: Path, garbage: bool) -> None:  # noqa: FBT001
    assert told(without(built, garbage=garbage)) == told(built)


def test_the_symbols_are_those_of_the_section(built: Path) -> None:
    assert shown(built) == by_sections(built)


def test_every_symbol_is_there_with_all_that_is_known_of_it(folder: Path) -> None:
    words = ["cc", "-o", "whole.so", "a.c", *KINDS["a library with versions"]]
    subprocess.run(words, cwd=folder, check=True)
    found = {one.symbol: one for one in elf.symbols(without(folder / "whole.so"))}
    assert (found["old"].version, found["new"].version, found["printf"].version is None) == ("ONE", "TWO", False)
    assert (found["own"].type, found["counter"].size, found["chosen"].type) == ("STT_TLS", 4, "STT_GNU_IFUNC")
    assert (found["missing"].bind, found["missing"].defined, found["new"].is_default) == ("STB_WEAK", False, True)


def test_of_this_machines_libraries_the_symbols_are_those_of_the_sections() -> None:
    places = (Path(one) for one in ("/lib/x86_64-linux-gnu", "/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib"))
    place = next(one for one in places if one.is_dir())
    some = [one for one in sorted(place.glob("lib*.so.*")) if one.is_file() and one.stat().st_size < 1_000_000][:60]
    programs = [Path(one) for one in ("/usr/bin/env", "/usr/bin/make", "/bin/sh") if Path(one).exists()]
    wrong = [one for one in (*some, *programs) if shown(one) != by_sections(one)]
    assert (wrong, len(some) > 5) == ([], True)


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with Pool() as one:
        yield one


@pytest.fixture(scope="module")
def inside(folder: Path, pool: Pool) -> Callable[..., None]:
    """Runs a tool of a root that has newer ones than this machine may have."""
    world = rooted("debian/trixie", pool, ("c", "rust")).world

    def run(*words: str) -> None:
        done = pool.run(wrap(Command(argv=words, env={}, cwd=str(folder), timeout=60.0), world))
        assert done.ok, done.text

    return run


def test_a_program_whose_string_table_was_moved_has_no_more_symbols(folder: Path, inside: Callable[..., None]) -> None:
    subprocess.run(["cc", "-o", "moved", "a.c", *KINDS["a program that exports nothing"]], cwd=folder, check=True)
    before = shown(folder / "moved")
    inside("/usr/bin/patchelf", "--set-rpath", "/long" * 200, "moved")
    assert elf.read(folder / "moved").runpath == ("/long" * 200,)
    assert shown(without(folder / "moved")) == before


def test_a_tool_that_takes_the_section_headers_away_changes_nothing(folder: Path, inside: Callable[..., None]) -> None:
    """`strip --strip-section-headers`, which binutils has since 2.41."""
    subprocess.run(["cc", "-o", "taken.so", "a.c", *KINDS["a library with versions"]], cwd=folder, check=True)
    inside("/usr/bin/strip", "--strip-section-headers", "-o", "stripped.so", "taken.so")
    assert (folder / "stripped.so").read_bytes()[E_SHNUM : E_SHNUM + 2] == b"\0\0"
    assert told(folder / "stripped.so") == told(folder / "taken.so")


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    ("bits", "machine", "name"),
    [
        (64, EM_X86_64, "EM_X86_64"),
        (64, EM_PPC64, "EM_PPC64"),
        (64, EM_S390, "EM_S390"),
        (64, EM_ALPHA, "EM_36902"),
        (32, EM_386, "EM_386"),
        (32, EM_S390, "EM_S390"),
        (64, 65000, "EM_65000"),
    ],
)
def test_files_of_other_machines_are_read(bits: int, machine: int, name: str, order: str, tmp_path: Path) -> None:
    wide = bits == 64 and machine in (EM_S390, EM_ALPHA)
    (tmp_path / "l.so").write_bytes(library(Forged(bits=bits, order=order, machine=machine), wide=wide).file())
    facts, symbols = told(tmp_path / "l.so")
    assert (facts.type, facts.machine, facts.needed) == ("ET_DYN", name, ("liba.so", "libb.so"))
    assert (facts.soname, facts.runpath) == ("libme.so", ("$ORIGIN/x", "/y"))
    assert [(one.symbol, one.value, one.size, one.type) for one in symbols] == [
        ("one", 0x1234, 8, "STT_FUNC"),
        ("two", 0x1234, 8, "STT_FUNC"),
    ]


def test_filters_stand_among_what_is_needed(folder: Path) -> None:
    words = ["cc", "-o", "filter.so", "a.c", "-shared", "-fPIC", "-Wl,-f,one.so,-f,two.so"]
    subprocess.run(words, cwd=folder, check=True)
    facts = elf.read(without(folder / "filter.so"))
    assert [name for tag, name in facts.requests if tag == elf.DT_AUXILIARY] == ["one.so", "two.so"]
    assert tuple(name for tag, name in facts.requests if tag == elf.DT_NEEDED) == facts.needed


def test_definitions_of_versions_may_share_a_name(folder: Path) -> None:
    words = ["cc", "-o", "shared.so", "a.c", "-shared", "-fPIC", "-Wl,--default-symver,-soname,shared.so"]
    subprocess.run(words, cwd=folder, check=True)
    assert {one.version for one in elf.symbols(folder / "shared.so") if one.defined} == {"shared.so"}


def test_of_a_tag_that_stands_twice_the_last_one_counts(tmp_path: Path) -> None:
    """As glibc (elf_get_dynamic_info) and musl (decode_vec) have it."""
    forged = Forged()
    strtab = forged.add(b"\0first\0last\0")
    forged.dynamic([(14, 1), (DT_STRTAB, strtab), (14, 7)])
    (tmp_path / "l.so").write_bytes(forged.file())
    assert elf.read(tmp_path / "l.so").soname == "last"


def test_the_gnu_hash_ends_where_its_last_chain_does(tmp_path: Path) -> None:
    forged = Forged()
    texts = b"\0a\0b\0c\0"
    strtab = forged.add(texts)
    symtab = forged.add(forged.symbol(0, 0) + forged.symbol(1, 0) + forged.symbol(3) + forged.symbol(5) + bytes(48))
    table = forged.pack("IIIIQII", 2, 2, 1, 0, 0, 2, 3) + forged.pack("II", 3, 5)
    forged.dynamic([(DT_STRTAB, strtab), (DT_SYMTAB, symtab), (DT_GNU_HASH, forged.add(table))])
    (tmp_path / "l.so").write_bytes(forged.file())
    assert [(one.symbol, one.defined) for one in elf.symbols(tmp_path / "l.so")] == [
        ("a", False),
        ("b", True),
        ("c", True),
    ]


def test_objects_to_link_and_cores_have_no_dynamic_section(folder: Path) -> None:
    subprocess.run(["cc", "-c", "-fPIC", "-o", "a.o", "a.c"], cwd=folder, check=True)
    assert (elf.read(folder / "a.o").type, elf.symbols(folder / "a.o")) == ("ET_REL", ())
    (folder / "core").write_bytes(library(Forged(kind=4)).file())
    assert (elf.read(folder / "core").type, elf.read(folder / "core").needed) == ("ET_CORE", ())


DEBUG = """\
experiment: x
question: "?"
objects:
  a: {{prebuilt: {name}}}
scenarios:
  s: {{inspect: a}}
"""


@pytest.mark.parametrize("kind", ["-shared", "-pie", "-static"])
@pytest.mark.parametrize("tool", ["objcopy", "one that leaves the segments as they were"])
def test_check_refuses_a_separate_debug_file_and_says_what_to_name(
    kind: str, tool: str, world: World, needs: Callable[[str], str]
) -> None:
    code = "int main(void) { return 0; }\n"
    whole = world.path / "experiments" / "whole"
    words = [needs("cc"), "-g", "-fPIC", kind, "-Wl,--build-id=0xabcd", "-x", "c", "-", "-o", str(whole)]
    subprocess.run(words, input=code, text=True, check=True)
    debug = whole.with_suffix(".debug")
    subprocess.run([needs("objcopy"), "--only-keep-debug", whole, debug], check=True)
    if tool != "objcopy":
        data, before = bytearray(debug.read_bytes()), whole.read_bytes()
        (count,) = struct.unpack_from("<H", before, 56)
        data[64 : 64 + 56 * count] = before[64 : 64 + 56 * count]
        debug.write_bytes(data)
    with pytest.raises(elf.DebugFileError):
        elf.read(debug)
    code_, _, err = world.run("check", world.experiment("x", DEBUG.format(name="whole.debug")))
    assert code_ == 4
    assert "x.yaml:4:17: error: " in err
    assert "whole.debug: a separate debug file" in err
    assert "name the program or library that it belongs to" in err
    assert world.run("check", world.experiment("x", DEBUG.format(name="whole")))[0] == 0
