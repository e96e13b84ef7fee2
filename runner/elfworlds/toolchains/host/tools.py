"""Programs beside the compilers, such as debuggers and tracers; none of them decides what a build gives."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from elfworlds.toolchains.prober import Facts, packages, remembered, stamp
from elfworlds.toolchains.programs import PLAIN, VERSIONED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from elfworlds.toolchains.prober import Prober

_VERSION = re.compile(r"[0-9]+(?:\.[0-9]+)+")
_MEMCHECK = re.compile(r"launching (/\S+)")


@dataclass(frozen=True, slots=True)
class Tools:
    """Those that are there: their paths, versions and packages, by name."""

    paths: Mapping[str, str]
    versions: Mapping[str, str]
    packages: Mapping[str, str]

    @property
    def words(self) -> dict[str, tuple[str, ...]]:
        return {name: (path,) for name, path in self.paths.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolFacts(Facts):
    """What the tools say of themselves: memcheck's own program, versions and packages by name."""

    memcheck: dict[str, str]
    versions: dict[str, str]
    packages: dict[str, str]


def find(prober: Prober, cache: Path | None) -> Tools:
    """The tools that PATH has; what they say of themselves is asked once while they are the same files."""
    programs = _which(prober, VERSIONED)
    facts = remembered(cache, "tools", [programs, prober.path], ToolFacts, lambda: _learn(prober, programs))
    paths = _which(prober, PLAIN) | programs | facts.memcheck
    if "memcheck" not in paths:
        paths.pop("valgrind", None)
    return Tools(paths, {name: version for name, version in facts.versions.items() if name in paths}, facts.packages)


def _which(prober: Prober, names: Iterable[str]) -> dict[str, str]:
    places = {name: prober.which(name) for name in names}
    return {name: path for name, path in places.items() if path}


def _learn(prober: Prober, programs: Mapping[str, str]) -> ToolFacts:
    memcheck = _memcheck(prober, programs)
    files = [*programs.values(), *memcheck.values()]
    return ToolFacts(
        memcheck=memcheck,
        versions=_versions(prober, programs),
        packages=packages(prober, files) if files else {},
        stamps={file: stamp(Path(file)) for file in files},
    )


def _versions(prober: Prober, programs: Mapping[str, str]) -> dict[str, str]:
    """What each says of itself: the last number of the first line (`GNU gdb (Debian 13.1-3) 13.1`)."""
    first_lines = {name: prober.ask(path, "--version").partition("\n")[0] for name, path in programs.items()}
    numbers = {name: _VERSION.findall(line) for name, line in first_lines.items()}
    return {name: every[-1] for name, every in numbers.items() if every}


def _memcheck(prober: Prober, programs: Mapping[str, str]) -> dict[str, str]:
    """The program behind `valgrind`, which only starts it; it is linked statically, so no LD_PRELOAD acts on it."""
    if "valgrind" not in programs:
        return {}
    match = _MEMCHECK.search(prober.complaints(programs["valgrind"], "-d", "--version"))
    return {"memcheck": match[1]} if match and Path(match[1]).is_file() else {}
