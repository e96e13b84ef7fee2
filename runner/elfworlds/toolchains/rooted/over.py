"""A build of a libc over a base: its loader and libraries at the paths of the base's, everything else the base's.

Nothing is copied: a build or a trial sees the files of the build's directory as they are when it starts. Their digests
are the toolchain's identity, beside the base's.
"""

from __future__ import annotations

import os
import posixpath
import re
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from elfworlds import elf
from elfworlds.process import Command
from elfworlds.sandbox import Placed, World, look, wrap
from elfworlds.toolchains.debian.root import Root
from elfworlds.toolchains.debian.toolchain import ENV
from elfworlds.toolchains.libraries import own_libraries
from elfworlds.toolchains.prober import digest
from elfworlds.toolchains.rooted import build as builds
from elfworlds.toolchains.rooted.toolchain import OwnSystem, musl_version
from elfworlds.toolchains.searching import ASK_SECONDS

if TYPE_CHECKING:
    from elfworlds.sandbox import Tree
    from elfworlds.toolchains.family import Means
    from elfworlds.toolchains.rooted.build import Build
    from elfworlds.toolchains.rooted.pin import Pin
    from elfworlds.toolchains.toolchain import Toolchain

HEADERS = "/libc-headers"
COMPILERS = ("cc", "c++", "gcc", "clang")
CONFIGURE = "configure it with the base's paths: --prefix=/usr libc_cv_slibdir=/lib/MULTIARCH"
_LINE = re.compile(r"[^\n]{1,200}")


@dataclass(frozen=True)
class Over:
    """A build and the base that it is laid over, with the base's world as its programs see it."""

    name: str
    build: Build
    base: Toolchain
    tree: Tree

    @property
    def lacking(self) -> str:
        """Why nothing can be run with it; empty where it can be tried."""
        loader = posixpath.basename(self.base.interp)
        if not self.tree.holds(self.base.interp or "/"):
            return (
                f"the loader of {self.base.name}, {self.base.interp or 'which nobody knows'}, is in no system directory"
            )
        if self.build.musl != (self.base.family == "musl"):
            return f"it is {'musl' if self.build.musl else 'glibc'}, and {self.base.name} is {self.base.family}"
        for name in self._needed(loader):
            if name not in self.build.files and self._place(name):
                return f"its directory has no {name}; is it built to its end?"
        machine, wanted = _machine(self.build.libc), _machine(Path(self.tree.outside(self.base.interp)))
        return "" if machine == wanted else f"it is built for {machine}, and {self.base.name} for {wanted}"

    def _needed(self, loader: str) -> tuple[str, ...]:
        """What the build must have where the base has it: libraries of one release go together, others do not."""
        if self.build.musl:
            return ()
        same = self.build.banner.get("libc") == self.base.versions.get("libc")
        return (loader, builds.LIBC) if same else (loader, *builds.CORE)

    @cached_property
    def seen(self) -> Tree:
        """The base's tree with the build's files over its own."""
        places = {name: self._place(name) for name in self.build.files}
        laid = ((self.tree.real(place), str(self.build.files[name])) for name, place in places.items() if place)
        return replace(self.tree, over=tuple(sorted(laid)))

    def _place(self, name: str) -> str | None:
        """The path of the base's own; None where it has none."""
        if name in (posixpath.basename(self.base.interp), builds.MUSL):
            return self.base.interp
        cache, directories = self.base.library_cache, self.base.default_paths
        return own_libraries((name,), cache, directories, self.tree.outside).get(name)

    @property
    def identity(self) -> dict[str, str]:
        """The base's, and the digest of each file that is laid over it."""
        headers = builds.headers_digest(self.build)
        files = {f"over {inside}": digest(Path(outside)) for inside, outside in self.seen.over}
        return {**self.base.identity, **files, **({"headers": headers} if headers else {})}

    def world(self, bwrap: str) -> World:
        world = replace(self.base.world, name=self.name, root=self.seen, bwrap=bwrap)
        headers = self.build.headers
        return world.with_placed(Placed(str(headers), HEADERS)) if headers else world


def laid_over(pin: Pin, base: Toolchain, means: Means) -> Toolchain:
    """The base with the libc that was built in a directory; nothing is written, and it may lack a reaper.

    Args:
        pin: names it, and the directory.
        base: has a compiler and a debugger, and works.
        means: starts its loader.

    Raises:
        BuildFailedError: the directory holds no libc.
    """
    name = pin.name
    over = Over(name, builds.look(pin.place), base, base.world.root or look("/"))
    if why := base.unsupported or over.lacking:
        return replace(base, name=name, unsupported=why)
    world = over.world(means.bwrap)
    inside = OwnSystem(Root(name, Path(over.tree.path), base.packages, ("base",), 0), over.seen, os.uname().machine)
    search_paths = inside.searching(means.run, world)
    version = musl_version(base.interp, world, means.run) if over.build.musl else ""
    path = means.environment.get("PATH", os.defpath)
    return replace(
        base,
        name=name,
        identity=over.identity,
        versions={**base.versions, **builds.versions(over.build, version, means.run, path), "libc-variant": name},
        tools=_with_headers(over, base),
        library_cache=inside.library_cache(search_paths) if search_paths else base.library_cache,
        default_paths=search_paths.default_paths if search_paths else base.default_paths,
        subdirectories=search_paths.subdirectories if search_paths else base.subdirectories,
        tokens=search_paths.tokens if search_paths else base.tokens,
        world=world,
        built_by="" if over.build.headers else base.name,
        unsupported=_failing(over, world, means),
    )


def _with_headers(over: Over, base: Toolchain) -> dict[str, tuple[str, ...]]:
    """The base's tools; its compilers read the installed headers first."""
    first = ("-isystem", HEADERS) if over.build.headers else ()
    return {name: (*words, *first) if name in COMPILERS else words for name, words in base.tools.items()}


def _failing(over: Over, world: World, means: Means) -> str:
    """Why not even a program of the base starts; empty where one does."""
    program = (over.base.interp, "--help") if over.build.musl else over.base.tools.get("env", ())
    command = Command(argv=program, env=ENV, cwd="/", timeout=ASK_SECONDS)
    done = means.run(wrap(command, world)) if program else None
    if done is None or done.ok or over.build.musl:
        return ""
    line = _LINE.search(done.stderr.data.decode("utf-8", "replace"))
    why = line[0] if line else done.not_started or done.signal
    return f"no program of {over.base.name} starts with it: {why}; {CONFIGURE}"


def _machine(file: Path) -> str:
    try:
        return elf.read(file).machine
    except elf.NotElfError:
        return "no machine that is known"
