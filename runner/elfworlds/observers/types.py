"""What an observer is given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A program as it would run alone, every path real.

    Attributes:
        settings: what the experiment says of this observer.
        leaves: an existing, empty directory for what the observer writes.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str]
    stdin: bytes
    cwd: str
    timeout: float
    capture: str
    cpus: int | None
    settings: Mapping[str, Any]
    leaves: str
