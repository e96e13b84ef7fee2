"""Every value that a trial may give, and what it is."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING

from elfworlds.ctext import kind_of_expression, kind_of_type, result_type
from elfworlds.spec.expand import expand
from elfworlds.spec.model.observers import OBSERVERS
from elfworlds.spec.shapes import (
    ADDRESS,
    FLAG,
    NAME,
    NUMBER,
    PATH,
    REAL,
    SCALAR,
    TEXT,
    UNKNOWN,
    WORDS,
    Fields,
    Items,
    Repeated,
    Shape,
    either,
    or_null,
)
from elfworlds.spec.values.files import FACTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from elfworlds.refs import Template
    from elfworlds.spec.expand import Names
    from elfworlds.spec.model.observe import Observe
    from elfworlds.spec.model.steps import Step

LEFT = {"pid": NUMBER, "command": NAME, "state": NAME, "cpu_s": NUMBER, "wchan": NAME}
ENDED: Mapping[str, Shape] = {
    "exit": or_null(NUMBER),
    "signal": or_null(WORDS),
    "timed-out": FLAG,
    "stdout": TEXT,
    "stderr": TEXT,
    "events": Items(TEXT),
}
PROGRAM: Mapping[str, Shape] = {
    "start": Fields({"errno": WORDS}),
    **ENDED,
    "processes": Items(Fields(LEFT)),
    "limit-reached": WORDS,
}
OF_BUILD: Mapping[str, Shape] = {"exit": NUMBER, "output": TEXT}
OF_INSPECT: Mapping[str, Shape] = {
    **FACTS,
    "exports": Items(NAME),
    "undefined": Items(NAME),
    "missing-objects": Items(NAME),
    "missing-symbols": Items(NAME),
    "size": NUMBER,
}
VALUES: Mapping[str, Mapping[str, Shape]] = {
    "run": PROGRAM,
    "steps": {**PROGRAM, "error": WORDS, "failed-step": TEXT},
    "build": OF_BUILD,
    "inspect": OF_INSPECT,
}
ALWAYS = frozenset({*ENDED, *OF_BUILD, *OF_INSPECT})  # what no trial that was tried lacks

DONE: Mapping[str, Shape] = {"ok": FLAG, "error": WORDS}
OPENED: Mapping[str, Shape] = {**DONE, "lmid": NUMBER, "base": or_null(ADDRESS), "path": PATH}
CHILD: Mapping[str, Shape] = {
    **DONE,
    "started": FLAG,
    "timed-out": FLAG,
    "pid": NUMBER,
    "exit": NUMBER,
    "signal": WORDS,
}
LINK_MAP = Fields({"lmid": NUMBER, "name": PATH, "base": or_null(ADDRESS), "dynamic": or_null(ADDRESS)})
FOUND: Mapping[str, Mapping[str, Shape]] = {
    "load": OPENED,
    "dlopen": OPENED,
    "dlmopen": OPENED,
    "dlsym": {**DONE, "address": or_null(ADDRESS)},
    "call": {**DONE, "value": SCALAR},
    "read": {**DONE, "value": SCALAR},
    "namespaces": {**DONE, "count": NUMBER, "maps": Items(LINK_MAP)},
    "mappings": {**DONE, "count": NUMBER, "copies": NUMBER, "perms": WORDS},
    "phdrs": {**DONE, "count": NUMBER, "names": Items(PATH)},
    "thread": {**DONE, "cancelled": FLAG},
    "fork": CHILD,
    "system": CHILD,
    "loop": {**DONE, "count": NUMBER},
    "copy": DONE,
}
VALUE: Mapping[str, Shape] = {"ok": FLAG, "value": SCALAR}
REPORT: Mapping[str, Shape] = {**VALUE, "names": Items(PATH)}
OF_C: Mapping[str | None, Shape] = {
    "number": NUMBER,
    "real": REAL,
    "flag": FLAG,
    "text": or_null(TEXT),
    "address": or_null(ADDRESS),
    None: SCALAR,
}


def observer_values(name: str, observe: Observe) -> Shape:
    """What an observer gives; some give by name what they were asked."""
    observer, settings = OBSERVERS[name], observe.settings(name)
    asked = {value: getattr(settings, setting) for value, setting in observer.named.items()}
    return _asked(Fields(observer.values), asked)


def _asked(shape: Shape, names: Mapping[str, Iterable[str]]) -> Shape:
    """The mappings of what was asked, with the names that the experiment says."""
    if isinstance(shape, Items):
        return replace(shape, of=_asked(shape.of, names))
    if not isinstance(shape, Fields):
        return shape
    fields: dict[str, Shape] = {}
    for key, field in shape.fields.items():
        if isinstance(field, Fields) and field.other is not None and key in names:
            fields[key] = Fields(dict.fromkeys(names[key], field.other))
        else:
            fields[key] = _asked(field, names)
    return replace(shape, fields=fields)


def step_values(step: Step, known: Names) -> Shape:
    """What a step with a name finds."""
    fields = FOUND.get(step.verb_word)
    if fields is None:
        return UNKNOWN
    if step.call:
        results = (result_type(text) or "" for text in expand(step.call.type, known.axes))
        return _with_value(fields, map(kind_of_type, results))
    if step.read:
        return _with_value(fields, map(kind_of_type, expand(step.read.type, known.axes)))
    return Repeated(Fields(fields))


def c_value(expression: Template, known: Names) -> Shape:
    """The value of a C expression, which may come from an axis."""
    return _with_value(VALUE, map(kind_of_expression, expand(expression, known.axes)))


def _with_value(fields: Mapping[str, Shape], kinds: Iterable[str | None]) -> Repeated:
    leaves = [OF_C[kind] for kind in kinds] or [SCALAR]
    return Repeated(Fields({**fields, "value": reduce(either, leaves)}))
