"""What differs between two inspections: of two files, or of one file in two systems."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from elfworlds.inspection.result import Result
    from elfworlds.jsondata import Json

OF_PLACE = ("build-id",)  # a fact that differs whenever files do, and says nothing else


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One fact that differs; None where one side has no such thing.

    Attributes:
        kind: `fact`, `library`, `needed version`, `missing version`, `defined symbol` or `undefined symbol`.
    """

    kind: str
    name: str
    before: str | None
    after: str | None


def differences(before: Result, after: Result, *, symbols: bool = False) -> tuple[Difference, ...]:
    """Every difference, by kind; with `symbols` also in what the two files define and refer to."""
    old, new = dict(_facts(before, symbols=symbols)), dict(_facts(after, symbols=symbols))
    return tuple(
        Difference(kind=kind, name=name, before=old.get((kind, name)), after=new.get((kind, name)))
        for kind, name in dict.fromkeys((*old, *new))
        if old.get((kind, name)) != new.get((kind, name))
    )


def _facts(inspection: Result, *, symbols: bool) -> Iterator[tuple[tuple[str, str], str]]:
    for name, value in inspection.facts.facts().items():
        if name not in OF_PLACE:
            yield ("fact", name), _text(value)
    served: dict[str, str] = {}
    for need in inspection.needs:
        served.setdefault(need.name, need.path or "NOT FOUND")
    for name, path in served.items():
        yield ("library", name), path
    own = inspection.own
    versions = inspection.system.versions(own.path) if own else None
    for version in versions.needed if versions else ():
        yield ("needed version", f"{version.name} of {version.file}"), "weak" if version.weak else "needed"
    for missing in inspection.versions:
        yield ("missing version", f"{missing.version} of {missing.file}"), "weak" if missing.weak else "missing"
    if symbols and own:
        yield from _symbols(inspection, own.path)


def _symbols(inspection: Result, own: str) -> Iterator[tuple[tuple[str, str], str]]:
    for symbol in inspection.system.symbols(own) or ():
        if symbol.defined:
            at = "@@" if symbol.is_default else "@"
            name = symbol.symbol if symbol.version is None else f"{symbol.symbol}{at}{symbol.version}"
            yield ("defined symbol", name), f"{symbol.type} {symbol.size}"
    for reference in inspection.references:
        if reference.needing == own:
            yield ("undefined symbol", reference.name), reference.path or "NOT DEFINED"


def _text(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def difference_lines(found: tuple[Difference, ...]) -> Iterator[str]:
    """The same for a terminal."""
    kind = ""
    for each in found:
        if each.kind != kind:
            kind = each.kind
            yield f"{kind}:"
        yield f"  {each.name}"
        yield f"    - {each.before if each.before is not None else 'none'}"
        yield f"    + {each.after if each.after is not None else 'none'}"
    if not found:
        yield "no difference"
