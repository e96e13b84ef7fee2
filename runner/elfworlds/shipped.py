"""Data that comes with the package: in a wheel it lies inside the package, in a checkout at the checkout's root."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).parent
CHECKOUT = PACKAGE.parents[1]
SHARE = PACKAGE.parents[3] / "share" / "elfworlds"


def expressions() -> Path:
    """The directory with default.nix, flake.lock and nix/."""
    return _directory("expressions", CHECKOUT)


def experiments() -> Path:
    """The directory with experiments/ and csrc/: share/elfworlds of what it was installed into."""
    return SHARE if SHARE.is_dir() else CHECKOUT


def locks() -> Path:
    """The directory with the lock files of pinned toolchains."""
    return _directory("locks", CHECKOUT / "toolchains")


def _directory(in_wheel: str, in_checkout: Path) -> Path:
    inside = PACKAGE / in_wheel
    return inside if inside.is_dir() else in_checkout
