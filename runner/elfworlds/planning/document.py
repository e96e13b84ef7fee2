"""A plan as JSON data: for `elfworlds plan`, for plan.json of a run, and for builders that are no Python."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from elfworlds.makers import BUILD_SECONDS
from elfworlds.planning.types import ValueRef

if TYPE_CHECKING:
    from elfworlds.jsondata import Json
    from elfworlds.planning.types import Bound, BuildRequest, Judged, Plan, Resolved, Trial
    from elfworlds.trees import Tree

SCHEMA = 1


def as_document(plan: Plan) -> dict[str, Json]:
    """The whole plan but its files' bytes; equal plans give equal documents."""
    commands = {id(trial.bound): trial.bound for trial in plan.trials}
    places = {identity: place for place, identity in enumerate(commands)}
    return {
        "schema": SCHEMA,
        "experiment": plan.experiment,
        "question": plan.question,
        "digest": plan.digest,
        **({"shard": plan.shard.words, "whole": plan.shard.plan} if plan.shard else {}),
        "axes": {name: list(labels) for name, labels in plan.axes},
        "objects": [
            {
                "object": placement.object,
                "at": dict(placement.at),
                "key": placement.key,
                "needs": list(placement.needs),
                "expect": jsonable(placement.expect),
            }
            for placement in plan.placements
        ],
        "builds": {key: {**build_document(request), **_patience(request)} for key, request in plan.requests.items()},
        **({"trees": {key: _tree(tree) for key, tree in sorted(plan.trees.items())}} if plan.trees else {}),
        "commands": [command_document(command) for command in commands.values()],
        "trials": [_trial(trial, places[id(trial.bound)]) for trial in plan.trials],
    }


def as_text(document: dict[str, Json]) -> str:
    """The document as JSON, each item of its lists and mappings on a line of its own."""
    parts = [f"{_json(key)}: {_block(value)}" for key, value in document.items()]
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _block(value: Json) -> str:
    if isinstance(value, list) and value:
        return "[\n" + ",\n".join(_json(item) for item in value) + "\n]"
    if isinstance(value, dict) and value:
        return "{\n" + ",\n".join(f"{_json(key)}: {_json(inner)}" for key, inner in value.items()) + "\n}"
    return _json(value)


def _json(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False)


def build_document(request: BuildRequest) -> dict[str, Json]:
    return {
        "name": request.name,
        "toolchain": request.toolchain,
        "filename": request.filename,
        "argv": list(request.argv),
        "inputs": dict(request.inputs),
        "needs": list(request.needs),
        **({"after": [list(words) for words in request.after]} if request.after else {}),
        **({"links": list(request.links)} if request.links else {}),
        **({"tree": request.tree} if request.tree else {}),
        **({"origin": request.origin} if request.origin else {}),
        **({"circle": list(request.circle)} if request.circle else {}),
        **({"stub": True} if request.stub else {}),
        **({"linker": request.linker} if request.linker else {}),
    }


def _patience(request: BuildRequest) -> dict[str, Json]:
    """How long a build may take, where the experiment says it. It decides nothing of what is built."""
    return {} if request.timeout == BUILD_SECONDS else {"timeout": request.timeout}


def _tree(tree: Tree) -> dict[str, Json]:
    """How much a tree is; what is in it, its key says. Of a store path, which one it is, and what it was made of."""
    told: dict[str, Json] = {"files": tree.manifest.files, "bytes": tree.manifest.size}
    return told if tree.stored is None else {**told, "nix": asdict(tree.stored)}


def command_document(bound: Bound) -> dict[str, Json]:
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
        **({"files": [asdict(file) for file in bound.files]} if bound.files else {}),
        **({"ld-so-conf": list(bound.ld_so_conf)} if bound.ld_so_conf else {}),
        **({"limits": dict(bound.limits)} if bound.limits else {}),
    }


def _trial(trial: Trial, command: int) -> dict[str, Json]:
    return {
        "trial": trial.id,
        "scenario": trial.scenario,
        "point": dict(trial.point),
        "observer": trial.observer,
        "repeat": trial.repeat,
        "command": command,
        "claims": [judged_document(claim) for claim in trial.claims],
        "expected": judged_document(trial.expected) if trial.expected else None,
    }


def judged_document(judged: Judged) -> dict[str, Json]:
    return {
        "id": judged.id,
        "says": judged.says,
        "outcomes": list(judged.outcomes),
        "matchers": jsonable(judged.matchers),
        "xfail": judged.xfail,
    }


def jsonable(data: Resolved) -> Json:
    """A matcher, or a part of one, as JSON data."""
    if isinstance(data, ValueRef):
        return {"value": data.name}
    if isinstance(data, Mapping):
        return {key: jsonable(value) for key, value in data.items()}
    if isinstance(data, str) or not isinstance(data, Sequence):
        return data
    return [jsonable(value) for value in data]
