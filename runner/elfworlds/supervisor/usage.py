"""What all processes below a supervisor use together, looked at now and then."""

from __future__ import annotations

import os

from elfworlds.supervisor.procfs import descendants

KIB = 1024
PAGE = os.sysconf("SC_PAGESIZE")
MEMORY, PROCESSES = "memory", "processes"


def exceeded(memory: int, processes: int) -> str:
    """Which limit is exceeded: of bytes, or of processes; 0 stands for none. Empty where none is."""
    below = list(descendants())
    if processes and len(below) > processes:
        return PROCESSES
    over = memory and sum(map(_resident, below)) > memory and sum(map(_share, below)) > memory
    return MEMORY if over else ""


def _resident(pid: int) -> int:
    """Bytes in memory, those that are shared with others included."""
    try:
        with open(f"/proc/{pid}/statm", "rb") as file:  # noqa: PTH123  # pathlib is too slow to import here
            return int(file.read().split()[1]) * PAGE
    except (OSError, IndexError, ValueError):
        return 0


def _share(pid: int) -> int:
    """Bytes in memory, those that n processes share counted as an n-th (proc(5), Pss); this takes a while."""
    try:
        with open(f"/proc/{pid}/smaps_rollup", "rb") as file:  # noqa: PTH123
            line = next(line for line in file if line.startswith(b"Pss:"))
            return int(line.split()[1]) * KIB
    except (OSError, StopIteration, IndexError, ValueError):
        return _resident(pid)
