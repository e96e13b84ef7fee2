"""This machine's own toolchain: found in PATH, identified by what its files hold."""

from __future__ import annotations

import os
import re
import shlex
from collections import ChainMap
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from elfworlds.errors import BuildFailedError
from elfworlds.install import install_hint
from elfworlds.makers import named_after
from elfworlds.toolchains import searching
from elfworlds.toolchains.host import compilers, editors, tools
from elfworlds.toolchains.libraries import own_libraries
from elfworlds.toolchains.prober import Facts, Prober, digest, packages, remembered, stamp
from elfworlds.toolchains.toolchain import Package, Toolchain
from elfworlds.traces.glibc import banner
from elfworlds.traces.ldcache import library_cache

if TYPE_CHECKING:
    from collections.abc import Collection

    from elfworlds.toolchains.host.compilers import Compiler
    from elfworlds.toolchains.host.tools import Tools

PROGRAMS = ("cc1", "as", "ld")
FILES = ("crt1.o", "libc.so.6", "libc.so", "libgcc.a")
HEADERS = (
    "/usr/include/stdio.h",
    "/usr/include/dlfcn.h",
    "/usr/include/link.h",
    "/usr/include/linux/version.h",
)
DEFAULT_PATHS = ("/lib64", "/usr/lib64", "/lib", "/usr/lib")
LIBRARY_CACHE = Path("/etc/ld.so.cache")
_GNU_LD = re.compile(r"GNU ld\b.*?([0-9]+(?:\.[0-9]+)+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineFacts(Facts):
    """What this machine's C compiler says of itself.

    Attributes:
        default_paths: where its loader looks last, as far as the compiler knows.
        libc: the path of libc.so.6; empty where there is none.
    """

    default_paths: list[str]
    libc: str
    identity: dict[str, str]
    versions: dict[str, str]
    packages: dict[str, str]


def probe(prober: Prober, cache: Path | None, languages: Collection[str] = ()) -> Toolchain:
    """The host's toolchain; what was learnt last time is used again while the files are the same.

    Args:
        prober: how to ask.
        cache: a directory to remember in; None to ask anew and write nothing.
        languages: what objects are written in, and the tools that edit them after the link; C is always asked about,
            the others' compilers and these tools where they are used.

    Raises:
        BuildFailedError: there is no C compiler, or it is not whole.
    """
    cc = _compiler(prober)
    facts = remembered(cache, "host", [cc, prober.path], MachineFacts, lambda: _learn(prober, cc))
    others = [*compilers.find(prober, cache, cc, languages), *editors.find(prober, cache, cc, languages)]
    made = _toolchain(prober.path, cc, facts, others, tools.find(prober, cache))
    return _with_run_path(_searching(made, facts.libc, prober, cache), others)


def identity(prober: Prober) -> dict[str, str]:
    """The identity of the C compiler, asked anew. This needs nothing outside the standard library.

    Raises:
        BuildFailedError: there is no C compiler, or it is not whole.
    """
    return _learn(prober, _compiler(prober)).identity


def machine_libraries(sonames: Collection[str]) -> dict[str, str]:
    """The paths of this machine's own libraries of these DT_SONAMEs, where the files that a loader reads name them."""
    machine = os.uname().machine
    cache = library_cache(_bytes(LIBRARY_CACHE), machine)
    directories = [f"{directory}/{machine}-linux-gnu" for directory in ("/lib", "/usr/lib")]
    return own_libraries(sonames, cache, (*directories, *DEFAULT_PATHS), outside=str)


def _compiler(prober: Prober) -> tuple[str, ...]:
    words = shlex.split(prober.cc)
    compiler = prober.which(words[0]) if words else None
    if compiler is None:
        raise BuildFailedError(f"no C compiler: `{prober.cc}` is not in PATH", hint=install_hint())
    return (compiler, *words[1:])


def _searching(made: Toolchain, libc: str, prober: Prober, cache: Path | None) -> Toolchain:
    """The toolchain with what its loader says of where it searches."""
    interp = _interp(libc)
    search_paths = searching.ask(
        interp, libc, Path(interp), cache, lambda words, more: prober.complaints(*words, more=more.items())
    )
    subdirectories = search_paths.subdirectories if search_paths else ()
    paths = (
        search_paths.default_paths
        if search_paths
        else tuple(default_path for default_path in made.default_paths if Path(default_path).is_dir())
    )
    return replace(
        made,
        interp=interp,
        library_cache=library_cache(_bytes(LIBRARY_CACHE), os.uname().machine, subdirectories),
        default_paths=paths,
        subdirectories=subdirectories,
        tokens=search_paths.tokens if search_paths else {},
    )


def _with_run_path(made: Toolchain, others: Collection[Compiler]) -> Toolchain:
    """The toolchain with the directories of compilers' libraries where its loader does not look by itself.

    On most machines there are none. In nixpkgs libstdc++ has a store path of its own.
    """
    looked_at = {str(Path(path).resolve()) for path in made.default_paths}
    looked_at |= {str(Path(path).resolve().parent) for path in made.library_cache.values() if path}
    missing = {each.language: tuple(path for path in each.libraries if path not in looked_at) for each in others}
    return replace(made, run_path={language: places for language, places in missing.items() if places})


def _interp(libc: str) -> str:
    """The dynamic loader that libc.so.6, which can be run, names."""
    from elfworlds import elf  # noqa: PLC0415  # `identity` is asked for where pyelftools is not installed

    try:
        return elf.read(Path(libc)).interp or "" if libc else ""
    except elf.NotElfError:
        return ""


def _learn(prober: Prober, cc: tuple[str, ...]) -> MachineFacts:
    """Versions, digests and packages, and the stamps of the files that they were read from."""
    files = _toolchain_files(prober, cc)
    libc = files["libc.so.6"].read_bytes() if "libc.so.6" in files else b""
    identity = {name: digest(path) for name, path in sorted(files.items())}
    identity["cc --version"] = prober.ask(*cc, "--version").partition("\n")[0]
    identity["machine"] = os.uname().machine
    owners = packages(prober, [str(file) for file in files.values()])
    identity |= {f"package {name}": version for name, version in owners.items()}
    multiarch = prober.ask(*cc, "-print-multiarch")
    return MachineFacts(
        default_paths=[f"{directory}/{multiarch}" for directory in ("/lib", "/usr/lib") if multiarch]
        + list(DEFAULT_PATHS),
        libc=str(files.get("libc.so.6", "")),
        identity=identity,
        versions=_versions(prober, cc, libc, files.get("ld")),
        packages=owners,
        stamps={str(path): stamp(path) for path in files.values()},
    )


def _versions(prober: Prober, cc: tuple[str, ...], libc: bytes, ld: Path | None) -> dict[str, str]:
    compiler = prober.ask(*cc, "-dumpfullversion") or prober.ask(*cc, "-dumpversion")
    linker = _GNU_LD.match(prober.ask(str(ld), "--version")) if ld else None
    return {"cc": compiler, **banner(libc), **({"ld": linker[1]} if linker else {})}


def _toolchain_files(prober: Prober, cc: tuple[str, ...]) -> dict[str, Path]:
    """The files whose bytes decide what a build gives."""
    files = {"cc": Path(cc[0]).resolve()}
    for kind, names in (("prog", PROGRAMS), ("file", FILES)):
        for name in names:
            file = Path(prober.ask(*cc, f"-print-{kind}-name={name}") or name)
            if not file.is_absolute():
                file = Path(prober.which(name) or name) if kind == "prog" else file
            if file.is_file():
                files[name] = file.resolve()
    if "crt1.o" not in files:
        raise BuildFailedError(f"`{shlex.join(cc)}` finds no C library to link with (crt1.o)", hint=install_hint())
    return files | {header: Path(header) for header in HEADERS if Path(header).is_file()}


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _toolchain(
    path: str, cc: tuple[str, ...], facts: MachineFacts, others: Collection[Compiler], beside: Tools
) -> Toolchain:
    here = [other for other in others if other.words]
    owners = ChainMap(facts.packages, *(dict(compiler.packages) for compiler in here), dict(beside.packages))
    return Toolchain(
        name="host",
        identity=facts.identity,
        versions={
            **beside.versions,
            **facts.versions,
            **{named_after(compiler.tool): compiler.version for compiler in here if compiler.version},
        },
        packages=tuple(Package(name, version) for name, version in sorted(owners.items())),
        tools={**beside.words, "cc": cc, **{compiler.tool: compiler.words for compiler in here}},
        parts={compiler.language: compiler.identity for compiler in here},
        lacking={other.tool: other.lacking for other in others if not other.words},
        env={"PATH": path, "LC_ALL": "C", "SOURCE_DATE_EPOCH": "0"},
        default_paths=tuple(facts.default_paths),
    )
