"""The columns of every table, by name and pandas type: tables are made from this.

An axis' label stands in a column under the axis' own name, or as `matrix.NAME` in a table that has a column of its
own of that name. What says which trial it was, and what became of it, no axis may be called.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

TEXT, WHOLE, BIG, NUMBER, FLAG = "string", "Int64", "UInt64", "Float64", "boolean"
TOOLCHAINS = ("libc", "gdb")  # gathered tables have these axes as columns of their own


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table's columns, name → pandas type, in their order.

    Attributes:
        head: those before the axes.
        tail: those after them.
        by_axis: whether the table has a column for each axis.
    """

    head: Mapping[str, str] = field(default_factory=dict)
    tail: Mapping[str, str] = field(default_factory=dict)
    by_axis: bool = True

    def columns(self, axes: Iterable[str] = ()) -> dict[str, str]:
        """All columns of the table of an experiment that has these axes."""
        labels = dict.fromkeys(map(self.label, axes), TEXT) if self.by_axis else {}
        return {**self.head, **labels, **self.tail}

    def label(self, axis: str) -> str:
        """The name of the column that holds this axis' labels."""
        return f"matrix.{axis}" if axis in self.head or axis in self.tail else axis


def _texts(*names: str) -> dict[str, str]:
    return dict.fromkeys(names, TEXT)


TRIALS = Table(
    head=_texts("trial", "experiment", "scenario"),
    tail={
        "observer": TEXT,
        "repeat": WHOLE,
        "outcome": TEXT,
        "expected": TEXT,
        "verdict": TEXT,
        "why": TEXT,
        "exit": WHOLE,
        "signal": TEXT,
        "timed_out": FLAG,
        "wall_s": NUMBER,
        "user_s": NUMBER,
        "sys_s": NUMBER,
        "max_rss_kb": WHOLE,
        "stdout_bytes": WHOLE,
        "stderr_bytes": WHOLE,
        "cut_bytes": WHOLE,
    },
)
TRIALS_ELSEWHERE = Table(  # of a run on a cluster
    head=TRIALS.head, tail={**TRIALS.tail, **_texts("ran_on", "on_kernel", "on_cpu", "on_architecture")}
)
OBJECTS = Table(
    head=_texts("object", "experiment"),
    tail={
        **_texts("key", "path", "sha256", "toolchain", "type", "machine", "soname", "interp", "runpath", "rpath"),
        "build_id": TEXT,
        "flags": TEXT,
        "execstack": FLAG,
    },
)
NEEDED = Table(
    head={"object": TEXT, "experiment": TEXT, "key": TEXT, "position": WHOLE, "needed": TEXT},
    by_axis=False,
)
SYMBOLS = Table(
    head={
        **_texts("object", "experiment", "key", "symbol", "version"),
        "is_default": FLAG,
        "defined": FLAG,
        **_texts("bind", "type", "visibility"),
        "value": BIG,
        "size": BIG,
    },
    by_axis=False,
)
EVENTS = Table(
    head={**_texts("trial", "experiment", "scenario"), "seq": WHOLE, **_texts("event", "data", "addresses")},
    by_axis=False,
)
CLAIMS = Table(
    head=_texts("claim", "experiment", "scenario", "says"),
    tail={
        "observer": TEXT,
        "repeat": WHOLE,
        **_texts("trial", "claimed", "outcome"),
        "reproduced": FLAG,
        "claim_verdict": TEXT,
    },
)
LINK_MAPS = Table(
    head=_texts("trial", "experiment", "scenario"),
    tail={
        "pid": WHOLE,
        "lmid": WHOLE,
        "position": WHOLE,
        **_texts("name", "object", "path", "base", "dynamic"),
        "size": WHOLE,
        "needed_by": TEXT,
        "opened": FLAG,
        **_texts("sha256", "build_id"),
    },
)
SEARCHES = Table(
    head=_texts("trial", "experiment", "scenario"),
    tail={
        "pid": WHOLE,
        "lmid": WHOLE,
        **_texts("name", "needed_by"),
        "seq": WHOLE,
        "position": WHOLE,
        **_texts("rule", "path"),
        "found": FLAG,
        "predicted": TEXT,
        "agrees": FLAG,
    },
)
BINDINGS = Table(
    head=_texts("trial", "experiment", "scenario"),
    tail={
        "pid": WHOLE,
        **_texts("from_object", "from_path"),
        "from_lmid": WHOLE,
        **_texts("to_object", "to_path"),
        "to_lmid": WHOLE,
        **_texts("symbol", "version", "kind", "foretold"),
        "agrees": FLAG,
    },
)
FLIPS = Table(
    head=_texts("experiment", "scenario", "observer", "axis"),
    tail={
        **_texts("below_label", "below_version", "from_label", "from_version", "outcome_before", "outcome_after"),
        "comes_back": FLAG,
    },
)
OF_A_RUN: Mapping[str, Table] = {
    "trials": TRIALS,
    "objects": OBJECTS,
    "needed": NEEDED,
    "symbols": SYMBOLS,
    "events": EVENTS,
    "claims": CLAIMS,
    "link_maps": LINK_MAPS,
    "searches": SEARCHES,
    "bindings": BINDINGS,
    "flips": FLIPS,
}

_PLACE = _texts("experiment", "scenario", "observer", "point", *TOOLCHAINS)
OF_SEVERAL_RUNS: Mapping[str, Table] = {
    "outcomes.csv": Table(head={**_PLACE, **_texts("outcome", "expected", "verdict"), "race": FLAG}, by_axis=False),
    "claims.csv": Table(head={**_PLACE, **_texts("claim", "says", "claimed", "outcome", "reproduced")}, by_axis=False),
    "versions.csv": Table(head=_texts("toolchain", "part", "version"), by_axis=False),
}

_FILE = _texts("file", "world")
OF_INSPECTIONS: Mapping[str, Table] = {  # `elfworlds inspect`; they have no axes
    "objects": Table(
        head={
            **_FILE,
            "position": WHOLE,
            **_texts("object", "name", "loaded_by"),
            "of_host": FLAG,
            **_texts("type", "machine", "soname", "interp", "rpath", "runpath", "build_id", "flags"),
            "execstack": FLAG,
            "size": WHOLE,
        },
        by_axis=False,
    ),
    "needed": Table(
        head={
            **_FILE,
            "position": WHOLE,
            **_texts("object", "name", "tag", "path", "rule", "holder", "level"),
            "sure": FLAG,
        },
        by_axis=False,
    ),
    "searches": Table(
        head={**_FILE, **_texts("object", "name"), "position": WHOLE, **_texts("path", "rule", "holder", "state")},
        by_axis=False,
    ),
    "missing_versions": Table(
        head={**_FILE, **_texts("object", "version", "needed", "path"), "weak": FLAG, "unversioned": FLAG},
        by_axis=False,
    ),
    "symbols": Table(
        head={
            **_texts("object", "symbol", "version"),
            "is_default": FLAG,
            "defined": FLAG,
            **_texts("bind", "type", "visibility"),
            "value": BIG,
            "size": BIG,
        },
        by_axis=False,
    ),
    "versions": Table(head={**_texts("object", "kind", "version", "needed"), "weak": FLAG}, by_axis=False),
    "relocations": Table(head={**_texts("object", "kind"), "count": WHOLE}, by_axis=False),
    "notes": Table(head=_texts("object", "kind", "data"), by_axis=False),
}


_OF_TRIALS: Mapping[str, Table] = {
    "trials": TRIALS_ELSEWHERE,
    "claims": CLAIMS,
    "flips": FLIPS,
    **{name: OF_SEVERAL_RUNS[name] for name in ("outcomes.csv", "claims.csv")},
}


def tables_with(name: str) -> tuple[str, ...]:
    """The tables of trials in which a column of its own has this name; where there are any, no axis may have it."""
    return tuple(
        table for table, declared in _OF_TRIALS.items() if name in declared.columns() and name not in TOOLCHAINS
    )


def reserved() -> tuple[str, ...]:
    """Every name that an axis may not have, sorted."""
    every = {name for declared in _OF_TRIALS.values() for name in declared.columns()}
    return tuple(sorted(every - set(TOOLCHAINS)))
