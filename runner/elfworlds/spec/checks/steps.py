"""What types cannot say of steps: each has one verb, and the names that it uses are bound by earlier steps."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pydantic_core import PydanticCustomError

from elfworlds.ctext import identifier, result_type
from elfworlds.refs import Template
from elfworlds.spec.checks.findings import Finding, conditions, references
from elfworlds.spec.checks.idle import idle_in_step
from elfworlds.spec.checks.values import RESERVED, named
from elfworlds.spec.expand import expand, items
from elfworlds.spec.leaves import forms
from elfworlds.spec.leaves.forms import label_of
from elfworlds.spec.leaves.versions import comparison
from elfworlds.spec.model.observers import OBSERVERS
from elfworlds.spec.model.steps import BESIDE, VERB_WORDS, WAYS, Opening, every, texts_of
from elfworlds.spec.values.described import VALUES
from elfworlds.yamltext import Scalar, closest, entries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from elfworlds.spec.expand import Names
    from elfworlds.spec.model.experiment import Scenario
    from elfworlds.spec.model.steps import Step
    from elfworlds.yamltext import Data, Path

HANDLES = ("load", "dlopen", "dlmopen")
KINDS = {**dict.fromkeys(HANDLES, "an open object"), "thread": "a thread"}
NAMING = ("join", "cancel", "post", "await")
INDEX = "loop.index"
FLAGS = tuple(f"RTLD_{flag}" for flag in ("DEEPBIND", "GLOBAL", "LAZY", "LOCAL", "NODELETE", "NOLOAD", "NOW"))
LMID = re.compile(r"-?[0-9]{1,6}")
_NUMBER = re.compile(r"0x[0-9A-Fa-f]+|[0-9]+")
ONE_OF: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(HANDLES, ("object", "path", "main-program")),
    "mappings": ("object", "path", "at"),
    "copy_": ("object", "path"),
    "loop": ("times", "at-most"),
}
NUMBERS: Mapping[str, Callable[[Data], float | Template]] = {
    "timeout": forms.seconds,
    "sleep": forms.seconds,
    "times": forms.count,
    "at_most": forms.count,
}


@dataclass(slots=True)
class Walk:
    """The steps of one scenario, from the first to the last.

    Attributes:
        posted: the names that some step posts.
        bound: name → the step that bound it.
        identifiers: name in C → name in the experiment.
        doubtful: names that wrong steps would have bound.
        elsewhere: names that only a child process has.
        looped: names that are bound in loops.
    """

    known: Names
    posted: frozenset[str]
    bound: dict[str, Step] = field(default_factory=dict)
    identifiers: dict[str, str] = field(default_factory=dict)
    doubtful: set[str] = field(default_factory=set)
    elsewhere: set[str] = field(default_factory=set)
    looped: set[str] = field(default_factory=set)

    def steps(self, steps: tuple[Step, ...], raw: Data, here: Path, *, looped: bool = False) -> Iterator[Finding]:
        written = [*forms.flat(raw)] if isinstance(raw, list) else []
        listed = written if len(written) == len(steps) else [{}] * len(steps)
        for index, (step, entry) in enumerate(zip(steps, listed, strict=True)):
            path = (*here, index)
            verbs = _verbs(entry, step)
            if len(verbs) != 1 or not step.verb:
                self.doubtful |= named(entry)
                yield from _not_one(entry, verbs, path)
                continue
            everywhere, self.known = self.known, self.known.where(step.when)
            yield from self.step(step, entry, (*path, verbs[0]), looped=looped)
            self.known = everywhere
            yield from conditions(step.when, (*path, "when"), self.known)
            if step.values and step.verb != "c":
                yield Finding((*path, "values"), "`values` stand beside `c`", "- c: …", at_key=True)

    def step(self, step: Step, entry: Data, here: Path, *, looped: bool) -> Iterator[Finding]:
        known = replace(self.known, values=(INDEX,) if looped else ())
        holder = getattr(step, step.verb)
        beside = texts_of(step.values, (*here[:-1], "values"))
        for path, template in (*texts_of(holder, here), *beside):
            yield from references(template, path, known)
        own = entries(entries(entry).get(str(here[-1])))
        yield from self.one_of(step, own, here)
        yield from self.numbers(step, here)
        yield from self.objects(getattr(holder, "object", None), (*here, "object"))
        yield from self.opening(step, here) if isinstance(holder, Opening) else ()
        yield from self.typed(step, here)
        yield from self.spoken(step, here)
        yield from idle_in_step(step, here, self.known)
        yield from self.inner(step, own.get("steps"), (*here, "steps"), looped=looped)
        self.looped |= {step.name} if looped and step.name else set()
        yield from self.bind(step, (*here, "as"))
        for name in step.values:
            yield from self.named(name, (*here[:-1], "values", name))

    def inner(self, step: Step, raw: Data, here: Path, *, looped: bool) -> Iterator[Finding]:
        """The steps within a step. A thread has no index of the loop around it; a child keeps its names."""
        before = set(self.bound)
        looped = (looped or step.verb == "loop") and step.verb != "thread"
        yield from self.steps(step.inner, raw, here, looped=looped)
        if step.verb == "fork":
            self.elsewhere |= set(self.bound) - before

    def one_of(self, step: Step, entry: Mapping[str, Data], here: Path) -> Iterator[Finding]:
        """Keys of which a step has exactly one; wrong values of them are reported already."""
        keys = ONE_OF.get(step.verb, ())
        holder = getattr(step, step.verb)
        values = {key: getattr(holder, key.replace("-", "_")) for key in keys}
        there = [key for key, value in values.items() if value or (value is None and entry.get(key) is not None)]
        if keys and len(there) != 1:
            shown = ", ".join(f"`{key}`" for key in keys[:-1]) + f" or `{keys[-1]}`"
            yield Finding(here, f"`{step.verb_word}` has {shown}", "write one of them", at_key=True)

    def numbers(self, step: Step, here: Path) -> Iterator[Finding]:
        """A number may come from an axis; then each of its labels must be a number."""
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
                yield Finding(path, f"no object `{name}`", self.meant(name))

    def meant(self, name: str) -> str:
        """What would be right instead of an object that is not there."""
        if name.startswith("${"):
            return f"write {name[2:-1]}"
        near = closest(name, self.known.objects)
        return near if near and near.startswith("did") else "a file's name stands under `path`"

    def opening(self, step: Step, here: Path) -> Iterator[Finding]:
        holder = getattr(step, step.verb)
        for index, flag in enumerate(holder.flags):
            for text in items(flag, self.known.axes):
                if text not in FLAGS and not _NUMBER.fullmatch(text) and "${matrix." not in text:
                    path = (*here, "flags", index)
                    yield Finding(path, f"`{text}` is no flag of dlopen(3)", closest(text, (*FLAGS, "0x80")))
        for text in expand(step.load.way, self.known.axes) if step.load else ():
            if text not in WAYS and "${matrix." not in text:
                yield Finding((*here, "way"), f"`{text}` is no way of loading", "dlopen or dlmopen")
        namespace = getattr(holder, "namespace", None)
        for text in expand(namespace, self.known.axes) if namespace is not None else ():
            if text not in ("new", "base") and not LMID.fullmatch(text) and "${matrix." not in text:
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
        if step.post:
            yield from self.alone_in_c(f"{identifier(step.post)}_posted", step.post, here)
        if step.await_ and step.await_ not in self.posted:
            yield Finding(here, f"nothing posts `{step.await_}`", closest(step.await_, self.posted) or "- post: …")

    def speaks(self, name: str, verbs: tuple[str, ...], path: Path) -> Iterator[Finding]:
        name, bracket, _ = name.partition("[")
        binding = self.bound.get(name)
        fitting = [other for other, step in self.bound.items() if step.verb in verbs]
        if binding is None and name not in self.doubtful:
            hint = closest(name, fitting) or f"the step that finds it says `as: {name}`"
            yield Finding(path, f"no step before this one names `{name}`", hint)
        elif name in self.elsewhere:
            hint = "only the steps of its `fork` have it"
            yield Finding(path, f"`{name}` is bound in a child process, and not in this one", hint)
        elif binding is not None and binding.verb not in verbs:
            yield Finding(path, f"`{name}` is not {KINDS[verbs[0]]}", closest(name, fitting))
        elif bracket and name not in self.doubtful and name not in self.looped:
            yield Finding(path, f"`{name}` is bound once, in no loop", f"write {name}")

    def bind(self, step: Step, path: Path) -> Iterator[Finding]:
        name = step.name
        if name is None:
            return
        before = self.bound.get(name)
        if before is not None and not apart(before.when, step.when):
            yield Finding(path, f"`{name}` is bound twice", "only a `when` on both may tell them apart")
        elif before is None:
            yield from self.named(name, path)
        self.bound.setdefault(name, step)

    def named(self, name: str, path: Path) -> Iterator[Finding]:
        """The name of a value: no object and no value of every trial has it, and C can tell it from others."""
        if name in self.known.objects:
            yield Finding(path, f"`{name}` is an object's name", "objects and values share their names")
        elif name in (*VALUES["steps"], *RESERVED, *OBSERVERS):
            message = f"`{name}` cannot be a value's name: every trial may have one of that name"
            yield Finding(path, message, "write another")
        yield from self.alone_in_c(identifier(name), name, path)

    def alone_in_c(self, spelled: str, name: str, path: Path) -> Iterator[Finding]:
        other = self.identifiers.setdefault(spelled, name)
        if other != name:
            hint = "letters, digits and `_` tell names apart there"
            yield Finding(path, f"`{name}` and `{other}` are one name in C", hint)


def apart(when: Mapping[str, tuple[str | None, ...]], other: Mapping[str, tuple[str | None, ...]]) -> bool:
    """Whether two `when` may never hold at one point; versions are known only where the experiment runs."""
    shared = ((set(map(label_of, when[axis])), set(map(label_of, other[axis]))) for axis in when if axis in other)
    return any(not mine & theirs or any(map(comparison, mine | theirs)) for mine, theirs in shared)


def _verbs(entry: Data, step: Step) -> list[str]:
    """The verbs as they are written, right or wrong."""
    if isinstance(entry, dict) and entry:
        return [str(key) for key in entry if key in VERB_WORDS and entry[key] is not None]
    return [step.verb_word] if step.verb else []


def _not_one(entry: Data, verbs: list[str], path: Path) -> Iterator[Finding]:
    """Two verbs, or none; an unknown verb, and what is no step, is reported already."""
    if len(verbs) > 1:
        message = f"a step has one verb; here are `{verbs[0]}` and `{verbs[1]}`"
        yield Finding((*path, verbs[1]), message, "write two steps", at_key=True)
    if verbs or not isinstance(entry, dict):
        return
    empty = next((str(key) for key in entry if key in VERB_WORDS), None)
    if empty:
        yield Finding((*path, empty), f"`{empty}` without a value, as if it were not there", _example(empty))
    elif {*entry} <= {key.replace("_", "-") for key in BESIDE}:
        beside = ", ".join(f"`{key.replace('_', '-')}`" for key in BESIDE)
        hint = f"beside {beside} it has one of: {', '.join(VERB_WORDS)}"
        yield Finding(path, "a step without a verb", hint)


def _example(verb: str) -> str:
    kinds = {"flush": "true", "sleep": "200ms", "c": "…", **dict.fromkeys(("dlclose", *NAMING), "name")}
    return f"- {verb}: {kinds.get(verb, '{…}')}"


def check_steps(scenario: Scenario, raw: Mapping[str, Data], here: Path, known: Names) -> Iterator[Finding]:
    """Every problem of a scenario's steps.

    Args:
        scenario: the scenario's valid parts.
        raw: all that the file says of it.
        here: its place.
        known: what references may name.
    """
    posted = frozenset(step.post for step in every(scenario.steps) if step.post)
    yield from Walk(known, posted).steps(scenario.steps, raw.get("steps"), (*here, "steps"))
