"""How a trial is watched beside being run: the key `observe`, made of the observers' table."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

from pydantic import Field, create_model
from pydantic_core import CoreSchema, core_schema

from elfworlds.spec.model.base import Model
from elfworlds.spec.model.observers import OBSERVERS

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue

    from elfworlds.yamltext import Data


class Observe(Model):
    """The observers of a scenario; `[ld-debug]` is short for `{ld-debug: {}}`."""

    @property
    def chosen(self) -> tuple[str, ...]:
        """Observers in the order of their table, by the names that the file uses."""
        return tuple(field.alias or name for name, field in type(self).model_fields.items() if getattr(self, name))

    def settings(self, observer: str) -> Model:
        """What an observer is asked that is chosen."""
        settings = getattr(self, _field(observer))
        if not isinstance(settings, Model):
            raise KeyError(observer)
        return settings


def observe_model() -> type[Observe]:
    """`Observe` with a field for each observer of the table."""
    return _model(*((observer.name, observer.about, observer.settings) for observer in OBSERVERS.values()))


@cache
def _model(*observers: tuple[str, str, type[Model]]) -> type[Observe]:
    fields: dict[str, Any] = {  # keywords of any kind, to the type checker
        _field(name): (Annotated[settings | None, Field(description=about)], None)
        for name, about, settings in observers
    }
    return create_model("Observe", __base__=Observe, __doc__=Observe.__doc__, **fields)


def _field(observer: str) -> str:
    return observer.replace("-", "_")


@dataclass(frozen=True, slots=True)
class _ByTheTable:
    """A pydantic annotation: what is written is read by the observers' table as it is then."""

    def __get_pydantic_core_schema__(self, source: type[Observe], handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_wrap_validator_function(lambda data, _inner: _read(data), handler(source))

    def __get_pydantic_json_schema__(self, _schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        names = {"type": "array", "items": {"enum": list(OBSERVERS)}}
        return {"anyOf": [names, handler(observe_model().__pydantic_core_schema__)]}


def _read(data: Data) -> Observe:
    """What a file says; `[ld-debug]` is short for `{ld-debug: {}}`."""
    names = [name for name in data if isinstance(name, str)] if isinstance(data, list) else []
    short = isinstance(data, list) and len(names) == len(data)
    return observe_model().model_validate({name: {} for name in names} if short else data)


ObserveKey: TypeAlias = Annotated[Observe, _ByTheTable()]
NOT_OBSERVED = observe_model()()
