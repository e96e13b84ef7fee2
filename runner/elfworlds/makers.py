"""The linkers and compilers that an object may name, beside those of its toolchain, and how long they may take."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

BUILD_SECONDS = 600.0  # for one object, where the experiment says nothing
# linker → the program that a compiler's driver starts for -fuse-ld=LINKER
LINKERS: Mapping[str, str] = {"bfd": "ld.bfd", "gold": "ld.gold", "lld": "ld.lld", "mold": "ld.mold"}
# compiler → its drivers, by language
COMPILERS: Mapping[str, Mapping[str, str]] = {
    "gcc": {"c": "gcc", "c++": "g++"},
    "clang": {"c": "clang", "c++": "clang++"},
}
# program → the package that has it, as most distributions call it
PACKAGES: Mapping[str, str] = {
    "ld.bfd": "binutils",
    "ld.gold": "binutils-gold",
    "ld.lld": "lld",
    "ld.mold": "mold",
    "gcc": "gcc",
    "g++": "g++",
    "clang": "clang",
    "clang++": "clang",
}
DRIVERS = frozenset(driver for drivers in COMPILERS.values() for driver in drivers.values())


def named_after(program: str) -> str:
    """What people call a program: `lld` for ld.lld, `clang` for clang++."""
    compilers = {driver: compiler for compiler, drivers in COMPILERS.items() for driver in drivers.values()}
    return compilers.get(program, program.removeprefix("ld."))
