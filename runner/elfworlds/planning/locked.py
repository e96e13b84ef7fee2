"""A plan's objects as a file beside the experiment, for Nix, which reads no YAML: nix/mk-experiment.nix."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from elfworlds import driver
from elfworlds.errors import InputError
from elfworlds.planning.document import as_text, build_document
from elfworlds.planning.points import DEFAULT_LIBC
from elfworlds.sources import Bundled, Prebuilt

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from elfworlds.jsondata import Json
    from elfworlds.planning.types import BuildRequest, Plan
    from elfworlds.sources import Sources
    from elfworlds.toolchains import Toolchain

SCHEMA = 1
HINT = "prebuilt files are locked by a place beside the experiment: link them there, and name them in `objects`"


def neutral(toolchain: Toolchain) -> Toolchain:
    """The toolchain without what differs from one machine to the next: keys then speak of the experiment alone."""
    return replace(toolchain, identity={"name": toolchain.name}, parts={}, run_path={})


def locked(plan: Plan, sources: Sources, file: str, digests: Mapping[str, str]) -> str:
    """The objects of a plan that was made with a neutral toolchain, and the text of all that they are made of.

    Objects of other toolchains are left out.

    Args:
        plan: the plan.
        sources: of the same experiment.
        file: the experiment's file name.
        digests: key of a tree → sha256 of its NAR, by which Nix has it.

    Raises:
        InputError: an object is a file with an absolute path, or of a tree that does not lie beside the experiment.
    """
    requests = _of_host(plan)
    inputs = {sha256 for request in requests.values() for _, sha256 in request.inputs}
    taken = ((path, found) for (_, _, path), found in sources.prebuilt.items() if isinstance(found, Prebuilt))
    beside = {found.file.sha256: path for path, found in taken}
    headers = {sha256: {"header": name} for name, sha256 in _headers()}
    document: dict[str, Json] = {
        "schema": SCHEMA,
        "experiment": plan.experiment,
        "file": file,
        "builds": {key: build_document(request) for key, request in requests.items()},
        "objects": [
            {"object": placement.object, "at": dict(placement.at), "key": placement.key}
            for placement in plan.placements
            if placement.key in requests
        ],
        **({"trees": trees} if (trees := _trees(plan, requests, sources, digests)) else {}),
        "files": {sha256: headers.get(sha256) or _file(sha256, plan, beside) for sha256 in sorted(inputs)},
    }
    return as_text(document)


def _of_host(plan: Plan) -> dict[str, BuildRequest]:
    """What the experiment's objects are made by, where the package set's own toolchain makes all of it.

    Programs of steps belong to trials, and are left to a run.
    """
    made: dict[str, BuildRequest] = {}
    for key, request in plan.requests.items():
        if request.toolchain == DEFAULT_LIBC and all(need in made for need in request.needs):
            made[key] = request
    wanted = [placement.key for placement in plan.placements if placement.key in made]
    taken: set[str] = set()
    while wanted:
        key = wanted.pop()
        if key not in taken:
            taken.add(key)
            wanted += (*made[key].needs, *made[key].circle)
    return {key: request for key, request in made.items() if key in taken}


def _headers() -> Iterator[tuple[str, str]]:
    """Headers that come with elfworlds, and so with its Nix expressions, by name and digest."""
    for name in driver.HEADERS:
        yield name, hashlib.sha256(driver.source(name).encode()).hexdigest()


def _trees(
    plan: Plan, requests: Mapping[str, BuildRequest], sources: Sources, digests: Mapping[str, str]
) -> dict[str, Json]:
    """Key of a tree → where it lies beside the experiment, and its digest."""
    used = {request.tree for request in requests.values()}
    trees: dict[str, Json] = {}
    for (key, place, _), found in sources.prebuilt.items():
        if not isinstance(found, Bundled) or (tree := found.tree.key) not in used:
            continue
        if key not in ("tree", "archive"):
            hint = "a package of Nix is one of `objects`: `tree: NAME`; of a suite, unpack it beside the experiment"
            raise InputError(f"{plan.experiment}: a file of `{key}: {place}` cannot be locked", hint=hint)
        if place.startswith("/"):
            raise InputError(f"{place}: an absolute path", hint=HINT)
        archive = {"archive": found.tree.archive} if found.tree.archive else {}
        trees[tree] = {"beside": place, "sha256": digests[tree], **archive}
    return dict(sorted(trees.items()))


def _file(sha256: str, plan: Plan, beside: Mapping[str, str]) -> dict[str, Json]:
    """Its text; where it is no text, or no source, its place."""
    if sha256 not in beside:
        text = plan.files[sha256].decode("utf-8", "replace")
        if text.encode() == plan.files[sha256] and "\0" not in text:
            return {"text": text}
        inputs = (given for request in plan.requests.values() for given in request.inputs)
        return {"source": next(place for place, digest in inputs if digest == sha256)}
    if beside[sha256].startswith("/"):
        raise InputError(f"{beside[sha256]}: an absolute path", hint=HINT)
    return {"beside": beside[sha256]}
