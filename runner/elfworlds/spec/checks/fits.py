"""Whether a matcher can ever hold of a value, by the value's shape. It predicts what `outcome.match` will say."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from elfworlds.spec.leaves.matchers import OF_ITEMS, WORDS, MatcherError
from elfworlds.spec.shapes import (
    FLAG_KIND,
    NULL_KIND,
    NUMBER,
    NUMBER_KIND,
    TEXT_KIND,
    Fields,
    Items,
    Leaf,
    Repeated,
    Shape,
    Unknown,
    fields_of,
    nullable,
)
from elfworlds.yamltext import closest, core, number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from types import TracebackType

    from elfworlds.jsondata import Json

    # A part of a matcher: data as it is, or the shape of what is known at run time only.
    Operand: TypeAlias = Json | Shape
    # What a part of a matcher may stand for.
    Meant: TypeAlias = Callable[[Operand], Iterable[Operand]]

OF_TEXTS = ("matches", "occurs")
SHAPES = (Leaf, Items, Fields, Repeated, Unknown)
MOST_SHOWN = 12  # fields of a mapping in a message
LOOKS_INTO = {
    **dict.fromkeys(OF_TEXTS, "looks into a text"),
    "less-than": "compares numbers",
    "greater-than": "compares numbers",
}


@dataclass(frozen=True, slots=True)
class Subject:
    """What a matcher is about.

    Attributes:
        name: what it is called: `opened.lmid`, each item of `exports`.
        shape: what it is.
        always: whether no trial lacks it.
    """

    name: str
    shape: Shape
    always: bool = False

    @property
    def item(self) -> Subject:
        """Each item of a list; a single value is one itself."""
        if not isinstance(self.shape, Items):
            return self
        return Subject(f"each item of {self.name}", self.shape.of)


def check_fit(matcher: Operand, subject: Subject, meant: Meant) -> None:
    """Refuse a matcher that holds of no value of this shape.

    Raises:
        MatcherError: what the value is, and the place in the matcher.
    """
    refused: MatcherError | None = None
    for meaning in meant(matcher):
        try:
            _check_one(meaning, subject, meant)
        except MatcherError as error:
            refused = refused or error
        else:
            return
    if refused is not None:
        raise refused


def _check_one(matcher: Operand, subject: Subject, meant: Meant) -> None:
    if isinstance(subject.shape, Unknown):
        return
    if isinstance(matcher, dict) and not set(matcher) & set(WORDS):
        _check_fields(matcher, subject, meant)
        return
    if not isinstance(matcher, dict):
        _check_equal(matcher, subject, meant)
        return
    for word, operand in matcher.items():
        with _Below(word):
            _check_word(word, operand, subject, meant)


class _Below:
    """Puts a step before the place of an error from within."""

    def __init__(self, step: str | int) -> None:
        self.step = step

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if isinstance(error, MatcherError):
            error.path = (self.step, *error.path)


def _check_fields(matcher: Mapping[str, Operand], subject: Subject, meant: Meant) -> None:
    shape = subject.shape
    if not isinstance(shape, Fields):
        hint = "write {any: {…}}: some item" if isinstance(shape, Items) else "write what it is, or a matcher's word"
        raise MatcherError(f"{subject.name} is {in_words(shape)}, which has no fields", hint, at_key=False)
    for name, inner in matcher.items():
        inner_shape = shape.fields.get(name, shape.other)
        if inner_shape is None:
            raise MatcherError(f"{subject.name} has no field `{name}`", closest(name, shape.fields), (name,))
        with _Below(name):
            check_fit(inner, Subject(f"`{name}` of {subject.name}", inner_shape), meant)


def _check_word(word: str, operand: Operand, subject: Subject, meant: Meant) -> None:
    if word == "absent":
        _check_presence(operand, subject)
    elif word in OF_ITEMS:
        _check_item(operand, subject, meant)
    elif word == "not":
        check_fit(operand, replace(subject, always=False), meant)
    elif word in ("count", "distinct"):
        _check_list(word, subject)
        check_fit(operand, Subject(f"the count of {subject.name}", NUMBER), meant)
    elif word in LOOKS_INTO:
        _check_leaf(word, subject)
        times = operand.get("times") if isinstance(operand, dict) else None
        check_fit(times, Subject(f"how often it occurs in {subject.name}", NUMBER), meant) if times else None
    else:
        _check_held(word, operand, subject, meant)


def _check_item(operand: Operand, subject: Subject, meant: Meant) -> None:
    """An item of a list. A single value is one item, and so is the null that stands for a list which is not there."""
    instead_of_a_list = isinstance(subject.shape, Items) and subject.shape.null
    if not (instead_of_a_list and any(_is_null(meaning) for meaning in meant(operand))):
        check_fit(operand, subject.item, meant)


def _is_null(operand: Operand) -> bool:
    return (core(operand) if isinstance(operand, str) else operand) is None


def _check_presence(operand: Operand, subject: Subject) -> None:
    if subject.always and core(str(operand)) is True:
        hint = "write null" if nullable(subject.shape) else None
        raise MatcherError(f"{subject.name} is always there", hint, at_key=True)


def _check_leaf(word: str, subject: Subject) -> None:
    shape = subject.shape
    fits = isinstance(shape, Leaf) and (TEXT_KIND in shape.kinds if word in OF_TEXTS else shape.ordered)
    if not fits:
        message = f"{subject.name} is {in_words(shape)}, and `{word}` {LOOKS_INTO[word]}"
        raise MatcherError(message, _instead(shape), at_key=True)


def _check_list(word: str, subject: Subject) -> None:
    if isinstance(subject.shape, Items):
        return
    message = f"{subject.name} is {in_words(subject.shape)}, and `{word}` counts the items of a list"
    raise MatcherError(message, at_key=True)


def _check_held(word: str, operand: Operand, subject: Subject, meant: Meant) -> None:
    """`contains` and `in-order`: pieces of a text, or items of a list."""
    shape = subject.shape
    if isinstance(shape, Items):
        for index, item in enumerate(operand if isinstance(operand, list) else [operand]):
            if isinstance(operand, list):
                with _Below(index):
                    _check_item(item, subject, meant) if word == "in-order" else check_fit(item, subject.item, meant)
            else:
                check_fit(item, subject.item, meant)
    elif not (isinstance(shape, Leaf) and TEXT_KIND in shape.kinds):
        message = f"{subject.name} is {in_words(shape)}, and `{word}` looks into a text or a list"
        raise MatcherError(message, _instead(shape), at_key=True)


def _check_equal(wanted: Operand, subject: Subject, meant: Meant) -> None:
    shape = subject.shape
    if isinstance(wanted, list) and isinstance(shape, Items):
        for index, item in enumerate(wanted):
            with _Below(index):
                check_fit(item, subject.item, meant)
        return
    if not (comparable(wanted, shape) if isinstance(wanted, SHAPES) else _may_equal(wanted, shape)):
        what = in_words(wanted) if isinstance(wanted, SHAPES) else _shown(wanted)
        hint = _meant_choice(wanted, shape) or _instead(shape)
        raise MatcherError(f"{subject.name} is {in_words(shape)}, and never {what}", hint, at_key=False)


def _meant_choice(wanted: Operand, shape: Shape) -> str | None:
    """The word that was meant, where there are some to choose from."""
    if not (isinstance(wanted, str) and isinstance(shape, Leaf)):
        return None
    hints = (closest(word, shape.choices) for word in (wanted, wanted.lower(), wanted.lower().rpartition("_")[2]))
    return next((hint for hint in hints if hint and hint.startswith("did")), None)


def _may_equal(wanted: Operand, shape: Shape) -> bool:
    value = core(wanted) if isinstance(wanted, str) else wanted
    if value is None:
        return nullable(shape)
    if not isinstance(shape, Leaf) or isinstance(value, list):
        return False
    if shape.choices and not isinstance(value, int | float):
        return str(wanted) in shape.choices
    if isinstance(value, bool):
        return bool(shape.kinds & {FLAG_KIND, TEXT_KIND})
    if isinstance(value, str):
        return TEXT_KIND in shape.kinds or (NUMBER_KIND in shape.kinds and number(value) is not None)
    return NUMBER_KIND in shape.kinds or (TEXT_KIND in shape.kinds and shape.digits)


def comparable(shape: Shape, other: Shape) -> bool:
    """Whether two values of the same trial can be equal."""
    if isinstance(shape, Unknown) or isinstance(other, Unknown) or (nullable(shape) and nullable(other)):
        return True
    if isinstance(shape, Items) and isinstance(other, Items):
        return comparable(shape.of, other.of)
    if not (isinstance(shape, Leaf) and isinstance(other, Leaf)):
        return type(shape) is type(other)
    if shape.kinds & other.kinds:
        return True
    pair = {*shape.kinds, *other.kinds}
    return {FLAG_KIND, TEXT_KIND} <= pair or ({NUMBER_KIND, TEXT_KIND} <= pair and (shape.digits or other.digits))


def in_words(shape: Shape) -> str:
    """A shape in words, for a message."""
    if isinstance(shape, Items):
        return "a list"
    if isinstance(shape, Fields | Repeated):
        names = [f"`{name}`" for name in fields_of(shape)]
        shown = [*names[:MOST_SHOWN], "…"] if len(names) > MOST_SHOWN else names
        return f"a mapping of {', '.join(shown)}" if names else "a mapping"
    if not isinstance(shape, Leaf):
        return "anything"
    if 0 < len(shape.choices) <= MOST_SHOWN:
        return f"one of {', '.join(f'`{word}`' for word in shape.choices)}" + (", or null" if nullable(shape) else "")
    named = {"true or false": "true or false", "words": "a text in words", "address": "an address"}
    named |= {shape.name: shape.name} if shape.choices else {}
    return named.get(shape.name, f"a {shape.name}") + (" or null" if str(shape).endswith(" or null") else "")


def _instead(shape: Shape) -> str | None:
    if isinstance(shape, Items):
        return "write a list, or {contains: …}, {any: …}, {all: …}, {count: …}"
    if isinstance(shape, Fields) and shape.fields:
        return "name one of its fields"
    if isinstance(shape, Leaf) and NULL_KIND not in shape.kinds and shape.kinds == {FLAG_KIND}:
        return "write true or false"
    return None


def _shown(wanted: Operand) -> str:
    return "null" if wanted is None else "a list" if isinstance(wanted, list) else f"`{wanted}`"
