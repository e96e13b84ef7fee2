"""What a compiler said, told in the places of the experiment's own file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from elfworlds.driver import CODE, STEP, VALUE
from elfworlds.planning.points import DEFAULT_LIBC
from elfworlds.planning.steps import OWNER
from elfworlds.spec.checks.editing import AFTER
from elfworlds.spec.languages import inline_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from elfworlds.backends import Build
    from elfworlds.planning import BuildRequest, Plan
    from elfworlds.spec.model.steps import Step
    from elfworlds.workflow.experiments import LoadedExperiment
    from elfworlds.yamltext import Path

_PLACE = re.compile(
    rf"(?:\./){{0,4}}(?P<what>{STEP}(?P<number>[0-9]+(?:\.[0-9]+)*)(?:{VALUE}(?P<value>[A-Za-z0-9_-]+))?|{CODE})"
    r"(?::(?P<line>[0-9]+)(?::[0-9]+)?)?:(?= )"
)


def failure_report(experiment: LoadedExperiment, plan: Plan, build: Build) -> Iterator[str]:
    """Each failed object: its command and the compiler's words; those that only lacked it on a line each."""
    names = plan.names()
    for key, failure in build.unexpected(plan.may_fail()).items():
        name = names[key]
        if failure.missing:
            yield f"object {name}: not built, since {', '.join(names[need] for need in failure.missing)} failed"
            continue
        where = plan.requests[key].toolchain
        yield f"{'' if name.startswith(OWNER) else 'object '}{name} failed to build{_with(where)}"
        yield f"  $ {failure.command}"
        output = in_the_file(experiment, name.removeprefix(OWNER), failure.output)
        yield from (f"  {line}" for line in output.rstrip("\n").split("\n"))
        yield from (
            _where_code_is(experiment, name)
            if failure.step is None
            else _where_after_is(experiment, plan.requests[key], failure.step)
        )


def _with(toolchain: str) -> str:
    return "" if toolchain == DEFAULT_LIBC else f" with {toolchain}"


def in_the_file(experiment: LoadedExperiment, scenario: str, output: str) -> str:
    """`step 3:2:9:` → the line of the experiment in which that step, or that line of its C, stands.

    The column is left out: it is that of the C which was made.
    """
    if scenario not in experiment.spec.experiment.scenarios:
        return output
    steps = experiment.spec.experiment.scenarios[scenario].steps

    def put(place: re.Match[str]) -> str:
        path: Path | None = ("scenarios", scenario, "program", "code")
        if place["number"]:
            path = _path(("scenarios", scenario, "steps"), place["number"].split("."), steps)
        if path is None:  # somebody else's words
            return place[0]
        if place["value"]:
            path = (*path[:-1], "values", place["value"])
        path = experiment.spec.in_the_file(path)
        document = experiment.spec.document
        return f"{document.name}:{document.first_line(path) + _offset(path, place['line'])}:"

    return _PLACE.sub(put, output)


def _offset(path: Path, line: str | None) -> int:
    """Lines of C are those of the file; of other verbs one line stands for many."""
    return int(line or 1) - 1 if path[-1] in ("c", "code") or path[-2] == "values" else 0


def _path(before: Path, numbers: list[str], steps: Sequence[Step]) -> Path | None:
    """The place of a step's verb, where there is such a step."""
    index = int(numbers[0][:9]) - 1
    if not 0 <= index < len(steps):
        return None
    here = (*before, index, steps[index].verb_word)
    return _path((*here, "steps"), numbers[1:], steps[index].inner) if numbers[1:] else here


def _where_after_is(experiment: LoadedExperiment, request: BuildRequest, step: int) -> Iterable[str]:
    """Where the command that failed stands in the experiment; where an axis left some out, where the first one does."""
    written = experiment.spec.experiment.objects[request.name].after
    index = step if len(written) == len(request.after) else 0
    document = experiment.spec.document
    place = document.mark(experiment.spec.in_the_file(("objects", request.name, AFTER, index)))
    yield f"  (`{AFTER}` of {request.name}: {document.name}:{place.line})"


def _where_code_is(experiment: LoadedExperiment, name: str) -> Iterable[str]:
    """For inline code, where its first line stands in the experiment."""
    item = experiment.spec.experiment.objects.get(name)
    if item is not None and item.code is not None:
        line = experiment.spec.document.first_line(("objects", name, "code"))
        yield f"  ({inline_path(item)} is the `code` of {name}: its line 1 is {experiment.spec.document.name}:{line})"
