"""Keys that have no effect where they stand. Each is refused, so that no key of a file is ignored silently."""

from __future__ import annotations

from typing import TYPE_CHECKING

from elfworlds.spec.checks.findings import Finding
from elfworlds.spec.expand import expand

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from elfworlds.spec.expand import Names
    from elfworlds.spec.model.experiment import Scenario
    from elfworlds.spec.model.objects import Object
    from elfworlds.spec.model.steps import Step
    from elfworlds.yamltext import Data, Path

OF_EXECUTABLES = {"pie": "a library is position-independent, always"}
OF_ANY_SCENARIO = ("show", "when", "outcomes", "claim", "expect", "note")
OF_STEPS = ("includes", "program")
UNGUARDED = ("post", "await_", "setenv", "sleep", "flush", "c", "loop")  # nothing of these is checked for failure


def idle_in_object(definition: Object, here: Path) -> Iterator[Finding]:
    """Keys of an executable that a library has."""
    for key, why in OF_EXECUTABLES.items():
        if definition.library is not None and key in definition.model_fields_set:
            yield Finding((*here, key), f"a library has no `{key}`", why, at_key=True)


def idle_in_scenario(scenario: Scenario, raw: Mapping[str, Data], here: Path) -> Iterator[Finding]:
    """Keys about running, where nothing is run; keys about the program of `steps`, where there is none.

    Args:
        scenario: the scenario's valid parts; what is wrong with others is reported already.
        raw: all that the file says of it.
        here: its place.
    """
    fields = type(scenario).model_fields
    if scenario.kind in ("build", "inspect"):
        for key in (fields[name].alias or name for name in fields if name in scenario.model_fields_set):
            if key not in (*OF_ANY_SCENARIO, "run", "steps", "build", "inspect"):
                message = f"nothing is run in a `{scenario.kind}` scenario: `{key}` has no effect"
                yield Finding((*here, key), message, "remove it", at_key=True)
    elif scenario.kind == "run" and "steps" not in raw:
        for key in OF_STEPS:
            if raw.get(key):
                yield Finding((*here, key), f"`{key}` is for the program that `steps` make", "remove it", at_key=True)


def idle_in_step(step: Step, here: Path, known: Names) -> Iterator[Finding]:
    """Keys beside or in a verb that ignores them; `here` is the verb's place."""
    beside = here[:-1]
    if step.may_fail and step.verb in UNGUARDED:
        yield Finding((*beside, "may-fail"), f"`{step.verb_word}` cannot fail", "remove `may-fail`", at_key=True)
    if step.quiet and (step.verb == "sleep" or (step.verb in ("c", "loop") and not (step.values or step.name))):
        yield Finding((*beside, "quiet"), f"this `{step.verb_word}` records nothing", "remove `quiet`", at_key=True)
    elif step.quiet and step.values:
        hint = "what `values` say is to be recorded: remove one of the two"
        yield Finding((*beside, "quiet"), "`quiet` records nothing, not even `values`", hint, at_key=True)
    if step.flush is False:
        yield Finding(here, "`flush: false` does nothing", "write `flush: true`, or remove the step")
    if step.load and step.load.namespace is not None and set(expand(step.load.way, known.axes)) == {"dlopen"}:
        hint = "dlmopen chooses one"
        yield Finding((*here, "namespace"), "dlopen takes no namespace", hint, at_key=True)
