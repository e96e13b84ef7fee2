"""The JSON Schema of an experiment file, for editors and for docs/."""

from __future__ import annotations

import json

from elfworlds.spec.model import Experiment


def schema() -> str:
    """The schema as JSON text, stable from run to run."""
    found = Experiment.model_json_schema(by_alias=True)
    found["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    found["title"] = Experiment.title_of_schema
    found["patternProperties"] = {"^x-": {}}
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"
