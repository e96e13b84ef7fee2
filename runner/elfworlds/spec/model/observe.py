"""How a trial is watched beside being run: the observers, and what each may be asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import BeforeValidator, Field, WithJsonSchema

from elfworlds.spec.leaves.annotated import Count, Name, Reads, Templated, Templates
from elfworlds.spec.leaves.forms import listed, one_of
from elfworlds.spec.model.base import REMOVABLE, Model, word

if TYPE_CHECKING:
    from elfworlds.yamltext import Data

COLLECTED = ("backtrace", "sharedlibrary", "linker-namespaces", "threads", "registers")
ALONE = ("gdb", "valgrind", "strace")


def _by_name(data: Data) -> Data:
    """`[ld-debug]` is short for `{ld-debug: {}}`."""
    names = [name for name in data if isinstance(name, str)] if isinstance(data, list) else []
    return {name: {} for name in names} if isinstance(data, list) and len(names) == len(data) else data


class Gdb(Model):
    """A session of gdb: the program stops at each breakpoint and at a fatal signal, is asked, and goes on."""

    start: Annotated[
        str, word("run", "attach"), Field(description="run under gdb, or attach to the program where it crashes")
    ] = "run"
    break_: Annotated[
        Templates, Field(alias="break", description="where to stop: functions, or file:line; libraries may come later")
    ] = ()
    evaluate: Annotated[
        dict[Name, Templated], REMOVABLE, Field(description="C expressions, evaluated at each stop")
    ] = {}
    commands: Annotated[
        dict[Name, Templated], REMOVABLE, Field(description="gdb commands at each stop; their output is the value")
    ] = {}
    collect: Annotated[
        tuple[Annotated[str, Reads(one_of(*COLLECTED), {"enum": list(COLLECTED)})], ...],
        BeforeValidator(listed),
        Field(description="what else is asked at each stop"),
    ] = ("backtrace",)
    at_most: Annotated[Count, Field(description="stops to look at")] = 20


class Plainly(Model):
    """An observer that is asked nothing."""


class Observe(Model):
    """The observers of a scenario; `[ld-debug]` is short for `{ld-debug: {}}`."""

    ld_debug: Annotated[Plainly | None, Field(description="LD_DEBUG: searches, link maps, bindings")] = None
    gdb: Annotated[Gdb | None, Field(description="gdb, over GDB/MI")] = None
    valgrind: Annotated[Plainly | None, Field(description="valgrind's memcheck: errors and leaks")] = None
    strace: Annotated[Plainly | None, Field(description="strace: what the loader opened and mapped")] = None

    @property
    def chosen(self) -> tuple[str, ...]:
        """Observers in the order of this model, by the names that the file uses."""
        return tuple(field.alias or name for name, field in type(self).model_fields.items() if getattr(self, name))


NAMES = tuple(field.alias or name for name, field in Observe.model_fields.items())
_ONLY_NAMES = {"type": "array", "items": {"enum": list(NAMES)}}
Observed = Annotated[
    Observe,
    BeforeValidator(_by_name, json_schema_input_type=Annotated[list[str], WithJsonSchema(_ONLY_NAMES)] | Observe),
]
