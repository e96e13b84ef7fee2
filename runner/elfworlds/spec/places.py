"""Which part of the types a path of the file leads to, and where in the file a spliced step stands."""

from __future__ import annotations

from types import UnionType
from typing import TYPE_CHECKING, Annotated, Union, get_args, get_origin

from elfworlds.spec.model.base import Model
from elfworlds.spec.model.experiment import Experiment
from elfworlds.spec.model.observe import Observe, observe_model

if TYPE_CHECKING:
    from elfworlds.yamltext import Data, Path


def model_at(path: Path) -> type[Model]:
    """The model whose fields are the keys at a path of the file: the last one on the way there."""
    model: type[Model] = Experiment
    kind: object = Experiment  # a type, as typing has them
    for step in path:
        kind = _inside(_plain(kind), step)
        plain = _plain(kind)
        model = plain if isinstance(plain, type) and issubclass(plain, Model) else model
    return model


def _inside(kind: object, step: int | str) -> object:
    """The type of what a key or an index leads to."""
    if isinstance(kind, type) and issubclass(kind, Model):
        named = (field.annotation for name, field in kind.model_fields.items() if step in (field.alias, name))
        return next(named, None)
    if get_origin(kind) is dict:
        return get_args(kind)[1]
    return get_args(kind)[0] if get_origin(kind) is tuple else None


def _plain(kind: object) -> object:
    """Without its annotations, and without the None that it may be instead."""
    if kind is Observe:
        return observe_model()
    if get_origin(kind) is Annotated:
        return _plain(get_args(kind)[0])
    if get_origin(kind) in (Union, UnionType):
        return _plain(next((choice for choice in get_args(kind) if choice is not type(None)), None))
    return kind


def unspliced(data: Data, path: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """A path as the file has it: a list within a list of steps is one entry of it, `[gdb]` is `{gdb: {}}`."""
    places: list[int | str] = []
    for place, step in enumerate(path):
        if isinstance(step, int) and place and path[place - 1] == "steps" and isinstance(data, list):
            inner = _nth(data, [step])
            places += inner or [step]
            data = _follow(data, inner) if inner else None
        else:
            places.append(data.index(step) if isinstance(data, list) and step in data else step)
            data = _child(data, step)
    return tuple(places)


def _nth(data: list[Data], left: list[int]) -> list[int] | None:
    """The indexes that lead to the n-th step of a list of steps and of lists of steps; `left` counts down."""
    for index, step in enumerate(data):
        if isinstance(step, list):
            inner = _nth(step, left)
            if inner is not None:
                return [index, *inner]
        elif left[0] == 0:
            return [index]
        else:
            left[0] -= 1
    return None


def _follow(data: Data, path: list[int]) -> Data:
    for step in path:
        data = _child(data, step)
    return data


def _child(data: Data, step: int | str) -> Data:
    if isinstance(data, list) and isinstance(step, int):
        return data[step] if step < len(data) else None
    return data.get(step) if isinstance(data, dict) and isinstance(step, str) else None
