"""The leaves of an experiment file as types: how each is read, and its JSON Schema for editors."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Generic, TypeAlias, TypeVar

from pydantic import BeforeValidator
from pydantic_core import CoreSchema, core_schema
from typing_extensions import TypeAliasType

from elfworlds.refs import Template
from elfworlds.spec.leaves import forms
from elfworlds.spec.leaves.forms import Axis, matching
from elfworlds.spec.leaves.matchers import MATCHER_SCHEMA
from elfworlds.yamltext import Data, Scalar

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler

    from elfworlds.jsondata import Json, JsonObject

Read = TypeVar("Read")


@dataclass(frozen=True, slots=True, eq=False)
class Reads(Generic[Read]):
    """A pydantic annotation: a leaf of the file is what `read` makes of it; `schema` is for editors."""

    read: Callable[[Data], Read]
    schema: JsonObject

    def __get_pydantic_core_schema__(self, _source: type, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.read)

    def __get_pydantic_json_schema__(self, _core: CoreSchema, _handler: GetJsonSchemaHandler) -> dict[str, Json]:
        return dict(self.schema)


@dataclass(frozen=True, slots=True)
class OneOrMany:
    """A pydantic annotation: a list, or what could stand in it alone; the JSON Schema has both."""

    def __get_pydantic_core_schema__(self, source: type, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(forms.one_or_many, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Json]:
        many = handler(schema)
        return {"anyOf": [many["items"], many]}


class Naming(Enum):
    """An annotation that pydantic ignores: what a key names without `${…}`."""

    AXES = "the keys of its mapping are axes"
    OBJECTS = "a text may be an object's name"


_LIST = BeforeValidator(forms.listed)
_STRING = {"type": "string"}
TEXT_SCHEMA: JsonObject = {"type": ["string", "number", "boolean"]}
_REFERENCE = {"type": "string", "pattern": r"\$\{"}

Text: TypeAlias = Annotated[str, Reads(forms.text, TEXT_SCHEMA)]
Name: TypeAlias = Annotated[
    str, Reads(matching(forms.NAME, "name"), {"type": ["string", "number"], "pattern": f"^{forms.NAME.pattern}$"})
]
FileStem: TypeAlias = Annotated[
    str, Reads(matching(forms.FILE_STEM, "file name"), {"type": "string", "pattern": f"^{forms.FILE_STEM.pattern}$"})
]
CName: TypeAlias = Annotated[str, Reads(matching(forms.C_NAME, "C name"), _STRING)]
EnvName: TypeAlias = Annotated[str, Reads(matching(forms.ENV_NAME, "variable's name"), _STRING)]
ValueName: TypeAlias = Annotated[
    str,
    Reads(
        matching(forms.VALUE_NAME, "name of a value"), {"type": "string", "pattern": f"^{forms.VALUE_NAME.pattern}$"}
    ),
]
EventName: TypeAlias = Annotated[
    str,
    Reads(
        matching(forms.EVENT_NAME, "name of an event"), {"type": "string", "pattern": f"^{forms.EVENT_NAME.pattern}$"}
    ),
]
Handle: TypeAlias = Annotated[
    str, Reads(matching(forms.HANDLE, "open object's name"), {"type": "string", "pattern": f"^{forms.HANDLE.pattern}$"})
]
Value: TypeAlias = Annotated[Scalar | None, Reads(forms.scalar, {"type": ["string", "number", "boolean", "null"]})]
Templated: TypeAlias = Annotated[Template, Reads(forms.template, TEXT_SCHEMA)]
Templates: TypeAlias = Annotated[tuple[Templated, ...], _LIST]
Texts: TypeAlias = Annotated[tuple[Text, ...], _LIST]
Words: TypeAlias = Annotated[tuple[Template, ...], Reads(forms.words, _STRING)]
Commands: TypeAlias = Annotated[
    tuple[
        Annotated[
            tuple[Template, ...],
            Reads(forms.command, {"anyOf": [_STRING, {"type": "array", "minItems": 1, "items": TEXT_SCHEMA}]}),
        ],
        ...,
    ],
    _LIST,
]
Flag: TypeAlias = Annotated[bool, Reads(forms.boolean, {"type": "boolean"})]
Count: TypeAlias = Annotated[
    int | Template,
    Reads(forms.count, {"anyOf": [{"type": "integer", "minimum": 1}, _REFERENCE]}),
]
Times: TypeAlias = Annotated[
    int | Template,
    Reads(forms.times, {"anyOf": [{"type": "integer", "minimum": 0}, _REFERENCE]}),
]
Capture: TypeAlias = Annotated[
    str | Template,
    Reads(forms.capture, {"anyOf": [{"enum": ["pipe", "file", "pty"]}, _REFERENCE]}),
]
Seconds: TypeAlias = Annotated[
    float | Template,
    Reads(
        forms.seconds,
        {
            "anyOf": [
                {"type": "number", "exclusiveMinimum": 0},
                {"type": "string", "pattern": rf"^{forms.SECONDS.pattern}$|\$\{{"},
            ]
        },
    ),
]
StatedSeconds: TypeAlias = Annotated[
    float,
    Reads(
        forms.stated_seconds,
        {
            "anyOf": [
                {"type": "number", "exclusiveMinimum": 0},
                {"type": "string", "pattern": f"^{forms.SECONDS.pattern}$"},
            ]
        },
    ),
]
Size: TypeAlias = Annotated[
    int | Template,
    Reads(
        forms.size,
        {
            "anyOf": [
                {"type": "integer", "minimum": 0},
                {"type": "string", "pattern": rf"^{forms.SIZE.pattern}$|\$\{{"},
            ]
        },
    ),
]
AnyData = TypeAliasType("AnyData", Data)  # named, so that pydantic does not look into a type that holds itself
Matcher: TypeAlias = Annotated[AnyData, Reads(forms.matcher, MATCHER_SCHEMA)]
AxisForm: TypeAlias = Annotated[
    Axis,
    Reads(
        forms.axis,
        {
            "anyOf": [
                {
                    "type": "array",
                    "minItems": 1,
                    "uniqueItems": True,
                    "items": {"type": ["string", "number", "boolean", "null"]},
                },
                {"type": "object", "minProperties": 1},
            ]
        },
    ),
]
AnyOf: TypeAlias = Annotated[tuple[Value, ...], OneOrMany()]
When: TypeAlias = Annotated[dict[str, AnyOf], Naming.AXES]
