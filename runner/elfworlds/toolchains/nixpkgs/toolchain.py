"""A pin's own toolchain: compiler, libc, debugger and tracers at their places in the store; no file of the host's."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from elfworlds.editors import EDITORS
from elfworlds.process import Command
from elfworlds.sandbox import World, look
from elfworlds.sandbox.reaper import provide
from elfworlds.spec.leaves.versions import order
from elfworlds.toolchains.nixpkgs.made import STORE
from elfworlds.toolchains.programs import VERSIONED
from elfworlds.toolchains.searching import ASK_SECONDS, ask
from elfworlds.toolchains.toolchain import UNKNOWN, Toolchain
from elfworlds.traces.glibc import banner
from elfworlds.traces.ldcache import library_cache

if TYPE_CHECKING:
    from collections.abc import Collection

    from elfworlds.process import Runner
    from elfworlds.toolchains.nixpkgs.made import Made
    from elfworlds.toolchains.nixpkgs.pin import Pin
    from elfworlds.traces.ldsearch import SearchPaths

ENV = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "SOURCE_DATE_EPOCH": "0"}
SMALL = ("cp", "env", "dd")  # of coreutils
OWN = (*VERSIONED, "rustc")  # of the packages of these names
VALGRIND_NAMES = {"x86_64": "amd64", "aarch64": "arm64"}
FIRST_RUSTC_WITH_LLD = "1.90"
NO_CXX = (
    "programs would not find libstdc++: no run path names it, and nixpkgs' loader looks into no directory that has it"
)
_SYSTEM_PATH = re.compile(r"^\s+(/\S+) \(system search path\)$", re.MULTILINE)
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)*")


def toolchain(made: Made, run: Runner, *, bwrap: str = "/usr/bin/bwrap") -> Toolchain:
    """The toolchain of a pin.

    Args:
        made: what Nix made of it.
        run: how its compiler and its dynamic loader are run.
        bwrap: bubblewrap's path.

    Raises:
        BuildFailedError: its compiler does not work.
    """
    inside = _Inside(made)
    world = World(made.pin.label, look(str(made.root)), bwrap=bwrap, read_only=(STORE,))
    reaper = provide(made.place, (inside.cc, f"-L{made.contents.static}"), ENV, world, run)
    search_paths = inside.searching(run)
    return replace(
        installed(made),
        library_cache=inside.library_cache(search_paths),
        default_paths=search_paths.default_paths if search_paths else default_paths(inside.loader, run),
        subdirectories=search_paths.subdirectories if search_paths else (),
        tokens=search_paths.tokens if search_paths else {},
        world=replace(world, reaper=reaper),
    )


def installed(made: Made) -> Toolchain:
    """The toolchain of an installed pin, as far as it is known without running anything: enough for a plan."""
    inside = _Inside(made)
    tools = inside.tools()
    return Toolchain(
        name=made.pin.label,
        identity=inside.identity(),
        versions=inside.versions(tools),
        packages=made.packages,
        tools=tools,
        parts=inside.parts(tools),
        lacking=inside.lacking(tools),
        env=ENV,
        interp=inside.loader,
        library_cache=inside.library_cache(None),
    )


def pinned(pin: Pin, unsupported: str = "") -> Toolchain:
    """The toolchain of a pin that is not installed. Its versions and store paths are unknown, and so are object keys.

    An unsupported toolchain runs no trial, so its versions are left out.
    """
    versions = {} if unsupported else dict.fromkeys(("libc", "gdb", "rustc"), UNKNOWN)
    return Toolchain(
        name=pin.label,
        identity={"nixpkgs": pin.rev, "narHash": pin.nar_hash, "machine": os.uname().machine},
        versions={**versions, "libc-family": "glibc"},
        packages=(),
        tools={},
        env=ENV,
        unsupported=unsupported,
    )


def default_paths(loader: str, run: Runner) -> tuple[str, ...]:
    """Where a dynamic loader looks last: what it prints (since glibc 2.33), or else its own directory."""
    done = run(Command(argv=(loader, "--help"), env={"LC_ALL": "C"}, cwd="/", timeout=ASK_SECONDS))
    return tuple(_SYSTEM_PATH.findall(done.text)) or (str(Path(loader).parent),)


@dataclass(frozen=True)
class _Inside:
    """What the store paths of a pin hold."""

    made: Made

    @property
    def cc(self) -> str:
        return self.made.contents.cc

    @cached_property
    def loader(self) -> str:
        """The dynamic loader; programs name it as their interpreter."""
        place = Path(self.made.contents.libc)
        return str(next(iter(sorted(place.glob("ld-*.so.*"))), place / "ld.so"))

    @cached_property
    def nixpkgs_versions(self) -> dict[str, str]:
        return {package.name: package.version for package in self.made.packages}

    def identity(self) -> dict[str, str]:
        """Store paths of what takes part in builds. Each holds Nix' digest of everything that it was made from."""
        paths = {name: path for name, path in self.made.paths.items() if name in ("binutils", "gcc", "glibc")}
        named = {f"package {name}": Path(path).name for name, path in paths.items()}
        return {"cc": self.cc, "machine": os.uname().machine, **named}

    def parts(self, tools: Collection[str]) -> dict[str, dict[str, str]]:
        paths = self.made.paths
        rust = {"rust": {"package rustc": Path(paths["rustc"]).name}} if "rustc" in tools else {}
        patchelf = {"patchelf": {"package patchelf": Path(paths["patchelf"]).name}} if "patchelf" in tools else {}
        return {**rust, **patchelf}

    def tools(self) -> dict[str, tuple[str, ...]]:
        paths = self.made.paths
        places = {
            "cc": self.cc,
            "sh": self.made.contents.sh,
            **{name: f"{self.made.contents.coreutils}/bin/{name}" for name in SMALL},
            **{name: f"{paths[name]}/bin/{name}" for name in OWN if name in paths},
            **{name: f"{paths[package]}/bin/{name}" for name, package in EDITORS.items() if package in paths},
            "memcheck": self.memcheck(),
        }
        programs = {name: path for name, path in places.items() if Path(path).is_file()}
        if "memcheck" not in programs:
            programs.pop("valgrind", None)
        more = {"gdb": self.gdb_words(), "rustc": self.rustc_words()}
        return {name: (path, *more.get(name, ())) for name, path in programs.items()}

    def memcheck(self) -> str:
        """The program behind `valgrind`."""
        machine = os.uname().machine
        name = f"memcheck-{VALGRIND_NAMES.get(machine, machine)}-linux"
        return f"{self.made.paths.get('valgrind', '')}/libexec/valgrind/{name}"

    def gdb_words(self) -> tuple[str, ...]:
        """The symbols of libc, and libthread_db of the program's libc, wherever it is used."""
        places = ":".join(filter(None, (self.made.contents.debug, "/usr/lib/debug")))
        return ("-iex", f"set debug-file-directory {places}", "-iex", "set auto-load safe-path /")

    def rustc_words(self) -> tuple[str, ...]:
        """The linker is the compiler's own."""
        own_lld = order(number(self.nixpkgs_versions.get("rustc", ""))) >= order(FIRST_RUSTC_WITH_LLD)
        return ("-C", f"linker={self.cc}", *(("-C", "linker-features=-lld") if own_lld else ()))

    def versions(self, tools: Collection[str]) -> dict[str, str]:
        known = self.nixpkgs_versions
        named = {"cc": "gcc", **{tool: tool for tool in OWN}}
        versions = {tool: number(known[name]) for tool, name in named.items() if tool in tools and known.get(name)}
        libc = self.libc()
        revision = {"libc-revision": f"nixpkgs {known['glibc']}"} if libc and known.get("glibc") else {}
        return {**versions, **libc, **revision}

    def libc(self) -> dict[str, str]:
        try:
            return banner(Path(self.made.contents.libc, "libc.so.6").read_bytes())
        except OSError:
            return {}

    def searching(self, run: Runner) -> SearchPaths | None:
        """What the loader says of where it searches."""

        def say(words: tuple[str, ...], more: dict[str, str]) -> str:
            done = run(Command(argv=words, env=more, cwd="/", timeout=ASK_SECONDS))
            return done.stderr.data.decode("utf-8", "replace")

        libc = str(Path(self.made.contents.libc, "libc.so.6"))
        return ask(self.loader, libc, Path(self.loader), self.made.place, say)

    def library_cache(self, search_paths: SearchPaths | None) -> dict[str, str | None]:
        """The loader of nixpkgs has its cache beside itself, and as a rule none; never that of the system."""
        place = Path(self.made.contents.libc).parent / "etc/ld.so.cache"
        try:
            return library_cache(
                place.read_bytes(), os.uname().machine, search_paths.subdirectories if search_paths else ()
            )
        except OSError:
            return {}

    def lacking(self, tools: Collection[str]) -> dict[str, str]:
        what = {"c++": NO_CXX, "rustc": "it was made without its Rust compiler"}
        return {tool: f"{self.made.pin.label}: {why}" for tool, why in what.items() if tool not in tools}


def number(version: str) -> str:
    """What `when` compares of nixpkgs' version: `2.40-66` → `2.40`."""
    match = _NUMBER.match(version)
    return match[0] if match else version
