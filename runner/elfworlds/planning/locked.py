"""A plan's objects as a file beside the experiment, for Nix, which reads no YAML: nix/mk-experiment.nix."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from elfworlds.errors import InputError
from elfworlds.planning.document import build_document
from elfworlds.sources import Prebuilt

if TYPE_CHECKING:
    from collections.abc import Mapping

    from elfworlds.jsondata import Json
    from elfworlds.planning.types import Plan
    from elfworlds.sources import Sources
    from elfworlds.toolchains import Toolchain

SCHEMA = 1
HINT = "prebuilt files are locked by a place beside the experiment: link them there, and name them in `objects`"


def neutral(toolchain: Toolchain) -> Toolchain:
    """The toolchain without what differs from one machine to the next: keys then speak of the experiment alone."""
    return replace(toolchain, identity={"name": toolchain.name}, parts={}, run_path={})


def locked(plan: Plan, sources: Sources, file: str) -> str:
    """The objects of a plan that was made with a neutral toolchain, and the text of all that they are made of.

    Args:
        plan: the plan.
        sources: of the same experiment.
        file: the experiment's file name.

    Raises:
        InputError: an object is a file with an absolute path.
    """
    inputs = {sha256 for request in plan.requests.values() for _, sha256 in request.inputs}
    if plan.trees:
        raise InputError(f"{plan.experiment}: an object is a file of a tree", hint="only single files can be locked")
    taken = ((path, found) for (_, _, path), found in sources.prebuilt.items() if isinstance(found, Prebuilt))
    beside = {found.file.sha256: path for path, found in taken}
    document: dict[str, Json] = {
        "schema": SCHEMA,
        "experiment": plan.experiment,
        "file": file,
        "builds": {key: build_document(request) for key, request in plan.requests.items()},
        "objects": [
            {"object": placement.object, "at": dict(placement.at), "key": placement.key}
            for placement in plan.placements
        ],
        "files": {sha256: _file(sha256, plan.files, beside) for sha256 in sorted(inputs)},
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _file(sha256: str, files: Mapping[str, bytes], beside: Mapping[str, str]) -> dict[str, Json]:
    if sha256 not in beside:
        return {"text": files[sha256].decode("utf-8", "replace")}
    if beside[sha256].startswith("/"):
        raise InputError(f"{beside[sha256]}: an absolute path", hint=HINT)
    return {"beside": beside[sha256]}
