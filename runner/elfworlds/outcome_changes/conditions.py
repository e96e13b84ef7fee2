"""Conditions on axes, as values: reports put them into words, and tests check them against points."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from elfworlds.outcome_changes.marks import Mark, Order


@dataclass(frozen=True, slots=True)
class Cut:
    """Two observed neighbours on an ordered axis; nothing is known of the versions between them."""

    before: Mark
    after: Mark

    @property
    def changed(self) -> tuple[tuple[str, str], ...]:
        """The parts whose version changes at the cut, with the version after it."""
        return tuple(part for part in self.after.parts if part not in self.before.parts)


@dataclass(frozen=True, slots=True)
class Condition:
    """What a point's label on one axis must be; all fields that are set must hold.

    Attributes:
        since: the label is at or above the cut's upper side.
        until: the label is below the cut's upper side.
        marks: the label is at one of these places on an ordered axis.
        labels: the label is one of these; then nothing else is asked.
        family: the label's version is of this family.
    """

    axis: str
    since: Cut | None = None
    until: Cut | None = None
    marks: tuple[Mark, ...] = ()
    labels: tuple[str, ...] = ()
    family: str | None = None

    def holds(self, label: str, order: Order | None) -> bool:
        """Whether the condition holds for a label; `order` is the order of the axis, if it has one."""
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
    """The intersection of two boxes; None if two conditions on an axis exclude each other."""
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
    """Whether all conditions of a box hold at a point."""
    return all(condition.holds(point[condition.axis], orders.get(condition.axis)) for condition in box)
