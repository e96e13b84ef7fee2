"""What programs told by observe.h, one line of JSON an event → events in order.

Nothing is refused: a program may write anything there.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

UNREADABLE = "unreadable"
FAILED = "failed"
UNSUPPORTED = "unsupported"
RESERVED = (FAILED, UNSUPPORTED, UNREADABLE)
LONGEST_SHOWN = 200
DEEPEST = 20


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
    fields: Mapping[str, Any]


def parse(data: bytes) -> tuple[Event, ...]:
    """Every event; a list that was told in parts (`"part": "maps"`) is a field of the event that ends it."""
    return tuple(_assembled(data))


def _assembled(data: bytes) -> Iterator[Event]:
    parts: dict[str, dict[str, list[Any]]] = {}
    for line in data.split(b"\n"):
        if not line.strip():
            continue
        found = _record(line)
        if found is None:
            yield Event(UNREADABLE, None, {"value": line[:LONGEST_SHOWN].decode("utf-8", "replace")})
            continue
        name, verb, part = str(found.pop("event")), found.pop("verb", None), found.pop("part", None)
        if isinstance(part, str):
            parts.setdefault(name, {}).setdefault(part, []).append(found.get("value", found))
        else:
            yield Event(name, str(verb) if verb is not None else None, {**found, **parts.pop(name, {})})


def _record(line: bytes) -> dict[str, Any] | None:
    if line.count(b"[") + line.count(b"{") > DEEPEST or b"\\ud" in line.lower():  # ours are flat, and no surrogates
        return None
    try:
        found = json.loads(line.decode("utf-8", "replace"), parse_constant=str)
    except ValueError:  # so are numbers too long for Python
        return None
    return found if isinstance(found, dict) and isinstance(found.get("event"), str) else None
