"""Libcs that were built of recipes, in the cache: complete or absent, found by their keys.

glibc/<key>/files/          the shared objects that were built, by the names that programs need them by
glibc/<key>/headers/        the headers that the recipe names
glibc/<key>/built.json      what they were built of; written last
nix/glibc/<key>/built.json  the same of those that Nix built, with their store path
locks/glibc-<key>           held (flock(2)) while one is made; nix-glibc-<key> while Nix makes it
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from elfworlds.errors import BuildFailedError
from elfworlds.locking import locked
from elfworlds.toolchains.patched.steps import FILES, HEADERS
from elfworlds.toolchains.prober import digest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from elfworlds.jsondata import Json
    from elfworlds.toolchains.family import Means
    from elfworlds.toolchains.patched.ground import Ground
    from elfworlds.toolchains.patched.recipe import Recipe

RECORD = "built.json"
PLACES: Mapping[str, str] = {"local": "glibc", "nix": "nix/glibc"}  # backend → directory of the cache


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A libc that was built.

    Attributes:
        key: what decided its files.
        files: the name of a shared object → its path.
        headers: a header as programs include it → its path.
    """

    key: str
    files: Mapping[str, Path]
    headers: Mapping[str, Path]


def place_of(key: str, cache: Path, backend: str) -> Path:
    """Where the libc of a key is, or would be."""
    return cache / PLACES[backend] / key[:16]


def found(key: str, place: Path) -> Built | None:
    """The libc of a key; None where it is not there, or not whole. Only its record is read."""
    try:
        record = json.loads((place / RECORD).read_bytes())
        tree = Path(record.get("tree", place))
        files, headers = ({str(name): tree / part / str(name) for name in record[part]} for part in (FILES, HEADERS))
        whole = record["key"] == key and all(path.is_file() for path in (*files.values(), *headers.values()))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return Built(key=key, files=files, headers=headers) if whole else None


def made_once(recipe: Recipe, ground: Ground, means: Means, backend: str, make: Callable[[str, Path], None]) -> Built:
    """The libc of a recipe, which is made where it is not there.

    Args:
        recipe: what is built.
        ground: what it is built on.
        means: whose cache it is in.
        backend: who makes it.
        make: given its key and its place, leaves it there, the record last.

    Raises:
        BuildFailedError: the cache cannot be written, or it is not there afterwards; and what `make` raises.
    """
    key = recipe.key(ground.digest)
    place, locks = place_of(key, means.cache, backend), means.cache / "locks"
    try:
        for directory in (place.parent, locks):
            directory.mkdir(parents=True, exist_ok=True)
        with locked(locks / f"{PLACES[backend].replace('/', '-')}-{place.name}", means.tell):
            if (built := found(key, place)) is None:
                make(key, place)
                built = found(key, place)
    except OSError as error:
        raise BuildFailedError(f"{error.filename or place}: {error.strerror or error}") from None
    if built is None:
        raise BuildFailedError(f"{recipe.name}: {place} vanished while it was made")
    return built


def record(recipe: Recipe, key: str, made: Path, **more: Json) -> str:
    """What was built, in a directory, with the digests of its files, and what of; as JSON."""
    parts = {part: sorted(path for path in (made / part).rglob("*") if path.is_file()) for part in (FILES, HEADERS)}
    digests = {
        part: {str(path.relative_to(made / part)): digest(path) for path in paths} for part, paths in parts.items()
    }
    data = {
        "key": key,
        "name": recipe.name,
        "base": recipe.base,
        "source": recipe.package or recipe.sha256,
        "patches": [{"file": patch.file, "title": patch.title, "sha256": patch.sha256} for patch in recipe.patches],
        "configure": list(recipe.configure),
        **digests,
        **more,
    }
    return json.dumps(data, indent=1)


def here(name: str, cache: Path) -> Iterator[str]:
    """Who built how many libcs of a recipe, whatever it said then, in words."""
    for backend, place in PLACES.items():
        records = [path for path in (cache / place).glob(f"[!.]*/{RECORD}") if f'"{name}"' in path.read_text()]
        if records:
            yield f"{len(records)} built{'' if backend == 'local' else f' by {backend}'}"
