"""The shape of a matcher: which words it may be made of. What it means is in `elfworlds.outcome`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from elfworlds.yamltext import closest, core

if TYPE_CHECKING:
    from collections.abc import Mapping

WORDS = (
    "absent",
    "all",
    "any",
    "contains",
    "count",
    "distinct",
    "greater-than",
    "in-order",
    "less-than",
    "matches",
    "not",
)
OF_ITEMS = ("all", "any")

_NUMBER = {"type": ["number", "string"]}
MATCHER_SCHEMA: Mapping[str, Any] = {
    "anyOf": [
        {"type": ["string", "number", "boolean", "null", "array"]},
        {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": False,
            "properties": {
                "absent": {"type": "boolean"},
                "all": {},
                "any": {},
                "contains": {"type": ["string", "number", "boolean", "array"]},
                "count": {},
                "distinct": {"type": ["integer", "string"]},
                "greater-than": _NUMBER,
                "in-order": {"type": "array"},
                "less-than": _NUMBER,
                "matches": {"type": "string"},
                "not": {},
            },
        },
    ]
}


class MatcherError(ValueError):
    """A matcher that cannot be meant."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


def check_matcher(data: object) -> None:
    """Refuse what is no matcher: a bare value, or a mapping of matcher words."""
    if not isinstance(data, dict):
        return
    if not data:
        raise MatcherError("an empty matcher", f"use one of: {', '.join(WORDS)}")
    for word, operand in data.items():
        if word not in WORDS:
            raise MatcherError(f"`{word}` is no matcher", closest(word, WORDS))
        _OPERANDS.get(word, check_matcher)(operand)


def _check_items(data: object) -> None:
    """Below `any` and `all`: a matcher, or a mapping field → matcher for items that are records."""
    if isinstance(data, dict) and data and not set(data) & set(WORDS):
        for operand in data.values():
            check_matcher(operand)
    else:
        check_matcher(data)


def _check_regex(data: object) -> None:
    if not isinstance(data, str):
        raise MatcherError("`matches` takes a regular expression")
    try:
        re.compile(data)
    except re.error as error:
        raise MatcherError(f"`{data}` is no regular expression: {error}") from None


def _check_number(data: object) -> None:
    value = core(data) if isinstance(data, str) else data
    is_reference = isinstance(data, str) and "${" in data
    if not is_reference and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise MatcherError("this matcher takes a number, or a `${value}`")


def _check_flag(data: object) -> None:
    if not isinstance(data, str) or not isinstance(core(data), bool):
        raise MatcherError("`absent` takes true or false")


def _check_list(data: object) -> None:
    if not isinstance(data, list):
        raise MatcherError("`in-order` takes a list")


def _check_contained(data: object) -> None:
    if isinstance(data, dict) or data is None:
        raise MatcherError("`contains` takes a value, or a list of which all must be there")


_OPERANDS = {
    "absent": _check_flag,
    "all": _check_items,
    "any": _check_items,
    "contains": _check_contained,
    "distinct": _check_number,
    "greater-than": _check_number,
    "in-order": _check_list,
    "less-than": _check_number,
    "matches": _check_regex,
}
