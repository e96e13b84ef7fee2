"""A project and a store of their own, the command line in them, and what may be left behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Row:
    """A line of the page: a fault, how often it was injected, what was lost, and what stayed."""

    fault: str
    times: int
    lost: str
    left: str


@dataclass(frozen=True)
class Place:
    """Where a fault is injected.

    Attributes:
        path: the project; its store lies in it too.
        marker: a word that every trial's program has in its command line.
    """

    path: Path
    marker: str

    @staticmethod
    def made(base: Path, name: str) -> Place:
        path = base / name
        (path / "experiments").mkdir(parents=True)
        (path / "csrc").mkdir()
        return Place(path, f"reliability-{name}-{os.getpid()}")

    @property
    def env(self) -> dict[str, str]:
        return {**os.environ, "XDG_CACHE_HOME": str(self.path / "cache")}

    def experiment(self, name: str, text: str) -> Path:
        file = self.path / "experiments" / f"{name}.yaml"
        file.write_text(text.replace("MARKER", self.marker))
        return file

    def start(self, *words: str | Path) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "elfworlds", *map(str, words)]
        return subprocess.Popen(
            command, cwd=self.path, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def run(self, *words: str | Path) -> tuple[int, str]:
        """Exit code, and all that was said."""
        process = self.start(*words)
        out, _ = process.communicate()
        return process.returncode, out

    def runs(self, experiment: str) -> list[Path]:
        folder = self.path / "results" / experiment
        return sorted(path for path in folder.glob("*") if path.name[0].isdigit()) if folder.exists() else []

    def left(self) -> str:
        """What is left behind: processes, hidden run directories, unfinished work in the store, damaged entries."""
        processes = sum(self.marker in _command(pid) for pid in Path("/proc").glob("[0-9]*"))
        hidden = len(list(self.path.glob("results/*/.2*")))
        code, out = self.run("store", "verify")
        found = {"processes": processes, "hidden directories": hidden, "damaged store entries": 0 if code == 0 else out}
        return "nothing" if not any(found.values()) else ", ".join(f"{n} {what}" for what, n in found.items() if n)


def _command(pid: Path) -> str:
    try:
        return (pid / "cmdline").read_bytes().decode("utf-8", "replace")
    except OSError:
        return ""


def trials(run: Path) -> list[dict[str, object]]:
    """What a run's file of trials holds."""
    file = run / "trials.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def recorded(run: Path) -> int:
    file = run / "trials.jsonl"
    return file.read_bytes().count(b"\n") if file.exists() else 0
