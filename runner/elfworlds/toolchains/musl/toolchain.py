"""musl's toolchain in a root of Debian: its own compiler, loader and search paths; tools are the root's."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from elfworlds.toolchains.debian.toolchain import RootSystem, upstream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from elfworlds.process import Runner
    from elfworlds.sandbox import World
    from elfworlds.traces.ldsearch import SearchPaths

MUSL = "musl"
PATHS = ("/lib", "/usr/local/lib", "/usr/lib")  # ldso/dynlink.c, where no file says others


@dataclass(frozen=True)
class MuslSystem(RootSystem):
    """What a root with the part `musl` says of that libc."""

    prefix: ClassVar[str] = MUSL
    cc: ClassVar[str] = "/usr/bin/musl-gcc"
    libc_family: ClassVar[str] = MUSL
    libc_package: ClassVar[str] = MUSL

    def compilers(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        return iter(())

    def libc(self) -> dict[str, str]:
        revision = self.revisions.get(MUSL, "")
        return {"libc": upstream(revision), "libc-family": MUSL, "libc-revision": revision}

    def makers(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Its own compiler is gcc; clang would need a libc to be told of."""
        yield "gcc", (self.cc,)
        yield from ((name, words) for name, words in super().makers() if name.startswith("ld."))

    def lacking(self) -> dict[str, str]:
        return {
            **super().lacking(),
            "c++": "musl-tools has no compiler for C++",
            "rustc": "Debian's rustc makes no objects for musl",
        }

    @cached_property
    def interp(self) -> str:
        return f"/lib/ld-musl-{self.machine}.so.1"

    def searching(self, run: Runner, world: World) -> SearchPaths | None:
        """It does not say, and need not."""
        del run, world
        return None

    def library_cache(self, search_paths: SearchPaths | None) -> dict[str, str | None]:
        """It reads none."""
        del search_paths
        return {}

    def default_paths(self) -> tuple[str, ...]:
        path = f"/etc/ld-musl-{self.machine}.path"
        if not self.has(path):
            return PATHS
        return tuple(filter(None, re.split(r"[:\n]", self.data(path).decode("utf-8", "replace"))))
