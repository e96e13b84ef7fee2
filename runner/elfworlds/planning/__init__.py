"""What will be built and what will be tried, decided before anything runs; pure."""

from elfworlds.planning.make import make
from elfworlds.planning.types import (
    Bound,
    BuildRequest,
    Judged,
    LaidFile,
    Placement,
    Plan,
    Point,
    Trial,
    ValueRef,
    realise,
)

__all__ = [
    "Bound",
    "BuildRequest",
    "Judged",
    "LaidFile",
    "Placement",
    "Plan",
    "Point",
    "Trial",
    "ValueRef",
    "make",
    "realise",
]
