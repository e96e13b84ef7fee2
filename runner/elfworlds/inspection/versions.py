"""Versions that objects need of others, held against what those define (elf/dl-version.c)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from elfworlds.inspection.types import MissingVersion
from elfworlds.resolve import MUSL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from elfworlds.inspection.walk import Closure
    from elfworlds.inspection.world import System


def missing_versions(closure: Closure, system: System) -> Iterator[MissingVersion]:
    """Every version that is needed and not defined; musl asks for none.

    Args:
        closure: what is loaded.
        system: what knows the versions of its files.
    """
    if closure.world.family == MUSL:
        return
    for mapped in closure.objects:
        for file in system.files_of_versions(mapped.path):
            provider = closure.space.answering(file)
            if provider is None:  # it is missing itself, and that is told
                continue
            for needed in system.lacking(mapped.path, file, provider.path):
                theirs = system.versions(provider.path)
                yield MissingVersion(
                    needing=mapped.path,
                    file=file,
                    path=provider.path,
                    version=needed.name,
                    weak=needed.weak,
                    unversioned=theirs is None or not theirs.defined,
                )
