"""Objects that no trial can use, and why: one that broke others is named for all of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from elfworlds import outcome
from elfworlds.errors import ElfworldsError
from elfworlds.outcome import difference, matches
from elfworlds.planning.spoken import names_of
from elfworlds.trials.attempt import realised
from elfworlds.trials.details import details

if TYPE_CHECKING:
    from elfworlds.backends import Build
    from elfworlds.planning import Placement, Plan


def broken_objects(plan: Plan, build: Build) -> dict[str, str]:
    """Objects that no trial can use: they were not built, or their ELF facts are not as the experiment says."""
    names = plan.names()
    broken = {key: f"object {names[_cause(key, build)]} was not built" for key in build.failures}
    for placed in plan.placements:
        why = _wrong_fact(placed, build) if placed.key in build.artifacts else None
        if why is not None:
            broken.setdefault(placed.key, why)
    return broken


def _cause(key: str, build: Build) -> str:
    """The object that failed itself, where another one only lacks it."""
    missing = build.failures[key].missing
    return _cause(missing[0], build) if missing and missing[0] in build.failures else key


def _wrong_fact(placed: Placement, build: Build) -> str | None:
    artifact, expect = build.artifacts[placed.key], realised(placed.expect, build)
    try:
        facts = {**artifact.facts.facts(), **details(Path(artifact.path), names_of(expect))}
    except ElfworldsError as error:
        return f"object {placed.object}: {error}"
    for name, wanted in expect.items():
        fact = outcome.lookup(facts, name)
        if not matches(wanted, fact, facts):
            return f"object {placed.object}: {difference(name, wanted, fact, facts)}"
    return None
