"""`elfworlds doctor`: what is here, what is missing, and what that costs."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from elfworlds import paths
from elfworlds.errors import Exit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from elfworlds.process import Pool


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: a part, whether `run` cannot work without it, and what there is to say."""

    part: str
    here: bool
    needed: bool
    said: str

    @property
    def mark(self) -> str:
        if self.here:
            return "ok"
        return "MISSING" if self.needed else "missing"


def doctor() -> int:
    """Say what is here and what is missing; exit 1 if `run` cannot work."""
    from elfworlds.process import Pool
    from elfworlds.report.text import grid

    with Pool() as pool:
        found = list(examine(pool, os.environ))
    for line in grid([[one.mark, one.part, one.said] for one in found], indent=""):
        typer.echo(line)
    broken = any(one.needed and not one.here for one in found)
    return Exit.EXPECTATION_FAILED if broken else Exit.AS_EXPECTED


def examine(pool: Pool, environment: Mapping[str, str]) -> Iterator[Finding]:
    from elfworlds import __version__

    yield Finding("elfworlds", here=True, needed=True, said=f"{__version__}, Python {sys.version.split()[0]}")
    yield from _compiler(pool, environment)
    yield _store(environment)
    yield _processes()
    yield _worlds(pool, environment)
    yield _roots(environment)
    yield from _programs(environment)


def _compiler(pool: Pool, environment: Mapping[str, str]) -> Iterator[Finding]:
    from elfworlds.errors import BuildFailedError
    from elfworlds.workflow.families import host

    try:
        toolchain = host(pool, environment, remember=False)
    except BuildFailedError as error:
        yield Finding("compiler", here=False, needed=True, said=f"{error.message}; {error.hint}")
        return
    yield Finding("compiler", here=True, needed=True, said=toolchain.identity["cc --version"])
    libc = toolchain.versions.get("libc-revision") or toolchain.versions.get("libc", "of an unknown version")
    yield Finding("libc", here=True, needed=True, said=libc)


def _store(environment: Mapping[str, str]) -> Finding:
    """The nearest directory that exists decides whether the store can be written."""
    root = paths.store(environment)
    place = next(path for path in (root, *root.parents) if path.exists())
    free = shutil.disk_usage(place).free >> 20
    if not os.access(place, os.W_OK | os.X_OK):
        return Finding("store", here=False, needed=True, said=f"{root} cannot be written; set XDG_CACHE_HOME")
    return Finding("store", here=True, needed=True, said=f"{root}, {free} MB free")


def _processes() -> Finding:
    """What ends everything that a trial started reads /proc."""
    here = Path("/proc/self/stat").exists()
    return Finding(
        "/proc", here=here, needed=True, said="mounted" if here else "mount it: trials are watched through it"
    )


def _worlds(pool: Pool, environment: Mapping[str, str]) -> Finding:
    """Being there is not enough: bubblewrap needs what some systems forbid."""
    from elfworlds.errors import BuildFailedError
    from elfworlds.sandbox import availability

    try:
        path = availability.found(pool.run, environment)
    except BuildFailedError as error:
        return Finding("bwrap", here=False, needed=False, said=f"{error.message}; {error.hint}")
    return Finding("bwrap", here=True, needed=False, said=f"{path}, works")


def _roots(environment: Mapping[str, str]) -> Finding:
    from elfworlds.toolchains.debian.root import roots

    here = [f"debian/{'+'.join((one.suite, *one.parts[1:]))}" for one in roots(paths.store(environment))]
    said = ", ".join(here) or "none unpacked; elfworlds toolchain fetch SUITE"
    return Finding("roots", here=bool(here), needed=False, said=said)


def _programs(environment: Mapping[str, str]) -> Iterator[Finding]:
    costs = {
        "nix-build": "the nix backend, and nixpkgs/<pin>",
        "gdb": "observing trials with gdb",
        "valgrind": "observing trials with valgrind",
        "strace": "observing trials with strace",
        "c++": "objects in C++",
        "rustc": "objects in Rust",
    }
    for program, cost in costs.items():
        path = paths.which(program, environment.get("PATH"))
        yield Finding(program, here=path is not None, needed=False, said=path or f"without it: not {cost}")
