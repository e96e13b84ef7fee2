"""Processes, as /proc tells of them (proc(5))."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

TICKS = os.sysconf("SC_CLK_TCK")

# A process: id, name, state, processor seconds, kernel function that it waits in; None where it has ended.
Described: TypeAlias = tuple[int, str, str, float, str] | None


def stat_of(pid: int) -> tuple[str, list[str]]:
    """A process' name and the fields of /proc/PID/stat after it (proc(5)): state, ppid, ..."""
    with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123  # pathlib is too slow to import here
        text = file.read().decode("utf-8", "replace")
    name, _, rest = text.partition("(")[2].rpartition(")")
    return name, rest.split()


def descendants(top: int | None = None) -> dict[int, int]:
    """Every process below one, or below this one, and its parent, in order of their ids."""
    top = top or os.getpid()
    parents = {}
    for entry in os.listdir("/proc"):  # noqa: PTH208  # as above
        if entry.isdigit():
            try:
                parents[int(entry)] = int(stat_of(int(entry))[1][1])
            except (OSError, IndexError):
                continue
    mine = {top}
    while fresh := {pid for pid, parent in parents.items() if parent in mine and pid not in mine}:
        mine |= fresh
    return {pid: parents[pid] for pid in sorted(mine - {top})}


def describe(pid: int) -> Described:
    """Who a process is, whether it runs or waits, and in which kernel function."""
    try:
        name, fields = stat_of(pid)
        with open(f"/proc/{pid}/wchan", "rb") as file:  # noqa: PTH123
            wchan = file.read(64).decode("utf-8", "replace")
    except OSError:
        return None
    if fields[0] == "Z":
        return None
    seconds = (int(fields[11]) + int(fields[12])) / TICKS
    return namespaced(pid)[-1], name, fields[0], seconds, "" if wchan == "0" else wchan


def namespaced(pid: int) -> tuple[int, ...]:
    """The ids of a process in each pid namespace that it is in, from ours inwards (NSpid, proc(5))."""
    try:
        with open(f"/proc/{pid}/status", "rb") as file:  # noqa: PTH123
            lines = [line for line in file if line.startswith(b"NSpid:")]
        return tuple(map(int, lines[0].split()[1:]))
    except (OSError, IndexError, ValueError):
        return (pid,)


def signal_each(pids: Iterable[int], number: int) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except OSError:
            continue


def freeze(spared: Collection[int], top: int | None = None) -> dict[int, Described]:
    """Stop every descendant that is not spared, also new ones; describe each as it was before it was stopped.

    Args:
        spared: those that go on.
        top: whose descendants; None for this process'.
    """
    stopped: dict[int, Described] = {}
    while fresh := [pid for pid in descendants(top) if pid not in stopped and pid not in spared]:
        stopped |= {pid: describe(pid) for pid in fresh}
        signal_each(fresh, signal.SIGSTOP)
    return stopped


def signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"SIGRT{number}"
