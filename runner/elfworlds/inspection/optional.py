"""Libraries that objects declare in `.note.dlopen`: what they would load where it is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from elfworlds import resolve
from elfworlds.inspection.types import OptionalNeed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from elfworlds.elf import Dlopened, Notes
    from elfworlds.inspection.walk import Closure
    from elfworlds.resolve import LoadedObject


def optional_needs(closure: Closure, notes: Callable[[str], Notes | None]) -> Iterator[OptionalNeed]:
    """Every declared library of the objects that are loaded, with the file that dlopen would find.

    Args:
        closure: what is loaded.
        notes: path → its notes; None where they cannot be read.
    """
    for entry in closure.space.entries:
        declared = notes(entry.loaded.path) if entry.loaded.facts.type else None
        for dlopened in declared.dlopen if declared else ():
            yield _found(dlopened, entry.loaded, closure)


def _found(dlopened: Dlopened, needing: LoadedObject, closure: Closure) -> OptionalNeed:
    opener = resolve.opener(needing, closure.application, closure.world)
    edges = (resolve.serve(opener, name, closure.space, closure.world, closure.application) for name in dlopened.soname)
    edge = next((edge for edge in edges if edge.path), None)
    return OptionalNeed(
        needing=needing.path,
        sonames=dlopened.soname,
        feature=dlopened.feature,
        description=dlopened.description,
        priority=dlopened.priority,
        path=edge.path if edge else None,
        rule=edge.rule if edge else None,
    )
