"""`elfworlds doctor`: what is here, what is missing, and what that costs."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from elfworlds import makers, paths
from elfworlds.cli.echo import echo
from elfworlds.errors import Exit
from elfworlds.toolchains.family import DoctorLine

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from elfworlds.process import Pool


BACKEND_PROGRAMS = {"nix-build": "the nix backend"}
# Program → by which name the package managers are asked for it.
INSTALLABLE = {
    "nix-build": "nix",
    **{name: name for name in ("gdb", "valgrind", "strace", "c++", "rustc")},
    **makers.PACKAGES,
}
LANGUAGE_PROGRAMS = {"c++": "objects in C++", "rustc": "objects in Rust"}
MAKERS = {
    **{program: f"objects with `linker: {linker}`" for linker, program in makers.LINKERS.items()},
    **{drivers["c"]: f"objects with `compiler: {compiler}`" for compiler, drivers in makers.COMPILERS.items()},
}


def doctor() -> int:
    """Say what is here and what is missing; exit 1 if `run` cannot work."""
    from elfworlds.process import Pool
    from elfworlds.report.text import grid

    with Pool() as pool:
        lines = examine(pool, os.environ)
    for line in grid([[line.mark, line.part, line.text] for line in lines], indent=""):
        echo(line)
    broken = any(line.needed and not line.here for line in lines)
    return Exit.EXPECTATION_FAILED if broken else Exit.AS_EXPECTED


def examine(pool: Pool, environment: Mapping[str, str]) -> list[DoctorLine]:
    """What is needed first, in the order of the parts."""
    return sorted(_lines(pool, environment), key=lambda line: not line.needed)


def _lines(pool: Pool, environment: Mapping[str, str]) -> Iterator[DoctorLine]:
    from elfworlds.toolchains.families import FAMILIES
    from elfworlds.version import __version__
    from elfworlds.workflow.screen import Silent
    from elfworlds.workflow.session import Session
    from elfworlds.workflow.toolchains import means

    known = means(Session(pool, environment, Silent(), jobs=1))
    yield DoctorLine("elfworlds", here=True, needed=True, text=f"{__version__}, Python {sys.version.split()[0]}")
    yield _worlds(pool, environment)
    yield _landlock()
    for family in FAMILIES.values():
        yield from family.doctor(known)
    yield _store(environment)
    yield _processes()
    yield from _programs(environment)


def _store(environment: Mapping[str, str]) -> DoctorLine:
    """The nearest directory that exists decides whether the store can be written."""
    root = paths.store(environment)
    place = next(path for path in (root, *root.parents) if path.exists())
    free = shutil.disk_usage(place).free >> 20
    if not os.access(place, os.W_OK | os.X_OK):
        return DoctorLine("store", here=False, needed=True, text=f"{root} cannot be written; set XDG_CACHE_HOME")
    return DoctorLine("store", here=True, needed=True, text=f"{root}, {free} MB free")


def _processes() -> DoctorLine:
    """What ends everything that a trial started reads /proc."""
    here = Path("/proc/self/stat").exists()
    return DoctorLine(
        "/proc", here=here, needed=True, text="mounted" if here else "mount it: trials are watched through it"
    )


def _worlds(pool: Pool, environment: Mapping[str, str]) -> DoctorLine:
    """Being there is not enough: bubblewrap needs what some systems forbid."""
    from elfworlds.errors import BuildFailedError
    from elfworlds.sandbox import availability

    try:
        path = availability.found(pool.run, environment)
    except BuildFailedError as error:
        return DoctorLine("bwrap", here=False, needed=False, text=f"{error.message}; {error.hint}")
    return DoctorLine("bwrap", here=True, needed=False, text=f"{path}, works")


def _landlock() -> DoctorLine:
    """What can stand in where bubblewrap cannot."""
    from elfworlds.supervisor.landlock import abi
    from elfworlds.toolchains.sandboxed import unconfinable

    version = abi()
    lack = unconfinable(version)
    text = lack or f"ABI {version}: where bwrap does not work, a weaker sandbox is run --sandbox-fallback landlock"
    return DoctorLine("landlock", here=not lack, needed=False, text=text)


def _programs(environment: Mapping[str, str]) -> Iterator[DoctorLine]:
    from elfworlds.install import installing
    from elfworlds.observers.table import OBSERVERS
    from elfworlds.toolchains.families import FAMILIES

    costs: dict[str, list[str]] = {}
    for programs in (
        BACKEND_PROGRAMS,
        *(family.programs for family in FAMILIES.values()),
        {
            observer.tools[0]: f"observing trials with {observer.name}"
            for observer in OBSERVERS.values()
            if observer.tools
        },
        LANGUAGE_PROGRAMS,
        MAKERS,
    ):
        for program, cost in programs.items():
            costs.setdefault(program, []).append(cost)
    for program, needing in costs.items():
        path = paths.which(program, environment.get("PATH"))
        hint = f"; {installing(INSTALLABLE[program])}" if program in INSTALLABLE else ""
        text = path or f"without it: not {', and '.join(needing)}{hint}"
        yield DoctorLine(program, here=path is not None, needed=False, text=text)
