"""What a compiler said, told in the places of the experiment's own file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from elfworlds.driver import CODE, STEP
from elfworlds.plan.points import DEFAULT_LIBC
from elfworlds.plan.steps import OWNER
from elfworlds.spec.languages import inline_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from elfworlds.backends import Build
    from elfworlds.cli.session import Loaded
    from elfworlds.plan import Plan
    from elfworlds.spec.steps import Step
    from elfworlds.yamltext import Path

_PLACE = re.compile(rf"^(?P<what>{STEP}(?P<number>[0-9.]+)|{CODE}):(?P<line>[0-9]+):", re.MULTILINE)


def failure_report(one: Loaded, plan: Plan, build: Build) -> Iterator[str]:
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
        output = in_the_file(one, name.removeprefix(OWNER), failure.output)
        yield from (f"  {line}" for line in output.rstrip("\n").split("\n"))
        yield from _where_code_is(one, name)


def _with(toolchain: str) -> str:
    return "" if toolchain == DEFAULT_LIBC else f" with {toolchain}"


def in_the_file(one: Loaded, scenario: str, output: str) -> str:
    """`step 3:2:` → the line of the experiment in which that step, or that line of its C, stands."""
    if scenario not in one.spec.experiment.scenarios:
        return output
    steps = one.spec.experiment.scenarios[scenario].steps

    def put(found: re.Match[str]) -> str:
        path: Path = ("scenarios", scenario, "program", "code")
        offset = int(found["line"]) - 1
        if found["number"]:
            path, verb = _path(("scenarios", scenario, "steps"), found["number"].split("."), steps)
            offset = offset if verb == "c" else 0
        path = one.spec.in_the_file(path)
        return f"{one.spec.document.name}:{one.spec.document.first_line(path) + offset}:"

    return _PLACE.sub(put, output)


def _path(before: Path, numbers: list[str], steps: Sequence[Step]) -> tuple[Path, str]:
    """The place of a step's verb, and the verb."""
    step = steps[int(numbers[0]) - 1]
    here = (*before, int(numbers[0]) - 1, step.told)
    return _path((*here, "steps"), numbers[1:], step.inner) if numbers[1:] else (here, step.told)


def _where_code_is(one: Loaded, name: str) -> Iterable[str]:
    """For inline code, where its first line stands in the experiment."""
    item = one.spec.experiment.objects.get(name)
    if item is not None and item.code is not None:
        line = one.spec.document.first_line(("objects", name, "code"))
        yield f"  ({inline_path(item)} is the `code` of {name}: its line 1 is {one.spec.document.name}:{line})"
