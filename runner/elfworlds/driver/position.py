"""Where a step stands in the program, and what all verbs share: a step's event, its guard, its file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from elfworlds.ctext import identifier, string

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from elfworlds.driver.scope import Scope
    from elfworlds.refs import Template
    from elfworlds.spec.model.steps import Step

STEP = "step "


@dataclass(frozen=True, slots=True)
class Numbered:
    """A step that is there at the point, with those within it; `3.1` is the first within the third, as in the file."""

    number: str
    step: Step
    inner: tuple[Numbered, ...]


def numbered(steps: Iterable[Step], applies: Callable[[Step], bool], before: str = "") -> tuple[Numbered, ...]:
    """The steps that are there, by the numbers that they have in the file."""
    return tuple(
        Numbered(f"{before}{number}", step, numbered(step.inner, applies, f"{before}{number}."))
        for number, step in enumerate(steps, start=1)
        if applies(step)
    )


def every(nodes: Iterable[Numbered]) -> Iterator[Numbered]:
    """All steps; those within a step come after it."""
    for node in nodes:
        yield node
        yield from every(node.inner)


@dataclass(frozen=True, slots=True)
class Position:
    """Where a step stands.

    Attributes:
        write: makes the lines of a step.
        breaks: whether a failure ends the loop around it.
        bound: names bound in the loops around it, each for this iteration only.
    """

    scope: Scope
    node: Numbered
    write: Callable[[Position], Iterator[str]]
    breaks: bool = False
    bound: frozenset[str] = frozenset()

    def guard(self, step: Step, done: str) -> Iterator[str]:
        """A call that says whether it could be done, and what follows where it could not."""
        if step.may_fail:
            yield f"(void){done};"
        elif self.breaks:
            yield from (f"if (!{done})", "\tbreak;")
        else:
            yield f"need({done});"

    def within(self, step: Step, *, breaks: bool) -> Iterator[str]:
        """The steps inside a step, an empty line between them."""
        for number, node in enumerate(self.node.inner):
            lines = self.write(replace(self, node=node, breaks=breaks, bound=self.bound | _names(step)))
            yield from lines if number else islice(lines, 1, None)


def one_of(name: str) -> tuple[str, str]:
    """`plugin[2]` → what a loop bound, and which; the index is empty where the name speaks of all."""
    bound, _, index = name.partition("[")
    return bound, index.removesuffix("]")


def member(name: str) -> str:
    """The variable of a name in C; `plugin[2]` is one of those that a loop bound."""
    bound, index = one_of(name)
    return f"it.{identifier(bound)}_all[{index}]" if index else f"it.{identifier(bound)}"


def for_each(step: Step, here: Position, write: Callable[[Step, Position], Iterator[str]]) -> Iterator[str]:
    """The lines of a step; where it uses what a loop bound, behind that loop, those lines for each of them."""
    if step.used not in here.scope.arrays or step.used in here.bound:
        yield from write(step, here)
        return
    each_of = member(step.used)
    yield from (f"for (long i = 0; i < {each_of}_count; i++) {{", f"\t{each_of} = {each_of}_all[i];")
    yield from (f"\t{line}" for line in write(step, replace(here, breaks=False)))
    yield "}"


def _names(step: Step) -> frozenset[str]:
    """What is bound anew in each iteration of a loop."""
    if step.loop is None:
        return frozenset()
    return frozenset(name for inner in step.inner for name in ({inner.name} if inner.name else set()) | _names(inner))


def title(step: Step, scope: Scope) -> str:
    """The event's name where its author gave none: the verb and what it is about."""
    return step.name or summary(step, scope)


def summary(step: Step, scope: Scope) -> str:
    """The verb, and what it is about."""
    holder = getattr(step, step.verb)
    subject = next(
        (
            scope.text(template)
            for key in ("object", "path", "function", "symbol")
            if (template := getattr(holder, key, None))
        ),
        holder if isinstance(holder, str) else "",
    )
    return f"{step.verb_word} {subject}".strip().replace("\0", "#")


def event(step: Step, scope: Scope) -> str:
    return "NULL" if step.quiet else string(title(step, scope))


def tell_done(step: Step, scope: Scope) -> list[str]:
    return [] if step.quiet else [f"done({event(step, scope)}, {string(step.verb_word)});"]


def in_block(lines: Iterator[str] | list[str]) -> Iterator[str]:
    yield "{"
    yield from (f"\t{line}" for line in lines)
    yield "}"


def with_path(form: str | None, lines: Iterator[str]) -> Iterator[str]:
    """Lines that use `path`, where it is made at run time."""
    if form is None:
        yield from lines
    else:
        yield from in_block(["char path[PATH_MAX];", "", f"snprintf(path, sizeof path, {form});", *lines])


def file(name: Template | None, path: Template | None, scope: Scope) -> tuple[str | None, str]:
    if name is not None:
        return None, scope.object(name)
    return scope.path(path) if path is not None else (None, "NULL")


def kept(name: str | None, scope: Scope) -> Iterator[str]:
    """Keep each value of a name that is bound in a loop and used after it."""
    if name in scope.arrays:
        member = f"it.{identifier(str(name))}"
        yield f"{member}_all[{member}_count++] = {member};"


def each(step: Step, here: Position, name: str, call: str, *, last: bool = True) -> Iterator[str]:
    """A call for each value of a name that is an array here, in the order of binding; `last` empties the array."""
    variable, event_name = member(name), event(step, here.scope)
    if name not in here.scope.arrays or name in here.bound:
        yield from here.guard(step, call.format(name=event_name, it=variable))
        return
    yield f"for (long i = 0; i < {variable}_count; i++)"
    if here.breaks and not step.may_fail:  # a `break` would end this loop only
        yield f"\tneed({call.format(name=event_name, it=f'{variable}_all[i]')});"
    else:
        yield from (f"\t{line}" for line in here.guard(step, call.format(name=event_name, it=f"{variable}_all[i]")))
    yield from [f"{variable}_count = 0;"] if last else ()


def number(value: float | Template, scope: Scope) -> str:
    return str(value) if isinstance(value, int | float) else scope.text(value)
