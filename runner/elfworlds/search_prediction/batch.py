"""The searches between two moments at which everything that was asked for is mapped, and what came of each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from elfworlds.resolve import Refusal

if TYPE_CHECKING:
    from elfworlds.resolve import Namespace, Surroundings
    from elfworlds.traces.ldtrace import Search


@dataclass(slots=True)
class Searched:
    """A search, and whether a new link map came of it."""

    search: Search
    mapped: bool = False

    def taken(self, space: Namespace, world: Surroundings) -> str | None:
        """The file that the loader took. A search without a link map took one that is mapped already, or none."""
        search = self.search
        last = search.found or (search.tried[-1].path if search.tried else None)
        if self.mapped or last is None:
            return search.found
        if space.mapped(world.identity(last)):
            return last
        if search.needed_by is not None or search.found is None:
            return None
        return None if isinstance(world.read(last), Refusal) else last  # else it was not to be loaded, or could not be


@dataclass(slots=True)
class Batch:
    """What the start of a program, or one dlopen, searches for before any initialiser runs."""

    root: Searched | None
    searches: list[Searched] = field(default_factory=list)

    def take(self, needing: str, name: str) -> Searched | None:
        """The search for a name, once."""
        for at, searched in enumerate(self.searches):
            if (searched.search.needed_by, searched.search.name) == (needing, name):
                return self.searches.pop(at)
        return None

    def mapped(self) -> None:
        """A link map came of the last search."""
        last = self.searches[-1] if self.searches else self.root
        if last:
            last.mapped = True
