"""The plain observer: the program alone, with nothing between it and the dynamic loader."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING

from elfworlds import sandbox
from elfworlds.outcome import Tried, could_not_execute, unresolved, unsupported

if TYPE_CHECKING:
    from collections.abc import Mapping

    from elfworlds.jsondata import Json
    from elfworlds.observers.types import Watched
    from elfworlds.outcome import Result, Untried
    from elfworlds.process import Command, Completed
    from elfworlds.toolchains import Toolchain


DENIED = re.compile(r"ptrace\b.*: Operation not permitted", re.IGNORECASE)


def command(watched: Watched, toolchain: Toolchain) -> Command:
    return sandbox.wrap(watched.alone(), toolchain.world)


def read(completed: Completed, _left: Mapping[str, bytes] = MappingProxyType({})) -> Result:
    """What matchers may speak of, where the program was tried."""
    if completed.untried:
        return unresolved(completed.untried)
    observed = values(completed)
    return could_not_execute(completed.exec_error, observed) if completed.exec_error else Tried(observed)


def tool_failed(completed: Completed, name: str) -> Untried | None:
    """Why nothing can be said of a program whose tool was started instead; None where the tool ran to its own end."""
    if completed.not_started:
        return unresolved(f"{name}: {completed.not_started}")
    if completed.signal:
        return unresolved(f"{name} was ended by {completed.signal}")
    return None


def unwatched(name: str, why: str, words: str) -> Untried:
    """Why a tool that started no program says nothing of it.

    Args:
        name: the tool's.
        why: what it gave as the reason.
        words: all that it wrote to standard error.
    """
    if DENIED.search(words):
        return unsupported(f"{name}: ptrace(2) is not permitted here (a seccomp filter, or kernel.yama.ptrace_scope)")
    return unresolved(f"{name}: {why}")


def values(completed: Completed) -> dict[str, Json]:
    """The program's own end and words."""
    return {
        "exit": completed.exit,
        "signal": completed.signal,
        "timed-out": completed.timed_out,
        "stdout": completed.stdout.data.decode("utf-8", "replace"),
        "stderr": stderr(completed),
    }


def stderr(completed: Completed) -> str:
    """What the program wrote to standard error; bytes that are no UTF-8 become U+FFFD."""
    return completed.stderr.data.decode("utf-8", "replace")
