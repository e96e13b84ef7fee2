"""A file → what the dynamic loader would do with it, and why; nothing is executed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from elfworlds.inspection.inspecting import inspect, system_of
from elfworlds.inspection.inspection import Inspection
from elfworlds.inspection.types import Considered, Mapped, MissingVersion, Need, OptionalNeed
from elfworlds.inspection.world import BASE_NAMESPACE, NEW_NAMESPACE, System, World

if TYPE_CHECKING:
    from elfworlds.inspection.symbols import Reference

__all__ = [
    "BASE_NAMESPACE",
    "NEW_NAMESPACE",
    "Considered",
    "Inspection",
    "Mapped",
    "MissingVersion",
    "Need",
    "OptionalNeed",
    "Reference",
    "System",
    "World",
    "inspect",
    "system_of",
]


def __getattr__(name: str) -> object:
    """What a tree does not need is imported when it is first used."""
    if name != "Reference":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from elfworlds.inspection.symbols import Reference  # noqa: PLC0415

    return Reference
