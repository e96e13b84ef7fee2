"""Compares what two backends made of one plan. Nothing should differ but the places of their stores."""

from __future__ import annotations

from typing import TYPE_CHECKING

from elfworlds.planning.types import directory_of, keys_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from elfworlds.backends.types import Artifact, Build
    from elfworlds.jsondata import Json
    from elfworlds.planning import Plan


def builds(plan: Plan, names: tuple[str, str], made: tuple[Build, Build]) -> Iterator[str]:
    """A sentence for each object that one backend alone could make, and for each ELF fact that differs."""
    for key, request in plan.requests.items():
        here, there = (build.artifacts.get(key) for build in made)
        if here is None and there is None:
            continue
        if here is None or there is None:
            lacking = names[here is not None]
            yield f"object {request.name}: {lacking} could not make it, {names[here is None]} could{_why(key, made)}"
            continue
        own = {**symbolic(here, made[0])}, {**symbolic(there, made[1])}
        for fact, value in own[0].items():
            if value != own[1][fact] and not (fact in ("build-id", "sha256") and _holds_paths(plan, key)):
                yield f"object {request.name}: {fact} is {value} by {names[0]}, {own[1][fact]} by {names[1]}"


def _why(key: str, made: tuple[Build, Build]) -> str:
    """The first line of what went wrong, where that is no compiler's own words."""
    failures = [build.failures[key] for build in made if key in build.failures]
    said = next((failure.output for failure in failures if failure.exit is None and failure.output), "")
    return f" ({said.partition(chr(10))[0]})" if said else ""


def symbolic(artifact: Artifact, build: Build) -> dict[str, Json]:
    """An object's facts and digest with every object's directory as its key."""
    places = {other.directory: directory_of(key) for key, other in build.artifacts.items()}

    def replaced(value: Json) -> Json:
        if isinstance(value, list):
            return [replaced(item) for item in value]
        if isinstance(value, str):
            for directory, symbol in places.items():
                value = value.replace(directory, symbol)
        return value

    return {name: replaced(value) for name, value in artifact.facts.facts().items()} | {"sha256": artifact.sha256}


def _holds_paths(plan: Plan, key: str) -> bool:
    """Whether an object's bytes depend on where the store is: a command of it names another object's directory."""
    request = plan.requests[key]
    return any(keys_in(word) for words in (request.argv, *request.after) for word in words)
