"""Where something holds: conditions on axes, as values that are both said in words and checked against points."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from elfworlds.outcome_changes.marks import Mark, Order


@dataclass(frozen=True, slots=True)
class Cut:
    """Two neighbours on an ordered axis that were both observed; what lies between them nobody knows."""

    before: Mark
    after: Mark

    @property
    def changed(self) -> tuple[tuple[str, str], ...]:
        """The parts that have another version after it, and which."""
        return tuple(part for part in self.after.parts if part not in self.before.parts)


@dataclass(frozen=True, slots=True)
class Condition:
    """What a point's label on one axis must be: from a version on, below one, or one of some.

    Attributes:
        since: at or above the cut's upper side.
        until: below the cut's upper side.
        marks: one of these places on an ordered axis.
        labels: one of these labels, as they are.
        family: a version of this family.
    """

    axis: str
    since: Cut | None = None
    until: Cut | None = None
    marks: tuple[Mark, ...] = ()
    labels: tuple[str, ...] = ()
    family: str | None = None

    def holds(self, label: str, order: Order | None) -> bool:
        """Whether it holds for a label; `order` is the axis', if it has one."""
        if self.labels:
            return label in self.labels
        mark = order.places.get(label) if order else None
        if mark is None:
            return False
        return (
            (self.since is None or mark.rank >= self.since.after.rank)
            and (self.until is None or mark.rank < self.until.after.rank)
            and (not self.marks or mark.rank in {place.rank for place in self.marks})
            and (self.family is None or mark.family == self.family)
        )


Box: TypeAlias = tuple[Condition, ...]


def both(box: Box, other: Box) -> Box | None:
    """A box inside two; None where two conditions on an axis exclude each other."""
    conditions = list(box)
    for new in other:
        for place, old in enumerate(conditions):
            if old.axis == new.axis and old.labels and new.labels:
                conditions[place] = replace(old, labels=tuple(label for label in old.labels if label in new.labels))
                if not conditions[place].labels:
                    return None
                break
            if old.axis == new.axis and old.family is not None and new.family is not None:
                if old.family != new.family:
                    return None
                break
        else:
            conditions.append(new)
    return tuple(conditions)


def inside(box: Box, point: Mapping[str, str], orders: Mapping[str, Order]) -> bool:
    """Whether all of the conditions hold at a point."""
    return all(condition.holds(point[condition.axis], orders.get(condition.axis)) for condition in box)
