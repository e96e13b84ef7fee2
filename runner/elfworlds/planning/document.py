"""A plan as JSON data: for `elfworlds plan`, for plan.json of a run, and for builders that are no Python."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from elfworlds.planning.types import ValueRef

if TYPE_CHECKING:
    from elfworlds.planning.types import Bound, BuildRequest, Judged, Plan, Trial

SCHEMA = 1


def as_document(plan: Plan) -> dict[str, Any]:
    """The whole plan but its files' bytes; equal plans give equal documents."""
    commands = {id(trial.bound): trial.bound for trial in plan.trials}
    places = {identity: place for place, identity in enumerate(commands)}
    return {
        "schema": SCHEMA,
        "experiment": plan.experiment,
        "question": plan.question,
        "digest": plan.digest,
        "axes": {name: list(labels) for name, labels in plan.axes},
        "objects": [
            {
                "object": one.object,
                "at": dict(one.at),
                "key": one.key,
                "needs": list(one.needs),
                "expect": jsonable(one.expect),
            }
            for one in plan.placements
        ],
        "builds": {key: build_document(request) for key, request in plan.requests.items()},
        "commands": [_command(one) for one in commands.values()],
        "trials": [_trial(one, places[id(one.bound)]) for one in plan.trials],
    }


def as_text(document: dict[str, Any]) -> str:
    """The document as JSON, each item of its lists and mappings on a line of its own."""
    parts = [f"{_json(key)}: {_block(value)}" for key, value in document.items()]
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _block(value: object) -> str:
    if isinstance(value, list) and value:
        return "[\n" + ",\n".join(_json(one) for one in value) + "\n]"
    if isinstance(value, dict) and value:
        return "{\n" + ",\n".join(f"{_json(key)}: {_json(one)}" for key, one in value.items()) + "\n}"
    return _json(value)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def build_document(request: BuildRequest) -> dict[str, Any]:
    return {
        "name": request.name,
        "toolchain": request.toolchain,
        "filename": request.filename,
        "argv": list(request.argv),
        "inputs": dict(request.inputs),
        "needs": list(request.needs),
    }


def _command(bound: Bound) -> dict[str, Any]:
    return {
        "kind": bound.kind,
        "subject": bound.subject,
        "toolchain": bound.toolchain,
        "argv": list(bound.argv),
        "env": dict(bound.env),
        "stdin": bound.stdin,
        "timeout": bound.timeout,
        "retries": bound.retries,
        "capture": bound.capture,
        "cpus": bound.cpus,
        "sees": list(bound.sees),
        "show": list(bound.show),
        "program": bound.program,
        "watch": jsonable(bound.watch),
        "objects": list(bound.keys),
        "outcomes": [{"outcome": name, "matchers": jsonable(values)} for name, values in bound.outcomes.items()],
    }


def _trial(trial: Trial, command: int) -> dict[str, Any]:
    return {
        "trial": trial.id,
        "scenario": trial.scenario,
        "point": dict(trial.point),
        "observer": trial.observer,
        "repeat": trial.repeat,
        "command": command,
        "claims": [_judged(one) for one in trial.claims],
        "expected": _judged(trial.expected) if trial.expected else None,
    }


def _judged(one: Judged) -> dict[str, Any]:
    return {
        "id": one.id,
        "says": one.says,
        "outcomes": list(one.outcomes),
        "matchers": jsonable(one.matchers),
        "xfail": one.xfail,
    }


def jsonable(data: Any) -> Any:  # noqa: ANN401  # matchers hold any data
    if isinstance(data, ValueRef):
        return {"value": data.name}
    if isinstance(data, dict):
        return {key: jsonable(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [jsonable(one) for one in data]
    return data
