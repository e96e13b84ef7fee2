"""What a command may use of the machine: resource limits (getrlimit(2)) and processors."""

from __future__ import annotations

import os
import resource
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

HARD = ("cpu", "fsize", "nproc")  # those that a program may not raise again
GRACE = 1  # a second more of processor time for a program that catches SIGXCPU; then it is killed


@contextmanager
def lowered(limits: dict[str, int]) -> Iterator[None]:
    """Soft resource limits for what is started meanwhile."""
    before = {}
    for name, value in limits.items():
        kind = getattr(resource, f"RLIMIT_{name.upper()}")
        before[kind] = resource.getrlimit(kind)
        resource.setrlimit(kind, (value, before[kind][1]))
    try:
        yield
    finally:
        for kind, both in before.items():
            resource.setrlimit(kind, both)


@contextmanager
def confined(cpus: int | None) -> Iterator[None]:
    """So many of our processors for what is started meanwhile."""
    if cpus is None:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(before)[:cpus])
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def harden(pid: int, limits: Mapping[str, int]) -> None:
    """Keep a process that was just started from raising some of its limits again."""
    for name in HARD:
        if name in limits:
            with suppress(OSError):
                kind = getattr(resource, f"RLIMIT_{name.upper()}")
                hard = limits[name] + (GRACE if name == "cpu" else 0)
                resource.prlimit(pid, kind, (limits[name], hard))
