"""What a value can be: the one description by which `check` judges matchers and the reference tells its readers."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeAlias

from elfworlds.yamltext import closest

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

TEXT_KIND, NUMBER_KIND, FLAG_KIND, NULL_KIND = "text", "number", "flag", "null"


@dataclass(frozen=True, slots=True)
class Leaf:
    """A scalar.

    Attributes:
        name: what the reference calls it.
        kinds: text, number, flag (true or false), null: what it may be.
        digits: whether a text may be a number.
        ordered: whether it can be less or greater than a number.
        choices: the words that it may be, beside a number where `digits` says so; empty where it may be any.
    """

    name: str
    kinds: frozenset[str]
    digits: bool = False
    ordered: bool = False
    choices: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.name} or null" if NULL_KIND in self.kinds and self.name not in ("scalar", "null") else self.name


@dataclass(frozen=True, slots=True)
class Items:
    """A list.

    Attributes:
        named: whether a path may go on with the `name` of an item, which leads to those that have it.
    """

    of: Shape
    null: bool = False
    named: bool = False

    def __str__(self) -> str:
        return f"[{self.of}]{' or null' if self.null else ''}{', by name' if self.named else ''}"


@dataclass(frozen=True, slots=True)
class Fields:
    """A mapping.

    Attributes:
        other: what fields are whose names nobody knows beforehand.
        called: what the reference calls it, where it says once what that is.
    """

    fields: Mapping[str, Shape] = field(default_factory=dict)
    other: Shape | None = None
    null: bool = False
    called: str = ""

    def __str__(self) -> str:
        if self.called:
            return f"{self.called}{' or null' if self.null else ''}"
        return self.spelled()

    def spelled(self) -> str:
        """With its fields."""
        shown = [f"{name}: {shape}" for name, shape in self.fields.items()]
        shown += [f"…: {self.other}"] if self.other is not None else []
        return f"{{{', '.join(shown)}}}{' or null' if self.null else ''}"


@dataclass(frozen=True, slots=True)
class Repeated:
    """What may be observed several times; alone its name means the last time."""

    each: Fields

    def __str__(self) -> str:
        return str(self.each)


@dataclass(frozen=True, slots=True)
class Unknown:
    """What cannot be known here: any matcher may hold."""

    def __str__(self) -> str:
        return "anything"


Shape: TypeAlias = Leaf | Items | Fields | Repeated | Unknown


def leaf(name: str, *kinds: str, digits: bool = False, ordered: bool = False) -> Leaf:
    return Leaf(name, frozenset(kinds), digits, ordered)


TEXT = leaf("text", TEXT_KIND, digits=True, ordered=True)
NAME = leaf("name", TEXT_KIND, digits=True)
PATH = leaf("path", TEXT_KIND, digits=True)
WORDS = leaf("words", TEXT_KIND)
ADDRESS = leaf("address", TEXT_KIND, digits=True, ordered=True)
NUMBER = leaf("number", NUMBER_KIND, ordered=True)
REAL = leaf("number", NUMBER_KIND, TEXT_KIND, digits=True, ordered=True)  # an infinity and a NaN are texts
FLAG = leaf("true or false", FLAG_KIND)
SCALAR = leaf("scalar", TEXT_KIND, NUMBER_KIND, FLAG_KIND, NULL_KIND, digits=True, ordered=True)
UNKNOWN = Unknown()
OF_LISTS = ("first", "last", "all", "count")
OF_OBSERVED = ("first", "last", "all", "times")


def chosen(*words: str, digits: bool = False, name: str = "") -> Leaf:
    """One of some words; with `digits` also a number, which stands for what has no name."""
    shown = name or " or ".join((*words, "a number") if digits else words)
    return Leaf(shown, frozenset({TEXT_KIND}), digits, choices=words)


def or_null(shape: Leaf) -> Leaf:
    return replace(shape, kinds=shape.kinds | {NULL_KIND})


def nullable(shape: Shape) -> bool:
    return NULL_KIND in shape.kinds if isinstance(shape, Leaf) else isinstance(shape, Items | Fields) and shape.null


def step(shape: Shape, name: str) -> Shape | None:
    """What a path leads to with one name more; None where there is no such thing."""
    if isinstance(shape, Unknown):
        return shape
    if isinstance(shape, Repeated):
        return shape.each.fields.get(name) or _of_all(shape.each, name, OF_OBSERVED)
    if isinstance(shape, Items):
        own = name in shape.of.fields if isinstance(shape.of, Fields) else False
        if not own and (accessed := _of_all(shape.of, name, OF_LISTS)):
            return accessed
        inner = step(shape.of, name)
        return Items(inner) if inner is not None else None
    return shape.fields.get(name, shape.other) if isinstance(shape, Fields) else None


def follow(shape: Shape, path: Sequence[str]) -> tuple[Shape, tuple[str, ...]]:
    """What a path leads to, and the rest of it from where there is no such thing. `outcome.lookup` goes this way."""
    rest = tuple(path)
    while rest:
        inner, taken = step(shape, rest[0]), 1
        if inner is None and isinstance(shape, Items) and shape.named and isinstance(shape.of, Fields):
            inner, taken = Repeated(shape.of), _length_as_meant(rest, shape.of.fields)
        if inner is None:
            break
        shape, rest = inner, rest[taken:]
    return shape, rest


def length_of_name(path: Sequence[str], fields: Container[str]) -> int:
    """How many steps of a path are the name of an item, which may hold dots: all before one of its fields."""
    ends = (at for at in range(1, len(path)) if path[at] in fields or path[at] in OF_OBSERVED)
    return next(ends, len(path))


def _length_as_meant(path: Sequence[str], fields: Mapping[str, Shape]) -> int:
    """The same, but for a last step that looks like a misspelt field."""
    taken = length_of_name(path, fields)
    misspelt = taken == len(path) > 1 and (closest(path[-1], fields) or "").startswith("did")
    return taken - 1 if misspelt else taken


def _of_all(item: Shape, name: str, accessors: tuple[str, ...]) -> Shape | None:
    if name not in accessors:
        return None
    if name == "all":
        return Items(item)
    return NUMBER if name in ("count", "times") else item


def bare(shape: Shape) -> Shape:
    """What a matcher is given: a name that holds a value is that value."""
    if isinstance(shape, Repeated):
        return bare(shape.each)
    if isinstance(shape, Items):
        return replace(shape, of=bare(shape.of))
    return shape.fields["value"] if isinstance(shape, Fields) and {"ok", "value"} <= set(shape.fields) else shape


def fields_of(shape: Shape) -> tuple[str, ...]:
    """The names that may follow, but for accessors."""
    if isinstance(shape, Items):
        return fields_of(shape.of)
    mapping = shape.each if isinstance(shape, Repeated) else shape
    return tuple(mapping.fields) if isinstance(mapping, Fields) else ()


def either(shape: Shape, other: Shape) -> Shape:
    """What may be the one or the other."""
    if shape == other:
        return shape
    if isinstance(shape, Leaf) and isinstance(other, Leaf):
        name = shape.name if shape.name == other.name else "scalar"
        digits, ordered = shape.digits or other.digits, shape.ordered or other.ordered
        return Leaf(name, shape.kinds | other.kinds, digits, ordered)
    if isinstance(shape, Repeated) and isinstance(other, Repeated):
        both = (set(shape.each.fields), set(other.each.fields))
        fields = {**shape.each.fields, **other.each.fields}
        shared = {name: either(shape.each.fields[name], other.each.fields[name]) for name in both[0] & both[1]}
        return Repeated(Fields({**fields, **shared}))
    return UNKNOWN
