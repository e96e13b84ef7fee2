"""Toolchains whose builds and trials run in the sandbox: worlds that are guarded, this machine's own included."""

from __future__ import annotations

import os
import posixpath
import stat
from dataclasses import replace
from typing import TYPE_CHECKING

from elfworlds.errors import BuildFailedError, InputError
from elfworlds.sandbox import HOST, Guard, World, availability, look, seccomp
from elfworlds.sandbox.reaper import provide

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from elfworlds.process import Runner
    from elfworlds.toolchains.toolchain import Toolchain

ETC, PROC = "/etc", "/proc"
KEYS = ("keys", "key-users")  # of /proc: what everybody may read, each what it has
MORE = ("/nix/store",)  # what a toolchain of this machine may consist of besides its root's directories
PARTS = ("lib", "lib64", "libexec", "include")  # what belongs to a compiler that lies elsewhere, beside its bin
TRUST = "read what it builds and runs, and if you trust it: --trust"


def sandboxed(
    toolchains: Mapping[str, Toolchain], run: Runner, environment: Mapping[str, str], cache: Path
) -> dict[str, Toolchain]:
    """The toolchains with guarded worlds.

    Args:
        toolchains: those that builds and trials use, by name.
        run: how programs are run.
        environment: its PATH.
        cache: where the reaper of this machine is kept.

    Raises:
        InputError: there can be no sandbox here.
    """
    here = availability.probe(run, environment.get("PATH", os.defpath))
    why = here.lacking or here.failing
    if why:
        raise InputError(f"there can be no sandbox: {why}", hint=TRUST)
    machine = os.uname().machine
    machine = machine if seccomp.supported(machine) else ""
    guard = Guard(None, tuple(_secrets(PROC)), tuple(_writable(PROC)), machine)
    return {
        name: replace(
            toolchain,
            world=replace(toolchain.world, guard=guard)
            if toolchain.world.root
            else _of_this_machine(toolchain, run, here.bwrap, cache, guard),
        )
        for name, toolchain in toolchains.items()
    }


def _of_this_machine(toolchain: Toolchain, run: Runner, bwrap: str, cache: Path, guard: Guard) -> World:
    """What builds and trials of this machine's toolchain see of it."""
    if "cc" not in toolchain.tools:
        raise InputError(f"there can be no sandbox: {toolchain.lack('cc')}", hint=TRUST)
    cache.mkdir(parents=True, exist_ok=True)
    try:
        reaper = provide(cache, toolchain.tool("cc"), toolchain.env, HOST, run)
    except BuildFailedError as error:
        raise InputError(f"there can be no sandbox: {error.message}", hint=TRUST) from None
    tree = look("/")
    programs = (words[0] for words in toolchain.tools.values())
    elsewhere = (path for path in map(os.path.realpath, programs) if not tree.holds(path))
    seen = dict.fromkeys((*filter(os.path.isdir, MORE), *_places(elsewhere)))
    guard = replace(guard, tree=tree, hidden=(*guard.hidden, *_closed(ETC)))
    return replace(toolchain.world, guard=guard, reaper=reaper, bwrap=bwrap).reading(*seen)


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
