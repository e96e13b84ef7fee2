"""A root's own toolchain: its compilers, libc, debugger and tracers, as they are seen inside; no file of the host's."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from elfworlds import elf
from elfworlds.editors import EDITORS
from elfworlds.makers import PACKAGES as MAKERS
from elfworlds.process import Command
from elfworlds.sandbox import World, look, wrap
from elfworlds.sandbox.reaper import provide
from elfworlds.toolchains.debian.lock import with_base
from elfworlds.toolchains.libraries import own_libraries
from elfworlds.toolchains.programs import PLAIN, VERSIONED
from elfworlds.toolchains.searching import ASK_SECONDS, ask
from elfworlds.toolchains.toolchain import PACKAGES_OF_AXES, Package, Toolchain
from elfworlds.traces.glibc import banner
from elfworlds.traces.ldcache import library_cache

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from elfworlds.process import Runner
    from elfworlds.sandbox import Tree
    from elfworlds.toolchains.debian.lock import Lock
    from elfworlds.toolchains.debian.root import Root
    from elfworlds.traces.ldsearch import SearchPaths

ENV = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "SOURCE_DATE_EPOCH": "0"}
PACKAGED = (*VERSIONED, "rustc")  # packages of the tools' own names
GCC = "/usr/bin/gcc"
# linker or compiler → its package; up to bookworm gold is one of binutils'
MADE_BY = {
    "bfd": "binutils",
    "gold": "binutils-gold|binutils",
    "lld": r"lld-\d+",
    "mold": "mold",
    "clang": r"clang-\d+",
}
VALGRIND_NAMES = {"x86_64": "amd64", "aarch64": "arm64"}
_UPSTREAM = re.compile(r"(?:[0-9]+:)?([0-9]+(?:\.[0-9]+)*)")


def upstream(version: str) -> str:
    """What `when` compares of a package's version: `1:3.16.1-1` → `3.16.1`, `1.48.0+dfsg1-2` → `1.48.0`."""
    match = _UPSTREAM.match(version)
    return match[1] if match else version


@dataclass(frozen=True)
class RootSystem:
    """What a root's files and packages say of the toolchain with glibc.

    Attributes:
        prefix: of the toolchain's name.
        cc: the compiler for C, as it is seen inside.
        libc_family: whose rules the dynamic loader follows.
        libc_package: the package that has the libc.
    """

    root: Root
    tree: Tree
    machine: str
    prefix: ClassVar[str] = "debian"
    cc: ClassVar[str] = GCC
    libc_family: ClassVar[str] = "glibc"
    libc_package: ClassVar[str] = "libc6"

    @property
    def name(self) -> str:
        return f"{self.prefix}/{self.root.suite}"

    @cached_property
    def revisions(self) -> dict[str, str]:
        return {package.name: package.version for package in self.root.packages}

    @property
    def multiarch(self) -> str:
        return f"{self.machine}-linux-gnu"

    @property
    def remembered_in(self) -> Path | None:
        """Where to remember what the loader said; None where nothing may be written."""
        return self.root.path.parent

    def data(self, path: str) -> bytes:
        try:
            return Path(self.tree.outside(path)).read_bytes()
        except OSError:
            return b""

    def has(self, path: str) -> bool:
        return Path(self.tree.outside(path)).is_file()

    def compilers(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Those for other languages than C."""
        if self.has("/usr/bin/g++"):
            yield "c++", ("/usr/bin/g++",)
        rustc = self.program("rustc")
        if rustc:
            yield "rustc", (rustc, "-C", f"linker={GCC}")

    def makers(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """The linkers and compilers that an object may name."""
        for name in MAKERS:
            program = self.program(name)
            if program:
                yield name, (program,)

    def tools(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        yield "cc", (self.cc,)
        yield from self.compilers()
        yield from self.makers()
        memcheck = self.memcheck()
        for name in (*VERSIONED, *PLAIN, *EDITORS):
            program = self.program(name)
            if program and (name != "valgrind" or memcheck):
                yield name, (program,)
        if memcheck:
            yield "memcheck", (memcheck,)

    def program(self, name: str) -> str | None:
        return next((path for path in (f"/usr/bin/{name}", f"/bin/{name}") if self.has(path)), None)

    def memcheck(self) -> str | None:
        """The program behind `valgrind`, in its place up to bullseye or after."""
        name = f"memcheck-{VALGRIND_NAMES.get(self.machine, self.machine)}-linux"
        places = (f"/usr/libexec/valgrind/{name}", f"/usr/lib/{self.machine}-linux-gnu/valgrind/{name}")
        return next(filter(self.has, places), None)

    def versions(self, tools: dict[str, tuple[str, ...]]) -> dict[str, str]:
        named = {"cc": self.gcc_package(), **{tool: tool for tool in PACKAGED}}
        versions = {tool: upstream(self.revisions[name]) for tool, name in named.items() if name in self.revisions}
        return {
            **{tool: version for tool, version in versions.items() if tool in tools},
            **made_by(self.revisions, self.root.parts),
            **self.libc(),
        }

    def gcc_package(self) -> str:
        """The package of the compiler that `gcc` is a link to: `gcc-10`, whose version is the compiler's own."""
        match = re.search(r"gcc-[0-9.]+$", self.tree.real(GCC))
        return match[0] if match else "gcc"

    @property
    def libc_path(self) -> str:
        return f"/lib/{self.multiarch}/libc.so.6"

    def libc(self) -> dict[str, str]:
        return banner(self.data(self.libc_path))

    def lacking(self) -> dict[str, str]:
        """Compiler or linker that may not be there → why."""
        absent = {name: f"{self.root.suite} has no package {package}" for name, package in MAKERS.items()}
        return {**absent, "rustc": f"the root {self.name} was made without its part rustc"}

    @cached_property
    def interp(self) -> str:
        """The dynamic loader, as programs name it; libc.so.6 can be run, and is one of them."""
        try:
            return elf.read(Path(self.tree.outside(self.libc_path))).interp or ""
        except elf.NotElfError:
            return ""

    def searching(self, run: Runner, world: World) -> SearchPaths | None:
        """What the loader says of where it searches; None where it does not say."""

        def say(words: tuple[str, ...], more: dict[str, str]) -> str:
            return said(words, run, world, more)

        outside = Path(self.tree.outside(self.interp or "/"))
        return ask(self.interp, self.libc_path, outside, self.remembered_in, say)

    def library_cache(self, search_paths: SearchPaths | None) -> dict[str, str | None]:
        subdirectories = search_paths.subdirectories if search_paths else ()
        return library_cache(self.data("/etc/ld.so.cache"), self.machine, subdirectories)

    def libraries(self, sonames: Collection[str]) -> dict[str, str]:
        """The paths of the root's own libraries of these DT_SONAMEs, as they are seen inside."""
        return own_libraries(sonames, self.library_cache(None), self.default_paths(), self.tree.outside)

    def default_paths(self) -> tuple[str, ...]:
        return (f"/lib/{self.multiarch}", f"/usr/lib/{self.multiarch}", "/lib", "/usr/lib")


def made_by(revisions: Mapping[str, str], parts: Collection[str]) -> dict[str, str]:
    """The versions of the linkers and compilers that a root with parts for them has, by the names of these."""
    if not {"linkers", "clang"}.intersection(parts):
        return {}
    packages = {
        name: [revisions[package] for package in revisions if re.fullmatch(pattern, package)]
        for name, pattern in MADE_BY.items()
    }
    return {name: upstream(versions[-1]) for name, versions in packages.items() if versions}


def toolchain(
    root: Root,
    run: Runner,
    *,
    read_only: tuple[str, ...] = (),
    bwrap: str = "/usr/bin/bwrap",
    system: type[RootSystem] = RootSystem,
) -> Toolchain:
    """The toolchain of a root.

    Args:
        root: unpacked.
        run: how its compiler is run, for the reaper that is kept beside it.
        read_only: existing directories that its world shows at their own paths: the store.
        bwrap: bubblewrap's path.
        system: which of its compilers, and which libc.

    Raises:
        BuildFailedError: the root's compiler does not work.
    """
    inside = system(root, look(str(root.path)), os.uname().machine)
    world = World(inside.name, inside.tree, bwrap=bwrap)
    reaper = provide(root.path.parent, (GCC,), ENV, world, run)
    found = assembled(inside, run, world, identity(root.packages, inside.machine, system.cc), system.libc_package)
    return replace(found, world=replace(world, reaper=reaper, read_only=read_only))


def assembled(
    inside: RootSystem, run: Runner, world: World, identity_: Mapping[str, str], libc_package: str
) -> Toolchain:
    """What a root's files and its loader say, as a toolchain in a world that has no reaper yet."""
    tools, search_paths = dict(inside.tools()), inside.searching(run, world)
    return Toolchain(
        name=inside.name,
        identity=identity_,
        versions=inside.versions(tools),
        packages=tuple(sorted(inside.root.packages, key=lambda package: package.name)),
        tools=tools,
        lacking={tool: f"{inside.name}: {why}" for tool, why in inside.lacking().items() if tool not in tools},
        env=ENV,
        interp=inside.interp,
        library_cache=inside.library_cache(search_paths),
        default_paths=search_paths.default_paths if search_paths else inside.default_paths(),
        subdirectories=search_paths.subdirectories if search_paths else (),
        tokens=search_paths.tokens if search_paths else {},
        world=world,
        packages_of_axes={**PACKAGES_OF_AXES, "libc": libc_package},
    )


def said(words: tuple[str, ...], run: Runner, world: World, more: Mapping[str, str]) -> str:
    """What a program inside writes to standard error."""
    command = Command(argv=words, env={**ENV, **more}, cwd="/", timeout=ASK_SECONDS)
    return run(wrap(command, world)).stderr.data.decode("utf-8", "replace")


def pinned(lock: Lock, parts: Collection[str], system: type[RootSystem] = RootSystem) -> Toolchain:
    """What is known of a root before it is there: its identity, so that keys are the same, and what `when` compares."""
    packages = tuple(Package(package.name, package.version) for package in lock.packages(with_base(parts)))
    revisions = {package.name: package.version for package in packages}
    compiler = f"gcc-{upstream(revisions.get('gcc', '')).partition('.')[0]}"  # what `gcc` is a link to
    names = {"libc": system.libc_package, "cc": compiler, **{tool: tool for tool in PACKAGED}}
    versions = {tool: upstream(revisions[name]) for tool, name in names.items() if name in revisions}
    return Toolchain(
        name=f"{system.prefix}/{lock.suite}",
        identity=identity(packages, os.uname().machine, system.cc),
        versions={**versions, **made_by(revisions, parts), "libc-family": system.libc_family},
        packages=packages,
        tools={},
        env=ENV,
        packages_of_axes={**PACKAGES_OF_AXES, "libc": system.libc_package},
    )


def identity(packages: Iterable[Package], machine: str, cc: str) -> dict[str, str]:
    """All packages are part of the identity, since we cannot know which of them a compiler reads."""
    named = sorted((package.name, package.version) for package in packages)
    return {"cc": cc, "machine": machine, **{f"package {name}": version for name, version in named}}
