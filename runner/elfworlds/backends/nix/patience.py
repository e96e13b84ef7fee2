"""How long Nix may take for an object, and who is told while it takes long."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from elfworlds.locking import nobody

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from elfworlds.planning import BuildRequest


@dataclass(frozen=True, slots=True)
class Patience:
    """How long builds may take.

    Attributes:
        seconds: those of each build, whatever its request says; None for what that says.
        tell: is told what is waited for.
    """

    seconds: float | None = None
    tell: Callable[[str], None] = nobody

    def limit(self, request: BuildRequest, requests: Mapping[str, BuildRequest]) -> int:
        """Whole seconds, as Nix takes them; a circle is one build, and has the time of its most patient member."""
        circle = (requests[key].timeout for key in request.circle if key in requests)
        return math.ceil(self.seconds or max((request.timeout, *circle)))
