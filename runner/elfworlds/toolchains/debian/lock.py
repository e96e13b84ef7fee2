"""A lock file: every package of a root with its digest, so that the same root comes from any mirror."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import astuple, dataclass, fields
from datetime import datetime
from typing import TYPE_CHECKING

from elfworlds import paths
from elfworlds.errors import InputError
from elfworlds.toolchains.pinning import matching
from elfworlds.yamltext import closest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from elfworlds.jsondata import JsonObject

SCHEMA = 1
BASE = "base"
PARTS: Mapping[str, tuple[str, ...]] = {
    BASE: (
        *("libc6", "libc6-dev", "libc6-dbg", "gcc", "g++", "binutils", "gdb", "valgrind", "strace", "patchelf"),
        # system() and popen() need /bin/sh, gdb's observer env and dd; ldconfig is libc-bin's; nothing depends on them
        *("dash", "coreutils", "libc-bin"),
    ),
    "rustc": ("rustc",),
    "musl": ("musl-tools",),
    # Of these two a suite may lack some packages, or all; then it has what there is, or no such part.
    "linkers": ("binutils-gold", "lld", "mold"),
    "clang": ("clang",),
    # What it takes to build that libc anew, beside what the root has: its sources with Debian's patches, and tools.
    "glibc-source": (
        *("glibc-source", "make", "gawk", "bison", "python3-minimal", "patch", "xz-utils", "tar", "sed", "grep"),
        *("diffutils", "findutils"),
    ),
}
OPTIONAL = frozenset({"linkers", "clang", "glibc-source"})
_FILE = re.compile(r"debian-([a-z0-9][a-z0-9.-]{0,63})\.lock\.json")
_SHAPES = {
    "name": re.compile(r"[a-z0-9][a-z0-9+.-]{0,127}"),
    "version": re.compile(r"[0-9A-Za-z.+:~-]{1,128}"),
    "architecture": re.compile(r"[a-z0-9-]{1,32}"),
    "path": re.compile(r"pool(?:/[A-Za-z0-9+~_][A-Za-z0-9+.~_-]{0,254}){1,16}\.deb"),
    "sha256": re.compile(r"[0-9a-f]{64}"),
    "date": re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII),
    "suite": re.compile(r"[a-z0-9][a-z0-9.-]{0,63}"),
}


@dataclass(frozen=True, slots=True)
class Pinned:
    """A package: its revision, its place in every mirror's pool, and what its file holds."""

    name: str
    version: str
    architecture: str
    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Lock:
    """A suite as it was at a date.

    Attributes:
        date: of the Release that named the packages, as `2026-10-30T08:08:01Z`.
        parts: `base`, and what other parts need beyond it; packages in order of their names.
    """

    suite: str
    date: str
    architecture: str
    parts: Mapping[str, tuple[Pinned, ...]]

    @property
    def digest(self) -> str:
        return self.digest_of(tuple(self.parts))

    def digest_of(self, parts: Sequence[str]) -> str:
        """The digest of the packages of some parts. It does not depend on the lock's date."""
        files = [[package.name, package.version, package.sha256] for package in self.packages(parts)]
        return hashlib.sha256(json.dumps([self.suite, self.architecture, files]).encode()).hexdigest()

    def packages(self, parts: Sequence[str]) -> tuple[Pinned, ...]:
        """The packages of some parts, in order of their names.

        Raises:
            InputError: it has no such part.
        """
        for part in parts:
            if part not in self.parts:
                raise InputError(f"debian/{self.suite} has no part `{part}`", hint=closest(part, self.parts))
        return tuple(
            sorted({package for part in parts for package in self.parts[part]}, key=lambda package: package.name)
        )

    def version(self, pattern: str) -> str:
        """The revision of the first package whose whole name matches; empty where none does."""
        named = (package for part in self.parts for package in self.parts[part] if re.fullmatch(pattern, package.name))
        return next((package.version for package in named), "")


def with_base(parts: Iterable[str]) -> tuple[str, ...]:
    """The parts in the order in which every name lists them; `base` is always one."""
    wanted = {BASE, *parts}
    return tuple(sorted(wanted, key=lambda part: (part not in PARTS, [*PARTS, part].index(part), part)))


def read(text: str, origin: str = "a lock file") -> Lock:
    """The lock that a text holds.

    Raises:
        InputError: it holds none.
    """
    try:
        data = json.loads(text)
        if data["schema"] != SCHEMA:
            raise InputError(f"{origin}: written for another elfworlds (schema {data['schema']!r:.20})")
        parts = {str(name): tuple(pinned(package) for package in listed) for name, listed in data["parts"].items()}
        datetime.fromisoformat(_shaped(data, "date"))
        lock = Lock(_shaped(data, "suite"), _shaped(data, "date"), _shaped(data, "architecture"), parts)
        _ = lock.parts[BASE]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        hint = "`elfworlds toolchain lock SUITE` writes it anew"
        raise InputError(f"{origin}: not a lock file: {str(error)[:200]}", hint=hint) from None
    return lock


def pinned(data: JsonObject) -> Pinned:
    """A package as a lock file has it.

    Raises:
        ValueError, KeyError: it is none.
    """
    size = data["size"]
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise ValueError("size is a number of bytes")
    name, version, architecture, path = (_shaped(data, key) for key in ("name", "version", "architecture", "path"))
    return Pinned(name, version, architecture, path, size, _shaped(data, "sha256"))


def _shaped(data: JsonObject, key: str) -> str:
    """A text that is safe as a name of a file, in a URL and in a message."""
    value = data[key]
    if not isinstance(value, str) or not _SHAPES[key].fullmatch(value):
        raise ValueError(f"wrong {key}: {value!r:.80}")
    return value


def write(lock: Lock) -> str:
    """The text of a lock: a package a line, so that a refresh is read as a diff."""
    names = [field.name for field in fields(Pinned)]
    parts = ",\n".join(
        f"  {json.dumps(part)}: [\n"
        + ",\n".join("   " + json.dumps(dict(zip(names, astuple(package), strict=True))) for package in packages)
        + "\n  ]"
        for part, packages in lock.parts.items()
    )
    head = {"schema": SCHEMA, "suite": lock.suite, "date": lock.date, "architecture": lock.architecture}
    lines = "".join(f" {json.dumps(key)}: {json.dumps(value)},\n" for key, value in head.items())
    return f'{{\n{lines} "parts": {{\n{parts}\n }}\n}}\n'


def filename(suite: str) -> str:
    return f"debian-{suite}.lock.json"


def suites(where: Iterable[Path]) -> tuple[str, ...]:
    """Every suite that is pinned."""
    return matching(where, _FILE)


def find(suite: str, where: Sequence[Path]) -> Lock:
    """The lock of a suite.

    Raises:
        InputError: none is there, or it is none.
    """
    known = suites(where)
    if suite not in known:
        raise InputError(f"no lock file for debian/{suite}"[:200], hint=closest(suite, known))
    path = paths.first(place / filename(suite) for place in where)
    lock = read(paths.text(path), str(path))
    if lock.suite != suite:
        raise InputError(f"{path}: it pins {lock.suite}, not {suite}")
    return lock
