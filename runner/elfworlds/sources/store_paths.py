"""NAME.nix-lock.json beside an experiment: the paths of the Nix store that its objects are files of.

Each has the key of `prebuilt` and its text, the path, the digest of its NAR, the flake with its revision, what is in
it, and the ELF facts of the files that objects name. So a plan needs neither Nix nor the path to be here.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from elfworlds.sources import lockfile
from elfworlds.sources.lockfile import SCHEMA
from elfworlds.sources.packages import entry, facts
from elfworlds.spec.model.objects import NIX
from elfworlds.trees import Manifest, StorePath, Tree
from elfworlds.trees.manifest import OutsideError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from elfworlds.elf import ElfObject
    from elfworlds.jsondata import Json

# Of what Nix calls a path; one that ends with .drv is built when it is asked for.
OUT = re.compile(r"/nix/store/[0-9a-z]{32}-[0-9A-Za-z+._?=-]{1,211}(?<!\.drv)")
HASH_DIGITS = 33  # before a store path's name, with the hyphen


@dataclass(frozen=True, slots=True)
class LockedPath:
    """A store path, what is in it, and the facts of its files that are objects, by their paths in it."""

    stored: StorePath
    manifest: Manifest
    objects: Mapping[str, ElfObject]

    @property
    def tree(self) -> Tree:
        place = Path(self.stored.out)
        return Tree(place.name[HASH_DIGITS:], self.manifest, place, stored=self.stored)


LockedPaths = dict[tuple[str, str], LockedPath]  # by the key of `prebuilt`, and its text


def filename(experiment: str) -> str:
    """The name of an experiment's lock file."""
    return f"{experiment}.nix-lock.json"


def read(path: Path, experiment: str) -> LockedPaths:
    """What a lock file has for an experiment's file; errors as of `lockfile.read`."""
    return lockfile.read(path, experiment, "store paths are locked", _paths)


def _paths(data: Any) -> LockedPaths:  # noqa: ANN401  # JSON that nobody has looked at yet
    locked = [_locked(row) for row in data["paths"]]
    return {(each.stored.kind, each.stored.text): each for each in locked}


def _locked(row: Mapping[str, Json]) -> LockedPath:
    words = {key: row[key] for key in ("kind", "text", "out", "sha256", "locked")}
    stored = StorePath(**{key: word for key, word in words.items() if isinstance(word, str)})
    if stored.kind not in NIX or not OUT.fullmatch(stored.out):
        raise ValueError(f"no path of the Nix store: {stored.out:.80}")
    rows, objects = row["tree"], row["objects"]
    if not isinstance(rows, list) or not isinstance(objects, dict):
        raise TypeError("a path has a tree and objects")
    manifest = Manifest.in_place(dict(map(entry, rows)))
    told = {path: facts(data) for path, data in objects.items()}
    for path in told:
        if file_in(manifest, path) is None:
            raise ValueError(f"it lacks its own object {path:.80}")
    return LockedPath(stored, manifest, told)


def file_in(manifest: Manifest, path: str) -> str | None:
    """The file of a store path to which a path leads; None where there is none, or it is another store path's."""
    try:
        return manifest.real(path)
    except OutsideError:
        return None


def written(paths: Iterable[LockedPath]) -> str:
    """The text of a lock file, an entry a line."""
    blocks = ",\n".join(map(_block, sorted(paths, key=lambda path: (path.stored.kind, path.stored.text))))
    return f'{{"schema": {SCHEMA}, "paths": [\n{blocks}\n]}}\n'


def _block(path: LockedPath) -> str:
    stored = path.stored
    words = {
        "kind": stored.kind,
        "text": stored.text,
        "out": stored.out,
        "sha256": stored.sha256,
        "locked": stored.locked,
    }
    lines = [f" {_json(key)}: {_json(word)}" for key, word in words.items()]
    rows = ",\n".join(f"  {_json(row)}" for row in path.manifest.rows())
    objects = ",\n".join(f"  {_json(name)}: {_json(told.facts())}" for name, told in sorted(path.objects.items()))
    lines += [f' "tree": [\n{rows}\n ]', f' "objects": {{\n{objects}\n }}']
    return "{\n" + ",\n".join(lines) + "\n}"


def _json(data: Json) -> str:
    return json.dumps(data, ensure_ascii=False)
