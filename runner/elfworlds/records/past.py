"""What a run that goes on has behind it, in words."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Past:
    """What a run that goes on has behind it.

    Attributes:
        done: trials that need not be tried again.
        untried: how many were UNRESOLVED.
        in_flight: how many had begun when it ended.
        cut: whether a line was cut short.
    """

    done: frozenset[str]
    untried: int
    in_flight: int
    cut: bool

    @property
    def words(self) -> str:
        parts = [f"{len(self.done)} trials were done"]
        parts += [f"{self.untried} could not be tried and are tried again"] if self.untried else []
        parts += [f"{self.in_flight} had begun and are tried again"] if self.in_flight else []
        parts += ["a line that was cut short is dropped"] if self.cut else []
        return ", ".join(parts)
