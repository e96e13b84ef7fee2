"""Of each experiment: a claim has a control beside it, and an outcome has a sign that only it shows.

A control is a scenario in which the effect is absent by construction. tests/test_reference.py holds that it has another
outcome than what a claim is judged by. Where a claim is refuted because nothing happens, the control makes it happen.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from conftest import ROOT
from elfworlds.spec.leaves.annotated import When
from elfworlds.spec.model.experiment import Experiment, Scenario
from elfworlds.yamltext import Data, read

CONTROL = "control"
SILENT = "a compiler that makes the file says nothing"
WITHOUT_A_CONTROL = {  # "experiment scenario" → why nothing can be absent there
    "same-lib same-library-twice": "the README's, two trials: the one by dlopen is its control, as runner-frees has it",
}
WITHOUT_A_SIGN = {  # "experiment outcome" → why nothing but an exit code, a signal or an absence can tell
    "musl there": SILENT,
    "musl made": SILENT,
    "shared-between-namespaces declared": SILENT,
    "shared-between-namespaces there": SILENT,
}
JUDGED_OTHERWISE = {  # "experiment scenario" → why its control has other outcomes
    "suppressed-destructors as-the-text-has-it": "what it counts is of Rust 1.46, which nobody here has",
}
NAMELESS = ("hang", "crash", "other")  # outcomes that every scenario has
SIGNLESS = ("exit", "signal", "timed-out")


@cache
def scenarios() -> Mapping[str, Mapping[str, Scenario]]:
    """Experiment → scenario, of every experiment."""
    files = sorted((ROOT / "experiments").glob("*.yaml"))
    written = [{key: value for key, value in read(file).data().items() if not key.startswith("x-")} for file in files]
    return {one.experiment: one.scenarios for one in map(Experiment.model_validate, written)}


def controls(beside: Mapping[str, Scenario], name: str) -> list[Scenario]:
    """Those of a scenario: its own, and the one that all have."""
    return [beside[control] for control in (f"{name}-{CONTROL}", CONTROL) if control in beside]


def without_a_control() -> set[str]:
    return {
        f"{experiment} {name}"
        for experiment, beside in scenarios().items()
        for name, scenario in beside.items()
        if scenario.claim and not controls(beside, name)
    }


def without_a_sign() -> set[str]:
    return {
        f"{experiment} {outcome}"
        for experiment, beside in scenarios().items()
        for scenario in beside.values()
        for outcome, matchers in scenario.outcomes.items()
        if not any(is_a_sign(value, matcher) for value, matcher in matchers.items())
    }


def is_a_sign(value: str, matcher: Data) -> bool:
    """Whether a condition is more than an exit code, a signal, the end of patience, or that something is not there."""
    if value.rpartition(".")[2] in SIGNLESS:
        return False
    if isinstance(matcher, Mapping):
        return any(word not in ("absent", "not") for word in matcher)
    return not (value in ("stdout", "stderr") and matcher == "")


def test_each_scenario_with_a_claim_has_a_control() -> None:
    assert without_a_control() == set(WITHOUT_A_CONTROL)


def test_each_outcome_has_a_sign_beyond_an_exit_code_a_signal_or_an_absence() -> None:
    assert without_a_sign() == set(WITHOUT_A_SIGN)


def test_a_control_has_the_outcomes_by_which_the_claim_is_judged() -> None:
    other = {
        f"{experiment} {name}"
        for experiment, beside in scenarios().items()
        for name, scenario in beside.items()
        for claim in scenario.claim
        for control in controls(beside, name)
        if claim.outcome not in NAMELESS and control.outcomes.get(claim.outcome) != scenario.outcomes[claim.outcome]
    }
    assert other == set(JUDGED_OTHERWISE)


def meet(one: When, other: When) -> bool:
    """Whether a point may belong to both, as far as labels tell: `<2.34` and its like are not compared."""
    shared = [({*one[axis]}, {*other[axis]}) for axis in one.keys() & other.keys()]
    return all(
        mine & theirs or any(str(label).startswith(("<", ">")) for label in mine | theirs) for mine, theirs in shared
    )


def test_a_claim_is_tried_at_a_point_at_which_its_control_is() -> None:
    apart = {
        f"{experiment} {name} {claim.id}"
        for experiment, beside in scenarios().items()
        for name, scenario in beside.items()
        for claim in scenario.claim
        if controls(beside, name)
        and not any(meet({**scenario.when, **claim.when}, control.when) for control in controls(beside, name))
    }
    assert apart == set()
