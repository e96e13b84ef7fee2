"""`nixpkgs/<pin>`: what Nix makes of a commit of nixpkgs."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from elfworlds import shipped
from elfworlds.editors import EDITORS
from elfworlds.errors import BuildFailedError, InputError
from elfworlds.toolchains.family import NOBODY_LOOKS, Family, Listed
from elfworlds.toolchains.nixpkgs.made import found, lacking, make, unmade
from elfworlds.toolchains.nixpkgs.pin import FAMILY, find, names
from elfworlds.toolchains.nixpkgs.toolchain import installed, pinned, toolchain

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

    from elfworlds.toolchains.family import Means
    from elfworlds.toolchains.nixpkgs.pin import Pin
    from elfworlds.toolchains.toolchain import Toolchain

COLUMNS = {"libc": "glibc", "gcc": "gcc", "gdb": "gdb", "rustc": "rustc"}  # column → nixpkgs' package
PARTS = {"base": "base", "rustc": "base+rustc"}


class Nixpkgs(Family):
    """Pins: made or fetched by Nix, kept by a link in the cache."""

    prefix = FAMILY
    programs = {"nix-build": f"{FAMILY}/<pin>"}  # noqa: RUF012  # a Mapping: nobody writes to it

    def names(self, where: Sequence[Path]) -> tuple[str, ...]:
        return tuple(f"{FAMILY}/{name}" for name in names(where))

    def pin(self, name: str, where: Sequence[Path]) -> Pin:
        return find(name.removeprefix(f"{FAMILY}/"), where)

    def stand_in(
        self, name: str, where: Sequence[Path], languages: Collection[str] = (), why: str = NOBODY_LOOKS
    ) -> Toolchain:
        del languages
        return pinned(self.pin(name, where), why)

    def foreseen(self, name: str, means: Means) -> Toolchain:
        """The toolchain of an installed pin. Of a pin that is not installed, little is known."""
        pin = self.pin(name, means.where)
        here = found(pin, means.cache, rust="rust" in means.languages)
        return _using(installed(here), means.languages) if here else pinned(pin)

    def provided(self, name: str, means: Means) -> Toolchain:
        pin, rust = self.pin(name, means.where), "rust" in means.languages
        there = found(pin, means.cache, rust=rust)
        if there is None:
            _checked(pin, means)
            why = lacking(pin, means.run, means.environment.get("PATH", ""))
            if why:
                return pinned(pin, why)
            means.tell(f"{pin.label}: asking Nix for it, which takes minutes the first time")
            there = make(pin, means.cache, means.run, means.environment, rust=rust)
        return _using(toolchain(there, means.run, bwrap=means.bwrap), means.languages)

    def listed(self, where: Sequence[Path], cache: Path) -> Iterator[Listed]:
        for name in self.names(where):
            yield _listed(self.pin(name, where), cache)

    def fetch(self, names: Sequence[str], parts: Sequence[str], means: Means) -> Iterator[str]:
        pins = [self.pin(name, means.where) for name in names]
        return (_fetched(pin, means, rust="rustc" in parts) for pin in pins)

    def remove(self, names: Sequence[str] | None, where: Sequence[Path], cache: Path) -> Iterator[str]:
        """Remove links from the cache. The packages stay in the Nix store until its garbage is collected."""
        for pin in [self.pin(name, where) for name in (self.names(where) if names is None else names)]:
            if unmade(pin, cache):
                yield f"{pin.label}: Nix keeps it no longer; nix-collect-garbage frees the room"


def _checked(pin: Pin, means: Means) -> None:
    """Nix evaluates what a pin names, which may read and send whatever this user may read.

    Raises:
        InputError: it did not come with elfworlds, and what a stranger's file names is to stay in the sandbox.
    """
    if means.sandbox and pin.path.parent.resolve() != shipped.locks().resolve():
        why = f"{pin.label} is not here, and Nix would evaluate what {pin.path} names outside of the sandbox"
        raise InputError(why, hint=f"if you trust that commit: elfworlds toolchain fetch {pin.label}, or --trust")


def _using(made: Toolchain, wanted: Collection[str]) -> Toolchain:
    """The toolchain without the parts that are tools nobody uses."""
    parts = {name: part for name, part in made.parts.items() if name not in EDITORS or name in wanted}
    return replace(made, parts=parts)


def _fetched(pin: Pin, means: Means, *, rust: bool) -> str:
    here = found(pin, means.cache, rust=rust)
    why = "" if here else lacking(pin, means.run, means.environment.get("PATH", os.defpath))
    if why:
        raise BuildFailedError(f"{pin.label}: {why}")
    made = make(pin, means.cache, means.run, means.environment, rust=rust)
    return f"{pin.label}: {len(made.packages)} packages · {made.root.parent}"


def _listed(pin: Pin, cache: Path) -> Listed:
    """The versions are known only if the pin is installed."""
    here = {part: made for part in PARTS if (made := found(pin, cache, rust=part == "rustc"))}
    versions = {package.name: package.version for made in here.values() for package in made.packages}
    return Listed(
        name=pin.label,
        release=pin.date,
        versions={column: versions.get(package, "") for column, package in COLUMNS.items()},
        here=f"{'; '.join(PARTS[part] for part in here)}, in the Nix store" if here else "",
    )
