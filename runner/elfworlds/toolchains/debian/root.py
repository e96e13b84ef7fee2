"""A root on disk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from elfworlds.toolchains.toolchain import Package


@dataclass(frozen=True, slots=True)
class Root:
    """An unpacked tree of packages, whole on disk.

    Attributes:
        suite: as `bullseye`.
        path: the tree; what is beside it is kept with it.
        packages: as their files say, not as the lock does.
        parts: `base` and what else was asked for.
        size: bytes of its files.
    """

    suite: str
    path: Path
    packages: tuple[Package, ...]
    parts: tuple[str, ...]
    size: int
