"""A dataclass as the form of a JSON object: read with the type of every field checked, and written again.

A field's key is its name, or what its metadata calls `key`.

Runs have a hundred thousand trials, so checking has to be quick: which types the fields of an object had is remembered,
and of the next object with the same ones only what lists and mappings hold is looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields, is_dataclass
from enum import StrEnum
from operator import itemgetter
from types import GenericAlias, MappingProxyType, NoneType, UnionType
from typing import TYPE_CHECKING, Generic, TypeAlias, TypeVar, get_args, get_origin, get_type_hints

from elfworlds.outcome import ClaimVerdict, Verdict
from elfworlds.records.damage import DamagedError, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from _typeshed import DataclassInstance

    from elfworlds.jsondata import Json, JsonObject

    Values: TypeAlias = "tuple[Json, ...]"
    Content: TypeAlias = "Json | DataclassInstance | Sequence[Content] | Mapping[str, Content]"  # what a field holds
    Read: TypeAlias = "Callable[[Json], Content]"
    Hint: TypeAlias = "type | UnionType | GenericAlias"

Made = TypeVar("Made", bound="DataclassInstance")
WORDS = {str: "a text", int: "a whole number", float: "a number", bool: "true or false", NoneType: "null"}
NAMES = {"JsonObject": Mapping, "Mapping": Mapping, "Verdict": Verdict, "ClaimVerdict": ClaimVerdict}


@dataclass(frozen=True, slots=True)
class Kind:
    """What may stand in a place of JSON.

    Attributes:
        types: of the JSON value.
        words: what it is called.
        read: makes a value of it; None where it is the value.
    """

    types: frozenset[type]
    words: str
    read: Read | None = None

    def value(self, data: Json, place: str) -> Content:
        """What the JSON at a place is read as."""
        if type(data) not in self.types:
            raise DamagedError(f"is {shown(data)}, not {self.words}", place)
        try:
            return self.read(data) if self.read else data
        except DamagedError as error:
            raise error.under(place) from None


@dataclass(frozen=True, slots=True)
class Form(Generic[Made]):
    """How objects become values of one dataclass.

    Attributes:
        make: the dataclass.
        kinds: key → what may stand there, in the order of the fields.
        earlier: fills in what earlier versions did not write; asked where a key is missing.
        pick: the values of all keys.
        nested: place among them, key and reader of those that are not taken as they are.
        seen: types of the values of objects that were read.
        same: values → what was made of them, for objects of texts that occur again and again; else None.
    """

    make: Callable[..., Made]
    kinds: Mapping[str, Kind]
    earlier: Callable[[JsonObject], JsonObject]
    pick: Callable[[JsonObject], Values]
    nested: tuple[tuple[int, str, Read], ...]
    seen: set[tuple[type, ...]] = field(default_factory=set)
    same: dict[Values, Made] | None = None

    def read(self, data: Json) -> Made:
        """The value of an object.

        Raises:
            DamagedError: it is no object, or not of this form.
        """
        if not isinstance(data, dict):
            raise DamagedError(f"{shown(data)} is not an object")
        try:
            values = self.pick(data)
        except KeyError:
            values = self._filled(self.earlier(data))
        if self.same is None:
            return self._made(values)
        try:
            return self.same[values]
        except (KeyError, TypeError):  # TypeError: a list where a text should be, which making says
            made = self._made(values)
        self.same[values] = made
        return made

    def _made(self, values: Values) -> Made:
        types = tuple(map(type, values))
        if types not in self.seen:
            self._check(values)
            self.seen.add(types)
        made: list[Content] = [*values]
        for place, key, read in self.nested:
            try:
                made[place] = read(values[place])
            except DamagedError as error:
                raise error.under(key) from None
        return self.make(*made)

    def _filled(self, data: JsonObject) -> Values:
        missing = next((key for key in self.kinds if key not in data), None)
        if missing is not None:
            raise DamagedError("is missing", missing)
        return self.pick(data)

    def _check(self, values: Values) -> None:
        for (key, kind), value in zip(self.kinds.items(), values, strict=True):
            if type(value) not in kind.types:
                raise DamagedError(f"is {shown(value)}, not {kind.words}", key)


def form(
    make: type[Made],
    known: Mapping[Hint, Kind] = MappingProxyType({}),
    earlier: Callable[[JsonObject], JsonObject] = lambda data: data,
) -> Form[Made]:
    """The form of a dataclass.

    Args:
        make: the dataclass.
        known: types of fields → how they are read, for those that have a way of their own.
        earlier: makes an object of what an earlier version wrote; asked where keys are missing.
    """
    hints = get_type_hints(make, localns=NAMES)
    kinds = {key_of(field): kind_of(hints[field.name], known) for field in fields(make)}
    nested = ((place, key, kind.read) for place, (key, kind) in enumerate(kinds.items()))
    return Form(
        make=make,
        kinds=kinds,
        earlier=earlier,
        pick=itemgetter(*kinds),
        nested=tuple((place, key, read) for place, key, read in nested if read),
    )


def key_of(field: Field[Content]) -> str:
    """What a field is called in JSON."""
    return str(field.metadata.get("key", field.name))


def kind_of(hint: Hint, known: Mapping[Hint, Kind] = MappingProxyType({})) -> Kind:
    """What JSON the values of a type are read from."""
    outer, inner = get_origin(hint), [kind_of(get_arg, known) for get_arg in get_args(hint) if get_arg is not Ellipsis]
    if hint in known:
        return known[hint]
    if outer is UnionType:
        return _either(inner)
    if outer is tuple:
        return _list_of(inner[0]) if Ellipsis in get_args(hint) else _row_of(inner)
    if outer is Mapping:
        return _mapping_of(inner[1])
    if hint is Mapping:
        return Kind(frozenset({dict}), "an object")
    return _of_class(hint) if isinstance(hint, type) else known[hint]


def _of_class(hint: type) -> Kind:
    if issubclass(hint, StrEnum):
        return _word_of(hint)
    if is_dataclass(hint):
        return of(form(hint))
    return Kind(frozenset({float, int} if hint is float else {hint}), WORDS[hint])


def of(inner: Form[Made]) -> Kind:
    """An object of a form."""
    return Kind(frozenset({dict}), "an object", inner.read)


def _word_of(words: type[StrEnum]) -> Kind:
    members = {str(word): word for word in words}

    def read(data: Json) -> Content:
        if not isinstance(data, str) or data not in members:
            raise DamagedError(f"is {shown(data)}, not one of {', '.join(members)}")
        return members[data]

    return Kind(frozenset({str}), "a text", read)


def _either(kinds: Sequence[Kind]) -> Kind:
    """One of several; at most one of them is not read as it is."""
    types = frozenset[type]().union(*(kind.types for kind in kinds))
    words = " or ".join(kind.words for kind in kinds)
    nested = next((kind for kind in kinds if kind.read), None)
    if nested is None:
        return Kind(types, words)
    return Kind(types, words, lambda data: nested.value(data, "") if type(data) in nested.types else data)


def _list_of(inner: Kind) -> Kind:
    def read(data: Json) -> Content:
        items = items_of(data)
        if not items:
            return ()
        if inner.read is None and inner.types.issuperset(map(type, items)):
            return tuple(items)
        return tuple(inner.value(item, f"[{at}]") for at, item in enumerate(items))

    return Kind(frozenset({list}), "a list", read)


def _row_of(inner: Sequence[Kind]) -> Kind:
    """A list of a known length."""

    def read(data: Json) -> Content:
        items = items_of(data)
        if len(items) != len(inner):
            raise DamagedError(f"has {len(items)} items, not {len(inner)}")
        return tuple(kind.value(item, f"[{at}]") for at, (kind, item) in enumerate(zip(inner, items, strict=True)))

    return Kind(frozenset({list}), "a list", read)


def items_of(data: Json) -> list[Json]:
    """The items of a list."""
    if not isinstance(data, list):
        raise DamagedError(f"is {shown(data)}, not a list")
    return data


def _mapping_of(inner: Kind) -> Kind:
    def read(data: Json) -> Content:
        if not isinstance(data, dict):
            raise DamagedError(f"is {shown(data)}, not an object")
        if inner.read is None and inner.types.issuperset(map(type, data.values())):
            return data
        return {key: inner.value(item, key) for key, item in data.items()}

    return Kind(frozenset({dict}), "an object", read)
