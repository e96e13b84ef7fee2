"""The plain observer: the program alone, with nothing between it and the dynamic loader."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from elfworlds import sandbox
from elfworlds.process import Command

if TYPE_CHECKING:
    from elfworlds.backends import Build
    from elfworlds.plan import Trial
    from elfworlds.process import Completed
    from elfworlds.toolchains import Toolchain


def command(trial: Trial, build: Build, toolchain: Toolchain, cwd: str) -> Command:
    bound = trial.bound
    return sandbox.wrap(
        Command(
            argv=tuple(build.realise(word) for word in bound.argv),
            env={name: build.realise(value) for name, value in bound.env},
            stdin=build.realise(bound.stdin).encode(),
            cwd=cwd,
            timeout=bound.timeout,
            capture=bound.capture,
            cpus=bound.cpus,
        ),
        toolchain.world,
    )


def values(completed: Completed) -> dict[str, Any]:
    """What matchers may speak of."""
    return {
        "exit": completed.exit,
        "signal": completed.signal,
        "timed-out": completed.timed_out,
        "stdout": completed.stdout.data.decode("utf-8", "replace"),
        "stderr": completed.stderr.data.decode("utf-8", "replace"),
    }
