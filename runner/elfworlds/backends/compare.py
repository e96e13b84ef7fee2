"""Two backends made the same plan: what differs, beside where their stores are? Nothing should."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from elfworlds.planning.types import directory_of, keys_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from elfworlds.backends.types import Artifact, Build
    from elfworlds.planning import Plan

UNTRIED = ("UNRESOLVED", "UNSUPPORTED")
COMPARED = ("outcome", "exit", "signal", "timed_out")


def builds(plan: Plan, names: tuple[str, str], made: tuple[Build, Build]) -> Iterator[str]:
    """A sentence for each object that one backend alone could make, and for each ELF fact that differs."""
    for key, request in plan.requests.items():
        here, there = (one.artifacts.get(key) for one in made)
        if here is None and there is None:
            continue
        if here is None or there is None:
            lacking = names[here is not None]
            yield f"object {request.name}: {lacking} could not make it, {names[here is None]} could"
            continue
        own = {**symbolic(here, made[0])}, {**symbolic(there, made[1])}
        for fact, value in own[0].items():
            if value != own[1][fact] and not (fact in ("build-id", "sha256") and _holds_paths(plan, key)):
                yield f"object {request.name}: {fact} is {value} by {names[0]}, {own[1][fact]} by {names[1]}"


def symbolic(artifact: Artifact, build: Build) -> dict[str, Any]:
    """An object's facts and digest with every object's directory as its key."""
    places = {one.directory: directory_of(key) for key, one in build.artifacts.items()}

    def replaced(value: Any) -> Any:  # noqa: ANN401  # a fact is any data
        if isinstance(value, list):
            return [replaced(one) for one in value]
        if isinstance(value, str):
            for directory, symbol in places.items():
                value = value.replace(directory, symbol)
        return value

    return {name: replaced(value) for name, value in artifact.facts.facts().items()} | {"sha256": artifact.sha256}


def _holds_paths(plan: Plan, key: str) -> bool:
    """Whether an object's bytes depend on where the store is: its command names another object's directory."""
    return any(keys_in(word) for word in plan.requests[key].argv)


def trials(names: tuple[str, str], records: tuple[Sequence[Mapping[str, Any]], ...]) -> Iterator[str]:
    """A sentence for each trial that ended differently, or that was tried with one backend only."""
    here, there = ({one["trial"]: one for one in side if one["verdict"] not in UNTRIED} for side in records)
    racing = {place for side in (here, there) for place in _races(side.values())}
    for trial in dict.fromkeys([*here, *there]):
        if trial not in here or trial not in there:
            yield f"trial {trial}: tried with {names[trial not in here]} only"
        elif not (_place(here[trial]) in racing and _expected(here[trial], there[trial])):
            yield from _differences(trial, names, here[trial], there[trial])


def _differences(
    trial: str, names: tuple[str, str], here: Mapping[str, Any], there: Mapping[str, Any]
) -> Iterator[str]:
    for name in COMPARED:
        if here[name] != there[name]:
            yield (f"trial {trial}: {name} is {here[name]} with objects by {names[0]}, {there[name]} by {names[1]}")


def _place(record: Mapping[str, Any]) -> tuple[str, str, str]:
    return record["scenario"], str(record["point"]), record["observer"]


def _races(records: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str, str]]:
    """Places whose repetitions gave several outcomes: there chance decides, not the backends."""
    outcomes: dict[tuple[str, str, str], set[str]] = {}
    for record in records:
        outcomes.setdefault(_place(record), set()).add(record["outcome"])
    return (place for place, found in outcomes.items() if len(found) > 1)


def _expected(here: Mapping[str, Any], there: Mapping[str, Any]) -> bool:
    return {here["verdict"], there["verdict"]} <= {"PASS", "XFAIL"}
