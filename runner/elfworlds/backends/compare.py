"""Compares what two backends made of one plan. Nothing should differ but the places of their stores."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from elfworlds import elf
from elfworlds.planning.types import directory_of, keys_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from elfworlds.backends.types import Artifact, Build
    from elfworlds.jsondata import Json
    from elfworlds.planning import Plan
    from elfworlds.toolchains import Toolchain


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


def libcs(names: tuple[str, str], toolchains: tuple[Mapping[str, Toolchain], Mapping[str, Toolchain]]) -> Iterator[str]:
    """As `files`, for all that the backends' toolchains of one name lay over their base."""
    for name, here in toolchains[0].items():
        there = toolchains[1][name]
        if not here.unsupported and not there.unsupported:
            yield from files(name, names, (_over(here), _over(there)))


def _over(toolchain: Toolchain) -> dict[str, Path]:
    root = toolchain.world.root
    return {inside: Path(outside) for inside, outside in root.over} if root else {}


def files(what: str, names: tuple[str, str], made: tuple[Mapping[str, Path], Mapping[str, Path]]) -> Iterator[str]:
    """A sentence for each file that one backend alone has, for each ELF fact that differs, and for other bytes."""
    for name in sorted({*made[0], *made[1]}):
        here, there = (known.get(name) for known in made)
        if here is None or there is None:
            yield f"{what}: {names[here is None]} alone has {name}"
        elif here != there and here.read_bytes() != there.read_bytes():
            facts = _facts(here), _facts(there)
            different = [fact for fact, value in facts[0].items() if value != facts[1].get(fact)]
            how = f"differ in {', '.join(different)}" if different else "have the same ELF facts and other bytes"
            yield f"{what}: {name} of {names[0]} and of {names[1]} {how}"


def _facts(path: Path) -> dict[str, Json]:
    try:
        return elf.read(path).facts()
    except elf.NotElfError:
        return {}
