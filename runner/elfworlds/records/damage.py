"""What is wrong with a line of a run's files: the field, and what it holds instead of what it should."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from elfworlds.jsondata import Json

LONGEST_SHOWN = 60


class DamagedError(Exception):
    """JSON that is not of the form that it should have.

    Attributes:
        what: `is 3, not a text`.
        where: the place in the JSON, as `claims[0].says`; empty where that is the whole.
    """

    def __init__(self, what: str, where: str = "") -> None:
        super().__init__(f"`{where}` {what}" if where else what)
        self.what = what
        self.where = where

    def under(self, place: str) -> DamagedError:
        """The same of what holds the damaged thing; `place` is a key, or `[0]`."""
        dot = "." if self.where and not self.where.startswith("[") else ""
        return DamagedError(self.what, f"{place}{dot}{self.where}")


def shown(data: Json) -> str:
    """JSON, as far as a message has room for it."""
    text = json.dumps(data, ensure_ascii=False)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"
