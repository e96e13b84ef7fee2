"""Versions that objects need of others, held against what those define (elf/dl-version.c)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from elfworlds.inspection.types import MissingVersion
from elfworlds.resolve import MUSL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from elfworlds.elf import Versions
    from elfworlds.inspection.walk import Closure


def missing_versions(closure: Closure, versions: Callable[[str], Versions | None]) -> Iterator[MissingVersion]:
    """Every version that is needed and not defined; musl asks for none.

    Args:
        closure: what is loaded.
        versions: path → its versions; None where they cannot be read.
    """
    if closure.world.family == MUSL:
        return
    for mapped in closure.objects:
        own = versions(mapped.path)
        for needed in own.needed if own else ():
            provider = closure.space.answering(needed.file)
            theirs = versions(provider.path) if provider else None
            if provider is None or theirs is None:  # it is missing itself, and that is told
                continue
            defined = {version.name for version in theirs.defined}
            if needed.name not in defined:
                yield MissingVersion(
                    needing=mapped.path,
                    file=needed.file,
                    path=provider.path,
                    version=needed.name,
                    weak=needed.weak,
                    unversioned=not theirs.defined,
                )
