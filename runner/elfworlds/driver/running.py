"""The verbs around loading → lines of C: threads, children, loops, files, plain C."""

from __future__ import annotations

from typing import TYPE_CHECKING

from elfworlds.ctext import identifier, string
from elfworlds.driver.position import STEP, each, event, file, in_block, kept, number, tell_done, with_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from elfworlds.driver.position import Position
    from elfworlds.driver.scope import Scope
    from elfworlds.refs import Template
    from elfworlds.spec.model.steps import Copy, Fork, Loop, Step, System, Thread


VALUE = " as "


def thread(_: Thread, step: Step, here: Position) -> Iterator[str]:
    name = identifier(str(step.name))
    yield from here.guard(step, f"step_thread({event(step, here.scope)}, &it.{name}, {name}_steps)")
    yield from kept(step.name, here.scope)


def join(thread: str, step: Step, here: Position) -> Iterator[str]:
    name = "NULL" if step.quiet else string(thread)
    yield from each(step, here, thread, f"step_join({name}, {{it}})")


def cancel(thread: str, step: Step, here: Position) -> Iterator[str]:
    yield from each(step, here, thread, "step_cancel({name}, {it})", last=False)


def post(semaphore: str, step: Step, here: Position) -> Iterator[str]:
    yield from (*tell_done(step, here.scope), f"sem_post(&it.{identifier(semaphore)}_posted);")


def await_(semaphore: str, step: Step, here: Position) -> Iterator[str]:
    yield from (f"await(&it.{identifier(semaphore)}_posted);", *tell_done(step, here.scope))


def fork(settings: Fork, step: Step, here: Position) -> Iterator[str]:
    name = event(step, here.scope)
    seconds = f"{float(number(settings.timeout, here.scope)):g}"
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


def system(settings: System, step: Step, here: Position) -> Iterator[str]:
    scope = here.scope
    seconds = f"{float(number(settings.timeout, scope)):g}"
    form, command = scope.path(settings.command)
    yield from with_path(form, here.guard(step, f"step_system({event(step, scope)}, {command}, {seconds})"))


def limit(settings: Loop, scope: Scope) -> int:
    """How often a loop goes round at the most."""
    return int(number((settings.times or settings.at_most or 1), scope))


def loop(settings: Loop, step: Step, here: Position) -> Iterator[str]:
    """After the loop, or where a failure ends it, the index is the number of complete rounds."""
    rounds = limit(settings, here.scope)
    with here.scope.round() as index:
        body = [f"\t{line}" for line in here.within(step, breaks=settings.until == "failure")]
    why = f"{index} < {rounds} ? failed_why : NULL" if settings.until == "failure" else "NULL"
    lines = [f"long {index};", "", f"for ({index} = 0; {index} < {rounds}; {index}++) {{", *body, "}"]
    if settings.as_ and not step.quiet:
        lines.append(f"step_loop({string(settings.as_)}, {index}, {why});")
    yield from in_block(lines)


def copy_(settings: Copy, step: Step, here: Position) -> Iterator[str]:
    scope = here.scope
    form, source = file(settings.object, settings.path, scope)
    to_form, target = scope.path(settings.to)
    if to_form is not None:
        target = "to"
    done = here.guard(step, f"step_copy({event(step, scope)}, {source}, {target}, {int(settings.in_place)})")
    lines = with_path(form, done)
    if to_form is not None:
        lines = in_block(["char to[PATH_MAX];", "", f"snprintf(to, sizeof to, {to_form});", *lines])
    yield from lines


def setenv(variables: dict[str, Template], step: Step, here: Position) -> Iterator[str]:
    for name, value in variables.items():
        form, text = here.scope.path(value)
        yield from with_path(form, iter([f"setenv({string(name)}, {text}, 1);"]))
    yield from tell_done(step, here.scope)


def sleep(duration: float | Template, _: Step, here: Position) -> Iterator[str]:
    seconds = float(number(duration, here.scope))
    yield f"sleep_for({int(seconds) if seconds.is_integer() else seconds!r});"


def flush(_: object, step: Step, here: Position) -> Iterator[str]:
    yield from ("fflush(NULL);", *tell_done(step, here.scope))


def c(code: Template, step: Step, here: Position) -> Iterator[str]:
    """The author's lines of C, then one event for each of `values`."""
    text = here.scope.expression(code).rstrip("\n")
    yield from text.split("\n") if text else ()
    if not step.quiet:
        for name, value in step.values.items():
            yield f'#line 1 "{STEP}{here.node.number}{VALUE}{name}"'
            yield f'tell({string(name)}, "c", {here.scope.expression(value)});'
