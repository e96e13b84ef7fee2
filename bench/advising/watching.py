"""What really happens to files that are opened in new namespaces: each in two processes of its own, in a sandbox."""

from __future__ import annotations

import os
import resource
import subprocess
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

PROBER = Path(__file__).parent / "prober.c"
WORKERS, TIMEOUT = 2, 60  # seconds
PROCESSOR, FILE = 30, 1 << 26  # seconds and bytes
SANDBOX = (
    *("bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--clearenv", "--cap-drop", "ALL"),
    *("--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp", "--chdir", "/tmp", "--setenv", "PATH", "/usr/bin:/bin"),  # noqa: S108
)
TOP = ("usr", "etc", "bin", "sbin", "lib", "lib32", "lib64", "libx32")


@dataclass(frozen=True, slots=True)
class Steps:
    """What one process told, and how it ended: an exit code, or a signal as a negative number; None at its timeout."""

    lines: tuple[str, ...]
    ended: int | None

    @property
    def whole(self) -> bool:
        return self.lines[-1:] == ("ended",)

    @property
    def loaded(self) -> int:
        return self.lines.count("loaded")

    @property
    def refused(self) -> str | None:
        """The loader's words."""
        return next((line.removeprefix("refused ") for line in self.lines if line.startswith("refused ")), None)

    @property
    def failure(self) -> str | None:
        """How a process failed that should have told all."""
        if self.whole:
            return None
        ending = "its time was up" if self.ended is None else f"ended with {self.ended}"
        return f"{ending} after `{' '.join(self.lines[-1:])}`"


@dataclass(frozen=True, slots=True)
class Seen:
    """What became of a file."""

    path: str
    once: Steps
    copies: Steps

    @property
    def loads(self) -> bool:
        return self.once.loaded == 1

    @property
    def gone(self) -> bool | None:
        """None where it was never closed, or that killed the process."""
        closed = [line.split() for line in self.once.lines if line.startswith("closed ")]
        return closed[0][-1] == "gone" if closed else None

    @property
    def count(self) -> int | None:
        """How many copies were loaded; None where the process died of one."""
        return self.copies.loaded if self.copies.whole else None


def system(root: str) -> list[str]:
    """The words that show a system read-only."""
    words = []
    for name in TOP:
        path = Path(root) / name
        if path.is_symlink():
            words += ["--symlink", str(path.readlink()), f"/{name}"]
        elif path.is_dir():
            words += ["--ro-bind", str(path), f"/{name}"]
    return words


def watch(paths: Sequence[str], work: Path, root: str = "/") -> Iterator[Seen]:
    """Each file in its turn.

    Args:
        paths: within the root.
        work: a directory for the prober.
        root: of the system; its compiler makes the prober, where it has one.
    """
    shown = [*SANDBOX, *system(root), "--bind", str(work), str(work)]
    prober = work / "prober"
    source = work / "prober.c"
    source.write_text(PROBER.read_text())
    subprocess.run([*shown, "cc", "-O1", "-o", str(prober), str(source), "-ldl"], check=True)
    with ThreadPoolExecutor(WORKERS) as executor:
        yield from executor.map(lambda path: _seen(path, [*shown, str(prober)]), paths)


def _seen(path: str, words: Sequence[str]) -> Seen:
    return Seen(path, _steps([*words, "once", path]), _steps([*words, "copies", path]))


def _steps(words: Sequence[str]) -> Steps:
    reading, writing = os.pipe()
    with open(reading, encoding="utf-8", errors="replace") as told:  # noqa: PTH123  # of a descriptor
        process = subprocess.Popen(
            [*words, str(writing)],
            pass_fds=(writing,),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=_limit,  # noqa: PLW1509  # it only sets limits
        )
        os.close(writing)
        try:
            ended: int | None = process.wait(TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            ended = None
        return Steps(tuple(told.read().splitlines()), ended)


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR, PROCESSOR))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE, FILE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
