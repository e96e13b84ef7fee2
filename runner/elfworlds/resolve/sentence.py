"""A search in a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from elfworlds.resolve.types import Edge

SHOWN = ("rpath", "LD_LIBRARY_PATH", "runpath")


def why_not_found(needing: str, edge: Edge) -> str:
    """One sentence for a person: which object could not be found, by which one, and where it was looked for."""
    rules: dict[str, list[str]] = {}
    for place in edge.searched:
        rules.setdefault(place.rule, []).append(place.directory or ".")
    own = [f"{rule} {':'.join(rules[rule])}" for rule in rules if rule in SHOWN]
    looked = ", ".join(own) if own else "no rpath, no runpath and no LD_LIBRARY_PATH leads to it"
    rest = "nor is it in ld.so.cache or a default path"
    return f"{edge.name}, which {needing} needs, was not found: {looked}; {rest}"
