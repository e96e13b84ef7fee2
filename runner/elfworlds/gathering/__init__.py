"""Several runs → tables of outcomes, claims and versions; two such gatherings → what differs."""

from elfworlds.gathering.cells import Cell, ClaimCell, Gathered, Version, gathered
from elfworlds.gathering.compare import Comparison, Difference, compare
from elfworlds.gathering.forms import READ, GatheringError, read, texts

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
    "read",
    "texts",
]
