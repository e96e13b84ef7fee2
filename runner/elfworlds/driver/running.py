"""The verbs around loading → lines of C: threads, children, loops, files, plain C."""

from __future__ import annotations

from typing import TYPE_CHECKING

from elfworlds.ctext import identifier, string
from elfworlds.driver.position import STEP, each, event, file, in_block, kept, number, told, with_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from elfworlds.driver.position import Position
    from elfworlds.driver.scope import Scope
    from elfworlds.refs import Template
    from elfworlds.spec.model.steps import Copy, Fork, Loop, Step, System, Thread


VALUE = " as "


def thread(_: Thread, step: Step, here: Position) -> Iterator[str]:
    name = identifier(str(step.name))
    yield from here.guard(step, f"step_thread({event(step, here.scope)}, &it.{name}, {name}_steps)")
    yield from kept(step.name, here.scope)


def join(one: str, step: Step, here: Position) -> Iterator[str]:
    name = "NULL" if step.quiet else string(one)
    yield from each(step, here, one, f"step_join({name}, {{it}})")


def cancel(one: str, step: Step, here: Position) -> Iterator[str]:
    yield from each(step, here, one, "step_cancel({name}, {it})", last=False)


def post(one: str, step: Step, here: Position) -> Iterator[str]:
    yield from (*told(step, here.scope), f"sem_post(&it.{identifier(one)}_posted);")


def await_(one: str, step: Step, here: Position) -> Iterator[str]:
    yield from (f"await(&it.{identifier(one)}_posted);", *told(step, here.scope))


def fork(one: Fork, step: Step, here: Position) -> Iterator[str]:
    name = event(step, here.scope)
    seconds = f"{float(number(one.timeout, here.scope)):g}"
    pid = f"child_{here.node.number.replace('.', '_')}"
    child = ["leave = _exit;", *here.within(step, breaks=False), "_exit(0);"]
    yield from in_block(
        [
            *(f"pid_t {pid};", "", f'within({name}, "fork", {seconds});', f"{pid} = fork();", f"if ({pid} == 0) {{"),
            *(f"\t{line}" for line in child),
            *("}", f'within({name}, "fork", 0);'),
            *here.guard(step, f"step_wait({name}, {pid}, {seconds})"),
        ]
    )


def system(one: System, step: Step, here: Position) -> Iterator[str]:
    scope = here.scope
    seconds = f"{float(number(one.timeout, scope)):g}"
    form, command = scope.path(one.command)
    yield from with_path(form, here.guard(step, f"step_system({event(step, scope)}, {command}, {seconds})"))


def limit(one: Loop, scope: Scope) -> int:
    """How often a loop goes round at the most."""
    return int(number((one.times or one.at_most or 1), scope))


def loop(one: Loop, step: Step, here: Position) -> Iterator[str]:
    """Its index is the number of whole rounds where a failure ends it, and afterwards."""
    rounds = limit(one, here.scope)
    with here.scope.round() as index:
        body = [f"\t{line}" for line in here.within(step, breaks=one.until == "failure")]
    why = f"{index} < {rounds} ? failed_why : NULL" if one.until == "failure" else "NULL"
    lines = [f"long {index};", "", f"for ({index} = 0; {index} < {rounds}; {index}++) {{", *body, "}"]
    if one.as_ and not step.quiet:
        lines.append(f"step_loop({string(one.as_)}, {index}, {why});")
    yield from in_block(lines)


def copy_(one: Copy, step: Step, here: Position) -> Iterator[str]:
    scope = here.scope
    form, source = file(one.object, one.path, scope)
    to_form, target = scope.path(one.to)
    if to_form is not None:
        target = "to"
    done = here.guard(step, f"step_copy({event(step, scope)}, {source}, {target}, {int(one.in_place)})")
    lines = with_path(form, done)
    if to_form is not None:
        lines = in_block(["char to[PATH_MAX];", "", f"snprintf(to, sizeof to, {to_form});", *lines])
    yield from lines


def setenv(one: Mapping[str, Template], step: Step, here: Position) -> Iterator[str]:
    for name, value in one.items():
        form, text = here.scope.path(value)
        yield from with_path(form, iter([f"setenv({string(name)}, {text}, 1);"]))
    yield from told(step, here.scope)


def sleep(one: float | Template, _: Step, here: Position) -> Iterator[str]:
    seconds = float(number(one, here.scope))
    yield f"sleep_for({int(seconds) if seconds.is_integer() else seconds!r});"


def flush(_: object, step: Step, here: Position) -> Iterator[str]:
    yield from ("fflush(NULL);", *told(step, here.scope))


def c(one: Template, step: Step, here: Position) -> Iterator[str]:
    """Its author's lines, then its values, each an event."""
    text = here.scope.expression(one).rstrip("\n")
    yield from text.split("\n") if text else ()
    if not step.quiet:
        for name, value in step.values.items():
            yield f'#line 1 "{STEP}{here.node.number}{VALUE}{name}"'
            yield f'tell({string(name)}, "c", {here.scope.expression(value)});'
