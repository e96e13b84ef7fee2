"""What was built and what it was built and run with, as rows of text for any form of report."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from elfworlds.records import EnvironmentRecord, ObjectRecord, ToolchainRecord

_PATCH = re.compile(r"patch [0-9]{1,4}")
_DECISIVE = re.compile(
    r"(libc6|musl|binutils(-[\w-]+-linux-gnu)?|(gcc|g\+\+)-[\d.]+|clang-\d+|lld-\d+|mold|binutils-gold|rustc|gdb|valgrind|strace|patchelf)"
)


@dataclass(frozen=True, slots=True)
class BuiltObject:
    """An object's ELF facts in words.

    Attributes:
        where: the points that share this build.
        toolchain: who built it; empty where every object was built by the trial's own.
        search: DT_RPATH or DT_RUNPATH, with the experiment's names for its own directories.
    """

    object: str
    where: str
    toolchain: str
    soname: str
    needed: str
    search: str
    flags: str
    build_id: str
    sha256: str


def objects(records: Sequence[ObjectRecord]) -> list[BuiltObject]:
    """Every object once; points that share one build share a row."""
    names = {posixpath.dirname(built.path): f"${{{built.object}.dir}}" for built in reversed(records)}
    elsewhere = any(built.toolchain != built.at.get("libc") for built in records)
    rows = [
        BuiltObject(
            built.object,
            ", ".join(built.at.values()),
            built.toolchain if elsewhere else "",
            built.soname or "–",
            " ".join(built.needed) or "–",
            _search(built, names),
            " ".join(built.flags) or "–",
            built.build_id or "–",
            built.sha256[:12],
        )
        for built in records
    ]
    return list(dict.fromkeys(rows))


def _search(built: ObjectRecord, names: Mapping[str, str]) -> str:
    """DT_RPATH or DT_RUNPATH; the experiment's own directories have the names of their objects."""
    tag, path = ("rpath", built.rpath) if built.rpath else ("runpath", built.runpath)
    entries = [names.get(entry, entry) for entry in path or ()]
    return f"{tag} {':'.join(entries)}" if entries else "–"


def compiler_outputs(records: Sequence[ObjectRecord]) -> list[tuple[str, str]]:
    """What compilers and linkers wrote: object → text, each once."""
    return list(dict.fromkeys((built.object, built.compiler_output) for built in records if built.compiler_output))


def versions(environment: EnvironmentRecord) -> list[tuple[str, str]]:
    """The machine, then each toolchain with all of its packages."""
    rows = machine(environment)
    for toolchain in environment.toolchains:
        rows += [(f"{toolchain.name}: {what}", version) for what, version in _own(toolchain)]
        rows += [
            (f"{toolchain.name}: {what}", f"{title}, sha256 {digest}") for what, digest, title in _patches(toolchain)
        ]
        rows += [(f"{toolchain.name}: {package}", version) for package, version in toolchain.packages.items()]
    return rows


def machine(environment: EnvironmentRecord) -> list[tuple[str, str]]:
    """What the trials ran on, and by whom they were run."""
    return [
        ("system", environment.system),
        ("kernel", environment.kernel),
        ("cpu", environment.cpu),
        ("python", environment.python),
        ("elfworlds", environment.elfworlds),
        ("backend", environment.backend),
        *([("sandbox", environment.weaker)] if environment.weaker else []),
    ]


def decisive(toolchain: ToolchainRecord) -> str:
    """On one line: libc, compiler, the packages that decide what is built and seen, with their revisions; patches."""
    packages = [f"{name} {version}" for name, version in toolchain.packages.items() if _DECISIVE.fullmatch(name)]
    patches = [f"{what} “{title}” {digest[:16]}" for what, digest, title in _patches(toolchain)]
    return "; ".join([version for _, version in _own(toolchain) if version] + packages + patches)


def _patches(toolchain: ToolchainRecord) -> list[tuple[str, str, str]]:
    """What its libc was patched with, in order: `patch 1`, its SHA-256, its title."""
    named = ((what, str(text)) for what, text in toolchain.identity.items() if _PATCH.fullmatch(what))
    known = ((what, *text.partition(" ")[::2]) for what, text in named)
    return sorted(known, key=lambda patch: int(patch[0].removeprefix("patch ")))


def _own(toolchain: ToolchainRecord) -> list[tuple[str, str]]:
    known = toolchain.versions
    return [
        ("libc", known.get("libc-revision") or known.get("libc", "unknown")),
        ("compiler", toolchain.identity.get("cc --version") or " ".join(filter(None, ("cc", known.get("cc"))))),
    ]
