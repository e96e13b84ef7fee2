"""What types cannot say of observers and of the events that objects tell themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from elfworlds.spec.checks.findings import Finding, references
from elfworlds.spec.checks.values import PLAYED, RESERVED
from elfworlds.spec.model.observers import OBSERVERS
from elfworlds.spec.model.steps import texts_of
from elfworlds.spec.values.described import VALUES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from elfworlds.spec.expand import Names
    from elfworlds.spec.model.experiment import Scenario
    from elfworlds.yamltext import Path


def check_watching(one: Scenario, here: Path, known: Names) -> Iterator[Finding]:
    """Every problem of `observe` and `reports`."""
    if one.kind not in PLAYED:
        return
    for path, template in texts_of(one.observe, (*here, "observe")):
        yield from references(template, path, known)
    for index, name in enumerate(one.reports):
        if name in (*VALUES["steps"], *RESERVED):
            yield Finding((*here, "reports", index), f"`{name}` cannot be an event's name: every trial may have one")
    yield from _own_variables(one, here)
    spoken = [name for name in one.observe.chosen if name in _spoken(one)]
    if len(spoken) > 1:
        told = f"the outcomes speak of `{spoken[0]}` and of `{spoken[1]}`, and a trial has one observer"
        yield Finding((*here, "outcomes"), told, "make it two scenarios", at_key=True)


def _own_variables(one: Scenario, here: Path) -> Iterator[Finding]:
    """Variables that an observer has for itself."""
    for observer in one.observe.chosen:
        own = OBSERVERS[observer].own_variables
        for name in (name for name in one.env if name in own):
            told = f"`{name}` is the observer {observer}'s own: {own[name]}"
            yield Finding((*here, "env", name), told, "make it two scenarios", at_key=True)


def _spoken(one: Scenario) -> set[str]:
    judged = [*one.outcomes.values(), *(entry.__pydantic_extra__ or {} for entry in (*one.claim, *one.expect))]
    return {value.partition(".")[0] for matchers in judged for value in matchers}
