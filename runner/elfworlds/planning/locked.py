"""A plan's objects as a file beside the experiment, for Nix, which reads no YAML: nix/mk-experiment.nix."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from elfworlds.errors import InputError
from elfworlds.planning.document import build_document
from elfworlds.sources import Bundled, Prebuilt

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


def locked(plan: Plan, sources: Sources, file: str, digests: Mapping[str, str]) -> str:
    """The objects of a plan that was made with a neutral toolchain, and the text of all that they are made of.

    Args:
        plan: the plan.
        sources: of the same experiment.
        file: the experiment's file name.
        digests: key of a tree → sha256 of its NAR, by which Nix has it.

    Raises:
        InputError: an object is a file with an absolute path, or of a tree that is no directory beside the experiment.
    """
    inputs = {sha256 for request in plan.requests.values() for _, sha256 in request.inputs}
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
        **({"trees": _trees(plan, sources, digests)} if plan.trees else {}),
        "files": {sha256: _file(sha256, plan.files, beside) for sha256 in sorted(inputs)},
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _trees(plan: Plan, sources: Sources, digests: Mapping[str, str]) -> dict[str, Json]:
    """Key of a tree → where it lies beside the experiment, and its digest."""
    trees: dict[str, Json] = {}
    for (key, place, _), found in sources.prebuilt.items():
        if not isinstance(found, Bundled) or (tree := found.tree.key) not in plan.trees:
            continue
        if key != "tree":
            hint = "unpack it beside the experiment: `tree:`; a package of Nix is one of `objects`: `tree: NAME`"
            raise InputError(f"{plan.experiment}: a file of `{key}: {place}` cannot be locked", hint=hint)
        if place.startswith("/"):
            raise InputError(f"{place}: an absolute path", hint=HINT)
        trees[tree] = {"beside": place, "sha256": digests[tree]}
    return dict(sorted(trees.items()))


def _file(sha256: str, files: Mapping[str, bytes], beside: Mapping[str, str]) -> dict[str, Json]:
    if sha256 not in beside:
        return {"text": files[sha256].decode("utf-8", "replace")}
    if beside[sha256].startswith("/"):
        raise InputError(f"{beside[sha256]}: an absolute path", hint=HINT)
    return {"beside": beside[sha256]}
