"""Who serves whose references in a closure; pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from elfworlds.advice.members import Member, Members
    from elfworlds.bindings import Wanted


@dataclass(slots=True, eq=False)
class Scope:
    """Objects in the order of lookup.

    Attributes:
        order: those of a host come first.
        new: the paths of those that are opened now: their references are bound.
    """

    members: Members
    order: Sequence[Member]
    new: frozenset[str]
    known: dict[str, tuple[tuple[Member, frozenset[Wanted]], ...]] = field(default_factory=dict)

    @property
    def opened(self) -> Iterator[Member]:
        return (member for member in self.order if member.path in self.new)

    def serving(self, needing: Member) -> tuple[tuple[Member, frozenset[Wanted]], ...]:
        """The objects that serve references of one, and which."""
        if needing.path not in self.known:
            self.known[needing.path] = tuple(self._serving(needing))
        return self.known[needing.path]

    def _serving(self, needing: Member) -> Iterator[tuple[Member, frozenset[Wanted]]]:
        taken: set[Wanted] = set()
        for other in (needing, *self.order) if needing.symbolic else self.order:
            serves = self.members.answered(needing, other) - taken
            if serves:
                taken |= serves
                yield other, serves

    def undefined(self, needing: Member) -> list[Wanted]:
        """References that nothing serves and that may not stay so."""
        served: set[Wanted] = set()
        for _, serves in self.serving(needing):
            served |= serves
        return [wanted for wanted, weak in needing.wanted.items() if not weak and wanted not in served]
