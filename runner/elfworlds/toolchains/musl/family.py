"""`musl/<suite>`: the roots of Debian's lock files with the part `musl`, whose compiler links with that libc."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from elfworlds.errors import InputError
from elfworlds.toolchains.debian.family import Debian, removed
from elfworlds.toolchains.debian.root import roots
from elfworlds.toolchains.musl.toolchain import MUSL, MuslSystem
from elfworlds.yamltext import closest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

    from elfworlds.toolchains.debian.toolchain import RootSystem
    from elfworlds.toolchains.family import DoctorLine, Listed, Means


class Musl(Debian):
    """What pins and unpacks them is Debian's, which lists these roots among its own."""

    prefix = MuslSystem.prefix
    seen_beside = False
    system: ClassVar[type[RootSystem]] = MuslSystem

    def parts(self, languages: Collection[str]) -> tuple[str, ...]:
        """The part `musl`, whatever the languages: only C has a compiler for musl."""
        del languages
        return (MUSL,)

    def listed(self, where: Sequence[Path], cache: Path) -> Iterator[Listed]:
        del where, cache
        return iter(())

    def remove(self, names: Sequence[str] | None, where: Sequence[Path], cache: Path) -> Iterator[str]:
        """Remove the named roots alone. The family `debian` removes all roots, and the packages."""
        del where
        here = {f"{self.prefix}/{root.suite}": root for root in roots(cache) if MUSL in root.parts}
        for name in names or ():
            if name not in here:
                raise InputError(f"no root of {name} is here", hint=closest(name, here))
        yield from removed([root for name, root in here.items() if name in (names or ())], cache)

    def doctor(self, means: Means) -> Iterator[DoctorLine]:
        del means
        return iter(())
