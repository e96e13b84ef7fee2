"""NAME.lock.json beside an experiment: what packages hold that its objects are files of, pinned for each suite.

`suites` has by suite the date of its Release and its `packages`, each with `debs`, `tree` and `objects`: the package
files with their digests, what is in them, and the ELF facts of the files that objects name. So a plan needs no package
to be here.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from elfworlds.elf import ElfObject
from elfworlds.sources import lockfile
from elfworlds.sources.lockfile import SCHEMA
from elfworlds.trees.manifest import Entry, Manifest, inside

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from elfworlds.jsondata import Json, JsonObject


@dataclass(frozen=True, slots=True)
class PinnedPackage:
    """A package of a suite, with those of its dependencies that the suite's root lacks.

    Attributes:
        date: of the suite's Release.
        debs: the package files, each as a lock file of toolchains has it.
        manifest: what is in them.
        objects: path of a file in the tree → its ELF facts.
    """

    date: str
    debs: tuple[Json, ...]
    manifest: Manifest
    objects: Mapping[str, ElfObject]


Pins = dict[tuple[str, str], PinnedPackage]  # by suite, as in `debian/bookworm`, and name


def filename(experiment: str) -> str:
    """The name of an experiment's lock file."""
    return f"{experiment}.lock.json"


def read(path: Path, experiment: str) -> Pins:
    """What a lock file pins for an experiment's file; errors as of `lockfile.read`."""
    return lockfile.read(path, experiment, "packages are pinned", _pins)


def _pins(data: Any) -> Pins:  # noqa: ANN401  # JSON that nobody has looked at yet
    return {
        (suite, name): _package(of_suite["date"], package)
        for suite, of_suite in data["suites"].items()
        for name, package in of_suite["packages"].items()
    }


def _package(date: str, data: JsonObject) -> PinnedPackage:
    rows, objects, debs = data["tree"], data["objects"], data["debs"]
    if not isinstance(rows, list) or not isinstance(objects, dict) or not isinstance(debs, list):
        raise TypeError("a package has debs, a tree and objects")
    entries = dict(map(entry, rows))
    told = {path: facts(data) for path, data in objects.items()}
    return PinnedPackage(date, tuple(debs), Manifest.of(entries), told)


def entry(row: Json) -> tuple[str, Entry]:
    """A row of a manifest; ValueError for anything else."""
    match row:
        case [str(path), str(kind), str(content), bool(executable), int(size)] if inside(path) == path:
            return path, Entry(kind, content, executable, size)
        case _:
            raise ValueError(f"no entry of a tree: {row!r:.80}")


def facts(data: Json) -> ElfObject:
    """The ELF facts of a file; TypeError for anything else."""
    if not isinstance(data, dict):
        raise TypeError("facts are an object")
    return ElfObject.from_facts(data)


def written(pins: Pins) -> str:
    """The text of a lock file, an entry a line, so that a refresh is read as a diff."""
    suites: dict[str, list[tuple[str, PinnedPackage]]] = {}
    for (suite, name), package in sorted(pins.items(), key=lambda item: item[0]):
        suites.setdefault(suite, []).append((name, package))
    blocks = []
    for suite, listed in suites.items():
        inner = ",\n".join(_block(name, package) for name, package in listed)
        date = json.dumps(listed[0][1].date)
        blocks.append(f' {json.dumps(suite)}: {{"date": {date}, "packages": {{\n{inner}\n }}}}')
    body = ",\n".join(blocks)
    return f'{{"schema": {SCHEMA}, "suites": {{\n{body}\n}}}}\n'


def _block(name: str, package: PinnedPackage) -> str:
    objects = [f"{_json(path)}: {_json(facts.facts())}" for path, facts in sorted(package.objects.items())]
    parts = (
        _lines("debs", "[]", map(_json, package.debs)),
        _lines("tree", "[]", map(_json, package.manifest.rows())),
        _lines("objects", "{}", objects),
    )
    return f"  {_json(name)}: {{\n" + ",\n".join(parts) + "\n  }"


def _lines(key: str, brackets: str, items: Iterable[str]) -> str:
    inner = ",\n".join(f"    {item}" for item in items)
    return f"   {_json(key)}: {brackets[0]}\n{inner}\n   {brackets[1]}"


def _json(data: Json) -> str:
    return json.dumps(data, ensure_ascii=False)
