"""A batch of searches and their results. Before and after a batch, the loader has mapped all that it was asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from elfworlds.resolve import Refusal

if TYPE_CHECKING:
    from elfworlds.resolve import Namespace, Surroundings
    from elfworlds.traces.ldtrace import Search


@dataclass(slots=True)
class Searched:
    """A search, and whether it led to a new link map."""

    search: Search
    mapped: bool = False

    def taken(self, space: Namespace, world: Surroundings) -> str | None:
        """The file that the loader took; None if it took none. Without a new link map, the file was mapped before."""
        search = self.search
        last = search.found or (search.tried[-1].path if search.tried else None)
        if self.mapped or last is None:
            return search.found
        if space.mapped(world.identity(last)):
            return last
        if search.needed_by is not None or search.found is None:
            return None
        return None if isinstance(world.read(last), Refusal) else last  # found, not loaded: RTLD_NOLOAD, or an error


@dataclass(slots=True)
class Batch:
    """The searches of a program's start, or of one dlopen, before any initialiser runs."""

    root: Searched | None
    searches: list[Searched] = field(default_factory=list)

    def take(self, needing: str, name: str) -> Searched | None:
        """Take the search of an object for a name out of the batch; None if there is none."""
        for at, searched in enumerate(self.searches):
            if (searched.search.needed_by, searched.search.name) == (needing, name):
                return self.searches.pop(at)
        return None

    def mapped(self) -> None:
        """Note that the last search led to a link map."""
        last = self.searches[-1] if self.searches else self.root
        if last:
            last.mapped = True
