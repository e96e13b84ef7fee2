"""The bindings of a trace: rows in JSON, columns as a value. A column is checked as a whole, since they are long.

What is foretold of a binding stands in its row where it is another object, `agrees` where anybody can tell. A row of an
earlier version, which had neither, is one of which nobody can.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, get_args, get_type_hints

from elfworlds.records.damage import DamagedError, shown
from elfworlds.records.form import Kind, items_of, key_of, kind_of
from elfworlds.records.types import Bindings

if TYPE_CHECKING:
    from collections.abc import Callable

    from elfworlds.jsondata import Json, JsonObject

_HINTS = get_type_hints(Bindings, localns={"Sequence": Sequence})
_KINDS = {key_of(field): kind_of(*get_args(_HINTS[field.name])) for field in fields(Bindings)}

_MAKE: Callable[..., Bindings] = Bindings


def from_rows(data: Json) -> Bindings:
    """The columns of a list of rows.

    Raises:
        DamagedError: a row lacks a key, or holds something else there.
    """
    rows = _objects(data)
    agreeing = (row["to"] if row.get("agrees") and "to" in row else None for row in rows)
    completed = [
        row if "foretold" in row else {"agrees": None, "foretold": to, **row}
        for row, to in zip(rows, agreeing, strict=True)
    ]
    return _MAKE(*(_column(completed, key, kind) for key, kind in _KINDS.items()))


def _objects(data: Json) -> list[dict[str, Json]]:
    items = items_of(data)
    rows = [row for row in items if isinstance(row, dict)]
    if len(rows) < len(items):
        at, item = next((at, item) for at, item in enumerate(items) if not isinstance(item, dict))
        raise DamagedError(f"is {shown(item)}, not an object", f"[{at}]")
    return rows


def _column(rows: Sequence[dict[str, Json]], key: str, kind: Kind) -> list[Json]:
    try:
        values = [row[key] for row in rows]
    except KeyError:
        at = next(at for at, row in enumerate(rows) if key not in row)
        raise DamagedError("is missing", f"[{at}].{key}") from None
    if not kind.types.issuperset(map(type, values)):
        at = next(at for at, value in enumerate(values) if type(value) not in kind.types)
        raise DamagedError(f"is {shown(values[at])}, not {kind.words}", f"[{at}].{key}")
    return values


def as_rows(bindings: Bindings) -> list[JsonObject]:
    """The same as JSON."""
    columns = (getattr(bindings, field.name) for field in fields(bindings))
    rows: list[dict[str, Json]] = [dict(zip(_KINDS, row, strict=True)) for row in zip(*columns, strict=True)]
    for row in rows:
        if row["agrees"] is not False:
            del row["foretold"]
        if row["agrees"] is None:
            del row["agrees"]
    return [*rows]


KIND = Kind(frozenset({list}), "a list", from_rows)
