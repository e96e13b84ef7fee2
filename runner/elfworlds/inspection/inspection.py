"""What `inspect` gives: what is known of a file, and the same as tables."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from elfworlds.inspection.result import Result

if TYPE_CHECKING:
    from elfworlds.inspection.frames import Tables


@dataclass(frozen=True, kw_only=True)
class Inspection(Result):
    """What the dynamic loader would do with a file; the attributes are those of `Result`."""

    @cached_property
    def tables(self) -> Tables:
        """Name → data frame, each made when it is first asked for: docs/inspect.md has the columns."""
        from elfworlds.inspection.frames import Tables  # noqa: PLC0415  # a tree needs none

        return Tables((self,))
