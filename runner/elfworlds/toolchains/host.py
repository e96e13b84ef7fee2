"""This machine's own toolchain: found in PATH, identified by what its files hold."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from elfworlds import whole
from elfworlds.errors import BuildFailedError
from elfworlds.process import Command
from elfworlds.toolchains import tools
from elfworlds.toolchains.toolchain import Package, Toolchain
from elfworlds.traces.ldcache import library_cache

if TYPE_CHECKING:
    from collections.abc import Mapping

    from elfworlds.process import Completed, Run

SCHEMA = 3  # of what is remembered
PROBE_SECONDS = 30.0
PROGRAMS = ("cc1", "as", "ld")
FILES = ("crt1.o", "libc.so.6", "libc.so", "libgcc.a")
HEADERS = (
    "/usr/include/stdio.h",
    "/usr/include/dlfcn.h",
    "/usr/include/link.h",
    "/usr/include/linux/version.h",
)
DEFAULT_PATHS = ("/lib64", "/usr/lib64", "/lib", "/usr/lib")
LEARNT = {"default_paths", "identity", "versions", "packages", "stamps", "found", "memcheck"}
TOOLS = ("gdb", "valgrind", "strace", "rustc")
_LIBC_BANNER = re.compile(rb"GNU C Library \(([^)]*)\) (?:stable|development) release version ([0-9][0-9.]*[0-9])")
INSTALL = {
    "debian": "apt-get install gcc libc6-dev",
    "ubuntu": "apt-get install gcc libc6-dev",
    "fedora": "dnf install gcc glibc-devel",
    "rhel": "dnf install gcc glibc-devel",
    "arch": "pacman -S gcc",
    "alpine": "apk add gcc musl-dev",
    "opensuse": "zypper install gcc glibc-devel",
}


@dataclass(frozen=True, slots=True)
class Prober:
    """How this machine is asked: `run` starts programs, `path` is PATH, `cc` the compiler's command."""

    run: Run
    path: str
    cc: str

    def ask(self, *argv: str) -> str:
        """A program's standard output, whatever its exit status."""
        return self._run(argv).text.strip()

    def complaints(self, *argv: str) -> str:
        """What a program writes to standard error, whatever its exit status."""
        return self._run(argv).stderr.data.decode("utf-8", "replace")

    def _run(self, argv: tuple[str, ...]) -> Completed:
        env = {"PATH": self.path, "LC_ALL": "C"}
        return self.run(Command(argv=argv, env=env, cwd="/", timeout=PROBE_SECONDS))


def probe(prober: Prober, cache: Path | None) -> Toolchain:
    """The host's toolchain; what was learnt last time is used again while the files are the same.

    Args:
        prober: how to ask.
        cache: a directory to remember in; None to ask anew and write nothing.

    Raises:
        BuildFailedError: there is no compiler, or it is not whole.
    """
    words = shlex.split(prober.cc)
    found = shutil.which(words[0], path=prober.path) if words else None
    if found is None:
        raise BuildFailedError(f"no C compiler: `{prober.cc}` is not in PATH", hint=install_hint())
    cc = (found, *words[1:])
    if cache is None:
        return _toolchain(prober, cc, _learn(prober, cc))
    memory = cache / f"host-{SCHEMA}-{hashlib.sha256(json.dumps([cc, prober.path]).encode()).hexdigest()[:16]}.json"
    facts = _recall(memory, tools.find(prober.path, TOOLS)) or _remember(memory, _learn(prober, cc))
    return _toolchain(prober, cc, facts)


def install_hint() -> str:
    """The words that install a compiler on this system."""
    try:
        release = dict(line.split("=", 1) for line in Path("/etc/os-release").read_text().splitlines() if "=" in line)
    except OSError:
        release = {}
    names = [release.get("ID", ""), *release.get("ID_LIKE", "").split()]
    known = (INSTALL[name.strip('"')] for name in names if name.strip('"') in INSTALL)
    return next(known, "install gcc and the C library's headers") + "; or name another compiler in CC"


def _learn(prober: Prober, cc: tuple[str, ...]) -> dict[str, Any]:
    """Versions, digests and packages, and the stamps of the files that they were read from."""
    files = _toolchain_files(prober, cc)
    libc = files["libc.so.6"].read_bytes() if "libc.so.6" in files else b""
    banner = _LIBC_BANNER.search(libc)
    identity = {name: _digest(path) for name, path in sorted(files.items())}
    identity["cc --version"] = prober.ask(*cc, "--version").partition("\n")[0]
    identity["machine"] = os.uname().machine
    found = tools.find(prober.path, TOOLS)
    memcheck = tools.memcheck(prober, found)
    beside = [*found.values(), *memcheck.values()]
    packages = _packages(prober, [str(one) for one in files.values()])
    identity |= {f"package {name}": version for name, version in packages.items()}
    multiarch = prober.ask(*cc, "-print-multiarch")
    return {
        "default_paths": [f"{one}/{multiarch}" for one in ("/lib", "/usr/lib") if multiarch] + list(DEFAULT_PATHS),
        "identity": identity,
        "versions": _versions(prober, cc, banner) | tools.versions(prober, found),
        "packages": dict(sorted((packages | _packages(prober, beside)).items())) if beside else packages,
        "stamps": {str(path): _stamp(path) for path in (*files.values(), *map(Path, beside))},
        "found": found,
        "memcheck": memcheck,
    }


def _versions(prober: Prober, cc: tuple[str, ...], banner: re.Match[bytes] | None) -> dict[str, str]:
    versions = {"cc": prober.ask(*cc, "-dumpfullversion") or prober.ask(*cc, "-dumpversion")}
    if banner:
        versions |= {"libc": banner[2].decode(), "libc-family": "glibc", "libc-revision": banner[1].decode()}
    return versions


def _toolchain_files(prober: Prober, cc: tuple[str, ...]) -> dict[str, Path]:
    """The files whose bytes decide what a build gives."""
    files = {"cc": Path(cc[0]).resolve()}
    for kind, names in (("prog", PROGRAMS), ("file", FILES)):
        for name in names:
            found = Path(prober.ask(*cc, f"-print-{kind}-name={name}") or name)
            if not found.is_absolute():
                found = Path(shutil.which(name, path=prober.path) or name) if kind == "prog" else found
            if found.is_file():
                files[name] = found.resolve()
    if "crt1.o" not in files:
        raise BuildFailedError(f"`{shlex.join(cc)}` finds no C library to link with (crt1.o)", hint=install_hint())
    return files | {one: Path(one) for one in HEADERS if Path(one).is_file()}


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _packages(prober: Prober, files: list[str]) -> dict[str, str]:
    """The packages that files belong to, with their revisions; empty where the system has no answer."""
    for query in (_dpkg, _rpm):
        found = query(prober, files)
        if found:
            return dict(sorted(found.items()))
    return {}


def _dpkg(prober: Prober, files: list[str]) -> dict[str, str]:
    program = shutil.which("dpkg-query", path=prober.path)
    if not program:
        return {}
    paths = sorted({path for file in files for path in (file, file.removeprefix("/usr"))})
    owners = [line.rpartition(": ")[0] for line in prober.ask(program, "--search", *paths).splitlines()]
    packages = sorted({name.strip() for line in owners if "diversion" not in line for name in line.split(",")})
    if not packages:
        return {}
    listed = prober.ask(program, "--show", "--showformat=${Package}\t${Version}\n", *packages)
    return dict(line.split("\t") for line in listed.splitlines())


def _rpm(prober: Prober, files: list[str]) -> dict[str, str]:
    program = shutil.which("rpm", path=prober.path)
    if not program:
        return {}
    listed = prober.ask(program, "-qf", "--qf", "%{NAME}\t%{VERSION}-%{RELEASE}\n", *files)
    return dict(line.split("\t") for line in listed.splitlines() if line.count("\t") == 1)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _stamp(path: Path) -> list[int]:
    status = path.stat()
    return [status.st_size, status.st_mtime_ns, status.st_ino]


def _recall(memory: Path, found: Mapping[str, str]) -> dict[str, Any] | None:
    try:
        facts: dict[str, Any] = json.loads(memory.read_text())
        same = all(_stamp(Path(path)) == stamp for path, stamp in facts["stamps"].items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return facts if same and set(facts) == LEARNT and facts["found"] == found else None


def _remember(memory: Path, facts: dict[str, Any]) -> dict[str, Any]:
    whole.write(memory, json.dumps(facts, indent=1))
    return facts


def _toolchain(prober: Prober, cc: tuple[str, ...], facts: Mapping[str, Any]) -> Toolchain:
    plain = tools.find(prober.path, tools.PLAIN)
    return Toolchain(
        name="host",
        identity=facts["identity"],
        versions=facts["versions"],
        packages=tuple(Package(name, version) for name, version in facts["packages"].items()),
        tools={"cc": cc, "cp": ("/bin/cp",), **tools.usable(plain | facts["found"] | facts["memcheck"])},
        env={"PATH": prober.path, "LC_ALL": "C", "SOURCE_DATE_EPOCH": "0"},
        library_cache=library_cache(_bytes(Path("/etc/ld.so.cache")), os.uname().machine),
        default_paths=tuple(one for one in facts["default_paths"] if Path(one).is_dir()),
    )
