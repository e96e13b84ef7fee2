"""A power cut: a program runs with a record of what it brought to the disk, is killed, and the rest is taken away."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from conftest import ROOT
from waiting import heed_signals

SOURCE = ROOT / "tests" / "data" / "powercut" / "synced.c"


@dataclass(frozen=True)
class Disk:
    """What is on the disk: of each file how many bytes, of each directory which names.

    Two threads tell what they bring there, and the one that looked first may tell last: more is never lost to less.

    Attributes:
        sizes: file → bytes. A file is an inode and when it was made.
        names: directory → the names in it, each with its file.
    """

    sizes: dict[str, int] = field(default_factory=dict)
    names: dict[str, set[tuple[str, str]]] = field(default_factory=dict)

    @staticmethod
    def of(log: Path) -> Disk:
        disk = Disk()
        for line in log.read_text().splitlines() if log.exists() else ():
            kind, inode, *rest = line.split(" ", 3)
            if kind == "f":
                disk.sizes[inode] = max(disk.sizes.get(inode, 0), int(rest[0]))
            elif kind == "d":
                disk.names.setdefault(inode, set())
            else:
                disk.names[inode].add((rest[1], rest[0]))
        return disk

    def lose_the_rest(self, place: Path, *, names: bool) -> None:
        """Take away what is not on the disk: bytes, and with `names` those that no directory was synced with."""
        there = inodes(place)
        for path, inode in sorted(there.items(), reverse=True):  # what is in a directory before the directory
            if names and path != place and self._is_lost(path, inode, there):
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
            elif path.is_file() and not path.is_symlink() and path.stat().st_size > self.sizes.get(inode, 0):
                path.chmod(0o644)
                os.truncate(path, self.sizes.get(inode, 0))

    def _is_lost(self, path: Path, inode: str, there: Mapping[Path, str]) -> bool:
        return (path.name, inode) not in self.names.get(there[path.parent], set())


def inodes(place: Path) -> dict[Path, str]:
    """Every path below a place, and itself, with its inode and when that was made."""
    stat = ["stat", "--printf", r"%i %.9W %n\0"]
    shown = subprocess.run(
        ["find", place, "-exec", *stat, "{}", "+"], capture_output=True, text=True, check=True
    ).stdout
    rows = (row.split(" ", 2) for row in shown.split("\0") if row)
    return {Path(path): f"{inode}:{seconds}" for inode, seconds, path in rows}


@dataclass(frozen=True)
class Machine:
    """A machine whose power can be cut.

    Attributes:
        library: records what is brought to the disk.
        log: where it does.
        place: the directory that is looked after.
    """

    library: Path
    log: Path
    place: Path

    @staticmethod
    def made(place: Path, elsewhere: Path) -> Machine:
        """One that looks after a place; `elsewhere` is a directory outside."""
        library = elsewhere / "synced.so"
        subprocess.run(["cc", "-shared", "-fPIC", "-o", library, SOURCE], check=True)
        machine = Machine(library, elsewhere / "synced", place)
        subprocess.run(["sync", "-f", place], env=machine.env, check=True)  # all that is there before
        return machine

    @property
    def env(self) -> dict[str, str]:
        return {**os.environ, "LD_PRELOAD": str(self.library), "SYNCED": str(self.log), "WATCHED": str(self.place)}

    def start(self, *words: str | Path) -> subprocess.Popen[str]:
        """The command line of elfworlds, on this machine."""
        command = [sys.executable, "-m", "elfworlds", *map(str, words)]
        return subprocess.Popen(
            command, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=heed_signals
        )

    def cut(self, *, names: bool) -> Disk:
        """Lose what is not on the disk; what is left is on it from now on."""
        disk = Disk.of(self.log)
        disk.lose_the_rest(self.place, names=names)
        return disk
