"""Work in a forked process, with limits, whose answer is a text."""

from __future__ import annotations

import os
import resource
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

# These only keep a mutant that never ends, or that eats all memory, from doing so.
WALL_SECONDS, ADDRESS_SPACE = 1800, 8 << 30


@dataclass(frozen=True)
class Ended:
    """What became of a child.

    Attributes:
        answer: what its work returned; None where it did not get that far.
        in_time: whether it ended before one of its limits did it.
        log: what it printed.
    """

    answer: str | None
    in_time: bool
    log: str


def in_child(work: Callable[[], str], tree: Path, cpu_seconds: int) -> Ended:
    """Does the work in a process of its own, in a tree, for so many seconds of the processor at most."""
    read, write = os.pipe()
    log = tree / f"log-{os.getpid()}"
    child = os.fork()
    if child == 0:
        os.close(read)
        _be_child(work, tree, log, cpu_seconds, write)
    os.close(write)
    with os.fdopen(read, "rb") as answer:
        text, closed = _read_until(answer.fileno(), time.monotonic() + WALL_SECONDS)
    if not closed:
        os.killpg(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    _end_group(child)
    by_limit = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU
    return Ended(text.decode() or None, closed and not by_limit, log.read_text(errors="replace"))


def _be_child(work: Callable[[], str], tree: Path, log: Path, cpu_seconds: int, write: int) -> None:
    os.setsid()
    os.chdir(tree)
    with log.open("w") as out:
        os.dup2(out.fileno(), 1)
        os.dup2(out.fileno(), 2)
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 5))
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    try:
        answer = work()
        with os.fdopen(write, "w") as out:
            out.write(answer)
    except BaseException:  # noqa: BLE001  # whatever it is, the log has it and the parent goes on
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


def _end_group(leader: int) -> None:
    """Ends what a child left behind."""
    try:
        os.killpg(leader, signal.SIGKILL)
    except ProcessLookupError:
        return


def _read_until(descriptor: int, end: float) -> tuple[bytes, bool]:
    """What came, and whether the other end was closed before the time was up."""
    text = b""
    while select.select([descriptor], [], [], max(0, end - time.monotonic()))[0]:
        if not (more := os.read(descriptor, 1 << 20)):
            return text, True
        text += more
    return b"", False
