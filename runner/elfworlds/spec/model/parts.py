"""What a part of an experiment speaks of, found by the fields of its types: a new key needs no entry anywhere."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, TypeAlias

from elfworlds import refs
from elfworlds.refs import Template
from elfworlds.spec.leaves.annotated import Naming
from elfworlds.spec.leaves.layout import FilePath
from elfworlds.spec.model.base import Model
from elfworlds.yamltext import Scalar

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from pydantic.fields import FieldInfo

    from elfworlds.spec.leaves.exports import Exports

    Single: TypeAlias = Model | Template | Exports | FilePath | str | float | None
    Part: TypeAlias = "Single | list[Part] | tuple[Part, ...] | Mapping[str, Part]"


def templates(part: Model, *, without: Collection[str] = ()) -> Iterator[Template]:
    """Every text in a part that may hold references; `without` are keys of the part that do not count."""
    for field, value in _fields(part, without):
        if Naming.AXES not in field.metadata:
            yield from _templates(value)


def bare_objects(part: Model, *, without: Collection[str] = ()) -> Iterator[Template]:
    """The texts that may be an object's name, which then stands there without `${}`."""
    for field, value in _fields(part, without):
        if Naming.OBJECTS in field.metadata:
            yield from _templates(value)


def compared_axes(part: Model, *, without: Collection[str] = ()) -> Iterator[str]:
    """The axes that a `when` in a part compares."""
    for field, value in _fields(part, without):
        if Naming.AXES in field.metadata and isinstance(value, dict):
            yield from value


def _fields(part: Model, without: Collection[str] = ()) -> Iterator[tuple[FieldInfo, Part]]:
    """Every field of a part, and of the models in it."""
    for name, field in type(part).model_fields.items():
        if name not in without:
            value: Part = getattr(part, name)
            yield field, value
            for inner in _models(value):
                yield from _fields(inner)


def _models(value: Part) -> Iterator[Model]:
    if isinstance(value, Model):
        yield value
    elif isinstance(value, list | tuple | dict):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _models(inner)


def _templates(value: Part) -> Iterator[Template]:
    """The templates in a value, but for those in models."""
    if isinstance(value, Template):
        yield value
    elif isinstance(value, Scalar):
        yield refs.parse(value)
    elif isinstance(value, list | tuple | dict):
        for inner in _keys_and_values(value) if isinstance(value, dict) else value:
            yield from _templates(inner)
    elif is_dataclass(value):
        for field in fields(value):
            yield from _templates(getattr(value, field.name))


def _keys_and_values(mapping: Mapping[str | FilePath, Part]) -> Iterator[Part]:
    """What may hold templates in a mapping: of its keys the paths of files."""
    for key, value in mapping.items():
        if isinstance(key, FilePath):
            yield key
        yield value
