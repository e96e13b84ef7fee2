"""What types cannot say of steps: each has one verb, and what it speaks of is there before it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic_core import PydanticCustomError

from elfworlds.refs import Template
from elfworlds.spec import forms
from elfworlds.spec.ctext import identifier, result_type
from elfworlds.spec.expand import Names, expand
from elfworlds.spec.findings import Finding, conditions, references
from elfworlds.spec.steps import BESIDE, VERB_WORDS, WAYS, Opening, every, texts_of
from elfworlds.spec.values import PROGRAM, RESERVED, VALUES
from elfworlds.yamltext import Scalar, closest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from elfworlds.spec.model import Scenario
    from elfworlds.spec.steps import Step
    from elfworlds.yamltext import Path

HANDLES = ("load", "dlopen", "dlmopen")
KINDS = {**dict.fromkeys(HANDLES, "an open object"), "thread": "a thread"}
INDEX = "loop.index"
_FLAG = re.compile(r"RTLD_[A-Z_]+|0x[0-9A-Fa-f]+|[0-9]+")
ONE_OF: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(HANDLES, ("object", "path", "main-program")),
    "mappings": ("object", "path", "at"),
    "copy_": ("object", "path"),
    "loop": ("times", "at-most"),
}
NUMBERS: Mapping[str, Callable[[object], object]] = {
    "timeout": forms.seconds,
    "sleep": forms.seconds,
    "times": forms.count,
    "at_most": forms.count,
}


@dataclass(slots=True)
class Walk:
    """The steps of one scenario, from the first to the last.

    Attributes:
        bound: name → the step that bound it.
        posted: the names that some step posts.
    """

    known: Names
    posted: frozenset[str]
    bound: dict[str, Step] = field(default_factory=dict)
    identifiers: dict[str, str] = field(default_factory=dict)

    def steps(self, steps: tuple[Step, ...], raw: Any, here: Path, *, looped: bool = False) -> Iterator[Finding]:  # noqa: ANN401  # any part of the file
        written = forms.spliced(raw) if isinstance(raw, list) else []
        listed = written if isinstance(written, list) and len(written) == len(steps) else [{}] * len(steps)
        for index, (step, said) in enumerate(zip(steps, listed, strict=True)):
            path = (*here, index)
            verbs = _verbs(said, step)
            if len(verbs) != 1:
                yield _not_one(verbs, path)
            elif step.verb:
                yield from self.step(step, said, (*path, verbs[0]), looped=looped)
                yield from conditions(step.when, (*path, "when"), self.known)
                if step.values and step.verb != "c":
                    yield Finding((*path, "values"), "`values` stand beside `c`", at_key=True)

    def step(self, step: Step, said: Any, here: Path, *, looped: bool) -> Iterator[Finding]:  # noqa: ANN401  # any part
        known = Names(self.known.axes, self.known.raw_axes, self.known.objects, (INDEX,) if looped else ())
        holder = getattr(step, step.verb)
        beside = texts_of(step.values, (*here[:-1], "values"))
        for path, template in (*texts_of(holder, here), *beside):
            yield from references(template, path, known)
        yield from self.one_of(step, here)
        yield from self.numbers(step, here)
        yield from self.objects(getattr(holder, "object", None), (*here, "object"))
        yield from self.opening(step, here) if isinstance(holder, Opening) else ()
        yield from self.typed(step, here)
        yield from self.spoken(step, here)
        if step.inner:
            inner = said.get(here[-1]) if isinstance(said, dict) else None
            raw = inner.get("steps") if isinstance(inner, dict) else None
            yield from self.steps(step.inner, raw, (*here, "steps"), looped=looped or step.verb == "loop")
        yield from self.bind(step, (*here, "as"))
        for name in step.values:
            yield from self.named(name, (*here[:-1], "values", name))

    def one_of(self, step: Step, here: Path) -> Iterator[Finding]:
        keys = ONE_OF.get(step.verb, ())
        holder = getattr(step, step.verb)
        there = [key for key in keys if getattr(holder, key.replace("-", "_")) not in (None, False)]
        if keys and len(there) != 1:
            shown = ", ".join(f"`{key}`" for key in keys[:-1]) + f" or `{keys[-1]}`"
            yield Finding(here, f"`{step.told}` has {shown}", "write one of them", at_key=True)

    def numbers(self, step: Step, here: Path) -> Iterator[Finding]:
        """What an axis gives must be a number, as what the file says itself."""
        for path, template in texts_of(getattr(step, step.verb), here):
            read = NUMBERS.get(str(path[-1]).replace("-", "_"))
            for text in expand(template, self.known.axes) if read else ():
                try:
                    problem = isinstance(read(Scalar(text)), Template) if read and "${matrix." not in text else False
                except PydanticCustomError as error:
                    yield Finding(path, error.message())
                else:
                    if problem:
                        yield Finding(path, f"`{text}` is no number", "an axis may hold the numbers")

    def objects(self, template: Template | None, path: Path) -> Iterator[Finding]:
        for name in expand(template, self.known.axes) if template is not None else ():
            if name not in self.known.objects and "${matrix." not in name:
                hint = f"write {name[2:-1]}" if name.startswith("${") else closest(name, self.known.objects)
                yield Finding(path, f"no object `{name}`", hint or "a file's name stands under `path`")

    def opening(self, step: Step, here: Path) -> Iterator[Finding]:
        holder = getattr(step, step.verb)
        for index, flag in enumerate(holder.flags):
            for text in expand(flag, self.known.axes):
                if not _FLAG.fullmatch(text) and "${matrix." not in text:
                    yield Finding(
                        (*here, "flags", index), f"`{text}` is no flag of dlopen(3)", "RTLD_NOW, RTLD_GLOBAL, 0x80"
                    )
        for text in expand(step.load.way, self.known.axes) if step.load else ():
            if text not in WAYS and "${matrix." not in text:
                yield Finding((*here, "way"), f"`{text}` is no way of loading", "dlopen or dlmopen")
        namespace = getattr(holder, "namespace", None)
        for text in expand(namespace, self.known.axes) if namespace is not None else ():
            if text not in ("new", "base") and "${matrix." not in text:
                yield from self.speaks(text, HANDLES, (*here, "namespace"))

    def typed(self, step: Step, here: Path) -> Iterator[Finding]:
        """Function types end in their parameters; nothing has a void value."""
        for text in expand(step.call.type, self.known.axes) if step.call else ():
            result = result_type(text)
            if result is None:
                yield Finding(
                    (*here, "type"), f"`{text}` is no function's type", "for example: int (const char *, int)"
                )
            elif result == "void" and step.name:
                yield Finding(
                    (*here, "as"), "a function that returns void finds nothing to name", "remove `as`", at_key=True
                )

    def spoken(self, step: Step, here: Path) -> Iterator[Finding]:
        """Names that an earlier step must have bound."""
        handle = getattr(getattr(step, step.verb), "handle", None)
        if handle is not None and handle not in ("default", "next"):
            yield from self.speaks(handle, HANDLES, (*here, "handle"))
        if step.dlclose:
            yield from self.speaks(step.dlclose, HANDLES, here)
        if step.join or step.cancel:
            yield from self.speaks(str(step.join or step.cancel), ("thread",), here)
        if step.await_ and step.await_ not in self.posted:
            yield Finding(here, f"nothing posts `{step.await_}`", closest(step.await_, self.posted) or "- post: …")

    def speaks(self, name: str, verbs: tuple[str, ...], path: Path) -> Iterator[Finding]:
        found = self.bound.get(name)
        fitting = [one for one, step in self.bound.items() if step.verb in verbs]
        if found is None:
            yield Finding(path, f"no step before this one names `{name}`", closest(name, fitting))
        elif found.verb not in verbs:
            yield Finding(path, f"`{name}` is not {KINDS[verbs[0]]}", closest(name, fitting))

    def bind(self, step: Step, path: Path) -> Iterator[Finding]:
        name = step.name
        if name is None:
            return
        before = self.bound.get(name)
        if before is not None and not (before.when and step.when):
            yield Finding(path, f"`{name}` is bound twice", "only a `when` on both may tell them apart")
        elif before is None:
            yield from self.named(name, path)
        self.bound.setdefault(name, step)

    def named(self, name: str, path: Path) -> Iterator[Finding]:
        """A name of a value: not an object's, none that every trial has, none that C could not tell from another."""
        if name in self.known.objects:
            yield Finding(path, f"`{name}` is an object's name", "objects and values share their names")
        elif name in (*VALUES["steps"], *PROGRAM, *RESERVED):
            yield Finding(path, f"`{name}` cannot be a value's name: every trial may have one of that name")
        other = self.identifiers.setdefault(identifier(name), name)
        if other != name:
            yield Finding(path, f"`{name}` and `{other}` are one name in C")


def _verbs(said: Any, step: Step) -> list[str]:  # noqa: ANN401  # any part of the file
    """The verbs as they are written, right or wrong."""
    if isinstance(said, dict) and said:
        return [str(key) for key in said if key in VERB_WORDS and said[key] is not None]
    return [step.told] if step.verb else []


def _not_one(verbs: list[str], path: Path) -> Finding:
    if verbs:
        return Finding((*path, verbs[1]), f"a step has one verb; here are `{verbs[0]}` and `{verbs[1]}`", at_key=True)
    beside = ", ".join(f"`{one.replace('_', '-')}`" for one in BESIDE)
    return Finding(path, "a step without a verb", f"beside {beside} it has one of: {', '.join(VERB_WORDS)}")


def check_steps(one: Scenario, raw: Mapping[Any, Any], here: Path, known: Names) -> Iterator[Finding]:
    """Every problem of a scenario's steps.

    Args:
        one: the scenario's valid parts.
        raw: all that the file says of it.
        here: its place.
        known: what references may name.
    """
    if one.kind != "steps":
        for key in ("includes", "program"):
            if raw.get(key) and "steps" not in raw:
                yield Finding((*here, key), f"`{key}` is for the program that `steps` make", "remove it", at_key=True)
    posted = frozenset(step.post for step in every(one.steps) if step.post)
    yield from Walk(known, posted).steps(one.steps, raw.get("steps"), (*here, "steps"))
