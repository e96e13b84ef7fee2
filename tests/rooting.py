"""Roots made of this machine's own files, so that no network is needed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from elfworlds.process import Command, Completed, Pool
from elfworlds.sandbox import HOST, World, look, wrap
from elfworlds.sandbox.availability import probe
from elfworlds.sandbox.reaper import provide
from elfworlds.toolchains import Package
from elfworlds.toolchains.debian.root import Root
from waiting import AGES

COMPILING = ("dash", "coreutils", "gcc", "libc6-dev")
UNUSED = re.compile(r"/usr/(share|lib/debug)/|/lto1$|-lto-dump|/gconv/|/lib[a-z]+san[._]|/var/|/python")
CC = shutil.which("cc") or "/usr/bin/cc"
PROGRAMS = ("sh", "env", "cat", "sleep", "setsid", "ls", "head", "touch", "grep", "readlink")


def bubblewrap() -> str:
    """Its path; without it nothing of this can be tested."""
    with Pool() as pool:
        found = probe(pool.run, os.environ["PATH"])
    if found.lacking:
        pytest.skip(found.lacking)
    return found.bwrap


def small_root(directory: Path, programs: Iterable[str] = PROGRAMS) -> Path:
    """A tree with a merged usr that holds some programs, what they need, and nothing else."""
    for name in programs:
        program = shutil.which(name, path="/usr/bin:/bin")
        assert program
        place(directory, f"/usr/bin/{name}", program)
        needed = subprocess.run(["ldd", program], check=True, capture_output=True, text=True).stdout
        for path in re.findall(r"(/\S+) \(0x", needed):
            place(directory, path, path)
    (directory / "etc").mkdir()
    (directory / "etc/whose").write_text("the root's\n")
    return directory


def place(directory: Path, path: str, source: str) -> None:
    target = directory / re.sub(r"^/(usr/)?", "usr/", path)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, target)


@dataclass(frozen=True)
class Inside:
    """Runs commands in a world."""

    pool: Pool
    world: World
    cwd: Path

    def command(self, *argv: str, writable: tuple[str, ...] = (), **more: object) -> Command:
        defaults = {"env": {"PATH": "/usr/bin"}, "cwd": str(self.cwd), "timeout": AGES}
        return wrap(Command(argv=argv, **(defaults | more)), self.world, writable)  # type: ignore[arg-type]

    def run(self, *argv: str, writable: tuple[str, ...] = (), **more: object) -> Completed:
        return self.pool.run(self.command(*argv, writable=writable, **more))

    def sh(self, script: str, **more: object) -> Completed:
        return self.run("/bin/sh", "-c", script, **more)  # type: ignore[arg-type]

    def compile(self, text: str, *flags: str) -> str:
        """The path of a program made outside, in the directory that is seen inside."""
        (self.cwd / "program.c").write_text(text)
        program = self.cwd / "program"
        argv = [CC, "-std=gnu17", "-O0", *flags, "-o", str(program), str(self.cwd / "program.c")]
        subprocess.run(argv, check=True)
        return str(program)


def small_world(directory: Path) -> World:
    """The world of a small root, with its reaper beside it."""
    bwrap = bubblewrap()
    root = small_root(directory / "root")
    with Pool() as pool:
        reaper = provide(directory, (CC,), {"PATH": os.environ["PATH"]}, HOST, pool.run)
    return World("small", look(str(root)), reaper=reaper, bwrap=bwrap)


def own_root(directory: Path, parts: tuple[str, ...] = ("base",)) -> Root:
    """This machine's own system as if it were a root of Debian packages."""
    query = shutil.which("dpkg-query")
    if not query:
        pytest.skip("this machine is not made of Debian packages")
    bubblewrap()
    tree = directory / "root"
    tree.symlink_to("/")
    listed = subprocess.run([query, "-W", "-f", "${Package}\t${Version}\n"], check=True, capture_output=True, text=True)
    packages = dict(line.split("\t") for line in listed.stdout.splitlines())
    return Root("own", tree, tuple(Package(*one) for one in sorted(packages.items())), parts, 0)


@contextmanager
def compiling_root(
    directory: Path, *, merged: bool, without: tuple[str, ...] = (), packages: tuple[str, ...] = COMPILING
) -> Iterator[Root]:
    """A root that holds this machine's packages of a C compiler, but some files; with its /lib in /usr or beside it."""
    if not Path("/usr/bin/gcc").exists() or not Path("/var/lib/dpkg/status").exists():
        pytest.skip("this machine is not made of Debian packages, with a compiler in /usr/bin")
    tree = directory / "root"
    versions, needs = _installed()
    names = sorted(_closure(packages, needs))
    listed = subprocess.run(["dpkg-query", "-L", *names], check=True, capture_output=True, text=True).stdout
    for path in sorted(
        {re.sub(r"^/(usr/)?", "/usr/", one) for one in listed.splitlines() if not one.startswith("/etc")}
    ):
        if (Path(path).is_symlink() or Path(path).is_file()) and not UNUSED.search(path):
            target = tree / path[1:]
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target, follow_symlinks=False)
    for path in without:
        (tree / path[1:]).unlink()
    _finish(tree, merged=merged)
    yield Root("own", tree, tuple(Package(one, versions[one]) for one in names), ("base",), 0)
    shutil.rmtree(tree)


def _finish(tree: Path, *, merged: bool) -> None:
    (tree / "etc").mkdir()
    (tree / "usr/bin/sh").unlink(missing_ok=True)
    (tree / "usr/bin/sh").symlink_to("dash")
    for name in ("bin", "lib", "lib64"):
        if merged:
            (tree / name).symlink_to(f"usr/{name}")
        else:
            (tree / name).mkdir()
            for one in sorted((tree / "usr" / name).iterdir()):
                (tree / name / one.name).symlink_to(f"../usr/{name}/{one.name}")


def _installed() -> tuple[dict[str, str], dict[str, list[str]]]:
    """Version and dependencies of every package of this machine; of alternatives the first."""
    form = "${Package}\t${Version}\t${Depends}, ${Pre-Depends}\n"
    text = subprocess.run(["dpkg-query", "-W", "-f", form], check=True, capture_output=True, text=True).stdout
    rows = [line.split("\t") for line in text.splitlines()]
    needs = {name: re.findall(r"(?:^|, )([a-z0-9][a-z0-9+.-]+)", words) for name, _, words in rows}
    return {name: version for name, version, _ in rows}, needs


def _closure(names: Iterable[str], needs: Mapping[str, list[str]]) -> set[str]:
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in needs and name not in found:
            found.add(name)
            waiting += needs[name]
    return found
