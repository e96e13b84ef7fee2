"""elf: what readelf says of real files, of this machine and of pinned roots, and of machines that are not here."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from elfworlds import elf
from elfworlds.psabi import NAMES, RELOCATIONS
from forging_elf import DT_RELA, DT_RELAENT, DT_RELASZ, DT_STRSZ, DT_STRTAB, DT_SYMTAB, Forged
from readelves import RELOCATION, by_readelf, by_us, is_elf, readelf

HOST = ("/usr/lib", "/usr/libexec", "/usr/bin", "/usr/sbin", "/lib/x86_64-linux-gnu", "/lib64")
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "elfworlds" / "roots"
SAMPLE = 25
SMALL = 300_000
MACHINES = {
    "EM_X86_64": (62, 64, "<"),
    "EM_386": (3, 32, "<"),
    "EM_AARCH64": (183, 64, "<"),
    "EM_ARM": (40, 32, "<"),
    "EM_PPC": (20, 32, ">"),
    "EM_PPC64": (21, 64, ">"),
    "EM_S390": (22, 64, ">"),
    "EM_RISCV": (243, 64, "<"),
    "EM_LOONGARCH": (258, 64, "<"),
    "EM_MIPS": (8, 32, ">"),
    "EM_SPARC": (2, 32, ">"),
    "EM_SPARCV9": (43, 64, ">"),
}


@pytest.fixture(autouse=True)
def _readelf(needs: Callable[[str], str]) -> None:
    needs("readelf")


def files_below(*folders: str | Path) -> Iterator[Path]:
    """Every program and library, each once."""
    for folder in folders:
        for path in sorted(Path(folder).rglob("*")):
            if path.is_file() and not path.is_symlink() and is_elf(path):
                yield path


def different(path: Path) -> list[str]:
    """The facts that are not as readelf says; none of a debug file, which has none."""
    try:
        ours = by_us(path)
    except elf.DebugFileError:
        return []
    theirs = by_readelf(path)
    return [
        f"{path}: {name}: {getattr(ours, name)} is {getattr(theirs, name)} to readelf"[:2000]
        for name in (field.name for field in fields(ours))
        if getattr(ours, name) != getattr(theirs, name)
    ]


def test_of_some_files_of_this_machine_every_fact_is_readelfs() -> None:
    small = [path for path in files_below("/lib/x86_64-linux-gnu", "/usr/bin") if path.stat().st_size < SMALL]
    some = small[:: max(1, len(small) // SAMPLE)]
    assert [line for path in some for line in different(path)] == []


@pytest.mark.slow
def test_of_every_file_of_this_machine_every_fact_is_readelfs() -> None:
    assert [line for path in files_below(*HOST) for line in different(path)] == []


@pytest.mark.slow
def test_of_every_file_of_the_pinned_roots_that_are_here_every_fact_is_readelfs() -> None:
    roots = [place / "usr" for place in sorted(CACHE.glob("*/root"))]
    if not roots:
        pytest.skip("no pinned root is here")
    assert [line for path in files_below(*roots) for line in different(path)] == []


@pytest.mark.parametrize("machine", MACHINES)
def test_relocations_of_every_machine_have_the_names_that_readelf_gives_them(machine: str, tmp_path: Path) -> None:
    number, bits, order = MACHINES[machine]
    forged, kinds = Forged(bits=bits, order=order, machine=number), RELOCATIONS[machine]
    strtab = forged.add(b"\0name\0")
    symtab = forged.add(forged.symbol(0, 0, 0) + forged.symbol(1, 1, 0))
    form, size, shift = ("QQQ", 24, 32) if bits == 64 else ("III", 12, 8)
    table = forged.add(b"".join(forged.pack(form, 0x10000, (1 << shift) + kind, 0) for kind in kinds))
    tables = [(DT_STRTAB, strtab), (DT_STRSZ, 6), (DT_SYMTAB, symtab)]
    forged.dynamic([*tables, (DT_RELA, table), (DT_RELASZ, size * len(kinds)), (DT_RELAENT, size)])
    (tmp_path / "x.so").write_bytes(forged.file())
    found = elf.relocations(tmp_path / "x.so")
    assert dict(found.counts) == dict.fromkeys(kinds.values(), 1)
    assert [each.kind for each in found.of_symbols] == list(kinds.values())
    theirs = [kind for kind, _, _ in RELOCATION.findall(readelf(tmp_path / "x.so", "-r", "-D"))]
    new = ("R_RISCV_TLSDESC", "R_LARCH_TLS_DESC32", "R_LARCH_TLS_DESC64")  # to binutils before 2.42
    pairs = zip(kinds.values(), theirs, strict=True)
    assert [(our, their) for our, their in pairs if our != their and (our not in new or "R_" in their)] == []


def test_every_machine_has_its_relocations_tried() -> None:
    assert set(MACHINES) == set(RELOCATIONS)
    assert len(NAMES) < 300  # as many as a misspelt one is compared with
