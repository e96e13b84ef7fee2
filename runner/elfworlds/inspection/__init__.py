"""A file → what the dynamic loader would do with it, and why; nothing is executed."""

from elfworlds.inspection.inspecting import inspect, system_of
from elfworlds.inspection.inspection import Inspection
from elfworlds.inspection.symbols import Reference
from elfworlds.inspection.types import Considered, Mapped, MissingVersion, Need, OptionalNeed
from elfworlds.inspection.world import BASE_NAMESPACE, NEW_NAMESPACE, System, World

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
