"""The shape of a matcher: which words it may be made of. What it means is in `elfworlds.outcome`."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, TypeVar

from elfworlds.patterns import PatternError, pattern
from elfworlds.yamltext import closest, core, number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from elfworlds.jsondata import JsonObject
    from elfworlds.yamltext import Data, Path

    Choices: TypeAlias = Callable[[Data], Iterable[Data]]

Written = TypeVar("Written")
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
    "occurs",
)
OF_ITEMS = ("all", "any")
OCCURS = ("matches", "times")
OCCURS_HINT = "for example {matches: loaded, times: 2}"

RE2 = "the syntax is re2's: no lookaround, no back-references, \\z instead of \\Z, at most 1000 repetitions"
_NUMBER = {"type": ["number", "string"]}
MEANINGS: Mapping[str, str] = {
    "absent": "`true`: there is no such value; `false`: there is one",
    "all": "every item of a list matches",
    "any": "some item of a list matches",
    "contains": "a text contains this text, a list this item; a list of them: all",
    "count": "how many items a list has; a number or a matcher",
    "distinct": "how many different items a list has",
    "greater-than": "a number is greater",
    "in-order": "these occur one after the other; others may stand between",
    "less-than": "a number is less",
    "matches": "a text holds a match of this regular expression (re2's syntax, see below)",
    "occurs": "`{matches: loaded, times: 2}`: how often a regular expression matches in a text; a number or a matcher",
    "not": "the value is there and does not match this",
}
_FORMS: Mapping[str, JsonObject] = {
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
    "occurs": {
        "type": "object",
        "required": ["matches", "times"],
        "additionalProperties": False,
        "properties": {
            "matches": {"type": "string", "description": "a regular expression"},
            "times": {"description": "how often it matches: a number or a matcher"},
        },
    },
}
MATCHER_SCHEMA: JsonObject = {
    "anyOf": [
        {"type": ["string", "number", "boolean", "null", "array"]},
        {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": False,
            "properties": {word: {**form, "description": MEANINGS[word]} for word, form in _FORMS.items()},
        },
    ]
}


class MatcherError(ValueError):
    """A matcher that makes no sense; `path` leads from the matcher to the wrong part, or to its key."""

    def __init__(self, message: str, hint: str | None = None, path: Path = (), *, at_key: bool | None = None) -> None:
        super().__init__(message)
        self.hint = hint
        self.path = path
        self.at_key = bool(path) if at_key is None else at_key


def as_written(data: Written) -> Iterable[Written]:
    """What an operand can be before its references are resolved: itself."""
    return (data,)


def check_matcher(data: Data, choices: Choices = as_written) -> None:
    """Refuse what is no matcher: a bare value, or a mapping of matcher words.

    Args:
        data: the matcher.
        choices: everything that a part of it can stand for, once references are resolved.
    """
    for meaning in choices(data):
        if isinstance(meaning, dict):
            _check_words(meaning, choices)


def _check_words(data: Mapping[str, Data], choices: Choices) -> None:
    if not data:
        raise MatcherError("an empty matcher", f"use one of: {', '.join(WORDS)}")
    for word, operand in data.items():
        if word not in WORDS:
            raise MatcherError(f"`{word}` is no matcher", closest(word, WORDS), (word,))
        try:
            _check_operand(word, operand, choices)
        except MatcherError as error:
            error.path = (word, *error.path)
            raise


def _check_operand(word: str, operand: Data, choices: Choices) -> None:
    for meaning in choices(operand):
        if word in OF_ITEMS:
            _check_item(meaning, choices)
        elif word in _OPERANDS:
            _OPERANDS[word](meaning)
        else:
            check_matcher(meaning, choices)
        if word == "in-order" and isinstance(meaning, list):
            _check_items(meaning, choices)


def _check_item(data: Data, choices: Choices) -> None:
    """A matcher, or a mapping field → matcher for items that are records."""
    if isinstance(data, dict) and data and not set(data) & set(WORDS):
        for matcher in data.values():
            check_matcher(matcher, choices)
    else:
        check_matcher(data, choices)


def _check_items(data: list[Data], choices: Choices) -> None:
    for index, item in enumerate(data):
        try:
            _check_item(item, choices)
        except MatcherError as error:
            error.path = (index, *error.path)
            raise


def _check_regex(data: Data) -> None:
    if not isinstance(data, str):
        raise MatcherError("`matches` takes a regular expression")
    try:
        pattern(data)
    except PatternError as error:
        raise MatcherError(f"`{data}` is no regular expression: {error}", RE2) from None


def _check_number(data: Data) -> None:
    if not isinstance(data, str) or ("${" not in data and number(data) is None):
        raise MatcherError("this matcher takes a number, or a `${value}`")


def _check_flag(data: Data) -> None:
    if not isinstance(data, str) or not isinstance(core(data), bool):
        raise MatcherError("`absent` takes true or false")


def _check_list(data: Data) -> None:
    if not isinstance(data, list):
        raise MatcherError("`in-order` takes a list")


def _check_contained(data: Data) -> None:
    if any(isinstance(item, dict | list) or item is None for item in (data if isinstance(data, list) else [data])):
        raise MatcherError("`contains` takes a value, or a list of which all must be there")


def _check_occurs(data: Data) -> None:
    if not isinstance(data, dict) or set(data) != set(OCCURS):
        raise MatcherError("`occurs` takes a regular expression and how often it matches", OCCURS_HINT)
    _check_regex(data["matches"])
    check_matcher(data["times"])


_OPERANDS: Mapping[str, Callable[[Data], None]] = {
    "absent": _check_flag,
    "contains": _check_contained,
    "distinct": _check_number,
    "greater-than": _check_number,
    "in-order": _check_list,
    "less-than": _check_number,
    "matches": _check_regex,
    "occurs": _check_occurs,
}
