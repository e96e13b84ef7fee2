"""Why something lies in a store: what it is, what it was made of, and who needs it."""

from __future__ import annotations

import shlex
import time
from typing import TYPE_CHECKING

from elfworlds.errors import InputError
from elfworlds.locking import locked
from elfworlds.store.entries import OBJECTS, Entry, entries, users
from elfworlds.store.holds import LOCK, holds

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

SHOWN = 12  # digits of a key


def why(root: Path, place: Path) -> Iterator[str]:
    """What there is to say of the entry that a path leads to, in lines.

    Args:
        root: the store.
        place: a path in it; a key, or the beginning of one, does as well.

    Raises:
        InputError: it leads to no entry, or to several.
    """
    every = entries(root)
    entry = _found(every, root, place)
    known = {each.key: each for each in every}
    yield f"{entry.name}: {'a tree' if entry.is_tree else 'an object'}, key {entry.key}"
    yield from _made_of(entry)
    yield f"  size        {entry.size} bytes"
    yield f"  last used   {time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(entry.used))}"
    yield from (f"  needs       {_named(known, key)}" for key in entry.needs)
    yield from (f"  needed by   {user.name} ({user.key[:SHOWN]})" for user in users(every).get(entry.key, ()))
    (root / "locks").mkdir(exist_ok=True)
    with locked(root / LOCK):
        needing = [hold for hold in holds(root) if entry.key in hold.keys]
    yield from (f"  held by     {hold.words}" for hold in needing)
    if not needing:
        yield "  held by     no run in progress: gc may remove it, and the next build that needs it makes it again"


def _found(every: list[Entry], root: Path, place: Path) -> Entry:
    objects = (root / OBJECTS).resolve()
    where = place.resolve()
    key = where.relative_to(objects).parts[0] if where.is_relative_to(objects) and where != objects else str(place)
    matching = [entry for entry in every if entry.key.startswith(key)]
    if len(matching) == 1:
        return matching[0]
    what = "leads to no entry of the store" if not matching else f"could be {len(matching)} entries of the store"
    raise InputError(f"{place}: it {what}", hint=f"name a path below {objects}, or a key")


def _made_of(entry: Entry) -> Iterator[str]:
    request, toolchain = entry.manifest.get("request"), entry.manifest.get("toolchain")
    if isinstance(request, dict) and isinstance(words := request.get("argv"), list):
        yield f"  made by     {shlex.join(map(str, words))}"
    if isinstance(toolchain, dict):
        yield f"  toolchain   {toolchain.get('name')} {_versions(toolchain.get('versions'))}"


def _versions(versions: object) -> str:
    return " ".join(f"{name} {version}" for name, version in versions.items()) if isinstance(versions, dict) else ""


def _named(known: Mapping[str, Entry], key: str) -> str:
    return f"{known[key].name if key in known else 'gone:'} ({key[:SHOWN]})"
