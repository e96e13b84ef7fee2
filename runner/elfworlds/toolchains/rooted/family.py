"""Roots and builds of one's own: the toolchain `mine` is what `toolchains/mine.yaml` names."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from elfworlds.toolchains.family import NOBODY_LOOKS, Family, Listed
from elfworlds.toolchains.rooted.archive import is_packed, remove, unpacked
from elfworlds.toolchains.rooted.content import content
from elfworlds.toolchains.rooted.over import laid_over
from elfworlds.toolchains.rooted.pin import find, names
from elfworlds.toolchains.rooted.toolchain import reaped, toolchain
from elfworlds.toolchains.toolchain import UNKNOWN, Toolchain

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

    from elfworlds.toolchains.family import Means


class Rooted(Family):
    """Nothing of them is fetched, and nothing in them is written."""

    prefix = "root"

    def names(self, where: Sequence[Path]) -> tuple[str, ...]:
        return names(where)

    def base(self, name: str, where: Sequence[Path]) -> str:
        return find(name, where).base

    def named(self, name: str, where: Sequence[Path]) -> tuple[Path, ...]:
        pin = find(name, where)
        return pin.file, pin.place

    def stand_in(
        self, name: str, where: Sequence[Path], languages: Collection[str] = (), why: str = NOBODY_LOOKS
    ) -> Toolchain:
        del languages
        find(name, where)
        versions = {} if why else dict.fromkeys(("libc", "gdb", "rustc"), UNKNOWN)
        return Toolchain(
            name=name, identity={"name": name}, versions=versions, packages=(), tools={}, env={}, unsupported=why
        )

    def foreseen(self, name: str, means: Means) -> Toolchain:
        """What the directory says; an archive or image may not be unpacked yet, so that little is known of it."""
        pin = find(name, means.where)
        if is_packed(pin.place) or not pin.place.is_dir():
            return self.stand_in(name, means.where, why="")
        if means.base:
            return laid_over(pin, means.base, means)
        return replace(toolchain(pin, content(pin.place, None), means), built_by=pin.built_by)

    def provided(self, name: str, means: Means) -> Toolchain:
        pin = find(name, means.where)
        if pin.kind == "root" and is_packed(pin.place):
            pin = replace(pin, place=unpacked(pin.place, pin.image, means))
        if not pin.place.is_dir():
            return self.stand_in(name, means.where, why=f"{pin.file} names nothing that is here")
        if means.base:
            laid = laid_over(pin, means.base, means)
            return laid if laid.unsupported or laid.world.reaper else reaped(laid, means)
        found = toolchain(pin, content(pin.place, means.cache / "toolchains"), means)
        return replace(reaped(found, means), built_by=pin.built_by)

    def listed(self, where: Sequence[Path], cache: Path) -> Iterator[Listed]:
        """What each file names, and whether it is there; nothing of it is read."""
        del cache
        for name in self.names(where):
            pin = find(name, where)
            kind = f"a build over {pin.base}" if pin.base else "a root"
            yield Listed(name=name, release="", versions={"libc": kind}, here="" if pin.place.exists() else "not there")

    def remove(self, names: Sequence[str] | None, where: Sequence[Path], cache: Path) -> Iterator[str]:
        """Remove what archives were unpacked to, where all is to go; the archives and directories are people's own."""
        del where
        if names is None:
            yield from remove(cache)
