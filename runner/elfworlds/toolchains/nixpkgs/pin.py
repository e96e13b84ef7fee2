"""A pin of nixpkgs: the commit, and the hash of all that it holds."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from elfworlds import paths
from elfworlds.errors import InputError
from elfworlds.toolchains.pinning import matching
from elfworlds.yamltext import closest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from elfworlds.jsondata import JsonObject

SCHEMA = 1
FAMILY = "nixpkgs"
_FILE = re.compile(r"nixpkgs-([a-z0-9][a-z0-9.-]{0,63})\.json")
_SHAPES = {
    "release": re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,63}"),
    "rev": re.compile(r"[0-9a-f]{40}"),
    "narHash": re.compile(r"sha256-[A-Za-z0-9+/]{43}="),
    "url": re.compile(r"(?:https|file):///?[^\s\"'\\$]{1,2000}"),
    "nix": re.compile(r"[0-9]{1,4}(?:\.[0-9]{1,4}){0,3}"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """What a file `toolchains/nixpkgs-<name>.json` says.

    Attributes:
        release: the branch that the commit is of.
        nar_hash: of the unpacked sources, as flake.lock has it.
        modified: when the commit was made, in seconds since 1970.
        nix: the oldest Nix that understands its expressions.
    """

    name: str
    path: Path
    release: str
    rev: str
    nar_hash: str
    modified: int
    url: str
    nix: str

    @property
    def label(self) -> str:
        """As the axes `libc` and `gdb` say it."""
        return f"{FAMILY}/{self.name}"

    @property
    def date(self) -> str:
        return datetime.fromtimestamp(self.modified, UTC).date().isoformat()


def names(where: Iterable[Path]) -> tuple[str, ...]:
    """Every pin."""
    return matching(where, _FILE)


def find(name: str, where: Sequence[Path]) -> Pin:
    """The pin of a name.

    Raises:
        InputError: none is there, or it is none.
    """
    known = names(where)
    if name not in known:
        raise InputError(
            f"no pin {FAMILY}/{name}"[:200], hint=closest(f"{FAMILY}/{name}", [f"{FAMILY}/{pin}" for pin in known])
        )
    path = paths.first(place / f"{FAMILY}-{name}.json" for place in where)
    return read(paths.text(path), path.absolute(), name)


def read(text: str, path: Path, name: str) -> Pin:
    """The pin that a file's text holds.

    Raises:
        InputError: it holds none.
    """
    try:
        data = json.loads(text)
        if data["schema"] != SCHEMA:
            raise InputError(f"{path}: written for another elfworlds (schema {data['schema']!r:.20})")
        release, rev, nar_hash, url, nix = (_shaped(data, key) for key in _SHAPES)
        modified = int(data["lastModified"])
        pin = Pin(
            name=name, path=path, release=release, rev=rev, nar_hash=nar_hash, modified=modified, url=url, nix=nix
        )
        _ = pin.date
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError, OSError) as error:
        hint = "docs/toolchains.md has its form"
        raise InputError(f"{path}: not a pin of nixpkgs: {str(error)[:200]}", hint=hint) from None
    return pin


def _shaped(data: JsonObject, key: str) -> str:
    """A text that is safe in a URL and in a message."""
    value = data[key]
    if not isinstance(value, str) or not _SHAPES[key].fullmatch(value):
        raise ValueError(f"wrong {key}: {value!r:.80}")
    return value
