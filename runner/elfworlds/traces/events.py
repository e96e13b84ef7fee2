"""What programs told by observe.h, one line of JSON an event → events in order.

Nothing is refused: a program may write anything there.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from elfworlds.jsondata import Json, JsonObject

UNREADABLE = "unreadable"
FAILED = "failed"
UNSUPPORTED = "unsupported"
RESERVED = (FAILED, UNSUPPORTED, UNREADABLE)
LONGEST_SHOWN = 200
LONGEST_LINE = 1 << 16
MOST_EVENTS = 100_000
DEEPEST = 20
_STRING = re.compile(rb'"(?:\\.|[^"\\])*"?')


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that a program told.

    Attributes:
        name: what its author calls it.
        verb: the step that told it; None where an object's own code did.
        fields: what was found: `ok`, `value`, `lmid`, ….
    """

    name: str
    verb: str | None
    fields: JsonObject


def parse(data: bytes) -> tuple[Event, ...]:
    """Every event up to a bound, and then one that says what was left out.

    A list that was told in parts (`"part": "maps"`) is a field of the event that ends it, and its length is `count`.
    """
    return tuple(_assembled(data))


def _assembled(data: bytes) -> Iterator[Event]:
    parts: dict[str, dict[str, list[Json]]] = {}
    lines = data.split(b"\n", MOST_EVENTS)
    rest = lines.pop() if len(lines) > MOST_EVENTS else b""
    for line in lines:
        if not line.strip():
            continue
        record = _record(line)
        if record is None:
            yield Event(UNREADABLE, None, {"value": line[:LONGEST_SHOWN].decode("utf-8", "replace")})
            continue
        name, verb, part = str(record.pop("event")), record.pop("verb", None), record.pop("part", None)
        if isinstance(part, str):
            parts.setdefault(name, {}).setdefault(part, []).append(record.get("value", record))
        else:
            lists = parts.pop(name, {})
            yield Event(name, str(verb) if verb is not None else None, {**_counted(lists), **record, **lists})
    if rest:
        yield Event(UNREADABLE, None, {"value": f"{len(rest)} bytes after the first {MOST_EVENTS} events"})


def _counted(lists: dict[str, list[Json]]) -> dict[str, int]:
    """`count`, the length of the list that an event tells in parts; nothing where there is no list, or several."""
    return {"count": len(next(iter(lists.values())))} if len(lists) == 1 else {}


def _record(line: bytes) -> dict[str, Json] | None:
    if len(line) > LONGEST_LINE:
        return None
    if _brackets(line) > DEEPEST and _brackets(_STRING.sub(b"", line)) > DEEPEST:  # ours are flat
        return None
    try:
        record = json.loads(line.decode("utf-8", "replace"), parse_constant=str, parse_float=_real)
        if b"\\ud" in line.lower():  # half a character can be read, and never be written
            json.dumps(record, ensure_ascii=False).encode()
    except ValueError:  # so are numbers too long for Python
        return None
    return record if isinstance(record, dict) and isinstance(record.get("event"), str) else None


def _brackets(line: bytes) -> int:
    return line.count(b"[") + line.count(b"{")


def _real(digits: str) -> float | str:
    """The number; its own text where Python reads it as infinite, which JSON cannot write down again."""
    number = float(digits)
    return number if math.isfinite(number) else digits
