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
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

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
VALUES = {
    "run": ("exit", "signal", "timed-out", "stdout", "stderr"),
    "build": ("exit", "output"),
    "inspect": (*FACTS, "exports", "undefined", "missing-objects", "missing-symbols", "size"),
}
ALL_VALUES = tuple(dict.fromkeys(value for values in VALUES.values() for value in values))
MOST_TRIALS = 1_000_000
LIMITS: Mapping[str, Callable[[object], object]] = {
    "timeout": forms.seconds,
    "repeat": forms.count,
    "retries": forms.times,
    "cpus": forms.count,
    "capture": forms.capture,
}


def check(experiment: Experiment, raw: Mapping[Any, Any], toolchains: frozenset[str]) -> list[Finding]:
    """Every problem of names and references.

    Args:
        experiment: the file's valid parts.
        raw: the whole file, so that what is invalid still counts as a name.
        toolchains: what the axes `libc` and `gdb` may hold.
    """
    known = Names(experiment.matrix.axes, _keys(raw, "matrix") - {"include", "exclude"}, _keys(raw, "objects"))
    found = [*_matrix(experiment, known, toolchains)]
    found += check_objects(experiment.objects, raw.get("objects") or {}, known, VALUES["run"])
    for name in raw["scenarios"] if isinstance(raw.get("scenarios"), dict) else ():
        found += _one_kind(raw, name)
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


def _one_kind(raw: Mapping[Any, Any], name: str) -> Iterator[Finding]:
    written = sorted(_keys(raw, "scenarios", name) & {"run", "build", "inspect"})
    if len(written) > 1:
        told = f"a scenario has `run`, `build` or `inspect`; here are `{written[0]}` and `{written[1]}`"
        yield Finding(("scenarios", name, written[1]), told, "write one of them", at_key=True)
    elif not written and isinstance(raw["scenarios"][name], dict):
        yield Finding(("scenarios", name), "a scenario has `run`, `build` or `inspect`", "write one of them")


def _scenario(name: str, one: Scenario, known: Names, outcomes: Iterable[str]) -> Iterator[Finding]:
    here: Path = ("scenarios", name)
    yield from _what(one, here, known)
    yield from _limits(one, here, known)
    yield from _when(one.when, (*here, "when"), known)
    values = VALUES[one.kind]
    for index, value in enumerate(one.show):
        if value not in values:
            yield Finding((*here, "show", index), f"`{value}` is no value of this scenario", closest(value, values))
    for outcome, matchers in one.outcomes.items():
        yield from _values(matchers, (*here, "outcomes", outcome), known, values)
    for index, claim in enumerate(one.claim):
        yield from _outcome(claim.outcome, (*here, "claim", index, "outcome"), outcomes)
        yield from _judged(claim, (*here, "claim", index), known, values)
    for index, expected in enumerate(one.expect):
        for place, said in enumerate(expected.outcome):
            yield from _outcome(said, (*here, "expect", index, "outcome", place), outcomes)
        yield from _judged(expected, (*here, "expect", index), known, values)


def _what(one: Scenario, here: Path, known: Names) -> Iterator[Finding]:
    """The program with all that it is given, or the object that the scenario is about."""
    for word in one.run:
        yield from references(word, (*here, "run"), known)
    yield from _program(one, here, known) if one.run else ()
    yield from _subject(one, here, known)
    for variable, text in one.env.items():
        yield from references(text or "", (*here, "env", variable), known)
    if one.stdin is not None:
        yield from references(one.stdin, (*here, "stdin"), known)


def _subject(one: Scenario, here: Path, known: Names) -> Iterator[Finding]:
    """`build` and `inspect` name an object, as `needs` does."""
    if one.subject is None:
        return
    path: Path = (*here, one.kind)
    for text in expand(one.subject, known.axes):
        if text not in known.objects and "${matrix." not in text:
            hint = f"write {text[2:-1]}" if text.startswith("${") else closest(text, known.objects)
            yield Finding(path, f"no object `{text}`", hint)
    yield from references(one.subject, path, known)


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
    for key, read in LIMITS.items():
        value = getattr(one, key)
        if not isinstance(value, Template):
            continue
        problems = [*references(value, (*here, key), known)]
        yield from problems
        for text in () if problems else expand(value, known.axes):
            try:
                yield from _not_known_before(text, (*here, key)) if isinstance(read(Scalar(text)), Template) else ()
            except PydanticCustomError as error:
                yield Finding((*here, key), error.message())


def _not_known_before(text: str, path: Path) -> Iterator[Finding]:
    if "${matrix." not in text:
        yield Finding(path, f"`{text}` is no number", "an axis may hold the numbers")


def _outcome(name: str, path: Path, outcomes: Iterable[str]) -> Iterator[Finding]:
    if name not in outcomes:
        yield Finding(path, f"no outcome `{name}` in this scenario", closest(name, outcomes))


def _judged(one: Claim | Expectation, path: Path, known: Names, values: Sequence[str]) -> Iterator[Finding]:
    yield from _when(one.when, (*path, "when"), known)
    yield from _values(one.__pydantic_extra__ or {}, path, known, values)


def _values(matchers: Mapping[str, Any], path: Path, known: Names, values: Sequence[str]) -> Iterator[Finding]:
    with_values = Names(known.axes, known.raw_axes, known.objects, frozenset(values))
    for value, matcher in matchers.items():
        here: Path = (*path, value)
        if value not in values:
            yield unknown_value(here, matcher, values)
        found = [one for place, text in texts(matcher, here) for one in _matcher_text(text, place, with_values)]
        yield from found or _resolved(matcher, here, known)


def unknown_value(path: Path, matcher: object, values: Sequence[str] = VALUES["run"]) -> Finding:
    """The finding for a value that no trial has; below a claim it may be one of the claim's own keys."""
    models = {"claim": Claim.model_fields, "expect": Expectation.model_fields}
    own = [field.alias or name for name, field in models.get(str(path[2]), {}).items()]
    hint = closest(str(path[-1]), {*values, *own})
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
