"""How much of the machine a trial may use: what holds where an experiment says nothing, and which limit was reached."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from elfworlds.outcome import LIMIT, Tried, unresolved
from elfworlds.supervisor import pids

if TYPE_CHECKING:
    from collections.abc import Mapping

    from elfworlds.outcome import Result
    from elfworlds.planning import Bound
    from elfworlds.process import Completed

UNITS = {"GiB": 1 << 30, "MiB": 1 << 20, "KiB": 1 << 10}
DEFAULTS = {"processes": 4096, "file-size": 4 * UNITS["GiB"], "core": 0}
BY_SIGNAL = {"SIGXCPU": "cpu", "SIGXFSZ": "file-size"}


def limits(bound: Bound) -> dict[str, float]:
    """The limits of a trial, by the keys of the language."""
    return {"memory": _memory() * 3 // 4, **DEFAULTS, **dict(bound.limits)}


@cache
def _memory() -> int:
    """The machine's, in bytes."""
    return os.sysconf("SC_PAGESIZE") * os.sysconf("SC_PHYS_PAGES")


def unsupported(bound: Bound) -> str:
    """Why a limit that the experiment gives cannot be held here; empty where all can."""
    if "processes" not in dict(bound.limits) or _cgroup():
        return ""
    return "the limit `processes` needs a pids cgroup in which this user can make others (cgroups(7))"


@cache
def _cgroup() -> bool:
    return pids.available()


def told(result: Result, completed: Completed, bound: Bound) -> Result:
    """What came of a trial, with the limit that it reached as the value `limit-reached`."""
    name = _reached(completed, result.values, limits(bound))
    if not name:
        return result
    words = f"it reached its limit `{name}`, {_shown(name, limits(bound)[name])}"
    if isinstance(result, Tried):
        return replace(result, values={**result.values, LIMIT: name}, limit=words)
    return unresolved(words)


def _reached(completed: Completed, values: Mapping[str, object], given: Mapping[str, float]) -> str:
    """The name of a limit; empty where none was reached."""
    signal = values.get("signal") or completed.signal
    used = completed.user_s + completed.sys_s
    if signal == "SIGKILL" and "cpu" in given and used >= given["cpu"]:
        return "cpu"
    name = completed.limit or BY_SIGNAL.get(str(signal), "")
    return name if name in given else ""


def _shown(name: str, value: float) -> str:
    if name == "cpu":
        return f"{value:g} s"
    if name == "processes":
        return f"{value:g}"
    unit = next((unit for unit in UNITS if value >= UNITS[unit]), "bytes")
    return f"{value / UNITS.get(unit, 1):.4g} {unit}"
