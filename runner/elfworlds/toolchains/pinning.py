"""Where the files lie that pin toolchains: lock files of Debian, pins of nixpkgs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from elfworlds import shipped

if TYPE_CHECKING:
    from pathlib import Path


def places(cwd: Path) -> tuple[Path, ...]:
    """The directories: a project's own, then those that came with the program."""
    return (cwd / "toolchains", shipped.locks())
