"""`ld-so-conf`: an ld.so.cache of a trial's own, made by its root's own ldconfig and seen in place of the root's."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from elfworlds import sandbox
from elfworlds.outcome import Untried, unresolved
from elfworlds.process import Command
from elfworlds.resolve import MUSL
from elfworlds.sandbox import Placed
from elfworlds.traces.ldcache import library_cache
from elfworlds.trials.layout import stamp

if TYPE_CHECKING:
    from elfworlds.backends import Build
    from elfworlds.planning import Bound
    from elfworlds.process import Runner
    from elfworlds.toolchains import Toolchain

LDCONFIG = "/sbin/ldconfig"
SECONDS = 60.0
CONF, CACHE = "ld.so.conf", "ld.so.cache"
OF_LDCONFIG = str.maketrans("=#", "__")  # what these mean in ld.so.conf: a type up to glibc 2.36, a comment


def unsupported(bound: Bound, toolchain: Toolchain) -> str:
    """Why a trial cannot have a cache of its own; empty where it can, or asks for none."""
    if not bound.ld_so_conf:
        return ""
    root = toolchain.world.root
    if root is None:
        return (
            f"{toolchain.name} is no root: `ld-so-conf` would change the /etc/ld.so.cache of this machine;"
            " a libc such as debian/bookworm has one of its own"
        )
    if toolchain.family == MUSL:
        return f"{toolchain.name}: musl reads no /etc/ld.so.cache; its directories stand in /etc/ld-musl-*.path"
    if not (root.holds(LDCONFIG) and Path(root.outside(LDCONFIG)).is_file()):
        return f"{toolchain.name}: its loader reads no /etc/ld.so.cache, and it has no {LDCONFIG}"
    return (
        "" if _there(toolchain, CACHE) else f"{toolchain.name} has no /etc/{CACHE} in whose place another could stand"
    )


def make(bound: Bound, build: Build, cwd: Path, toolchain: Toolchain, run: Runner) -> Toolchain | Untried:
    """Make the cache of a trial beside its directory, as `etc`; give the toolchain whose loader reads it.

    ldconfig makes the links that it always makes, where it may: in the trial's directory. It runs where that directory
    has a name of the same length in which nothing means anything to ldconfig; in the cache the real name stands.

    Raises:
        OSError: the files cannot be written.
    """
    if not bound.ld_so_conf:
        return toolchain
    etc, world = cwd.parent / "etc", toolchain.world
    etc.mkdir()
    conf = etc / CONF
    text = "".join(f"{build.realise(directory)}\n" for directory in bound.ld_so_conf) + _own(toolchain)
    stand_in = str(cwd).translate(OF_LDCONFIG)
    conf.write_text(text.replace(str(cwd), stand_in))
    command = Command(
        argv=(LDCONFIG, "-f", str(conf), "-C", str(etc / CACHE)), env={"LC_ALL": "C"}, cwd=str(etc), timeout=SECONDS
    )
    done = run(sandbox.wrap(command, world.with_placed(Placed(str(cwd), stand_in, writable=True))))
    if not done.ok or not (etc / CACHE).is_file():
        words = done.stderr.data.decode("utf-8", "replace").strip()
        return unresolved(f"ldconfig failed: {words[:1000] or done.not_started or f'exit {done.exit}'}")
    (etc / CACHE).write_bytes((etc / CACHE).read_bytes().replace(stand_in.encode(), str(cwd).encode()))
    conf.write_text(text)
    stamp(cwd)
    return with_cache(bound, cwd, toolchain)


def with_cache(bound: Bound, cwd: Path, toolchain: Toolchain) -> Toolchain:
    """The toolchain whose loader reads the cache that lies beside a trial's directory."""
    if not bound.ld_so_conf:
        return toolchain
    etc = cwd.parent / "etc"
    placed = (Placed(str(etc / name), f"/etc/{name}") for name in (CONF, CACHE) if _there(toolchain, name))
    return replace(
        toolchain,
        library_cache=library_cache((etc / CACHE).read_bytes(), os.uname().machine, toolchain.subdirectories),
        world=toolchain.world.with_placed(*placed),
    )


def _there(toolchain: Toolchain, name: str) -> bool:
    """Whether the root has a file of that name in /etc: bubblewrap makes none in a directory that is read only."""
    return Path(toolchain.world.outside(f"/etc/{name}")).is_file()


def _own(toolchain: Toolchain) -> str:
    """What the root's own ld.so.conf says."""
    try:
        return Path(toolchain.world.outside(f"/etc/{CONF}")).read_text()
    except FileNotFoundError:
        return ""
