"""What types cannot say of observers, and of the events that the code of objects reports."""

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


def check_watching(scenario: Scenario, here: Path, known: Names) -> Iterator[Finding]:
    """Every problem of `observe` and `reports`."""
    if scenario.kind not in PLAYED:
        return
    for path, template in texts_of(scenario.observe, (*here, "observe")):
        yield from references(template, path, known)
    for index, name in enumerate(scenario.reports):
        if name.partition(".")[0] in (*VALUES["steps"], *RESERVED):
            yield Finding((*here, "reports", index), f"`{name}` cannot be an event's name: every trial may have one")
    yield from _own_variables(scenario, here)
    spoken = [name for name in scenario.observe.chosen if name in _spoken(scenario)]
    if len(spoken) > 1:
        message = f"the outcomes speak of `{spoken[0]}` and of `{spoken[1]}`, and a trial has one observer"
        yield Finding((*here, "outcomes"), message, "make it two scenarios", at_key=True)


def _own_variables(scenario: Scenario, here: Path) -> Iterator[Finding]:
    """Variables that an observer has for itself."""
    for observer in scenario.observe.chosen:
        own = OBSERVERS[observer].own_variables
        for name in (name for name in scenario.env if name in own):
            message = f"`{name}` is the observer {observer}'s own: {own[name]}"
            yield Finding((*here, "env", name), message, "make it two scenarios", at_key=True)


def _spoken(scenario: Scenario) -> set[str]:
    judged = [
        *scenario.outcomes.values(),
        *(entry.__pydantic_extra__ or {} for entry in (*scenario.claim, *scenario.expect)),
    ]
    return {value.partition(".")[0] for matchers in judged for value in matchers}
