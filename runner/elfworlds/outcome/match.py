"""Whether a value is as a matcher says, and how to say that it is not. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias

from elfworlds.outcome.observed import ABSENT, Absent, lookup
from elfworlds.patterns import pattern
from elfworlds.planning.types import ValueRef
from elfworlds.spec.leaves.matchers import WORDS
from elfworlds.yamltext import number

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from elfworlds.jsondata import JsonObject

    # A matcher, a value, or a part of one; where a value stands for its name it may be absent.
    Operand: TypeAlias = (
        "bool | int | float | str | ValueRef | Absent | Sequence[Operand] | Mapping[str, Operand] | None"
    )

_SHOWN = 120


def holds(matchers: Mapping[str, Operand], values: JsonObject) -> bool:
    """Whether every named value is as its matcher says."""
    return all(matches(matcher, lookup(values, name), values) for name, matcher in matchers.items())


def matches(matcher: Operand, value: Operand, values: JsonObject) -> bool:
    """Whether a value is as a matcher says. A value that is missing matches `absent` only."""
    if isinstance(matcher, ValueRef):
        return value is not ABSENT and equals(lookup(values, matcher.name), value)
    if isinstance(matcher, dict) and set(matcher) & set(WORDS):
        return all(_word(word, operand, value, values) for word, operand in matcher.items())
    if value is ABSENT:
        return False
    if isinstance(matcher, dict):
        return isinstance(value, Mapping) and all(
            matches(wanted, value.get(name, ABSENT), values) for name, wanted in matcher.items()
        )
    return equals(_resolved(matcher, values), value)


def _word(word: str, operand: Operand, value: Operand, values: JsonObject) -> bool:
    if word == "absent":
        return (value is ABSENT) == bool(operand)
    return value is not ABSENT and _WORDS[word](value, operand, values)


def equals(wanted: Operand, value: Operand) -> bool:
    """Text equals text as typed, a number equals a number however typed; nothing else is converted."""
    if isinstance(wanted, list | tuple) and isinstance(value, list | tuple):
        return len(wanted) == len(value) and all(equals(a, b) for a, b in zip(wanted, value, strict=True))
    if isinstance(wanted, bool) and isinstance(value, str):
        return as_text(wanted) == value
    if isinstance(wanted, bool) or isinstance(value, bool) or wanted is None or value is None:
        return wanted is value
    if isinstance(wanted, str) != isinstance(value, str):
        return _number(wanted) == _number(value) is not None
    return bool(wanted == value)


def _number(data: Operand) -> float | None:
    if isinstance(data, str):
        return number(data.strip())
    return data if isinstance(data, int | float) and not isinstance(data, bool) else None


def as_text(data: Operand) -> str:
    """A scalar as its author typed it, for a comparison with text: `true`, not Python's `True`."""
    return str(data).lower() if isinstance(data, bool) else str(data)


def _listed(data: Operand) -> Sequence[Operand]:
    return data if isinstance(data, list | tuple) else [data]


def _contains(value: Operand, operand: Operand, values: JsonObject) -> bool:
    """A text contains each text, a list each item."""
    wanted = [_resolved(item, values) for item in _listed(operand)]
    if ABSENT in wanted or None in wanted:
        return False
    if isinstance(value, str):
        return all(as_text(needle) in value for needle in wanted)
    if isinstance(value, list | tuple):
        return all(any(equals(needle, item) for item in value) for needle in wanted)
    return False


def _resolved(operand: Operand, values: JsonObject) -> Operand:
    """What an operand, or each item of a list of them, stands for."""
    if isinstance(operand, list | tuple):
        return [_resolved(item, values) for item in operand]
    return lookup(values, operand.name) if isinstance(operand, ValueRef) else operand


def _in_order(value: Operand, operand: Operand, values: JsonObject) -> bool:
    """Each wanted item occurs after the one before it; others may stand between."""
    if isinstance(value, str):
        return _texts_in_order(value, [_resolved(item, values) for item in _listed(operand)])
    rest = iter(_listed(value))
    return all(any(matches(wanted, item, values) for item in rest) for wanted in _listed(operand))


def _texts_in_order(value: str, wanted: Sequence[Operand]) -> bool:
    at = 0
    for piece in wanted:
        if not isinstance(piece, str | int | float):
            return False
        at = value.find(as_text(piece), at)
        if at < 0:
            return False
        at += len(as_text(piece))
    return True


def _compare(value: Operand, operand: Operand, values: JsonObject, *, less: bool) -> bool:
    mine, other = _number(value), _number(_resolved(operand, values))
    if mine is None or other is None:
        return False
    return mine < other if less else mine > other


def _occurs(value: Operand, operand: Operand, values: JsonObject) -> bool:
    """How often a regular expression matches in a text, each match after the one before it."""
    if not (isinstance(value, str) and isinstance(operand, dict)):
        return False
    return matches(operand["times"], pattern(str(operand["matches"])).times_in(value), values)


def _distinct(value: Operand, operand: Operand, values: JsonObject) -> bool:
    operands: list[Operand] = []
    for item in _listed(value):
        if not any(equals(item, other) for other in operands):
            operands.append(item)
    return equals(_resolved(operand, values), len(operands))


_WORDS: Mapping[str, Callable[[Operand, Operand, JsonObject], bool]] = {
    "all": lambda value, operand, values: all(matches(operand, item, values) for item in _listed(value)),
    "any": lambda value, operand, values: any(matches(operand, item, values) for item in _listed(value)),
    "contains": _contains,
    "count": lambda value, operand, values: matches(operand, len(_listed(value)), values),
    "distinct": _distinct,
    "greater-than": lambda value, operand, values: _compare(value, operand, values, less=False),
    "in-order": _in_order,
    "less-than": lambda value, operand, values: _compare(value, operand, values, less=True),
    "matches": lambda value, operand, _: isinstance(value, str) and pattern(str(operand)).found_in(value),
    "not": lambda value, operand, values: not matches(operand, value, values),
    "occurs": _occurs,
}


def difference(name: str, matcher: Operand, value: Operand, values: JsonObject) -> str:
    """One sentence: what a value is, and what it should be."""
    if isinstance(matcher, str) and isinstance(value, str) and "\n" in matcher + value:
        return _line_difference(name, matcher, value)
    if isinstance(matcher, dict) and isinstance(value, str) and "contains" in matcher:
        missing = next((item for item in _listed(matcher["contains"]) if not _contains(value, item, values)), None)
        if missing is not None:
            return f"{name} does not contain {_show(missing)}"
    return f"{name} is {_show(value)}, not {_show(matcher)}"


def _line_difference(name: str, wanted: str, got: str) -> str:
    theirs, ours = wanted.split("\n"), got.split("\n")
    for line, (a, b) in enumerate(zip(theirs, ours, strict=False), start=1):
        if a != b:
            return f"{name} line {line} is {_show(b)}, not {_show(a)}"
    return f"{name} has {len(ours) - 1} lines, not {len(theirs) - 1}"


def _show(data: Operand) -> str:
    if data is ABSENT:
        return "absent"
    if isinstance(data, ValueRef):
        return f"${{{data.name}}}"
    if isinstance(data, dict):
        text = " and ".join(f"{word} {_show(operand)}" for word, operand in data.items())
    else:
        text = f"[{', '.join(map(_show, data))}]" if isinstance(data, list) else repr(data)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
