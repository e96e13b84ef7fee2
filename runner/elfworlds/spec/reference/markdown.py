"""The reference of the experiment language as Markdown, made from the types."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from elfworlds.columns import reserved
from elfworlds.spec.leaves.forms import NAME
from elfworlds.spec.leaves.matchers import MEANINGS, WORDS
from elfworlds.spec.model.axes import AXES
from elfworlds.spec.model.experiment import (
    DEFAULT_OUTCOMES,
    Claim,
    Expectation,
    Experiment,
    Matrix,
    Scenario,
    Source,
)
from elfworlds.spec.model.layout import LaidOutFile
from elfworlds.spec.model.objects import Object, Prebuilt, Program
from elfworlds.spec.model.observe import observe_model
from elfworlds.spec.model.observers import OBSERVERS
from elfworlds.spec.model.steps import (
    Call,
    Copy,
    Dlsym,
    Fork,
    Load,
    Loop,
    Mappings,
    Named,
    Read,
    Step,
    System,
    Thread,
    Write,
)
from elfworlds.spec.shapes import Fields, Items
from elfworlds.spec.values.described import FOUND, REPORT, VALUE, VALUES
from elfworlds.spec.values.files import FACTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pydantic import BaseModel
    from pydantic.fields import FieldInfo

    from elfworlds.spec.shapes import Shape

PARTS: tuple[tuple[str, type[BaseModel]], ...] = (
    ("The file", Experiment),
    ("`source`", Source),
    ("`matrix`", Matrix),
    ("An object", Object),
    ("An object's `prebuilt`", Prebuilt),
    ("A scenario", Scenario),
    ("A scenario's `files`: what lies at a path", LaidOutFile),
    ("A scenario's `program`", Program),
    ("A scenario's `observe`", observe_model()),
    *(
        (f"`observe: {{{observer.name}: …}}`", observer.settings)
        for observer in OBSERVERS.values()
        if observer.settings.model_fields
    ),
    ("A claim", Claim),
    ("An expectation", Expectation),
    ("A step", Step),
    ("The step `load`; `dlmopen` has no `way`, `dlopen` has no `namespace` either", Load),
    ("The step `dlsym`", Dlsym),
    ("The step `call`", Call),
    ("The step `read`", Read),
    ("The step `write`", Write),
    ("The steps `namespaces` and `phdrs`", Named),
    ("The step `mappings`", Mappings),
    ("The step `thread`", Thread),
    ("The step `fork`", Fork),
    ("The step `system`", System),
    ("The step `loop`", Loop),
    ("The step `copy`", Copy),
)


def reference() -> str:
    """The text of docs/language.md."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# The experiment language"
    yield ""
    yield "Made from the types by `elfworlds schema --format markdown`. docs/tutorial.md is a better place to start."
    yield ""
    for title, model in PARTS:
        yield f"## {title}"
        yield ""
        if model.__doc__:
            yield from (model.__doc__.strip(), "")
        yield from ("| key | default | what it is |", "| --- | --- | --- |")
        yield from (_row(name, field) for name, field in model.model_fields.items())
        yield from (f"| `{axis.name}` | – | {axis.about} |" for axis in (AXES if model is Matrix else ()))
        yield ""
    yield from _rules()
    yield from ("", "## Names of axes", "")
    yield "An axis is a column of the tables under its own name, and `matrix.NAME` where a table has one of its own"
    yield "with that name. What says which trial it was, and what became of it, no axis may be called:"
    yield f"{_listed(tuple(name for name in reserved() if NAME.fullmatch(name)))}."


def _row(name: str, field: FieldInfo) -> str:
    default = "required" if field.is_required() else _shown(field.get_default(call_default_factory=True))
    return f"| `{field.alias or name}` | {default} | {field.description or ''} |"


def _shown(default: object) -> str:
    if isinstance(default, bool):
        return str(default).lower()
    if default is None or default in ((), {}) or not isinstance(default, str | int | float):
        return "–"
    return f"`{default:g}`" if isinstance(default, float) else f"`{default}`"


RULES = Path(__file__).with_name("rules.md")


def _rules() -> Iterator[str]:
    yield from ("## Values and matchers", "")
    for kind, values in VALUES.items():
        yield f"A `{kind}` scenario has the values {_listed(values)}."
    yield f"An object's `expect` speaks of {_listed(FACTS)}."
    yield ""
    yield "A bare value means equals: a text equals a text as typed, a number equals a number however typed."
    yield "A mapping is a matcher; several words in one mapping must all hold:"
    yield from ("", "| word | holds where |", "| --- | --- |")
    yield from (f"| `{word}` | {MEANINGS[word]} |" for word in WORDS)
    yield from ("", "`${exit}` alone in a matcher, or in a list there, stands for another value of the same trial.")
    yield "A missing value matches `absent` only."
    yield f"Outcomes are tried in the file's order; where none matches, the outcome is {_listed(DEFAULT_OUTCOMES)}."
    yield "Of `expect`, the first entry whose `when` applies decides; of `claim`, every one that applies is checked."
    yield "With `xfail`, what is so is a known defect: as expected, not as it should be; the verdict is XFAIL."
    yield ""
    yield from _shapes()
    yield RULES.read_text().rstrip("\n")


SHAPES = """\
A matcher that can never hold of such a value is an error. A *text* may be a number as well, which can be less or
greater than another; a *name* and a *path* cannot, and *words* (a signal, a message) are no number at all. `[name]` is
a list of names; of a mapping its fields are shown. [values.md](values.md) has an example of each.
"""
VALUE_TOLD = """\
`value` is what `type` says; a name with a value is that value. A comparison in C is a number, 0 or 1, and no flag."""


def _shapes() -> Iterator[str]:
    """What every value is, of all that gives any."""
    yield from ("## What each value is", "", SHAPES)
    scenarios = {name: shape for kind in ("steps", "build") for name, shape in VALUES[kind].items()}
    yield from _table("value of `run`, `steps` and `build`", {**scenarios, "exit": VALUES["run"]["exit"]})
    yield from _table("value of `inspect`, fact in `expect`", VALUES["inspect"])
    steps = {verb: Fields(fields) for verb, fields in FOUND.items()}
    others = {"c": Fields(VALUE), "an event of `reports`": Fields(REPORT)}
    yield from _table("what a step's name is", {**steps, **others})
    yield from (VALUE_TOLD, "")
    shared = [shape for observer in OBSERVERS.values() for shape in observer.shared]
    yield from _table("what observers have several times", {shape.called: Fields(shape.fields) for shape in shared})
    for name, observer in OBSERVERS.items():
        yield from _table(f"value of `{name}`", {f"{name}.{field}": shape for field, shape in observer.values.items()})


def _table(title: str, shapes: Mapping[str, Shape]) -> Iterator[str]:
    yield from (f"| {title} | what it is |", "| --- | --- |")
    for name, shape in shapes.items():
        shown = name if " " in name else f"`{name}`"
        yield f"| {shown} | `{shape}` |" if isinstance(shape, Fields | Items) else f"| {shown} | {shape} |"
    yield ""


def _listed(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)
