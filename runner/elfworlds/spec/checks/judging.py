"""What types cannot say of outcomes, claims, expectations and `show`: the values that they name exist."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from elfworlds import refs
from elfworlds.spec.checks.findings import Finding, conditions, references, texts
from elfworlds.spec.checks.fits import Subject, check_fit
from elfworlds.spec.checks.values import Values, unknown_value
from elfworlds.spec.expand import expand, whole_axis
from elfworlds.spec.leaves.matchers import MatcherError, check_matcher
from elfworlds.spec.shapes import TEXT
from elfworlds.spec.values.files import FACTS
from elfworlds.yamltext import Scalar, closest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from elfworlds.spec.checks.fits import Operand
    from elfworlds.spec.expand import Names
    from elfworlds.spec.model.experiment import Claim, Expectation, Scenario
    from elfworlds.yamltext import Data, Path


def check_judging(
    scenario: Scenario, here: Path, known: Names, values: Values, outcomes: Iterable[str]
) -> Iterator[Finding]:
    """Every problem of how a scenario is judged."""
    for index, value in enumerate(scenario.show):
        if value not in values:
            yield Finding((*here, "show", index), f"`{value}` is no value of this scenario", values.hint(value))
    for outcome, matchers in scenario.outcomes.items():
        yield from _values(matchers, (*here, "outcomes", outcome), known, values)
    for index, claim in enumerate(scenario.claim):
        yield from _outcome(claim.outcome, (*here, "claim", index, "outcome"), outcomes)
        yield from _judged(claim, (*here, "claim", index), known, values)
    for index, expected in enumerate(scenario.expect):
        for place, outcome in enumerate(expected.outcome):
            yield from _outcome(outcome, (*here, "expect", index, "outcome", place), outcomes)
        yield from _judged(expected, (*here, "expect", index), known, values)


def _outcome(name: str, path: Path, outcomes: Iterable[str]) -> Iterator[Finding]:
    if name not in outcomes:
        yield Finding(path, f"no outcome `{name}` in this scenario", closest(name, outcomes))


def _judged(judgement: Claim | Expectation, path: Path, known: Names, values: Values) -> Iterator[Finding]:
    yield from conditions(judgement.when, (*path, "when"), known)
    yield from _values(judgement.__pydantic_extra__ or {}, path, known.where(judgement.when), values)


def _values(matchers: Mapping[str, Data], path: Path, known: Names, values: Values) -> Iterator[Finding]:
    with_values = replace(known, values=values)
    for value, matcher in matchers.items():
        here: Path = (*path, value)
        if value not in values:
            yield unknown_value(here, matcher, values.hint(value))
        problems = [
            problem for place, text in texts(matcher, here) for problem in _matcher_text(text, place, with_values)
        ]
        problems = problems or [*_resolved(matcher, here, known)]
        yield from problems
        if not problems and value in values:
            yield from _fit(matcher, values.subject(value), here, with_values)


VALUES_OF_FILES = Values(FACTS)


def check_facts(expect: Mapping[str, Data], path: Path, known: Names) -> Iterator[Finding]:
    """Expected facts that no ELF file can have; wrong references are reported elsewhere."""
    for fact, matcher in expect.items():
        wrong = any(True for place, text in texts(matcher, path) for _ in references(text, place, known))
        problems = [] if wrong else [*_resolved(matcher, (*path, fact), known)]
        yield from problems
        if not (wrong or problems) and fact in VALUES_OF_FILES:
            yield from _fit(matcher, VALUES_OF_FILES.subject(fact), (*path, fact), known)


def _fit(matcher: Data, subject: Subject, path: Path, known: Names) -> Iterator[Finding]:
    """A matcher that can never hold."""

    def meant(data: Operand) -> Iterable[Operand]:
        if not isinstance(data, str) or "${" not in data:
            return (data,)
        return _stands_for(data, known)

    try:
        check_fit(matcher, subject, meant)
    except MatcherError as error:
        yield Finding((*path, *error.path), str(error), error.hint, at_key=error.at_key)


def _stands_for(text: str, known: Names) -> Iterable[Operand]:
    """What a text with references can be: an axis' values, another value's shape, or some text."""
    template = refs.parse(text)
    axis = known.axes.get(whole_axis(template))
    if axis is not None:
        return tuple(value for _, value in axis.values)
    (part, *others) = template.parts
    if not others and isinstance(part, refs.Reference) and isinstance(known.values, Values):
        names = [name for name in expand(part.name, known.axes) if name in known.values]
        if names:
            return tuple(known.values.subject(name).shape for name in names)
    return tuple(TEXT if "${" in meaning else Scalar(meaning, plain=False) for meaning in expand(template, known.axes))


def _matcher_text(text: str, path: Path, known: Names) -> Iterator[Finding]:
    problems = [*references(text, path, known)]
    yield from problems
    for reference in () if problems else (template := refs.parse(text)).references():
        for name in (value for value in expand(reference.name, known.axes) if value in known.values):
            if template.parts != (reference,):
                hint = f'compare the whole value: "${{{name}}}"'
                yield Finding(path, f"`${{{name}}}` is what a trial gives, and cannot be part of a text", hint)
            elif path[-1] == "matches":
                yield Finding(path, "`matches` takes a regular expression, not another value", "`contains` takes one")


def _resolved(matcher: Data, path: Path, known: Names) -> Iterator[Finding]:
    """What is wrong with a matcher once its references to axes are resolved."""

    def choices(data: Data) -> Iterable[Data]:
        if not isinstance(data, str) or "${matrix." not in data:
            return (data,)
        template = refs.parse(data)
        axis = known.axes.get(whole_axis(template))
        if axis is not None:
            return tuple(value for _, value in axis.values)
        return tuple(Scalar(text, plain=False) for text in expand(template, known.axes))

    try:
        check_matcher(matcher, choices)
    except MatcherError as error:
        yield Finding((*path, *error.path), str(error), error.hint, at_key=error.at_key)
