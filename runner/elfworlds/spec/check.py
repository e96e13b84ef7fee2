"""What types cannot say: every name that is used is there, and nothing goes round in a circle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic_core import PydanticCustomError

from elfworlds import refs
from elfworlds.refs import RefError, Template
from elfworlds.spec import forms
from elfworlds.spec.expand import ATTRIBUTES, Names, expand, names
from elfworlds.spec.model import DEFAULT_OUTCOMES, Claim, Expectation, Experiment, Object, Scenario
from elfworlds.spec.versions import comparison
from elfworlds.yamltext import Scalar, closest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from elfworlds.spec.forms import Axis
    from elfworlds.yamltext import Path

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
FACTS = (
    "build-id",
    "execstack",
    "flags",
    "interp",
    "machine",
    "needed",
    "rpath",
    "runpath",
    "soname",
    "type",
)


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem at a path of the file; `at_key` where the key is wrong rather than its value."""

    path: Path
    message: str
    hint: str | None = None
    at_key: bool = False


def check(experiment: Experiment, raw: Mapping[Any, Any], toolchains: frozenset[str]) -> list[Finding]:
    """Every problem of names and references.

    Args:
        experiment: the file's valid parts.
        raw: the whole file, so that what is invalid still counts as a name.
        toolchains: what the axes `libc` and `gdb` may hold.
    """
    axes = dict(experiment.matrix.__pydantic_extra__ or {})
    known = Names(axes, _keys(raw, "matrix") - {"include", "exclude"}, _keys(raw, "objects"))
    found = [*_matrix(experiment, known, toolchains)]
    for name, one in experiment.objects.items():
        found += _object(name, one, known, experiment.objects)
    found += _cycles(experiment.objects, known)
    for name, scenario in experiment.scenarios.items():
        outcomes = _keys(raw, "scenarios", name, "outcomes") | set(DEFAULT_OUTCOMES)
        found += _scenario(name, scenario, known, outcomes)
    return found


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
            step: str | int = position if _is_list(axis) else label
            if name in ("libc", "gdb") and label not in toolchains:
                yield Finding((*path, step), f"no toolchain `{label}` is known here", closest(label, toolchains))
            for text in _texts(value):
                yield from _references(text, (*path, step), known)
    for index, entry in enumerate(experiment.matrix.exclude):
        yield from _when(entry, ("matrix", "exclude", index), known)
    for index, entry in enumerate(experiment.matrix.include):
        yield from _include(entry, ("matrix", "include", index), known)


def _is_list(axis: Axis) -> bool:
    return all(
        label == forms.label_of(value) for label, value in axis.values if value is None or isinstance(value, str)
    )


def _include(entry: Mapping[str, Any], path: Path, known: Names) -> Iterator[Finding]:
    for name in sorted(known.raw_axes - set(entry)):
        yield Finding(path, f"this point says nothing of the axis `{name}`", "an added point names every axis")
    for name in sorted(set(entry) - known.raw_axes):
        yield Finding((*path, name), f"no axis `{name}` in the matrix", closest(name, known.raw_axes), at_key=True)


def _texts(data: Any) -> Iterator[str]:  # noqa: ANN401  # any data of the file
    """Every scalar below a piece of data."""
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict):
        for value in data.values():
            yield from _texts(value)
    elif isinstance(data, list | tuple):
        for value in data:
            yield from _texts(value)


def _references(text: str | Template, path: Path, known: Names) -> Iterator[Finding]:
    try:
        template = text if isinstance(text, Template) else refs.parse(text)
    except RefError as error:
        yield Finding(path, str(error))
        return
    for name in names(template, known.axes):
        problem = known.problem(name)
        if problem:
            yield Finding(path, *problem)


def _object(name: str, one: Object, known: Names, objects: Mapping[str, Object]) -> Iterator[Finding]:
    here: Path = ("objects", name)
    if name == "matrix" or name.startswith("matrix.") or name.rpartition(".")[2] in ATTRIBUTES:
        yield Finding(here, f"`{name}` cannot be an object's name: it reads like a reference", at_key=True)
    for key in ("sources", "cflags", "ldflags", "z", "needs", "runpath", "rpath"):
        for index, template in enumerate(getattr(one, key) or ()):
            yield from _references(template, (*here, key, index), known)
    if one.soname is not None:
        yield from _references(one.soname, (*here, "soname"), known)
    for macro, value in one.defines.items():
        yield from _references(value or "", (*here, "defines", macro), known)
    yield from _needs(one, here, known, objects)
    yield from _directories(one, here, known)
    yield from _facts(one, here, known)


def _needs(one: Object, here: Path, known: Names, objects: Mapping[str, Object]) -> Iterator[Finding]:
    for index, template in enumerate(one.needs):
        for need in expand(template, known.axes):
            path: Path = (*here, "needs", index)
            if need not in known.objects:
                hint = f"write {need[2:-1]}" if need.startswith("${") else closest(need, known.objects)
                yield Finding(path, f"no object `{need}`", hint)
            elif need in objects and objects[need].executable:
                yield Finding(path, f"`{need}` is an executable", "an object can need libraries only")


def _directories(one: Object, here: Path, known: Names) -> Iterator[Finding]:
    for key in ("runpath", "rpath"):
        for index, template in enumerate(getattr(one, key) or ()):
            for entry in expand(template, known.axes):
                if "/" not in entry and "$" not in entry and entry not in known.objects:
                    hint = closest(entry, known.objects) or "a literal directory holds a `/` or a `$`"
                    yield Finding((*here, key, index), f"no object `{entry}`", hint)


def _facts(one: Object, here: Path, known: Names) -> Iterator[Finding]:
    for fact, matcher in one.expect.items():
        path: Path = (*here, "expect", fact)
        if fact not in FACTS:
            yield Finding(path, f"`{fact}` is no fact of an ELF file", closest(fact, FACTS), at_key=True)
        for text in _texts(matcher):
            yield from _references(text, path, known)


def _cycles(objects: Mapping[str, Object], known: Names) -> Iterator[Finding]:
    """Objects that need themselves: the linker could not make them in any order."""
    edges = {
        name: [(i, need) for i, one in enumerate(obj.needs) for need in expand(one, known.axes)]
        for name, obj in objects.items()
    }
    done: set[str] = set()
    for start in objects:
        yield from _walk(start, edges, done)


def _walk(start: str, edges: Mapping[str, list[tuple[int, str]]], done: set[str]) -> Iterator[Finding]:
    trail: list[str] = []
    stack: list[tuple[str, Iterator[tuple[int, str]]]] = (
        [(start, iter(edges.get(start, [])))] if start not in done else []
    )
    trail += [start] if stack else []
    while stack:
        name, rest = stack[-1]
        for index, need in rest:
            if need in trail:
                circle = " → ".join([*trail[trail.index(need) :], need])
                yield Finding(("objects", name, "needs", index), f"`needs` goes round in a circle: {circle}")
            elif need in edges and need not in done:
                stack.append((need, iter(edges[need])))
                trail.append(need)
                break
        else:
            done.add(trail.pop())
            stack.pop()


def _scenario(name: str, one: Scenario, known: Names, outcomes: Iterable[str]) -> Iterator[Finding]:
    here: Path = ("scenarios", name)
    for word in one.run:
        yield from _references(word, (*here, "run"), known)
    yield from _program(one, here, known)
    for variable, value in one.env.items():
        yield from _references(value or "", (*here, "env", variable), known)
    if one.stdin is not None:
        yield from _references(one.stdin, (*here, "stdin"), known)
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
        yield from _references(value, (*here, key), known)
        for text in expand(value, known.axes):
            try:
                read(Scalar(text))
            except PydanticCustomError as error:
                yield Finding((*here, key), error.message())


def _judged(one: Claim | Expectation, path: Path, known: Names, outcomes: Iterable[str]) -> Iterator[Finding]:
    if one.outcome not in outcomes:
        yield Finding(
            (*path, "outcome"), f"no outcome `{one.outcome}` in this scenario", closest(one.outcome, outcomes)
        )
    yield from _when(one.when, (*path, "when"), known)
    yield from _values(one.__pydantic_extra__ or {}, path, known)


def _values(values: Mapping[str, Any], path: Path, known: Names) -> Iterator[Finding]:
    own = {field.alias for field in Claim.model_fields.values()} if path[2] != "outcomes" else set()
    with_values = Names(known.axes, known.raw_axes, known.objects, frozenset(VALUES))
    for value, matcher in values.items():
        if value not in VALUES:
            hint = closest(value, {*VALUES, *(one for one in own if one)})
            yield Finding((*path, value), f"`{value}` is no value of this scenario", hint, at_key=True)
        for text in _texts(matcher):
            yield from _references(text, (*path, value), with_values)


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
