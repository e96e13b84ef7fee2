"""A document → `Spec`, or everything that is wrong with it in one go."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pydantic import ValidationError

from elfworlds.spec.checks.check import check
from elfworlds.spec.checks.circles import check_axes
from elfworlds.spec.checks.findings import Finding
from elfworlds.spec.checks.sizes import check_characters, check_sizes
from elfworlds.spec.checks.values import unknown_value, written
from elfworlds.spec.leaves.forms import kind
from elfworlds.spec.model.experiment import Experiment, Matrix
from elfworlds.spec.model.observers import OBSERVERS
from elfworlds.spec.model.steps import BESIDE, VERB_WORDS
from elfworlds.spec.places import model_at, unspliced
from elfworlds.spec.values.described import VALUES
from elfworlds.yamltext import Document, Problem, closest, entries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pydantic_core import ErrorDetails

    from elfworlds.yamltext import Data, Mark, Path

_STAND_INS: dict[str, Data] = {"experiment": "x", "question": "x", "scenarios": {"x": {"run": "/x"}}}
_FILLED: dict[int | str, str] = {"says": "x", "outcome": "other"}
_ROUNDS = 20
PYDANTIC = ("[key]",)


@dataclass(frozen=True, slots=True)
class Spec:
    """A valid experiment and the document it was read from."""

    document: Document
    experiment: Experiment

    @property
    def name(self) -> str:
        return self.experiment.experiment

    def in_the_file(self, path: Path) -> Path:
        """A path through the types as the document has it."""
        return unspliced(self.document.data(), path)


def load(
    document: Document,
    *,
    toolchains: Iterable[str],
    roots: Iterable[str] = (),
    more: Callable[[Spec], Iterable[Problem]] = lambda _spec: (),
) -> Spec:
    """A `Spec` whose keys, types and references are right.

    Args:
        document: the file.
        toolchains: the names that the axes `libc` and `gdb` may hold.
        roots: those of them that a trial may see beside its own root.
        more: finds further problems in the file's valid parts, so that all are reported together.
    """
    data = {key: value for key, value in document.data().items() if not key.startswith("x-")}
    experiment, errors = _validate(data)
    axes = experiment.matrix.axes
    findings = check_sizes(experiment, data) or [*check_axes(axes)] or [*check_characters(axes, data)]
    if findings:  # nothing can be said of what they stand for
        experiment = experiment.model_copy(update={"matrix": Matrix()})
    spec = Spec(document, experiment)
    findings += [*_errors(errors, data), *check(experiment, data, frozenset(toolchains), frozenset(roots))]
    placed = (replace(finding, path=unspliced(data, finding.path)) for finding in findings)
    problems = [*_problems(document, placed), *more(spec)]
    if problems:
        raise document.refuse(problems)
    return spec


def _problems(document: Document, findings: Iterable[Finding]) -> Iterable[Problem]:
    """One for each place and message: a problem behind an alias, or in a merged mapping, is reported once."""
    problems: dict[tuple[Mark, str], Problem] = {}
    for finding in findings:
        whole = document.mark(finding.path, key=finding.at_key)
        mark = document.mark_within(finding.path, finding.part) if finding.part else whole
        where = _where(finding.path[:-1]) if finding.in_its_place else ""
        problems.setdefault((mark, finding.message), Problem(mark, finding.message + where, finding.hint))
    return problems.values()


def _validate(data: dict[str, Data]) -> tuple[Experiment, list[ErrorDetails]]:
    """The experiment without its wrong parts, and what was wrong with them."""
    data, first = copy.deepcopy(data), None
    for _ in range(_ROUNDS):
        try:
            return Experiment.model_validate(data), first or []
        except ValidationError as error:
            details = error.errors()
            first = first or details
            for kind, path in [(detail["type"], unspliced(data, detail["loc"])) for detail in reversed(details)]:
                _prune(data, kind, path)
    return Experiment.model_validate(_STAND_INS), first or []


def _prune(data: dict[str, Data], kind: str, path: tuple[int | str, ...]) -> None:
    """Remove the smallest entry that holds the error, so that the rest can be checked for other problems."""
    steps = [step for step in path if step not in PYDANTIC]
    if kind == "missing" and steps[-1] in _FILLED:
        entries(_holder(data, steps))[str(steps[-1])] = _FILLED[steps[-1]]
        return
    if kind == "missing" or "prebuilt" in steps[:-1]:  # without one of its keys it would be another file
        steps = steps[:-1] or steps
    if len(steps) <= 1:
        name = str(steps[0]) if steps else ""
        data.pop(name, None)
        data.update({key: value for key, value in _STAND_INS.items() if key == name})
        return
    holder = _holder(data, steps)
    if isinstance(holder, dict):
        holder.pop(str(steps[-1]), None)
    elif isinstance(holder, list) and isinstance(steps[-1], int) and steps[-1] < len(holder):
        holder[steps[-1] : steps[-1] + 1] = _instead(steps)


def _instead(steps: list[int | str]) -> list[Data]:
    """Steps, claims and expectations keep their places, so that what is said of the others stands at the right ones."""
    if steps[-2] in ("claim", "expect"):
        return [{"outcome": _FILLED["outcome"]}]
    return [{}] if steps[-2] == "steps" or isinstance(steps[-2], int) else []


def _holder(data: Data, steps: list[int | str]) -> Data:
    for step in steps[:-1]:
        if isinstance(data, list) and isinstance(step, int):
            data = data[step] if step < len(data) else None
        elif isinstance(data, dict) and not isinstance(step, int):
            data = data.get(step)
    return data


def _errors(errors: Iterable[ErrorDetails], data: dict[str, Data]) -> Iterable[Finding]:
    """What is wrong and what would be right, in this language's words rather than pydantic's."""
    errors = [*errors]
    meant = {_meant(_path(error)) for error in errors if error["type"] == "extra_forbidden"}
    for error in errors:
        path = _path(error)
        if error["type"] == "missing" and path in meant:
            continue  # it is there, under a name that is almost its own
        if _is_unknown_value(path, data):
            yield unknown_value(path[:5], error["input"], None)
        elif error["type"] == "missing":
            yield Finding(path, f"`{path[-1]}` is missing", _missing(path), at_key=True, in_its_place=True)
        elif error["type"] == "extra_forbidden":
            hint = _beside_the_verb(path) or _known(path, error["input"])
            yield Finding(path, f"unknown key `{path[-1]}`", hint, at_key=True, in_its_place=True)
        elif error["type"] == "form":
            yield _refused(path, error)
        else:
            yield Finding(path, _words(error, path), at_key=path != error["loc"])


def _path(error: ErrorDetails) -> Path:
    return tuple(step for step in error["loc"] if step not in PYDANTIC)


def _meant(path: Path) -> Path:
    """The known key that stands for an unknown one, as the hint has it; an empty path where there is none."""
    known = [field.alias or name for name, field in model_at(path[:-1]).model_fields.items()]
    near = next((name for name in known if closest(str(path[-1]), known) == f"did you mean `{name}`?"), None)
    return (*path[:-1], near) if near else ()


def _beside_the_verb(path: Path) -> str | None:
    """For what stands beside a step's verb, and was written inside it."""
    key, verb = str(path[-1]), str(path[-2]) if len(path) > 1 else ""
    if key.replace("-", "_") not in BESIDE or verb not in VERB_WORDS or "steps" not in path:
        return None
    return f"it stands beside the verb: - {{{verb}: …, {key}: …}}"


def _is_unknown_value(path: Path, data: dict[str, Data]) -> bool:
    """Whether a path is a matcher's, of a value that no trial has: then that is the problem."""
    if len(path) < len(("scenarios", "name", "claim", 0, "exit")) or path[2] not in ("claim", "expect", "outcomes"):
        return False
    fields = {field.alias for field in model_at(path[:4]).model_fields.values()}
    scenario = entries(data["scenarios"]).get(str(path[1]))
    values = {value for known in VALUES.values() for value in known} | written(scenario)
    return str(path[4]).partition(".")[0] not in {*values, *OBSERVERS, *fields}


def _missing(path: Path) -> str | None:
    field = model_at(path[:-1]).model_fields.get(str(path[-1]).replace("-", "_"))
    return field.description if field else None


def _known(path: Path, value: Data) -> str:
    if value is None:
        return "quote the text before it: inside {…} a comma ends a value"
    known = [field.alias or name for name, field in model_at(path[:-1]).model_fields.items()]
    return closest(str(path[-1]), known) or f"known here: {', '.join(sorted(known)) or 'nothing'}"


def _refused(path: Path, error: ErrorDetails) -> Finding:
    context = error["ctx"]
    at_key = context["at_key"] or path != error["loc"]
    return Finding((*path, *context["path"]), context["message"], context["hint"] or None, at_key=at_key)


def _words(error: ErrorDetails, path: Path) -> str:
    if error["type"] == "too_short":
        return f"`{path[-1]}` is empty"
    return f"expected a mapping, found {kind(error['input'])}"


def _where(path: Path) -> str:
    return f" in `{'.'.join(str(step) for step in path)}`" if path else ""
