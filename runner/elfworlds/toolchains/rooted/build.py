"""What a build directory of a libc holds: its loader, its libraries, its headers where it is installed, its commit."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from elfworlds.errors import BuildFailedError
from elfworlds.paths import which
from elfworlds.process import Command
from elfworlds.toolchains.libraries import soname
from elfworlds.toolchains.prober import PROBE_SECONDS, digest
from elfworlds.traces.glibc import banner

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from elfworlds.process import Runner

LIBC, MUSL = "libc.so.6", "libc.so"
CORE = (LIBC, "libm.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1", "libutil.so.1", "libresolv.so.2")
INCLUDES = ("include", "usr/include", "usr/local/include")
HEADER = "features.h"  # of glibc and of musl
SOURCES = ("elf/rtld.c", "ldso/dynlink.c")
HINT = "a directory in which glibc or musl was built, or that one was installed into"
_GLIBC = re.compile(
    r"ld(?:64|-linux[a-z0-9_.-]*)\.so\.\d|libc_malloc_debug\.so\.0|libmemusage\.so|libpcprofile\.so|"
    r"lib(?:c|m|mvec|dl|pthread|rt|util|resolv|anl|nsl|thread_db|BrokenLocale|nss_[a-z]+)\.so\.\d"
)
_MUSL = re.compile(rb"musl libc \(")
_SOURCE = re.compile(r"^srcdir *= *(\S+)$", re.MULTILINE)


@dataclass(frozen=True)
class Build:
    """A libc in the directory that it was built in, or installed into.

    Attributes:
        files: DT_SONAME, or `libc.so` for musl → the file.
        headers: the directory of its installed headers; None where there are none.
    """

    place: Path
    files: Mapping[str, Path]
    headers: Path | None

    @property
    def musl(self) -> bool:
        return MUSL in self.files

    @property
    def libc(self) -> Path:
        return self.files[MUSL if self.musl else LIBC]

    @cached_property
    def banner(self) -> dict[str, str]:
        """What glibc's libc.so.6 says of itself, as `traces.glibc.banner` has it; none of musl's."""
        return {} if self.musl else banner(self.libc.read_bytes())


def look(place: Path) -> Build:
    """What a directory holds; nothing in it is run.

    Raises:
        BuildFailedError: it holds no libc, or cannot be read.
    """
    try:
        named = _named(place)
    except OSError as error:
        raise BuildFailedError(f"{error.filename}: {error.strerror}", hint=HINT) from None
    musl = named.pop(MUSL, None)
    if musl and _nearer(musl, named.get(LIBC)) and soname(musl) == LIBC:  # `make lib` of glibc leaves no link to it
        named[LIBC] = musl
    if LIBC in named:
        files = {name: file for name, file in sorted(named.items()) if soname(file) == name}
    elif musl and _MUSL.search(musl.read_bytes()):
        files = {MUSL: musl}
    else:
        files = {}
    if not {LIBC, MUSL} & files.keys():
        raise BuildFailedError(f"{place} has neither {LIBC} nor a {MUSL} of musl", hint=HINT)
    includes = (place / name for name in INCLUDES)
    return Build(place, files, next((where for where in includes if (where / HEADER).is_file()), None))


def _named(place: Path) -> dict[str, Path]:
    """The files with names of a libc's, each where the fewest directories lead to it; a build has copies for tests."""
    found: dict[str, Path] = {}
    for directory, below, names in os.walk(place, onerror=_raise):
        below.sort()
        for name in names:
            path = Path(directory, name)
            if (name == MUSL or _GLIBC.fullmatch(name)) and _nearer(path, found.get(name)) and path.is_file():
                found[name] = path
    return found


def _nearer(path: Path, known: Path | None) -> bool:
    return known is None or len(path.parts) < len(known.parts)


def _raise(error: OSError) -> None:
    raise error


def headers_digest(build: Build) -> str:
    """Of all installed headers, by their names; empty where there are none."""
    if build.headers is None:
        return ""
    total = hashlib.sha256()
    for file in sorted(path for path in build.headers.rglob("*") if path.is_file()):
        total.update(b"%s %s\0" % (os.fsencode(file.relative_to(build.headers)), digest(file).encode()))
    return total.hexdigest()


def versions(build: Build, version: str, run: Runner, path: str) -> dict[str, str]:
    """What the libc says of itself; its revision is the commit that it was built from, or else its file's digest.

    Args:
        build: the directory.
        version: of musl, as its loader says.
        run: starts git.
        path: where git is looked for.
    """
    said = {"libc": version, "libc-family": "musl"} if build.musl else build.banner
    release, named = said.get("libc", ""), said.get("libc-revision", "musl")
    what = _commit(build.place, run, path) or f"file {digest(build.libc)[:12]}"
    return {**said, "libc-revision": f"{named if release in named else f'{named} {release}'}, {what}"}


def _commit(place: Path, run: Runner, path: str) -> str:
    """The commit of the sources that a build directory names, or that it is; empty where there is none."""
    git = which("git", path)
    if git is None:
        return ""
    for source in _sources(place):
        if any((source / name).is_file() for name in SOURCES):
            argv = (git, "-C", str(source), "rev-parse", "--short=12", "HEAD")
            done = run(Command(argv=argv, env={"PATH": path, "LC_ALL": "C"}, cwd="/", timeout=PROBE_SECONDS))
            return f"commit {done.text.strip()}" if done.ok and done.text.strip() else ""
    return ""


def _sources(place: Path) -> Iterator[Path]:
    for name in ("Makefile", "config.mak"):
        try:
            match = _SOURCE.search((place / name).read_text("utf-8", "replace"))
        except OSError:
            continue
        if match:
            yield place / match[1]
    yield place
