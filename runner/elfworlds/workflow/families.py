"""Toolchains that are known here: this machine's, every suite that is pinned, every pin of nixpkgs."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

from elfworlds import paths
from elfworlds.errors import InputError
from elfworlds.toolchains.debian import lock as locks
from elfworlds.toolchains.host import Prober, probe
from elfworlds.toolchains.nixpkgs import pin as pins

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from elfworlds.process import Pool
    from elfworlds.toolchains import Toolchain

COMPILERS = ("CC", "CXX", "RUSTC")
RUSTUP = ("HOME", "RUSTUP_HOME", "CARGO_HOME", "RUSTUP_TOOLCHAIN")  # what its rustc reads to find the real one


def host(pool: Pool, environment: Mapping[str, str], *, remember: bool, languages: Collection[str] = ()) -> Toolchain:
    """This machine's toolchain; its compilers are `$CC`, `$CXX` and `$RUSTC`, those beside C where they are used."""
    for name in (*COMPILERS, "PATH", *RUSTUP):
        paths.told_in(name, environment)
    for name in COMPILERS:
        _is_command(name, environment.get(name, ""))
    home = tuple((name, environment[name]) for name in RUSTUP if name in environment)
    prober = Prober(
        pool.run,
        environment.get("PATH", os.defpath),
        environment.get("CC") or "cc",
        cxx=environment.get("CXX", ""),
        rustc=environment.get("RUSTC", ""),
        home=home,
    )
    return probe(prober, paths.store(environment) / "toolchains" if remember else None, languages)


def _is_command(name: str, text: str) -> None:
    try:
        shlex.split(text)
    except ValueError as error:
        raise InputError(f"{name}={text}: {error}", hint="it is read as a shell reads a command") from None


def known_toolchains(cwd: Path) -> tuple[str, ...]:
    """What the axes `libc` and `gdb` may hold: this machine, every suite that is pinned, every pin of nixpkgs."""
    places = locks.places(cwd)
    families = {"debian": locks.suites(places), "musl": locks.suites(places), pins.FAMILY: pins.names(places)}
    return ("host", *(f"{family}/{name}" for family, names in families.items() for name in names))
