"""Watching a small program under an observer, for real."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from conftest import ROOT
from elfworlds.observers.types import Observer, Watched
from elfworlds.outcome import Result, Tried, Untried
from elfworlds.process import Completed, Pool
from elfworlds.toolchains import Toolchain
from waiting import AGES

ALONE = {"env": {}, "stdin": b"", "timeout": AGES, "capture": "pipe", "cpus": None, "settings": {}}
OBSERVED = ROOT / "tests" / "data" / "traces" / "observed"
KILLS_ITS_TRACER = r"""
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
int main(void) {
    char line[99];
    int tracer = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (fgets(line, sizeof line, file))
        sscanf(line, "TracerPid: %d", &tracer);
    kill(tracer, SIGKILL);
    sleep(1000);
}
"""


def compiled(directory: Path, name: str, text: str, *flags: str) -> str:
    """The path of what a C text gives."""
    source = directory / f"{name}.c"
    source.write_text(text)
    out = directory / name
    subprocess.run(
        ["cc", "-std=gnu17", "-w", "-g", "-O0", *flags, "-o", out, source, "-ldl"], check=True, cwd=directory
    )
    return str(out)


def app_and_library(directory: Path) -> tuple[str, str]:
    """The program and the library of the recordings."""
    app = compiled(directory, "app", (OBSERVED / "app.c").read_text())
    return app, compiled(directory, "libtwice.so", (OBSERVED / "lib.c").read_text(), "-shared", "-fPIC")


@dataclass(frozen=True)
class Watching:
    """Runs programs under an observer and says what it saw; the tool that it needs is there."""

    pool: Pool
    toolchain: Toolchain
    directory: Path

    def leaves(self) -> Path:
        leaves = self.directory / "what it's left with"
        shutil.rmtree(leaves, ignore_errors=True)
        leaves.mkdir()
        return leaves

    def watch(self, observer: ModuleType | Observer, *argv: str, **said: object) -> Mapping[str, Any]:
        """The observer's values."""
        return self.completed(observer, *argv, **said)[1]

    def completed(
        self, observer: ModuleType | Observer, *argv: str, **said: object
    ) -> tuple[Completed, Mapping[str, Any]]:
        """The program's end, and the values of what was tried."""
        completed, result = self.result(observer, *argv, **said)
        assert isinstance(result, Tried), result
        return completed, result.values

    def untried(self, observer: ModuleType | Observer, *argv: str, **said: object) -> str:
        """Why a program was not tried."""
        _, result = self.result(observer, *argv, **said)
        assert isinstance(result, Untried), result
        assert result.verdict == "UNRESOLVED"
        return " ".join(result.reasons)

    def result(self, observer: ModuleType | Observer, *argv: str, **said: object) -> tuple[Completed, Result]:
        """`said`: fields of `Watched`, and `nine`, a file that descriptor 9 appends to."""
        leaves = self.leaves()
        asked: dict[str, Any] = {**ALONE, **said}
        nine = asked.pop("nine", None)
        watched = Watched(argv=argv, cwd=str(self.directory), leaves=str(leaves), **asked)
        command = observer.command(watched, self.toolchain)
        if nine:
            script = 'exec "$@" 9>>"$0"'
            command = replace(command, argv=("/bin/sh", "-c", script, str(nine), *command.argv))
        completed = self.pool.run(command)
        left = {path.name: path.read_bytes() for path in leaves.iterdir()}
        return completed, observer.read(completed, left)


def recorded(tool: str, name: str) -> list[tuple[str, Mapping[str, bytes]]]:
    """(version, file → bytes) of each version's recording."""
    return [
        (directory.name, {path.name: path.read_bytes() for path in (directory / name).iterdir()})
        for directory in sorted(OBSERVED.glob(f"{tool}-*"))
    ]


def alive(pid: int) -> bool:
    """Whether a process is still there, other than as a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def ended(watching: Watching, completed: Completed) -> bool:
    """Whether everything that was found alive at the end is gone; ids do not tell, those of a namespace are its own."""
    names = {process.command for process in completed.left}
    return not any(alive(pid) and named(pid) in names and works_in(pid, watching.directory) for pid in processes())


def processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def named(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().rstrip("\n")
    except OSError:
        return ""


def works_in(pid: int, directory: Path) -> bool:
    try:
        return Path(f"/proc/{pid}/cwd").readlink() == directory
    except OSError:
        return False
