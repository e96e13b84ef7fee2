"""What a loader says of a file's first bytes, as glibc's open_verify reads them."""

from __future__ import annotations

import pytest

from elfworlds.resolve import header
from elfworlds.resolve.types import Refusal

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


def test_a_wrong_version_stops_it_at_another_machines_file_too() -> None:
    both = changed(MACHINE, OF_ANOTHER.to_bytes(2, "little") + (0).to_bytes(4, "little"))
    assert header.glibc(both, header.own()) is Refusal.FATAL
