"""The tools that may edit an object's file after the link."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

BINUTILS = "binutils"
# tool → the package that has it, as most distributions call it
EDITORS: Mapping[str, str] = {
    "patchelf": "patchelf",
    "strip": BINUTILS,
    "objcopy": BINUTILS,
    "elfedit": BINUTILS,
    "chrpath": "chrpath",
    "eu-strip": "elfutils",
}
