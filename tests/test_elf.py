"""elf: the facts of real files, and any bytes survived."""

from __future__ import annotations

import os
import subprocess  # the compiler is run as a person would
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elfworlds import elf
from waiting import TIMES

Compile = Callable[..., Path]


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Compile:
    folder = tmp_path_factory.mktemp("elf")

    def compile_(name: str, *words: str) -> Path:
        target = folder / name
        source = "int main(void) { return 0; }\n"
        subprocess.run(["cc", "-x", "c", "-", "-o", target, *words], input=source, text=True, check=True)
        return target

    return compile_


def test_an_executable(compiled: Compile) -> None:
    facts = elf.read(
        compiled("app", "-pie", "-fPIE", "-Wl,--build-id=0xabcdef", "-Wl,-rpath,/a:$ORIGIN/b,--enable-new-dtags")
    )
    assert (facts.type, facts.soname, facts.rpath, facts.runpath) == ("ET_DYN", None, None, ("/a", "$ORIGIN/b"))
    assert facts.build_id == "abcdef"
    assert facts.interp is not None
    assert Path(facts.interp).exists()
    assert "DF_1_PIE" in facts.flags


def test_a_library_marked_unique(compiled: Compile) -> None:
    marked, plain = (
        elf.read(compiled(name, "-shared", "-fPIC", *words)) for name, words in (("m", ["-Wl,-z,unique"]), ("p", []))
    )
    assert ("DF_GNU_1_UNIQUE" in marked.flags, "DF_GNU_1_UNIQUE" in plain.flags) == (True, False)


def test_a_library_with_flags(compiled: Compile) -> None:
    words = [
        "-shared",
        "-fPIC",
        "-Wl,-soname,x.so.1,-z,now,-z,nodelete,--build-id=none",
        "-Wl,-rpath,/r,--disable-new-dtags",
    ]
    facts = elf.read(compiled("lib", *words))
    assert (facts.soname, facts.rpath, facts.runpath, facts.build_id, facts.interp) == (
        "x.so.1",
        ("/r",),
        None,
        None,
        None,
    )
    assert {"DF_BIND_NOW", "DF_1_NOW", "DF_1_NODELETE"} <= set(facts.flags)


def test_an_executable_stack_is_seen(compiled: Compile) -> None:
    assert not elf.read(compiled("tidy", "-z", "noexecstack")).execstack
    assert elf.read(compiled("untidy", "-z", "execstack")).execstack


def test_a_static_executable_needs_nothing(compiled: Compile) -> None:
    facts = elf.read(compiled("static", "-static", "-no-pie"))
    assert (facts.type, facts.needed, facts.interp) == ("ET_EXEC", (), None)


def test_facts_survive_a_round_trip(compiled: Compile) -> None:
    facts = elf.read(compiled("round", "-pie", "-fPIE"))
    assert elf.ElfObject.from_facts(facts.facts()) == facts


@pytest.mark.parametrize("path", ["/etc/passwd", "/no/such/file", "/tmp"])
def test_what_is_no_elf_file_says_so(path: str) -> None:
    with pytest.raises(elf.NotElfError, match=path):
        elf.read(Path(path))


@pytest.fixture(scope="module")
def whole(compiled: Compile) -> bytes:
    return compiled("victim", "-shared", "-fPIC").read_bytes()


@given(data=st.data())
@settings(max_examples=300 * TIMES)
def test_damaged_bytes_raise_nothing_but_our_own_error(whole: bytes, tmp_path: Path, data: st.DataObject) -> None:
    original = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 8))):
        original[data.draw(st.integers(0, 4000))] = data.draw(st.integers(0, 255))
    end = data.draw(st.integers(0, len(original)))
    victim = tmp_path / "victim"
    victim.write_bytes(original[:end] if data.draw(st.booleans()) else original)
    try:
        elf.read(victim)
    except elf.NotElfError as error:
        assert str(victim) in error.message  # noqa: PT017  # either way is right


def test_the_systems_own_libraries_can_be_read() -> None:
    folder = next(Path(one) for one in ("/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/lib") if os.path.isdir(one))  # noqa: PTH112
    found = [elf.read(path) for path in sorted(folder.glob("lib*.so.*"))[:50] if path.is_file()]
    assert all(one.machine.startswith("EM_") for one in found)
