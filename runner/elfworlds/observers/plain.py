"""The plain observer: the program alone, with nothing between it and the dynamic loader."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from elfworlds import sandbox

if TYPE_CHECKING:
    from collections.abc import Mapping

    from elfworlds.observers.types import Watched
    from elfworlds.process import Command, Completed
    from elfworlds.toolchains import Toolchain


def command(watched: Watched, toolchain: Toolchain) -> Command:
    return sandbox.wrap(watched.alone(), toolchain.world)


def values(completed: Completed, _left: Mapping[str, bytes] = MappingProxyType({})) -> dict[str, Any]:
    """What matchers may speak of."""
    return {
        "exit": completed.exit,
        "signal": completed.signal,
        "timed-out": completed.timed_out,
        "stdout": completed.stdout.data.decode("utf-8", "replace"),
        "stderr": completed.stderr.data.decode("utf-8", "replace"),
    }
