"""The machine that a trial ran on, where it is not the runner's own."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Machine:
    """Where a trial ran.

    Attributes:
        name: the worker's.
        kernel: its name, release and version, as uname(2) has them.
        cpu: the processor's name, as the kernel gives it.
        architecture: as uname(2) calls it, `x86_64`.
    """

    name: str
    kernel: str
    cpu: str
    architecture: str
