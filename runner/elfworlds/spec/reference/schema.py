"""The JSON Schema of an experiment file, for editors and for docs/."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from elfworlds.spec.model.experiment import Experiment

if TYPE_CHECKING:
    from pydantic import JsonValue

STEPS: dict[str, JsonValue] = {"$ref": "#/$defs/Steps"}


def schema() -> str:
    """The schema as JSON text, stable from run to run."""
    document = Experiment.model_json_schema(by_alias=True)
    document["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    document["title"] = Experiment.title_of_schema
    document["patternProperties"] = {"^x-": {}}
    _splice(document["$defs"])
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _splice(definitions: dict[str, JsonValue]) -> None:
    """A list within steps is taken for what it holds, however deep; the types alone do not say so."""
    for definition in list(definitions.values()):
        steps = _inside(_inside(definition, "properties"), "steps")
        if "items" in steps:
            definitions["Steps"] = {"type": "array", "items": {"anyOf": [steps.pop("items"), dict(STEPS)]}}
            steps |= {"type": "array", "minItems": 1, **STEPS}


def _inside(schema: JsonValue, key: str) -> dict[str, JsonValue]:
    inner = schema.get(key) if isinstance(schema, dict) else None
    return inner if isinstance(inner, dict) else {}
