"""Toolchains whose builds and trials run in the sandbox: worlds that are guarded, this machine's own included."""

from __future__ import annotations

import os
import posixpath
import stat
from dataclasses import replace
from typing import TYPE_CHECKING

from elfworlds.errors import BuildFailedError, InputError
from elfworlds.sandbox import HOST, Guard, World, availability, landlock, look, seccomp
from elfworlds.sandbox.reaper import provide
from elfworlds.supervisor.landlock import abi

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from elfworlds.process import Runner
    from elfworlds.toolchains.toolchain import Toolchain

ETC, PROC = "/etc", "/proc"
KEYS = ("keys", "key-users")  # of /proc: what everybody may read, each what it has
MORE = ("/nix/store",)  # what a toolchain of this machine may consist of besides its root's directories
PARTS = ("lib", "lib64", "libexec", "include")  # what belongs to a compiler that lies elsewhere, beside its bin
LANDLOCK = "landlock"
TRUST = "read what it builds and runs, and if you trust it: --trust"


def sandboxed(
    toolchains: Mapping[str, Toolchain], run: Runner, environment: Mapping[str, str], cache: Path, fallback: str = ""
) -> dict[str, Toolchain]:
    """The toolchains with guarded worlds; or, where no world can be made and that was asked for, confined by Landlock.

    Args:
        toolchains: those that builds and trials use, by name.
        run: how programs are run.
        environment: its PATH.
        cache: where the reaper of this machine is kept.
        fallback: `landlock`, or empty for none.

    Raises:
        InputError: there can be no sandbox here.
    """
    here = availability.probe(run, environment.get("PATH", os.defpath))
    why = here.lacking or here.failing
    if why:
        return _confined(toolchains, why, fallback)
    guard = Guard(None, tuple(_secrets(PROC)), tuple(_writable(PROC)), _filtered())
    return {
        name: replace(
            toolchain,
            world=replace(toolchain.world, guard=guard)
            if toolchain.world.root or toolchain.unsupported
            else _of_this_machine(toolchain, run, here.bwrap, cache, guard),
        )
        for name, toolchain in toolchains.items()
    }


def _filtered() -> str:
    """Whose system calls are filtered; empty where no filter is known."""
    machine = os.uname().machine
    return machine if seccomp.supported(machine) else ""


def _confined(toolchains: Mapping[str, Toolchain], why: str, fallback: str) -> dict[str, Toolchain]:
    """The toolchains with this machine as Landlock lets it be seen.

    Raises:
        InputError: nobody asked for that, or it cannot be had either.
    """
    version = abi()
    lack = unconfinable(version)
    if fallback != LANDLOCK:
        weaker = "" if lack else f"; or weaker, by Landlock: --sandbox-fallback {LANDLOCK}"
        raise InputError(f"there can be no sandbox: {why}", hint=f"{TRUST}{weaker}")
    roots = [name for name, toolchain in toolchains.items() if toolchain.world.root]
    lack = lack or (f"{roots[0]} is a root, which takes bubblewrap" if roots else "")
    if lack:
        raise InputError(f"there can be no sandbox: {why}; nor Landlock: {lack}", hint=TRUST)
    guard = landlocked(version)
    return {
        name: replace(toolchain, world=replace(toolchain.world, guard=guard).reading(*_beside(toolchain, guard)))
        for name, toolchain in toolchains.items()
    }


def unconfinable(version: int) -> str:
    """Why Landlock cannot stand in for bubblewrap here; empty where it can.

    Args:
        version: of Landlock, as this kernel has it.
    """
    machine = os.uname().machine
    return landlock.lack(version) or ("" if _filtered() else f"no filter of system calls is known for {machine}")


def landlocked(version: int) -> Guard:
    """What is seen of this machine where Landlock stands in for bubblewrap."""
    return Guard(look("/"), tuple(_closed(ETC)), (), _filtered(), version)


def _beside(toolchain: Toolchain, guard: Guard) -> Iterator[str]:
    """Where a toolchain of this machine lies besides the machine's own directories."""
    programs = map(os.path.realpath, (words[0] for words in toolchain.tools.values()))
    elsewhere = (path for path in programs if not (guard.tree and guard.tree.holds(path)))
    yield from dict.fromkeys((*filter(os.path.isdir, MORE), *_places(elsewhere)))


def _of_this_machine(toolchain: Toolchain, run: Runner, bwrap: str, cache: Path, guard: Guard) -> World:
    """What builds and trials of this machine's toolchain see of it."""
    if "cc" not in toolchain.tools:
        raise InputError(f"there can be no sandbox: {toolchain.lack('cc')}", hint=TRUST)
    cache.mkdir(parents=True, exist_ok=True)
    try:
        reaper = provide(cache, toolchain.tool("cc"), toolchain.env, HOST, run)
    except BuildFailedError as error:
        raise InputError(f"there can be no sandbox: {error.message}", hint=TRUST) from None
    guard = replace(guard, tree=look("/"), hidden=(*guard.hidden, *_closed(ETC)))
    return replace(toolchain.world, guard=guard, reaper=reaper, bwrap=bwrap).reading(*_beside(toolchain, guard))


def _places(programs: Iterable[str]) -> Iterator[str]:
    """The directories of programs, and of what belongs to them: never a whole home."""
    for program in programs:
        directory = posixpath.dirname(program)
        yield directory
        if posixpath.basename(directory) == "bin":
            beside = (posixpath.join(posixpath.dirname(directory), part) for part in PARTS)
            yield from filter(os.path.isdir, beside)


def _of_machine(proc: str) -> Iterator[os.DirEntry[str]]:
    """The entries of /proc that are of no process."""
    entries = sorted(os.scandir(proc), key=lambda entry: entry.name)
    return (entry for entry in entries if not (entry.name.isdigit() or entry.is_symlink()))


def _writable(proc: str) -> Iterator[str]:
    """Directories of /proc, and files that root may write without any capability."""
    for entry in _of_machine(proc):
        if entry.is_dir() or (entry.stat().st_mode & stat.S_IWUSR and entry.stat().st_mode & stat.S_IROTH):
            yield entry.path


def _secrets(proc: str) -> Iterator[str]:
    """Files of /proc that root may read or write without any capability, and others may not."""
    for entry in _of_machine(proc):
        if entry.is_file() and (entry.name in KEYS or not entry.stat().st_mode & stat.S_IROTH):
            yield entry.path


def _closed(top: str) -> Iterator[str]:
    """What not everybody may read below a directory: the topmost of it."""
    try:
        entries = sorted(os.scandir(top), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        mode = entry.stat(follow_symlinks=False).st_mode
        if stat.S_ISLNK(mode):
            continue
        needed = stat.S_IROTH | stat.S_IXOTH if stat.S_ISDIR(mode) else stat.S_IROTH
        if mode & needed != needed:
            yield entry.path
        elif stat.S_ISDIR(mode):
            yield from _closed(entry.path)
