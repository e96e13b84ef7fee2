"""A root of whatever distribution as a toolchain: its libc, loader and tools, where they lie in it."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from elfworlds import elf
from elfworlds.paths import which
from elfworlds.process import Command
from elfworlds.sandbox import HOST, World, look, wrap
from elfworlds.sandbox.reaper import provide
from elfworlds.toolchains.debian.root import Root
from elfworlds.toolchains.debian.toolchain import ENV, RootSystem, assembled, said
from elfworlds.toolchains.rooted.packages import RPM, of_apk, of_dpkg, of_rpm
from elfworlds.toolchains.searching import ASK_SECONDS
from elfworlds.traces.glibc import banner

if TYPE_CHECKING:
    from collections.abc import Iterator

    from elfworlds.process import Runner
    from elfworlds.sandbox import Tree
    from elfworlds.toolchains.family import Means
    from elfworlds.toolchains.rooted.pin import Pin
    from elfworlds.toolchains.toolchain import Package, Toolchain
    from elfworlds.traces.ldsearch import SearchPaths

COMPILERS = ("gcc", "cc", "clang")
LIBC_PACKAGES = ("libc6", "glibc", "musl")  # Debian's and Yocto's, Fedora's, Alpine's
MUSL_PATHS = ("/lib", "/usr/local/lib", "/usr/lib")
_MUSL_VERSION = re.compile(r"^musl libc .*\nVersion ([0-9][0-9.]*)", re.MULTILINE)


@dataclass(frozen=True)
class OwnSystem(RootSystem):
    """What the files of a root say, wherever they lie."""

    prefix: ClassVar[str] = "root"

    @property
    def name(self) -> str:
        return self.root.suite

    @cached_property
    def library_directories(self) -> tuple[str, ...]:
        """Where a distribution has its libraries: multiarch, Fedora's lib64, or neither."""
        return (f"/lib/{self.multiarch}", f"/usr/lib/{self.multiarch}", "/lib64", "/usr/lib64", "/lib", "/usr/lib")

    @cached_property
    def libc_path(self) -> str:
        """The path of glibc's libc.so.6; empty where there is none."""
        places = (f"{directory}/libc.so.6" for directory in self.library_directories)
        return next(filter(self.has, places), "")

    @cached_property
    def interp(self) -> str:
        if not self.libc_path:
            loader = f"/lib/ld-musl-{self.machine}.so.1"
            return loader if self.has(loader) else ""
        try:
            return elf.read(Path(self.tree.outside(self.libc_path))).interp or ""
        except (elf.NotElfError, OSError):
            return ""

    @property
    def musl(self) -> bool:
        return not self.libc_path and bool(self.interp)

    def libc(self) -> dict[str, str]:
        return banner(self.data(self.libc_path)) if self.libc_path else {}

    @cached_property
    def compiler(self) -> str | None:
        return next(filter(None, map(self.program, COMPILERS)), None)

    def tools(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        yield from ((tool, words) for tool, words in super().tools() if tool != "cc")
        if self.compiler:
            yield "cc", (self.compiler,)

    def lacking(self) -> dict[str, str]:
        absent = ("cc", "c++", "rustc", *(name for name, _ in super().makers()))
        return dict.fromkeys(absent, "the root has no such program")

    @property
    def remembered_in(self) -> Path | None:
        return None

    def searching(self, run: Runner, world: World) -> SearchPaths | None:
        """What glibc's loader says of where it searches; musl's does not say."""
        return None if self.musl or not self.interp else super().searching(run, world)

    def library_cache(self, search_paths: SearchPaths | None) -> dict[str, str | None]:
        return {} if self.musl else super().library_cache(search_paths)

    def default_paths(self) -> tuple[str, ...]:
        if not self.musl:
            return self.library_directories
        listed = self.data(f"/etc/ld-musl-{self.machine}.path").decode("utf-8", "replace")
        return tuple(filter(None, re.split(r"[:\n]", listed))) or MUSL_PATHS


def toolchain(pin: Pin, digest: str, means: Means) -> Toolchain:
    """The toolchain of a root of one's own, without a reaper; nothing is written.

    Args:
        pin: names it.
        digest: of all that it holds.
        means: starts its loader.
    """
    tree, machine = look(str(pin.place)), os.uname().machine
    world = World(pin.name, tree, bwrap=means.bwrap)
    empty = OwnSystem(Root(pin.name, pin.place, (), ("base",), 0), tree, machine)
    inside = replace(empty, root=replace(empty.root, packages=_packages(tree, empty, world, means.run)))
    identity = {"cc": inside.compiler or "", "machine": machine, "root": digest}
    found = assembled(inside, means.run, world, identity, _libc_package(inside))
    return replace(
        found,
        versions={**found.versions, **(_musl(inside, world, means.run) if inside.musl else {})},
        unsupported="" if inside.interp else f"the root holds neither glibc nor musl for {machine}",
    )


def _libc_package(inside: OwnSystem) -> str:
    return next((name for name in LIBC_PACKAGES if name in inside.revisions), LIBC_PACKAGES[0])


def _musl(inside: OwnSystem, world: World, run: Runner) -> dict[str, str]:
    version = musl_version(inside.interp, world, run)
    revision = inside.revisions.get("musl", version)
    return {"libc-family": "musl", **({"libc": version, "libc-revision": revision} if version else {})}


def musl_version(loader: str, world: World, run: Runner) -> str:
    """The loader of musl says its version when it is run without a program; empty where it does not."""
    match = _MUSL_VERSION.search(said((loader,), run, world, {}))
    return match[1] if match else ""


def _packages(tree: Tree, inside: OwnSystem, world: World, run: Runner) -> tuple[Package, ...]:
    """As its package manager says; none where it has none."""
    for file, read in (("/var/lib/dpkg/status", of_dpkg), ("/lib/apk/db/installed", of_apk)):
        try:
            return read(Path(tree.outside(file)).read_text("utf-8", "replace"))
        except OSError:
            continue
    if inside.program("rpm") and Path(tree.outside("/usr/lib/sysimage/rpm")).is_dir():
        return of_rpm(_output((*RPM, "--dbpath", "/usr/lib/sysimage/rpm"), world, run))
    return ()


def _output(words: tuple[str, ...], world: World, run: Runner) -> str:
    return run(wrap(Command(argv=words, env=ENV, cwd="/", timeout=ASK_SECONDS), world)).text


def reaped(found: Toolchain, means: Means) -> Toolchain:
    """The toolchain with the program that is process 1 of its trials.

    This machine's compiler makes it, since few roots have a libc to link statically with; else the root's own.

    Raises:
        BuildFailedError: nobody can compile it.
    """
    means.cache.mkdir(parents=True, exist_ok=True)
    path = means.environment.get("PATH", os.defpath)
    compiler = which("cc", path) or which("gcc", path)
    if compiler is None and "cc" in found.tools:
        reaper = provide(means.cache, found.tool("cc"), ENV, found.world, means.run)
    else:
        reaper = provide(means.cache, (compiler or "cc",), {"PATH": path}, HOST, means.run)
    return replace(found, world=replace(found.world, reaper=reaper))
