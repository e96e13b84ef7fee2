"""What a loader says of a file's first bytes, as glibc's open_verify reads them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

import pytest

from elfworlds.resolve import header
from elfworlds.resolve.types import GLIBC, MUSL, Refusal

MACHINE, VERSION, TYPE = 18, 20, 16  # offsets in Elf64_Ehdr
OF_ANOTHER = 0xF3  # EM_RISCV


def changed(at: int, data: bytes) -> bytes:
    """The first bytes of a program of this machine, with some of them replaced."""
    own = header.own()
    return own[:at] + data + own[at + len(data) :]


def test_a_program_of_this_machine_is_taken() -> None:
    assert header.glibc(header.own(), header.own()) is None


@pytest.mark.parametrize(
    ("at", "data", "answer"),
    [
        (MACHINE, OF_ANOTHER.to_bytes(2, "little"), Refusal.PASSED),
        (TYPE, (1).to_bytes(2, "little"), Refusal.FATAL),
        (VERSION, (2).to_bytes(4, "little"), Refusal.FATAL),
        (0, b"\x7fELG", Refusal.FATAL),
        (header.EI_CLASS, b"\x01", Refusal.PASSED),
        (header.EI_DATA, b"\x02", Refusal.FATAL),
    ],
    ids=["another machine", "a relocatable file", "another version", "no ELF", "another class", "another order"],
)
def test_glibc_goes_on_past_another_machines_file_and_stops_at_a_wrong_one(
    at: int, data: bytes, answer: Refusal
) -> None:
    assert header.glibc(changed(at, data), header.own()) is answer


@pytest.mark.parametrize(("family", "too_long"), [("glibc", Refusal.SHUT), ("musl", None)])
def test_what_cannot_be_opened_shuts_a_search_but_musl_passes_over_a_name_that_is_too_long(
    family: str, too_long: Refusal | None, tmp_path: Path
) -> None:
    (tmp_path / "loop").symlink_to("loop")
    assert header.refusal(tmp_path / "loop", family) is Refusal.SHUT
    assert header.refusal(tmp_path / ("x" * 256), family) is too_long
    assert header.refusal(tmp_path / "nothing", family) is None


PHENTSIZE_AT = {1: 42, 2: 54}  # offsets of e_phentsize in Elf32_Ehdr and Elf64_Ehdr
PHDR = {1: 32, 2: 56}  # sizes of Elf32_Phdr and Elf64_Phdr


@pytest.mark.parametrize("bits", [1, 2], ids=["32 bits", "64 bits"])
@pytest.mark.parametrize("order", ["little", "big"])
def test_the_first_bytes_are_read_as_the_machine_has_them(bits: int, order: Literal["little", "big"]) -> None:
    ident = b"\x7fELF" + bytes([bits, 1 if order == "little" else 2, 1]) + bytes(9)
    fields = b"".join(number.to_bytes(size, order) for number, size in ((3, 2), (62, 2), (1, 4)))
    at, size = PHENTSIZE_AT[bits], PHDR[bits].to_bytes(2, order)
    program = (ident + fields).ljust(at, b"\0") + size + bytes(62 - at)
    wrong = program[:at] + b"\1\1" + program[at + 2 :]
    assert [header.glibc(head, program) for head in (program, wrong)] == [None, Refusal.FATAL]
    assert [header.musl(head, program) for head in (program, wrong)] == [None, Refusal.UNKNOWN]


def test_what_nobody_can_have_called_a_file_is_absent_and_a_fifo_keeps_nobody_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for family in (GLIBC, MUSL):
        assert header.refusal(Path("/a\0b"), family) is None
        assert header.refusal(tmp_path / "fifo", family) is Refusal.UNKNOWN


def test_a_file_that_is_opened_and_cannot_be_read_is_unknown() -> None:
    for family in (GLIBC, MUSL):
        assert header.refusal(Path("/proc/self/mem"), family) is Refusal.UNKNOWN


def test_a_wrong_version_stops_it_at_another_machines_file_too() -> None:
    both = changed(MACHINE, OF_ANOTHER.to_bytes(2, "little") + (0).to_bytes(4, "little"))
    assert header.glibc(both, header.own()) is Refusal.FATAL
