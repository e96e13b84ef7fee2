"""What types cannot say: every name that is used is there, and nothing is more than a machine can hold."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

from pydantic_core import PydanticCustomError

from elfworlds import refs
from elfworlds.refs import Template
from elfworlds.spec import forms
from elfworlds.spec.expand import Names, expand
from elfworlds.spec.findings import Finding, references, texts
from elfworlds.spec.matchers import MatcherError, check_matcher
from elfworlds.spec.model import DEFAULT_OUTCOMES, Claim, Expectation, Experiment, Scenario
from elfworlds.spec.objects import FACTS, check_objects
from elfworlds.spec.versions import comparison
from elfworlds.yamltext import Scalar, closest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from elfworlds.yamltext import Path

__all__ = ["FACTS", "VALUES", "check", "unknown_value"]

TOOLCHAIN_AXES = ("libc", "gdb", "rustc")
RESERVED_AXES = (
    "trial",
    "experiment",
    "scenario",
    "observer",
    "repeat",
    "outcome",
    "expected",
    "verdict",
    "claim",
)
VALUES = ("exit", "signal", "timed-out", "stdout", "stderr")
MOST_TRIALS = 1_000_000


def check(experiment: Experiment, raw: Mapping[Any, Any], toolchains: frozenset[str]) -> list[Finding]:
    """Every problem of names and references.

    Args:
        experiment: the file's valid parts.
        raw: the whole file, so that what is invalid still counts as a name.
        toolchains: what the axes `libc` and `gdb` may hold.
    """
    known = Names(experiment.matrix.axes, _keys(raw, "matrix") - {"include", "exclude"}, _keys(raw, "objects"))
    found = [*_matrix(experiment, known, toolchains)]
    found += check_objects(experiment.objects, raw.get("objects") or {}, known, VALUES)
    for name, scenario in experiment.scenarios.items():
        outcomes = _keys(raw, "scenarios", name, "outcomes") | set(DEFAULT_OUTCOMES)
        found += _scenario(name, scenario, known, outcomes)
    return found or [*_too_many(experiment)]


def _keys(raw: Any, *path: str) -> frozenset[str]:  # noqa: ANN401  # any part of the file
    for step in path:
        raw = raw.get(step) if isinstance(raw, dict) else None
    return frozenset(str(key) for key in raw) if isinstance(raw, dict) else frozenset()


def _matrix(experiment: Experiment, known: Names, toolchains: frozenset[str]) -> Iterator[Finding]:
    for name, axis in known.axes.items():
        path: Path = ("matrix", name)
        if not forms.NAME.fullmatch(name) or name in RESERVED_AXES:
            hint = "it would be a column twice" if name in RESERVED_AXES else f"it must match {forms.NAME.pattern}"
            yield Finding(path, f"`{name}` cannot be an axis' name", hint, at_key=True)
        for position, (label, value) in enumerate(axis.values):
            step: str | int = position if axis.listed else label
            if name in ("libc", "gdb") and label not in toolchains:
                yield Finding((*path, step), f"no toolchain `{label}` is known here", closest(label, toolchains))
            for place, text in texts(value, (*path, step)):
                yield from references(text, place, known)
    for index, entry in enumerate(experiment.matrix.exclude):
        yield from _when(entry, ("matrix", "exclude", index), known)
    for index, entry in enumerate(experiment.matrix.include):
        yield from _include(entry, ("matrix", "include", index), known)


def _include(entry: Mapping[str, Any], path: Path, known: Names) -> Iterator[Finding]:
    for name in sorted(known.raw_axes - set(entry)):
        yield Finding(path, f"this point says nothing of the axis `{name}`", "an added point names every axis")
    for name in sorted(set(entry) - known.raw_axes):
        yield Finding((*path, name), f"no axis `{name}` in the matrix", closest(name, known.raw_axes), at_key=True)


def _too_many(experiment: Experiment) -> Iterator[Finding]:
    """A matrix, or repetitions of it, that no plan could hold."""
    matrix = experiment.matrix
    count = prod(len(axis.values) for axis in matrix.varied.values())
    count += sum(prod(len(choices) for choices in entry.values()) for entry in matrix.include)
    if count > MOST_TRIALS:
        yield Finding(("matrix",), f"{count} points, more than {MOST_TRIALS}", "vary less in one experiment")
        return
    for name, one in experiment.scenarios.items():
        if count * _most_repeats(one, experiment) > MOST_TRIALS:
            yield Finding(("scenarios", name, "repeat"), f"{count} points as often make more than {MOST_TRIALS} trials")


def _most_repeats(one: Scenario, experiment: Experiment) -> int:
    if isinstance(one.repeat, int):
        return one.repeat
    return max((int(text) for text in expand(one.repeat, experiment.matrix.axes)), default=1)


def _scenario(name: str, one: Scenario, known: Names, outcomes: Iterable[str]) -> Iterator[Finding]:
    here: Path = ("scenarios", name)
    for word in one.run:
        yield from references(word, (*here, "run"), known)
    yield from _program(one, here, known)
    for variable, value in one.env.items():
        yield from references(value or "", (*here, "env", variable), known)
    if one.stdin is not None:
        yield from references(one.stdin, (*here, "stdin"), known)
    yield from _limits(one, here, known)
    yield from _when(one.when, (*here, "when"), known)
    for outcome, values in one.outcomes.items():
        yield from _values(values, (*here, "outcomes", outcome), known)
    for index, claim in enumerate(one.claim):
        yield from _judged(claim, (*here, "claim", index), known, outcomes)
    for index, expected in enumerate(one.expect):
        yield from _judged(expected, (*here, "expect", index), known, outcomes)


def _program(one: Scenario, here: Path, known: Names) -> Iterator[Finding]:
    for text in expand(one.run[0], known.axes):
        if text.startswith(("/", "${")):
            continue
        hint = (
            f'write "${{{text}}}"'
            if text in known.objects
            else "name an object, or an absolute path: nothing is searched in PATH"
        )
        yield Finding((*here, "run"), f"`{text}` is no program", hint)


def _limits(one: Scenario, here: Path, known: Names) -> Iterator[Finding]:
    for key, value, read in (("timeout", one.timeout, forms.seconds), ("repeat", one.repeat, forms.count)):
        if not isinstance(value, Template):
            continue
        problems = [*references(value, (*here, key), known)]
        yield from problems
        for text in () if problems else expand(value, known.axes):
            try:
                yield from [] if isinstance(read(Scalar(text)), int | float) else _not_known_before(text, (*here, key))
            except PydanticCustomError as error:
                yield Finding((*here, key), error.message())


def _not_known_before(text: str, path: Path) -> Iterator[Finding]:
    if "${matrix." not in text:
        yield Finding(path, f"`{text}` is no number", "an axis may hold the numbers")


def _judged(one: Claim | Expectation, path: Path, known: Names, outcomes: Iterable[str]) -> Iterator[Finding]:
    if one.outcome not in outcomes:
        yield Finding(
            (*path, "outcome"), f"no outcome `{one.outcome}` in this scenario", closest(one.outcome, outcomes)
        )
    yield from _when(one.when, (*path, "when"), known)
    yield from _values(one.__pydantic_extra__ or {}, path, known)


def _values(values: Mapping[str, Any], path: Path, known: Names) -> Iterator[Finding]:
    with_values = Names(known.axes, known.raw_axes, known.objects, frozenset(VALUES))
    for value, matcher in values.items():
        here: Path = (*path, value)
        if value not in VALUES:
            yield unknown_value(here, matcher)
        found = [one for place, text in texts(matcher, here) for one in _matcher_text(text, place, with_values)]
        yield from found or _resolved(matcher, here, known)


def unknown_value(path: Path, matcher: object) -> Finding:
    """The finding for a value that no trial has; below a claim it may be one of the claim's own keys."""
    models = {"claim": Claim.model_fields, "expect": Expectation.model_fields}
    own = [field.alias or name for name, field in models.get(str(path[2]), {}).items()]
    hint = closest(str(path[-1]), {*VALUES, *own})
    if matcher is None:
        hint = "quote the text before it: inside {…} a comma ends a value"
    return Finding(path, f"`{path[-1]}` is no value of this scenario", hint, at_key=True)


def _matcher_text(text: str, path: Path, known: Names) -> Iterator[Finding]:
    found = [*references(text, path, known)]
    yield from found
    for reference in () if found else (template := refs.parse(text)).references():
        for name in known.values.intersection(expand(reference.name, known.axes)):
            if template.parts != (reference,):
                hint = f'compare the whole value: "${{{name}}}"'
                yield Finding(path, f"`${{{name}}}` is what a trial gives, and cannot be part of a text", hint)
            elif path[-1] == "matches":
                yield Finding(path, "`matches` takes a regular expression, not another value", "`contains` takes one")


def _resolved(matcher: Any, path: Path, known: Names) -> Iterator[Finding]:  # noqa: ANN401  # any data of the file
    """What is wrong with a matcher once its references to axes are resolved."""

    def choices(data: object) -> Iterable[object]:
        if not isinstance(data, str) or "${matrix." not in data:
            return (data,)
        template = refs.parse(data)
        axis = _whole_axis(template, known)
        if axis is not None:
            return tuple(value for _, value in axis.values)
        return tuple(Scalar(text, plain=False) for text in expand(template, known.axes))

    try:
        check_matcher(matcher, choices)
    except MatcherError as error:
        yield Finding((*path, *error.path), str(error), error.hint, at_key=error.at_key)


def _whole_axis(template: Template, known: Names) -> forms.Axis | None:
    """The axis, where a text is one whole reference to it."""
    if len(template.parts) != 1 or not isinstance(template.parts[0], refs.Reference):
        return None
    name = template.parts[0].name.literal or ""
    return known.axes.get(name.removeprefix("matrix.")) if name.startswith("matrix.") else None


def _when(when: Mapping[str, Any], path: Path, known: Names) -> Iterator[Finding]:
    for name, choices in when.items():
        here: Path = (*path, name)
        axis = known.axes.get(name)
        if axis is None and name not in known.raw_axes and name not in TOOLCHAIN_AXES:
            yield Finding(here, f"no axis `{name}` in the matrix", closest(name, known.raw_axes), at_key=True)
        for index, choice in enumerate(choices):
            label = forms.label_of(choice)
            if axis is not None and label not in axis.labels and not comparison(label):
                yield Finding((*here, index), f"the axis `{name}` has no `{label}`", closest(label, axis.labels))
