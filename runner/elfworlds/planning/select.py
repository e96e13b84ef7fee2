"""A part of a plan: fewer trials, and only the objects that they need."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from elfworlds.errors import InputError
from elfworlds.patterns import Pattern, PatternError
from elfworlds.patterns import pattern as compiled
from elfworlds.planning.make import with_digest
from elfworlds.planning.types import Shard
from elfworlds.yamltext import closest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from elfworlds.planning.types import Bound, Plan, Trial

MOST_DIGITS = 10


@dataclass(frozen=True, slots=True)
class Selection:
    """Which trials.

    Attributes:
        pattern: found in `experiment:trial`; None for all.
        labels: axis → labels, of which a trial must have one.
        only: trials by name; None for all.
        timeout: seconds instead of what the scenarios say.
    """

    pattern: Pattern | None = None
    labels: Mapping[str, Sequence[str]] = field(default_factory=dict)
    only: frozenset[str] | None = None
    timeout: float | None = None

    def takes(self, experiment: str, trial: Trial) -> bool:
        point = dict(trial.point)
        return (
            (self.pattern is None or self.pattern.found_in(f"{experiment}:{trial.id}"))
            and all(point.get(axis) in labels for axis, labels in self.labels.items())
            and (self.only is None or trial.id in self.only)
        )


EVERYTHING = Selection()


def select(plan: Plan, selection: Selection) -> Plan:
    """The plan with the selected trials and what they need; the same plan where that is all of it."""
    if selection == EVERYTHING:
        return plan
    trials = tuple(trial for trial in plan.trials if selection.takes(plan.experiment, trial))
    keys = {
        key
        for bound in {id(trial.bound): trial.bound for trial in trials}.values()
        for key in (*bound.keys, bound.subject)
    }
    requests = {key: request for key, request in plan.requests.items() if key in keys}
    named = {request.tree for request in requests.values()}
    chosen = replace(
        plan,
        trials=_limited(trials, selection.timeout),
        requests=requests,
        placements=tuple(placement for placement in plan.placements if placement.key in keys),
        trees={key: tree for key, tree in plan.trees.items() if key in named},
    )
    return with_digest(chosen)


def share(plans: Sequence[Plan], shard: Shard) -> list[Plan]:
    """The plans with the trials of one part: neighbours, and as many as every other part has, or one more.

    Raises:
        InputError: there are more parts than trials.
    """
    total = sum(len(plan.trials) for plan in plans)
    if shard.of > total:
        raise InputError(f"--shard {shard.words}: there are only {total} trials")
    begin, end = ((shard.number - less) * total // shard.of for less in (1, 0))
    shared, before = [], 0
    for plan in plans:
        own = frozenset(trial.id for trial in plan.trials[max(begin - before, 0) : max(end - before, 0)])
        part = replace(select(plan, Selection(only=own)), shard=replace(shard, plan=plan.digest))
        shared.append(with_digest(part))
        before += len(plan.trials)
    return shared


def shard_of(text: str) -> Shard:
    """`I/N`, the I-th of N parts, from 1.

    Raises:
        InputError: it is none.
    """
    number, slash, of = text.partition("/")
    if slash and all(word.isascii() and word.isdigit() and len(word) < MOST_DIGITS for word in (number, of)):
        shard = Shard(int(number), int(of))
        if 1 <= shard.number <= shard.of:
            return shard
    raise InputError(f"--shard {text}: write I/N, for example 2/3 for the second of three parts")


def _limited(trials: tuple[Trial, ...], timeout: float | None) -> tuple[Trial, ...]:
    """Trials that share a command still share it with another timeout."""
    if timeout is None:
        return trials
    bounds: dict[int, Bound] = {}
    for trial in trials:
        bounds.setdefault(id(trial.bound), replace(trial.bound, timeout=timeout))
    return tuple(replace(trial, bound=bounds[id(trial.bound)]) for trial in trials)


def labels_of(texts: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """`-S axis=value,value` words as labels by axis.

    Raises:
        InputError: a word without `=`.
    """
    labels: dict[str, tuple[str, ...]] = {}
    for text in texts:
        axis, equals, values = text.partition("=")
        if not equals:
            raise InputError(f"-S {text}: write axis=value,value")
        labels[axis] = (*labels.get(axis, ()), *values.split(","))
    return labels


def refuse_unknown(labels: Mapping[str, Sequence[str]], plans: Iterable[Plan]) -> None:
    """Every axis and every label is in one of the plans.

    Raises:
        InputError: one is not.
    """
    known: dict[str, set[str]] = {}
    for plan in plans:
        for axis, names in plan.axes:
            known.setdefault(axis, set()).update(names)
    for axis, wanted in labels.items():
        text = f"-S {axis}={','.join(wanted)}"
        if axis not in known:
            raise InputError(f"{text}: no axis `{axis}`", hint=closest(axis, known))
        for label in wanted:
            if label not in known[axis]:
                raise InputError(f"{text}: the axis `{axis}` has no `{label}`", hint=closest(label, known[axis]))


def pattern(text: str) -> Pattern:
    """`--filter REGEX`."""
    try:
        return compiled(text)
    except PatternError as error:
        raise InputError(f"--filter {text}: no regular expression: {error}") from None
