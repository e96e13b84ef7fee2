"""Several runs → a gathering: tables of outcomes, claims and versions. Two gatherings → what differs."""

from elfworlds.gather.cells import Cell, ClaimCell, Gathered, Version, gathered
from elfworlds.gather.compare import Comparison, Difference, compare, of_libc
from elfworlds.gather.forms import READ, GatheringError, read, texts
from elfworlds.gather.shards import remarks, together

__all__ = [
    "READ",
    "Cell",
    "ClaimCell",
    "Comparison",
    "Difference",
    "Gathered",
    "GatheringError",
    "Version",
    "compare",
    "gathered",
    "of_libc",
    "read",
    "remarks",
    "texts",
    "together",
]
