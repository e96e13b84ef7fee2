"""The values of which a trial's outcomes, expectation, claims and report speak."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from elfworlds.planning.types import ValueRef

if TYPE_CHECKING:
    from collections.abc import Iterator

    from elfworlds.planning.types import Resolved, Trial


def names_in(trial: Trial) -> set[str]:
    """Every value of which a trial's outcomes, expectation, claims and report speak."""
    judged = [*trial.claims, *([trial.expected] if trial.expected else [])]
    matchers = [*trial.bound.outcomes.values(), *(each.matchers for each in judged)]
    return {*trial.bound.show, *(name for each in matchers for name in names_of(each))}


def names_of(matchers: Mapping[str, Resolved]) -> Iterator[str]:
    """The values that matchers are about, and those that they compare with."""
    yield from matchers
    for matcher in matchers.values():
        yield from _compared(matcher)


def _compared(operand: Resolved) -> Iterator[str]:
    if isinstance(operand, ValueRef):
        yield operand.name
    elif isinstance(operand, Mapping):
        for inner in operand.values():
            yield from _compared(inner)
    elif isinstance(operand, list | tuple):
        for inner in operand:
            yield from _compared(inner)
