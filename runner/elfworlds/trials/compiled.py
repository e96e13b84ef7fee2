"""A scenario of the kind `build`: the compiler has been run already; its exit and its words are what happened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from elfworlds.outcome import Tried, unresolved

if TYPE_CHECKING:
    from collections.abc import Mapping

    from elfworlds.backends import Build
    from elfworlds.outcome import Result
    from elfworlds.planning import Trial


KILLED = "Killed signal terminated program"  # gcc, where SIGKILL ended what it had started


def read(trial: Trial, build: Build, names: Mapping[str, str]) -> Result:
    """What matchers may speak of: a compiler that ran to an exit status of its own."""
    key = trial.bound.subject
    if key in build.artifacts:
        return Tried({"exit": 0, "output": build.artifacts[key].output})
    failure = build.failures[key]
    if failure.missing:
        return unresolved(f"not built, since {', '.join(names[need] for need in failure.missing)} failed")
    if failure.exit is None or KILLED in failure.output:
        return unresolved(f"object {names[key]} was not built: {failure.output.strip().rpartition(chr(10))[2]}")
    return Tried({"exit": failure.exit, "output": failure.output})
