"""What is predicted of a name that an object asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from elfworlds.elf import DT_NEEDED

if TYPE_CHECKING:
    from elfworlds.traces.ldtrace import Search

__all__ = ["DLOPEN", "DT_NEEDED", "LD_PRELOAD", "Prediction"]
DLOPEN, LD_PRELOAD = "dlopen", "LD_PRELOAD"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """One name that an object asks for.

    Attributes:
        cause: `DT_NEEDED`, `DT_AUXILIARY`, `DT_FILTER`, `dlopen` (of a name without a slash) or `LD_PRELOAD`.
        needing: the path of who asks, as the trace has it.
        predicted: the file that should serve it; None where none should be found, or nobody can tell.
        rule: of the prediction, as in `resolve.Edge`; `loaded` where no search should be.
        search: what the loader did; None where an object served that was loaded already.
        found: the file that the loader took, with the files in view; `search.found` is what the trace alone says.
        agrees: whether the loader searched if and only if it should, and found the file that it should; None where the
            rules cannot tell, and the loader did something else.
    """

    pid: int
    lmid: int
    cause: str
    needing: str
    name: str
    predicted: str | None
    rule: str | None
    search: Search | None
    found: str | None
    agrees: bool | None
