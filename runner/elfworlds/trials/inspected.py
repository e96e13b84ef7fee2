"""A scenario of the kind `inspect`: an object's ELF facts, read without running anything, are what happened."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from elfworlds import elf, resolve
from elfworlds.planning.spoken import names_in
from elfworlds.trials.details import details
from elfworlds.trials.searching import Searching, facts_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from elfworlds.backends import Build
    from elfworlds.elf import Symbol
    from elfworlds.jsondata import Json
    from elfworlds.planning import Trial
    from elfworlds.toolchains import Toolchain


def values(trial: Trial, build: Build, toolchain: Toolchain) -> dict[str, Json]:
    """What matchers may speak of: the file's facts, and what its needed objects leave undefined."""
    artifact = build.artifacts[trial.bound.subject]
    symbols = elf.symbols(Path(artifact.path))
    world = Searching(None, toolchain, facts_of).world()
    edges = resolve.tree(artifact.path, world)
    served = [
        elf.symbols(Path(toolchain.world.outside(path)))
        for path in dict.fromkeys(edge.path for edge in edges)
        if path is not None
    ]
    return {
        **artifact.facts.facts(),
        **details(Path(artifact.path), names_in(trial)),
        "exports": sorted({symbol.symbol for symbol in symbols if symbol.defined}),
        "undefined": sorted({symbol.symbol for symbol in symbols if not symbol.defined}),
        "missing-objects": sorted({edge.name for edge in edges if edge.path is None and edge.sure}),
        "missing-symbols": sorted(missing(symbols, served)),
        "size": Path(artifact.path).stat().st_size,
    }


def missing(symbols: Iterable[Symbol], served: Iterable[Iterable[Symbol]]) -> set[str]:
    """Undefined symbols that no needed object defines; a weak one may stay undefined."""
    defined = {symbol.symbol for table in served for symbol in table if symbol.defined}
    return {
        symbol.symbol
        for symbol in symbols
        if not symbol.defined and symbol.bind != "STB_WEAK" and symbol.symbol not in defined
    }
