"""The JSON Schema of an experiment file, for editors and for docs/."""

from __future__ import annotations

import json
from typing import Any

from elfworlds.spec.model.experiment import Experiment

STEPS = {"$ref": "#/$defs/Steps"}


def schema() -> str:
    """The schema as JSON text, stable from run to run."""
    found = Experiment.model_json_schema(by_alias=True)
    found["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    found["title"] = Experiment.title_of_schema
    found["patternProperties"] = {"^x-": {}}
    _splice(found["$defs"])
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


def _splice(defs: dict[str, Any]) -> None:
    """A list within steps is taken for what it holds, however deep; the types alone do not say so."""
    for one in list(defs.values()):
        steps = one.get("properties", {}).get("steps", {})
        if "items" in steps:
            defs["Steps"] = {"type": "array", "items": {"anyOf": [steps.pop("items"), STEPS]}}
            steps |= {"type": "array", "minItems": 1, **STEPS}
