"""The family of one: `host`, this machine as it is."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

from elfworlds import paths
from elfworlds.errors import BuildFailedError, InputError
from elfworlds.toolchains.family import NOBODY_LOOKS, DoctorLine, Family
from elfworlds.toolchains.host.machine import machine_libraries, probe
from elfworlds.toolchains.prober import Prober
from elfworlds.toolchains.toolchain import Toolchain

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from elfworlds.process import Runner
    from elfworlds.toolchains.family import Means

NAME = "host"
COMPILERS = ("CC", "CXX", "RUSTC")
RUSTUP = ("HOME", "RUSTUP_HOME", "CARGO_HOME", "RUSTUP_TOOLCHAIN")  # what its rustc reads to find the real one


class Host(Family):
    """This machine: it is never fetched, and always there."""

    prefix = NAME
    own_root = False
    compilers_from_environment = True

    def names(self, where: Sequence[Path]) -> tuple[str, ...]:
        del where
        return (NAME,)

    def stand_in(
        self, name: str, where: Sequence[Path], languages: Collection[str] = (), why: str = NOBODY_LOOKS
    ) -> Toolchain:
        """Its name is its identity, and it can be used."""
        del where, languages, why
        return Toolchain(name=name, identity={"name": name}, versions={}, packages=(), tools={}, env={})

    def foreseen(self, name: str, means: Means) -> Toolchain:
        del name
        return host(means.run, means.environment, remember=False, languages=means.languages)

    def provided(self, name: str, means: Means) -> Toolchain:
        del name
        return host(means.run, means.environment, remember=True, languages=means.languages)

    def libraries(self, name: str, sonames: Collection[str], where: Sequence[Path], cache: Path) -> Mapping[str, str]:
        del name, where, cache
        return machine_libraries(sonames)

    def doctor(self, means: Means) -> Iterator[DoctorLine]:
        try:
            toolchain = host(means.run, means.environment, remember=False)
        except BuildFailedError as error:
            yield DoctorLine("compiler", here=False, needed=True, text=f"{error.message}; {error.hint}")
            return
        yield DoctorLine("compiler", here=True, needed=True, text=toolchain.identity["cc --version"])
        libc = toolchain.versions.get("libc-revision") or toolchain.versions.get("libc", "of an unknown version")
        yield DoctorLine("libc", here=True, needed=True, text=libc)


def host(run: Runner, environment: Mapping[str, str], *, remember: bool, languages: Collection[str] = ()) -> Toolchain:
    """This machine's toolchain; its compilers are `$CC`, `$CXX` and `$RUSTC`, those beside C where they are used.

    Args:
        run: starts programs.
        environment: PATH and the variables.
        remember: whether what it says is kept in the cache, and taken from there.
        languages: what objects are written in, and the tools that edit them after the link.

    Raises:
        InputError: a variable holds no command.
        BuildFailedError: there is no C compiler, or it is not whole.
    """
    for name in (*COMPILERS, "PATH", *RUSTUP):
        paths.told_in(name, environment)
    for name in COMPILERS:
        _is_command(name, environment.get(name, ""))
    home = tuple((name, environment[name]) for name in RUSTUP if name in environment)
    prober = Prober(
        run,
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
