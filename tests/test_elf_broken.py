"""elf: any bytes are either read or refused with a reason, in time and memory of the file's size."""

from __future__ import annotations

import os
import re
import shutil
import subprocess  # the compiler is run as a person would
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conftest import ROOT
from elfworlds import elf
from elfworlds.process import Command, Pool
from forging_elf import DT_NEEDED, DT_STRSZ, DT_STRTAB, PT_INTERP, Forged, library
from lying_elf import LIES

READERS: tuple[Callable[[Path], object], ...] = (
    *(elf.read, elf.symbols, elf.versions),
    *(elf.relocations, elf.layout, elf.notes),
)
NUMBERS = [
    0,
    1,
    2,
    0x7F,
    0x80,
    0xFF,
    0x7FFF,
    0x8000,
    0xFFFF,
    *((1 << n) + d for n in (31, 32, 63, 64) for d in (-1, 0)),
]
SETTINGS = settings(
    deadline=None,
    derandomize=True,
    database=None,
    max_examples=400,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def survives(path: Path) -> bool:
    """Whether a file is read; else it is refused with its name, and with nothing but our own error."""
    read = True
    for use in READERS:
        try:
            use(path)
        except elf.NotElfError as error:
            assert str(path) in error.message  # noqa: PT017  # either way is right
            read = False
    return read


@pytest.fixture(scope="module")
def victims(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """A library with versions, a program, an object, one with packed relocations, one of 32 bits, one of another byte
    order, and a system's own."""
    folder = tmp_path_factory.mktemp("victims")
    (folder / "map").write_text("ONE { global: f; local: *; };\n")
    (folder / "a.c").write_text(
        "#include <stdio.h>\nstatic int x;\nint *all[] = {&x, &x, &x};\n__thread int own;\n"
        'int f(void) { return puts("") + own; }\nint main(void) { return f(); }\n'
    )
    kinds = {"l.so": ["-shared", "-fPIC", "-Wl,--version-script=map"], "app": [], "a.o": ["-c"]}
    kinds["packed.so"] = ["-shared", "-fPIC", "-Wl,-z,pack-relative-relocs,-z,x86-64-v3"]
    for name, words in kinds.items():
        subprocess.run(["cc", "-o", name, "a.c", *words], cwd=folder, check=True)
    made = [library(Forged(bits=32)).file(), library(Forged(order=">")).file()]
    whole = shutil.which("env") or "/bin/sh"
    return [*((folder / name).read_bytes() for name in kinds), *made, Path(whole).read_bytes()[:100_000]]


@given(data=st.data())
@SETTINGS
def test_damaged_files_raise_nothing_but_our_own_error(
    victims: list[bytes], tmp_path: Path, data: st.DataObject
) -> None:
    damaged = bytearray(data.draw(st.sampled_from(victims)))
    for _ in range(data.draw(st.integers(1, 8))):
        size = data.draw(st.sampled_from((1, 2, 4, 8)))
        most = data.draw(st.sampled_from((64, 1024, 4096, len(damaged))))
        at = data.draw(st.integers(0, max(0, min(most, len(damaged)) - size)))
        number = data.draw(st.sampled_from(NUMBERS)) % (1 << 8 * size)
        damaged[at : at + size] = number.to_bytes(size, data.draw(st.sampled_from(("little", "big"))))
    end = data.draw(st.integers(0, len(damaged))) if data.draw(st.booleans()) else len(damaged)
    (tmp_path / "victim").write_bytes(damaged[:end])
    survives(tmp_path / "victim")


@given(data=st.binary(max_size=300))
@SETTINGS
def test_bytes_that_only_begin_as_one_raise_nothing_but_our_own_error(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "victim").write_bytes(b"\x7fELF" + data)
    survives(tmp_path / "victim")


def test_a_file_that_is_cut_off_anywhere_is_refused_or_read(victims: list[bytes], tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    for whole in victims[:2]:
        for end in (*range(0, 2048, 3), *range(2048, len(whole), 61)):
            victim.write_bytes(whole[:end])
            survives(victim)
        victim.write_bytes(whole)
        assert survives(victim)


@pytest.mark.parametrize("what", ["fifo", "directory", "device", "nothing", "zero-in-it"])
def test_what_is_no_file_is_refused_at_once(what: str, tmp_path: Path) -> None:
    path = {"device": Path("/dev/zero"), "zero-in-it": Path("/a\0b")}.get(what, tmp_path / what)
    if what == "fifo":
        os.mkfifo(path)
    if what == "directory":
        path.mkdir()
    with pytest.raises(elf.NotElfError, match=re.escape(str(path))):
        elf.read(path)


@pytest.mark.parametrize("name", LIES)
def test_a_file_that_lies_is_refused_with_what_cannot_be(name: str, tmp_path: Path) -> None:
    make, words = LIES[name]
    (tmp_path / "lie").write_bytes(make())
    if not words:
        survives(tmp_path / "lie")
        return
    with pytest.raises(elf.NotElfError, match=re.escape(words)):
        [read(tmp_path / "lie") for read in READERS]


def test_a_lie_about_the_string_tables_size_changes_nothing(tmp_path: Path) -> None:
    """No loader looks at DT_STRSZ."""
    forged = Forged()
    strtab = forged.add(b"\0liba.so\0libme.so\0")
    forged.dynamic([(DT_NEEDED, 1), (14, 9), (DT_STRTAB, strtab), (DT_STRSZ, 1)])
    (tmp_path / "l.so").write_bytes(forged.file())
    assert (elf.read(tmp_path / "l.so").needed, elf.read(tmp_path / "l.so").soname) == (("liba.so",), "libme.so")


def test_an_interpreter_that_nothing_ends_is_refused(tmp_path: Path) -> None:
    forged = Forged()
    forged.add(b"/" * 100, PT_INTERP)
    (tmp_path / "app").write_bytes(forged.file())
    with pytest.raises(elf.NotElfError, match="no zero ends the text"):
        elf.read(tmp_path / "app")


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with Pool() as one:
        yield one


READ = """\
import sys
from pathlib import Path
from elfworlds import elf
for path in map(Path, sys.argv[1:]):
    for use in (elf.read, elf.symbols, elf.versions, elf.relocations, elf.layout, elf.notes):
        try:
            use(path)
        except elf.NotElfError as error:
            print(error.message)
"""


def test_lies_take_little_memory(tmp_path: Path, pool: Pool) -> None:
    paths = []
    for name, (make, _) in LIES.items():
        paths.append(str(tmp_path / name.replace(" ", "-")))
        Path(paths[-1]).write_bytes(make())
    command = Command(
        argv=(sys.executable, "-c", READ, *paths),
        env={"PYTHONPATH": str(ROOT / "runner"), "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=str(tmp_path),
        timeout=300.0,
        limits={"as": 256 << 20, "core": 0},
    )
    done = pool.run(command)
    assert (done.exit, done.stderr.data) == (0, b"")
    assert "texts lie over each other" in done.text
