"""Which symbols an object exports: all, some, or some under versions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from elfworlds import refs
from elfworlds.spec.leaves import forms
from elfworlds.spec.leaves.forms import kind, refuse
from elfworlds.yamltext import flow

if TYPE_CHECKING:
    from elfworlds.jsondata import JsonObject
    from elfworlds.refs import Template
    from elfworlds.yamltext import Data, Path

SYMBOL = re.compile(r"[A-Za-z_.$?*\[][A-Za-z0-9_.$?*\[\]^!-]*")
VERSION = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")
_SYMBOLS: JsonObject = {"type": "array", "items": {"type": "string"}}
SCHEMA: JsonObject = {
    "anyOf": [
        {"const": "all"},
        _SYMBOLS,
        {
            "type": "object",
            "minProperties": 1,
            "propertyNames": {"pattern": f"^{VERSION.pattern}$"},
            "additionalProperties": _SYMBOLS,
        },
    ]
}


@dataclass(frozen=True, slots=True)
class Exports:
    """Symbols by version, in order; `versions` is None where all are exported, "" is the version of none."""

    versions: tuple[tuple[str, tuple[Template, ...]], ...] | None

    @property
    def symbols(self) -> tuple[tuple[Path, Template], ...]:
        """Each symbol with its place below the key."""
        return tuple(
            ((version, index) if version else (index,), symbol)
            for version, symbols in self.versions or ()
            for index, symbol in enumerate(symbols)
        )


def exports(data: Data) -> Exports:
    """`all`, a list of symbols, or a mapping version → symbols, each version depending on the one before."""
    if data == "all":
        return Exports(None)
    if isinstance(data, list):
        return Exports((("", _symbols(data, ())),))
    if not isinstance(data, dict):
        hint = f"write {flow(data)}" if isinstance(data, str) else None
        raise refuse(f"expected symbols, versions with their symbols, or `all`, found {kind(data)}", hint)
    if not data:
        raise refuse("versions, and there is none", "[] exports nothing")
    return Exports(tuple((_version(version), _symbols(symbols, (version,))) for version, symbols in data.items()))


def _version(data: Data) -> str:
    version = forms.text(data)
    if not VERSION.fullmatch(version):
        hint = f"it must match {VERSION.pattern}"
        raise refuse(f"`{version}` is no version of a symbol", hint, (version,), at_key=True)
    return version


def _symbols(data: Data, path: Path) -> tuple[Template, ...]:
    if not isinstance(data, list):
        hint = f"write {flow(data)}" if isinstance(data, str) else None
        raise refuse(f"expected a list of symbols, found {kind(data)}", hint, path)
    return tuple(_symbol(symbol, (*path, index)) for index, symbol in enumerate(data))


def _symbol(data: Data, path: Path) -> Template:
    if not isinstance(data, str):
        raise refuse(f"expected a symbol, found {kind(data)}", None, path)
    try:
        symbol = refs.parse(data)
    except refs.RefError as error:
        raise refuse(str(error), "a literal `${` is written `$${`", path) from None
    if symbol.literal is not None and not SYMBOL.fullmatch(symbol.literal):
        raise refuse(
            f"`{symbol.literal}` is no symbol", "a name as readelf shows it; * ? and [] stand for others", path
        )
    return symbol
