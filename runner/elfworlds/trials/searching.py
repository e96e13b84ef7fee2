"""Where the dynamic loader of a program looks: what its toolchain, its environment and its directory say together."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from elfworlds import elf, resolve
from elfworlds.resolve import Refusal
from elfworlds.trials.layout import unchanged

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

    from elfworlds.elf import ElfObject
    from elfworlds.observers.types import Watched
    from elfworlds.resolve.types import Read
    from elfworlds.sandbox.tree import Tree
    from elfworlds.toolchains import Toolchain

ELSEWHERE = ("LD_AUDIT", "LD_HWCAP_MASK", "LD_INHIBIT_RPATH", "LD_ASSUME_KERNEL", "LD_PROFILE")
TUNABLES, HWCAPS = "GLIBC_TUNABLES", "hwcap"


def known_environment(env: Mapping[str, str]) -> bool:
    """Whether no variable makes the loader search otherwise than `resolve` says (ld.so(8))."""
    return not any(env.get(name) for name in ELSEWHERE) and HWCAPS not in env.get(TUNABLES, "")


@dataclass(frozen=True, slots=True)
class Searching:
    """The searches of one program, seen from outside its world.

    Attributes:
        seen: the program; None for one that nobody runs, which has no directory and an empty environment.
        facts: a path of this machine → the ELF facts of what lies there and its digest; None for what is no ELF file.
        laid_out: whether `files` lie in the program's directory, so that a change in it can be seen.
    """

    seen: Watched | None
    toolchain: Toolchain
    facts: Callable[[str], tuple[ElfObject, str] | None]
    laid_out: bool = False

    def world(self) -> resolve.Surroundings:
        toolchain, env = self.toolchain, self.seen.env if self.seen else {}
        return resolve.Surroundings(
            read=self.read,
            library_path=resolve.library_path(env.get("LD_LIBRARY_PATH", ""), toolchain.family),
            cache=toolchain.library_cache,
            default_paths=toolchain.default_paths,
            tokens=toolchain.tokens,
            identity=self.identity,
            real=lambda path: toolchain.world.real(self.absolute(path)),
            subdirectories=toolchain.subdirectories,
            family=toolchain.family,
            interp=toolchain.interp,
            program=self.seen.argv[0] if self.seen else None,
            settled=self.settled,
            known=known_environment(env),
        )

    def read(self, path: str) -> Read:
        """What lies at a path of the program's world."""
        absolute = self.absolute(path)
        if not self.visible(absolute):
            return Refusal.UNKNOWN
        outside = self.toolchain.world.outside(absolute)
        if self.laid_out and not readable(outside):
            return Refusal.UNKNOWN
        refused = resolve.refusal(Path(outside), self.toolchain.family)
        if refused or not os.path.exists(outside):  # noqa: PTH110  # a string all the way
            return refused
        facts_and_digest = self.facts(outside)
        return facts_and_digest[0] if facts_and_digest else Refusal.UNKNOWN

    def place(self, path: str) -> str | None:
        """Where a file of the world lies on this machine; None where it cannot be read or may have changed."""
        absolute = self.absolute(path)
        if not (self.visible(absolute) and self.settled(absolute)):
            return None
        outside = self.toolchain.world.outside(absolute)
        return outside if readable(outside) else None

    def visible(self, absolute: str) -> bool:
        """Whether what the program sees at a path can be read from outside; a world has its own /tmp and /dev."""
        world = self.toolchain.world
        if not absolute.startswith("/"):
            return False
        seen = (*world.read_only, *((self.seen.cwd, self.seen.leaves) if self.seen else ()))
        return world.root is None or world.root.holds(absolute) or _below(absolute, seen) or _in(world.others, absolute)

    def settled(self, path: str) -> bool:
        """Whether the program cannot have changed what lies at a path, as it can in its own directory, or did not."""
        if not path.startswith("/"):
            return False
        if self.seen is None or not _below(path, (self.seen.cwd,)):
            return True
        return self.laid_out and unchanged(path, self.seen.cwd)

    def absolute(self, path: str) -> str:
        return os.path.join(self.seen.cwd, path) if self.seen else path  # noqa: PTH118  # a string all the way

    def identity(self, path: str) -> Hashable:
        """The file's device and inode, the same for all its names; the path itself where nothing can be read of it."""
        try:
            status = os.stat(self.toolchain.world.outside(self.absolute(path)))  # noqa: PTH116
        except (OSError, ValueError):
            return path
        return status.st_dev, status.st_ino


def readable(path: str) -> bool:
    """Whether a file's mode lets its owner read it: in a world root has no other right to. True where none is there."""
    try:
        return bool(os.stat(path).st_mode & stat.S_IRUSR)  # noqa: PTH116  # a string all the way
    except (OSError, ValueError):
        return True


def _below(path: str, directories: tuple[str, ...]) -> bool:
    normal = os.path.normpath(path)
    return any(normal.startswith(f"{directory.rstrip('/')}/") for directory in directories)


def _in(others: tuple[tuple[str, Tree], ...], path: str) -> bool:
    return any(path.startswith(f"{top}/") for top, _ in others)


def facts_of(path: str) -> tuple[ElfObject, str] | None:
    """The ELF facts of a file of this machine; its digest is not asked for."""
    try:
        return elf.read(Path(path)), ""
    except elf.NotElfError:
        return None
