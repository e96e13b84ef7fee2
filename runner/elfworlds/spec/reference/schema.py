"""The JSON Schema of an experiment file, for editors and for docs/."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from elfworlds.spec.model.axes import AXES
from elfworlds.spec.model.experiment import Experiment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import JsonValue

NULL: dict[str, JsonValue] = {"type": "null"}
STEPS: dict[str, JsonValue] = {"$ref": "#/$defs/Steps"}


def schema(toolchains: Sequence[str] = ()) -> str:
    """The schema as JSON text, stable from run to run.

    Args:
        toolchains: those that an editor offers for the axes `libc` and `gdb`.
    """
    document = Experiment.model_json_schema(by_alias=True)
    document["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    document["title"] = Experiment.title_of_schema
    document["patternProperties"] = {"^x-": {}}
    _splice(document["$defs"])
    for part in (document, *document["$defs"].values()):
        _may_be_null(part)
    _offer(document["$defs"], toolchains)
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _splice(definitions: dict[str, JsonValue]) -> None:
    """A list within steps is taken for what it holds, however deep; the types alone do not say so."""
    for definition in list(definitions.values()):
        steps = _inside(_inside(definition, "properties"), "steps")
        if "items" in steps:
            definitions["Steps"] = {"type": "array", "items": {"anyOf": [steps.pop("items"), dict(STEPS)]}}
            steps |= {"type": "array", "minItems": 1, **STEPS}


def _offer(definitions: dict[str, JsonValue], toolchains: Sequence[str]) -> None:
    """Names of axes, and labels for each, for editors; every other axis and label is as good."""
    matrix = _inside(definitions, "Matrix")
    properties = _inside(matrix, "properties")
    for axis in AXES:
        form = json.loads(json.dumps(matrix["additionalProperties"]))
        for choice in form["anyOf"]:
            if "items" in choice:
                choice["items"] = {"anyOf": [{"enum": axis.offered(toolchains)}, choice["items"]]}
        properties[axis.name] = {"description": axis.about, **form}


def _may_be_null(part: JsonValue) -> None:
    """A key whose value is null counts as not written, so each that may be missing may be null."""
    required = part.get("required") if isinstance(part, dict) else None
    properties = _inside(part, "properties")
    for key, value in properties.items():
        if isinstance(value, dict) and not (isinstance(required, list) and key in required):
            properties[key] = _or_null(value)


def _or_null(value: dict[str, JsonValue]) -> dict[str, JsonValue]:
    choices = value.get("anyOf")
    if isinstance(choices, list):
        return value if NULL in choices else {**value, "anyOf": [*choices, NULL]}
    about: dict[str, JsonValue] = {key: value[key] for key in ("description", "default") if key in value}
    return {"anyOf": [{key: value[key] for key in value if key not in about}, NULL], **about}


def _inside(schema: JsonValue, key: str) -> dict[str, JsonValue]:
    inner = schema.get(key) if isinstance(schema, dict) else None
    return inner if isinstance(inner, dict) else {}
