"""What `elfworlds toolchain` does with pins of nixpkgs: made by Nix, listed, forgotten."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from elfworlds import paths
from elfworlds.errors import BuildFailedError
from elfworlds.toolchains.debian.lock import places
from elfworlds.toolchains.nixpkgs import Pin, found, make, unmade
from elfworlds.toolchains.nixpkgs.made import lacking
from elfworlds.toolchains.nixpkgs.pin import FAMILY, find, names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from elfworlds.process import Pool

PREFIX = f"{FAMILY}/"
NONE = "–"
PACKAGES = {"libc": "glibc", "gcc": "gcc", "gdb": "gdb", "rustc": "rustc"}  # column → nixpkgs' package


def named(words: Iterable[str]) -> tuple[Pin, ...]:
    """The pins among names of toolchains, each once."""
    where = places(paths.here())
    return tuple(find(one.removeprefix(PREFIX), where) for one in dict.fromkeys(words) if one.startswith(PREFIX))


def others(words: Iterable[str]) -> list[str]:
    """The names that are not of pins."""
    return [one for one in words if not one.startswith(PREFIX)]


def every() -> tuple[Pin, ...]:
    where = places(paths.here())
    return tuple(find(name, where) for name in names(where))


def fetch(wanted: Iterable[Pin], parts: Sequence[str], pool: Pool, environment: Mapping[str, str]) -> Iterator[str]:
    """A line for each pin that is here then.

    Raises:
        BuildFailedError: there is no Nix, or not of the right age, or it could not.
    """
    cache = paths.store(environment)
    for pin in wanted:
        rust = "rustc" in parts
        why = "" if found(pin, cache, rust=rust) else lacking(pin, pool.run, environment.get("PATH", os.defpath))
        if why:
            raise BuildFailedError(f"{pin.label}: {why}")
        made = make(pin, cache, pool.run, environment, rust=rust)
        yield f"{pin.label}: {len(made.packages)} packages · {made.root.parent}"


def rows(columns: Iterable[str], cache: Path) -> list[list[str]]:
    """A row of `toolchain list` for each pin; which versions a commit holds is known where it is here."""
    return [_row(pin, columns, cache) for pin in every()]


def _row(pin: Pin, columns: Iterable[str], cache: Path) -> list[str]:
    here = {part: made for part in ("base", "rustc") if (made := found(pin, cache, rust=part == "rustc"))}
    versions = {one.name: one.version for made in here.values() for one in made.packages}
    told = [versions.get(PACKAGES.get(column, ""), "") or NONE for column in columns]
    parts = {"base": "base", "rustc": "base+rustc"}
    said = "; ".join(parts[one] for one in here)
    return [pin.label, pin.date, *told, NONE, f"{said}, in the Nix store" if here else NONE]


def forget(wanted: Iterable[Pin], cache: Path) -> Iterator[str]:
    """A line for each pin that was here; what it was made of stays in the Nix store until its garbage is collected."""
    for pin in wanted:
        if unmade(pin, cache):
            yield f"{pin.label}: Nix keeps it no longer; nix-collect-garbage frees the room"
