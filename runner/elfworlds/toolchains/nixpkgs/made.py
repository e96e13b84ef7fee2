"""A pin's toolchain in the Nix store, and the link in the cache that keeps it there.

    nixpkgs/<pin>-<digest>[+rustc]/world        → what nix/pinned.nix makes; a root of Nix' garbage collector

Where that link is, Nix is not asked for anything.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from elfworlds import paths
from elfworlds.errors import BuildFailedError
from elfworlds.install import installing
from elfworlds.process import Command
from elfworlds.shipped import expressions
from elfworlds.spec.leaves.versions import order
from elfworlds.toolchains.nixpkgs import trouble
from elfworlds.toolchains.nixpkgs.pin import FAMILY
from elfworlds.toolchains.toolchain import Package

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from elfworlds.process import Runner
    from elfworlds.toolchains.nixpkgs.pin import Pin

STORE = "/nix/store"
SCHEMA = 1
EXPRESSIONS = ("default.nix", "nix/pin.nix", "nix/pinned.nix", "nix/compiler.nix")  # what decides it beside the pin
ASK_SECONDS = 20.0
MAKE_SECONDS = 3600.0
# Nobody waits for a host that is not there: tries of one download, and seconds.
IMPATIENT = (("download-attempts", "2"), ("connect-timeout", "10"), ("stalled-download-timeout", "60"))
_VERSION = re.compile(r"[0-9]+(?:\.[0-9]+)+")


@dataclass(frozen=True, slots=True)
class StorePackage:
    """A package of a pin: its store path and nixpkgs' version, `2.40-66`."""

    path: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What nix/pinned.nix says of a pin: store paths.

    Attributes:
        libc: the directory of libc.so.6.
        static: the directory that a static program is linked with.
        debug: the directory of libc's symbols; empty where there are none.
        cc: the compiler for C.
        coreutils: a package.
        sh: a shell.
    """

    packages: Mapping[str, StorePackage]
    libc: str
    static: str
    debug: str
    cc: str
    coreutils: str
    sh: str


@dataclass(frozen=True, slots=True)
class Made:
    """A pin's toolchain.

    Attributes:
        place: its directory in the cache, where more may be kept.
        root: what its programs see as `/`, beside the store.
        contents: what it is made of.
    """

    pin: Pin
    place: Path
    root: Path
    contents: Contents

    @property
    def packages(self) -> tuple[Package, ...]:
        """Each with nixpkgs' version: `2.40-66`."""
        return tuple(Package(name, package.version) for name, package in sorted(self.contents.packages.items()))

    @property
    def paths(self) -> dict[str, str]:
        """Package → store path."""
        return {name: package.path for name, package in self.contents.packages.items()}


def directory(pin: Pin, cache: Path, *, rust: bool) -> Path:
    """Its directory in the cache. Each commit has its own, and so has each version of the expressions."""
    inputs = [pin.rev, pin.nar_hash, *((expressions() / file).read_text() for file in EXPRESSIONS)]
    digest = hashlib.sha256(json.dumps(inputs).encode()).hexdigest()
    return cache / FAMILY / f"{pin.name}-{digest[:16]}{'+rustc' if rust else ''}"


def found(pin: Pin, cache: Path, *, rust: bool = False) -> Made | None:
    """The toolchain, read from the cache; None if it is not there. No program is run."""
    place = directory(pin, cache, rust=rust)
    try:
        world = (place / "world").resolve(strict=True)
        contents = _contents((world / "world.json").read_bytes())
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return Made(pin, place, world / "root", contents) if contents else None


def _contents(text: bytes) -> Contents | None:
    """What a world.json holds; None for another elfworlds'."""
    data = json.loads(text)
    if data["schema"] != SCHEMA:
        return None
    packages = {
        str(name): StorePackage(str(package["path"]), str(package["version"]))
        for name, package in data["packages"].items()
    }
    places = {field: str(data[field]) for field in ("libc", "static", "debug", "cc", "coreutils", "sh")}
    return Contents(packages=packages, **places)


def lacking(pin: Pin, run: Runner, path: str) -> str:
    """Why Nix cannot be asked for it on this machine; empty where it can."""
    program = paths.which("nix-build", path)
    if program is None:
        return f"Nix makes it, and nix-build is not in PATH: install Nix ({installing('nix')})"
    done = run(Command(argv=(program, "--version"), env={"PATH": path, "LC_ALL": "C"}, cwd="/", timeout=ASK_SECONDS))
    match = _VERSION.search(done.text)
    if not done.ok or match is None:
        return f"{program} does not say its version"
    if order(match[0]) < order(pin.nix):
        return f"it asks for Nix {pin.nix} or newer, and {program} is {match[0]}"
    return ""


def make(pin: Pin, cache: Path, run: Runner, environment: Mapping[str, str], *, rust: bool = False) -> Made:
    """The toolchain, made or fetched by Nix where it is not there.

    Raises:
        BuildFailedError: Nix could not.
    """
    there = found(pin, cache, rust=rust)
    if there is not None:
        return there
    place = directory(pin, cache, rust=rust)
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BuildFailedError(f"{pin.label}: {place}: {error.strerror}", hint="set XDG_CACHE_HOME") from None
    done = run(_command(pin, place, environment, rust=rust))
    there = found(pin, cache, rust=rust)
    if not done.ok or there is None:
        complaint = done.stderr.data.decode("utf-8", "replace") or str(done.not_started or "")
        raise trouble.explain(pin.label, complaint, timed_out=done.timed_out, unseen=done.ok)
    return there


def _command(pin: Pin, place: Path, environment: Mapping[str, str], *, rust: bool) -> Command:
    program = paths.which("nix-build", environment.get("PATH")) or "nix-build"
    options = (word for pair in IMPATIENT for word in ("--option", *pair))
    words = (str(expressions() / "nix" / "pin.nix"), "--argstr", "pin", str(pin.path))
    more = ("--arg", "rust", "true" if rust else "false", "--out-link", str(place / "world"))
    argv = (program, *options, *words, *more)
    return Command(argv=argv, env=environment, cwd="/", timeout=MAKE_SECONDS)


def unmade(pin: Pin, cache: Path) -> bool:
    """Remove a pin from the cache; False if it was not there. Nix' garbage collector may then free its store paths."""
    named = re.compile(rf"{re.escape(pin.name)}-[0-9a-f]{{16}}(?:\+rustc)?")
    there = [path for path in (cache / FAMILY).glob("*") if named.fullmatch(path.name)]
    for place in there:
        shutil.rmtree(place, ignore_errors=True)
    return bool(there)
