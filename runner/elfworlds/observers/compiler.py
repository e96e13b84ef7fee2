"""A scenario of the kind `build`: the compiler has been run already; its exit and its words are what happened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from elfworlds.backends import Build
    from elfworlds.plan import Trial


def values(trial: Trial, build: Build) -> dict[str, Any]:
    """What matchers may speak of."""
    key = trial.bound.subject
    if key in build.artifacts:
        return {"exit": 0, "output": build.artifacts[key].output}
    failure = build.failures[key]
    return {"exit": failure.exit, "output": failure.output}
