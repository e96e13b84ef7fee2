"""What types cannot say: every name that is used is there, and nothing is more than a machine can hold."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pydantic_core import PydanticCustomError

from elfworlds.columns import tables_with
from elfworlds.refs import Template
from elfworlds.spec.builders import by_axis
from elfworlds.spec.checks.findings import Finding, conditions, references, texts
from elfworlds.spec.checks.idle import idle_in_scenario
from elfworlds.spec.checks.judging import check_judging
from elfworlds.spec.checks.layout import check_files, check_ld_so_conf, check_no_object_is_called_files
from elfworlds.spec.checks.objects import check_objects, check_program, cut_words
from elfworlds.spec.checks.observers import check_watching
from elfworlds.spec.checks.sizes import points
from elfworlds.spec.checks.steps import check_steps
from elfworlds.spec.checks.values import values_of, written
from elfworlds.spec.expand import Names, expand
from elfworlds.spec.leaves import forms
from elfworlds.spec.leaves.versions import TOOLCHAIN_AXES
from elfworlds.spec.model.experiment import DEFAULT_OUTCOMES, Experiment, Scenario
from elfworlds.spec.model.limits import READERS
from elfworlds.spec.model.objects import ORIGINS
from elfworlds.spec.model.steps import every
from elfworlds.spec.values.described import VALUES
from elfworlds.yamltext import Scalar, closest, entries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from elfworlds.spec.leaves.forms import Axis
    from elfworlds.spec.model.objects import Object
    from elfworlds.yamltext import Data, Path

MOST_TRIALS = 100_000
LIMITS: Mapping[str, Callable[[Data], float | str | Template]] = {
    "timeout": forms.seconds,
    "repeat": forms.count,
    "retries": forms.times,
    "cpus": forms.count,
    "capture": forms.capture,
}


def check(
    experiment: Experiment, raw: dict[str, Data], toolchains: frozenset[str], roots: frozenset[str]
) -> list[Finding]:
    """Every problem of names and references.

    Args:
        experiment: the file's valid parts.
        raw: the whole file, so that what is invalid still counts as a name.
        toolchains: what the axes `libc` and `gdb` may hold.
        roots: those of them that a trial may see beside its own root.
    """
    axes = _keys(raw, "matrix") - {"include", "exclude"}
    objects = _part(raw, "objects")
    of_trees = frozenset(name for name in objects if set(ORIGINS).intersection(_part(raw, "objects", name, "prebuilt")))
    built_by = by_axis(experiment.objects, experiment.matrix.axes)
    versioned = frozenset({*TOOLCHAIN_AXES, *built_by})
    known = Names(
        experiment.matrix.axes,
        axes,
        frozenset(map(str, objects)),
        toolchains=toolchains,
        of_trees=of_trees,
        versioned=versioned,
    )
    findings = [*_matrix(experiment, known, toolchains)]
    findings += check_objects(experiment.objects, _part(raw, "objects"), known, VALUES["run"])
    findings += check_no_object_is_called_files(experiment)
    for name, written_scenario in _part(raw, "scenarios").items():
        findings += _one_kind(name, written_scenario)
    for name, scenario in experiment.scenarios.items():
        there = known.where(scenario.when)
        findings += _scenario(name, scenario, _part(raw, "scenarios", name), there, experiment.objects)
        findings += _sees(name, scenario, there, sorted(roots))
    return findings or [*_too_many(experiment)]


def _keys(raw: dict[str, Data], *path: str) -> frozenset[str]:
    return frozenset(str(key) for key in _part(raw, *path))


def _part(raw: dict[str, Data], *path: str) -> dict[str, Data]:
    """The mapping at a place of the file; empty where there is none."""
    for step in path:
        raw = entries(raw.get(step))
    return raw


def _matrix(experiment: Experiment, known: Names, toolchains: frozenset[str]) -> Iterator[Finding]:
    for name, axis in known.axes.items():
        path: Path = ("matrix", name)
        if (hint := _no_name_of_an_axis(name)) is not None:
            yield Finding(path, f"`{name}` cannot be an axis' name", hint, at_key=True)
        yield from _cut(axis, path)
        for position, (label, value) in enumerate(axis.values):
            step: str | int = position if axis.listed else label
            if name in ("libc", "gdb") and label not in toolchains:
                yield Finding((*path, step), f"no toolchain `{label}` is known here", closest(label, toolchains))
            for place, text in texts(value, (*path, step)):
                yield from references(text, place, known)
    for index, entry in enumerate(experiment.matrix.exclude):
        yield from conditions(entry, ("matrix", "exclude", index), known)
    for index, entry in enumerate(experiment.matrix.include):
        yield from _include(entry, ("matrix", "include", index), known)


def _cut(axis: Axis, path: Path) -> Iterator[Finding]:
    """Words of an axis' values that YAML has cut at a comma."""
    yield from cut_words(axis.labels if axis.listed else (), path)
    for label, value in axis.values:
        items = value if isinstance(value, list) else []
        yield from cut_words([item if isinstance(item, str) else None for item in items], (*path, label))


def _no_name_of_an_axis(name: str) -> str | None:
    """Why an axis cannot have this name, and which one it could have."""
    if not forms.NAME.fullmatch(name):
        likely = name.lower().replace("_", "-")
        return f"it must match {forms.NAME.pattern}" + (f": `{likely}`" if forms.NAME.fullmatch(likely) else "")
    tables = [f"`{table}`" for table in tables_with(name)]
    if not tables:
        return None
    return f"it is a column of {' and '.join(tables[:2])}; say whose it is: `plugin-{name}`"


def _include(entry: Mapping[str, tuple[str | None, ...]], path: Path, known: Names) -> Iterator[Finding]:
    for name in sorted(known.raw_axes - set(entry)):
        yield Finding(path, f"this point says nothing of the axis `{name}`", "an added point names every axis")
    for name in sorted(set(entry) - known.raw_axes):
        yield Finding((*path, name), f"no axis `{name}` in the matrix", closest(name, known.raw_axes), at_key=True)


def _too_many(experiment: Experiment) -> Iterator[Finding]:
    """More trials than a plan should hold: the first scenario with which they are."""
    count, trials = points(experiment), 0
    for name, scenario in experiment.scenarios.items():
        repeats = _most_repeats(scenario, experiment)
        trials += count * repeats * (1 + len(scenario.observe.chosen))
        if trials > MOST_TRIALS:
            key = "repeat" if repeats > 1 else "run"
            before = "" if trials == count * repeats else ", and what stands before"
            message = f"{count} points as often make more than {MOST_TRIALS} trials{before}"
            yield Finding(("scenarios", name, key), message, "repeat less, or vary less in one experiment")
            return


def _most_repeats(scenario: Scenario, experiment: Experiment) -> int:
    if isinstance(scenario.repeat, int):
        return scenario.repeat
    return max((int(text) for text in expand(scenario.repeat, experiment.matrix.axes)), default=1)


def _one_kind(name: str, raw: Data) -> Iterator[Finding]:
    written = sorted({"run", "steps", "build", "inspect"}.intersection(entries(raw)))
    if len(written) > 1:
        message = f"a scenario has `run`, `steps`, `build` or `inspect`; here are `{written[0]}` and `{written[1]}`"
        yield Finding(("scenarios", name, written[1]), message, "write one of them", at_key=True)
    elif not written and isinstance(raw, dict):
        yield Finding(("scenarios", name), "a scenario has `run`, `steps`, `build` or `inspect`", "write one of them")


def _scenario(
    name: str, scenario: Scenario, raw: dict[str, Data], known: Names, objects: Mapping[str, Object]
) -> Iterator[Finding]:
    here: Path = ("scenarios", name)
    built, known = known, replace(known, files=bool(scenario.files))
    yield from _what(scenario, here, known)
    yield from check_files(scenario, here, known)
    yield from check_ld_so_conf(scenario, here, known)
    yield from idle_in_scenario(scenario, raw, here)
    yield from _limits(scenario, here, known)
    yield from conditions(scenario.when, (*here, "when"), known)
    steps = [*every(scenario.steps)]
    yield from check_steps(scenario, raw, here, known)
    yield from check_program(scenario.program, (*here, "program"), built, objects) if scenario.program else ()
    yield from check_watching(scenario, here, known)
    outcomes = _keys(raw, "outcomes") | set(DEFAULT_OUTCOMES)
    yield from check_judging(scenario, here, known, values_of(scenario, steps, known, written(raw)), outcomes)


def _sees(name: str, scenario: Scenario, known: Names, roots: Sequence[str]) -> Iterator[Finding]:
    """The roots that are to be seen beside the trial's own are pinned ones."""
    for index, template in enumerate(scenario.sees):
        here: Path = ("scenarios", name, "sees", index)
        wrong = [*references(template, here, known)]
        yield from wrong
        for label in () if wrong else expand(template, known.axes):
            if label not in roots:
                yield Finding(here, f"no pinned root `{label}` is known here", closest(label, roots))


def _what(scenario: Scenario, here: Path, known: Names) -> Iterator[Finding]:
    """The program with all that it is given, or the object that the scenario is about."""
    for word in scenario.run:
        yield from references(word, (*here, "run"), known)
    yield from _program(scenario, here, known) if scenario.run else ()
    yield from _subject(scenario, here, known)
    for variable, text in scenario.env.items():
        yield from references(text or "", (*here, "env", variable), known)
    if scenario.stdin is not None:
        yield from references(scenario.stdin, (*here, "stdin"), known)


def _subject(scenario: Scenario, here: Path, known: Names) -> Iterator[Finding]:
    """`build` and `inspect` name an object, as `needs` does."""
    if scenario.subject is None:
        return
    path: Path = (*here, scenario.kind)
    for text in expand(scenario.subject, known.axes):
        if text not in known.objects and "${matrix." not in text:
            hint = f"write {text[2:-1]}" if text.startswith("${") else closest(text, known.objects)
            yield Finding(path, f"no object `{text}`", hint)
    yield from references(scenario.subject, path, known)


def _program(scenario: Scenario, here: Path, known: Names) -> Iterator[Finding]:
    for text in expand(scenario.run[0], known.axes):
        if text.startswith(("/", "${")):
            continue
        hint = (
            f'write "${{{text}}}"'
            if text in known.objects
            else "name an object, or an absolute path: nothing is searched in PATH"
        )
        yield Finding((*here, "run"), f"`{text}` is no program", hint)


def _limits(scenario: Scenario, here: Path, known: Names) -> Iterator[Finding]:
    for key, read in LIMITS.items():
        yield from _limit(getattr(scenario, key), read, (*here, key), known)
    for key, value in scenario.limits.given():
        yield from _limit(value, READERS[key], (*here, "limits", key), known)


def _limit(
    value: float | str | Template, read: Callable[[Data], float | str | Template], here: Path, known: Names
) -> Iterator[Finding]:
    """What an axis gives is read like what stands in the file."""
    if not isinstance(value, Template):
        return
    problems = [*references(value, here, known)]
    yield from problems
    for text in () if problems else expand(value, known.axes):
        try:
            yield from _not_known_before(text, here) if isinstance(read(Scalar(text)), Template) else ()
        except PydanticCustomError as error:
            yield Finding(here, error.message())


def _not_known_before(text: str, path: Path) -> Iterator[Finding]:
    if "${matrix." not in text:
        yield Finding(path, f"`{text}` is no number", "an axis may hold the numbers")
