"""What the experiment language says of each observer: what it may be asked, and what it gives; a row each."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated

from pydantic import BeforeValidator, Field

from elfworlds.spec.leaves.annotated import Count, Name, Reads, Templated, Templates
from elfworlds.spec.leaves.forms import listed, one_of
from elfworlds.spec.model.base import REMOVABLE, Model, word
from elfworlds.spec.shapes import ADDRESS, FLAG, NAME, NUMBER, PATH, TEXT, WORDS, Fields, Items, Shape, or_null

if TYPE_CHECKING:
    from collections.abc import Mapping

COLLECTED = ("backtrace", "sharedlibrary", "linker-namespaces", "threads", "registers")


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


@dataclass(frozen=True, slots=True, kw_only=True)
class ObserverWords:
    """A row of the table.

    Attributes:
        name: as a file says it, `ld-debug`.
        about: what it is, for editors and the reference.
        values: value → what it is; matchers say `ld-debug.namespaces`.
        settings: what it may be asked.
        named: mapping of `values`, wherever in them → the setting whose keys are the names in it.
        shared: shapes that stand several times in `values`, which the reference calls by a name.
        own_variables: variable that the program's environment cannot have beside it → why.
    """

    name: str
    about: str
    values: Mapping[str, Shape]
    settings: type[Model] = Plainly
    named: Mapping[str, str] = field(default_factory=dict)
    shared: tuple[Fields, ...] = ()
    own_variables: Mapping[str, str] = field(default_factory=dict)


PLACE = Fields({"address": ADDRESS, "object": or_null(PATH), "lmid": or_null(NUMBER)}, called="place")
NOWHERE = replace(PLACE, null=True)
FRAME = Fields(
    {
        "level": or_null(NUMBER),
        "function": or_null(NAME),
        "address": NOWHERE,
        "file": or_null(PATH),
        "line": or_null(NUMBER),
    },
    called="frame",
)
EVALUATED = Fields({"value": TEXT, "points-to": NOWHERE, "address": NOWHERE}, called="evaluated")
ANSWERED = Fields({"output": TEXT, "error": WORDS})
THREAD: Mapping[str, Shape] = {
    "id": or_null(NUMBER),
    "name": or_null(NAME),
    "state": or_null(NAME),
    "function": or_null(NAME),
    "frame": replace(FRAME, null=True),
}
LIBRARY: Mapping[str, Shape] = {
    "path": or_null(PATH),
    "from": or_null(ADDRESS),
    "to": or_null(ADDRESS),
    "symbols": FLAG,
}
LOST = Fields({"bytes": NUMBER, "blocks": NUMBER}, null=True)
ERROR: Mapping[str, Shape] = {
    "kind": NAME,
    "what": TEXT,
    "times": NUMBER,
    "frames": Items(
        Fields({"function": or_null(NAME), "object": or_null(PATH), "file": or_null(PATH), "line": or_null(NUMBER)})
    ),
}
OPENS = Items(Fields({"process": NUMBER, "path": PATH, "result": WORDS, "flags": WORDS, "file": or_null(PATH)}))
LD_DEBUG_VALUES: Mapping[str, Shape] = {
    "link-maps": Items(
        Fields(
            {
                "process": NUMBER,
                "lmid": NUMBER,
                "position": NUMBER,
                "name": PATH,
                "path": or_null(PATH),
                "base": or_null(ADDRESS),
                "dynamic": or_null(ADDRESS),
                "size": or_null(NUMBER),
                "needed-by": or_null(PATH),
                "opened": FLAG,
            }
        )
    ),
    "searches": Items(
        Fields(
            {
                "process": NUMBER,
                "lmid": NUMBER,
                "name": PATH,
                "needed-by": or_null(PATH),
                "opened-by": or_null(PATH),
                "tried": Items(Fields({"rule": or_null(NAME), "path": PATH})),
                "found": or_null(PATH),
            }
        )
    ),
    "bindings": Items(
        Fields(
            {
                "process": NUMBER,
                "from": PATH,
                "from-lmid": NUMBER,
                "to": PATH,
                "to-lmid": NUMBER,
                "kind": NAME,
                "symbol": NAME,
                "version": or_null(NAME),
            }
        )
    ),
    "namespaces": NUMBER,
    "init": Items(PATH),
    "fini": Items(PATH),
}
GDB_VALUES: Mapping[str, Shape] = {
    "stops": Items(
        Fields(
            {
                "state": NAME,
                "signal": or_null(WORDS),
                "exit": or_null(NUMBER),
                "function": or_null(NAME),
                "frame": replace(FRAME, null=True),
                "backtrace": Items(FRAME),
                "values": Fields(other=EVALUATED),
                "commands": Fields(other=TEXT),
                "threads": Items(Fields(THREAD)),
                "registers": Fields(other=ADDRESS),
            }
        )
    ),
    "backtrace": Items(FRAME),
    "shared-libraries": Items(Fields(LIBRARY)),
    "linker-namespaces": or_null(TEXT),
    "commands": Fields(other=ANSWERED),
    "values": Fields(other=ANSWERED),
    "error": or_null(WORDS),
}
VALGRIND_VALUES: Mapping[str, Shape] = {
    "errors": Items(Fields(ERROR)),
    "leaks": Items(Fields({**ERROR, "bytes": NUMBER, "blocks": NUMBER})),
    **dict.fromkeys(("definitely-lost", "indirectly-lost", "possibly-lost", "still-reachable"), LOST),
    "finished": FLAG,
    "log": TEXT,
}
STRACE_VALUES: Mapping[str, Shape] = {
    "opens": OPENS,
    "executes": OPENS,
    "maps": Items(Fields({"process": NUMBER, "path": PATH, "prot": WORDS, "offset": NUMBER, "length": NUMBER})),
    "calls": Fields(other=NUMBER),
}
ONE_ACCOUNT = "the loader gives one account of itself"
_ROWS = (
    ObserverWords(
        name="ld-debug",
        about="LD_DEBUG: searches, link maps, bindings",
        values=LD_DEBUG_VALUES,
        own_variables={"LD_DEBUG": ONE_ACCOUNT, "LD_DEBUG_OUTPUT": ONE_ACCOUNT},
    ),
    ObserverWords(
        name="gdb",
        about="gdb, over GDB/MI",
        settings=Gdb,
        values=GDB_VALUES,
        named={"values": "evaluate", "commands": "commands"},
        shared=(PLACE, FRAME, EVALUATED),
    ),
    ObserverWords(name="valgrind", about="valgrind's memcheck: errors and leaks", values=VALGRIND_VALUES),
    ObserverWords(name="strace", about="strace: what the loader opened and mapped", values=STRACE_VALUES),
)
OBSERVERS: dict[str, ObserverWords] = {row.name: row for row in _ROWS}
