"""Inspections as a graph for dot(1): objects and who asks for whom."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from elfworlds.inspection.terminal import reason
from elfworlds.inspection.types import LOADED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from elfworlds.inspection.result import Result
    from elfworlds.inspection.types import Need

MISSING = ', color="#b00020", style=dashed'


def dot_lines(inspections: Iterable[Result]) -> Iterator[str]:
    """One graph of all inspections; what is missing is dashed, a name that is loaded already dotted."""
    yield "digraph needs {"
    yield "  rankdir=LR; node [shape=box];"
    nodes: dict[str, str] = {}
    edges: dict[str, None] = {}
    for inspection in inspections:
        for mapped in inspection.objects:
            nodes[mapped.path] = f"label={_quoted(posixpath.basename(mapped.path))}, tooltip={_quoted(mapped.path)}"
        for need in inspection.needs:
            nodes.setdefault(need.needing, f"label={_quoted(posixpath.basename(need.needing))}")
            target = need.path or need.name
            nodes.setdefault(target, f"label={_quoted(need.name)}" + ("" if need.path else MISSING))
            edges[f"  {_quoted(need.needing)} -> {_quoted(target)} [{_style(need)}];"] = None
    for path, attributes in nodes.items():
        yield f"  {_quoted(path)} [{attributes}];"
    yield from edges
    yield "}"


def _style(need: Need) -> str:
    if need.path is None:
        return f"label={_quoted('not found')}{MISSING}"
    return "style=dotted" if need.rule == LOADED else f"label={_quoted(reason(need)[1:-1])}"


def _quoted(text: str) -> str:
    """A string of DOT; control characters, which no picture shows, are left out."""
    plain = "".join(char for char in text if char.isprintable())
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'
