"""The prediction for a name that an object asks for."""

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
    """One name that an object asks for: what should serve it, and what did.

    Attributes:
        cause: `DT_NEEDED`, `DT_AUXILIARY`, `DT_FILTER`, `dlopen` (of a name without a slash) or `LD_PRELOAD`.
        needing: the path of the object that asks, as the trace has it.
        predicted: the file that should serve the name; None if no file should, or if the rules cannot tell.
        rule: the rule of the prediction, as in `resolve.Edge`; `loaded` if no search is expected.
        search: the loader's search; None if an object served the name that was loaded before.
        found: the file that the loader took, judged with the files at hand; `search.found` is from the trace alone.
        agrees: whether the loader did what was predicted: it searched, or not, and it took the predicted file. None if
            it did something else and the rules cannot tell.
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
