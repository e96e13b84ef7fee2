"""Which points of a scenario gave the same. This is the only definition; every flip depends on it.

If all repetitions of two points agree, the points gave the same if their outcomes are equal. If a point has several
outcomes, two points differ only if chance does not explain the difference. This relation is not transitive: a point may
resemble two points that differ. Such a point is set aside. Among the remaining points the relation is transitive.
"""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from elfworlds.outcome_changes.chance import differ

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Outcomes: TypeAlias = tuple[tuple[str, int], ...]  # (name, count), sorted by name
LEVEL = Fraction(1, 100)

Key = TypeVar("Key")


def kinds(points: Mapping[Key, Outcomes]) -> dict[Key, int]:
    """Point → a number, equal for points that gave the same. A point that resembles two that differ has no number."""
    level = LEVEL / max(1, _compared(list(points.values())))
    distinct = list(dict.fromkeys(points.values()))
    alike = [[_alike(first, other, level) for other in distinct] for first in distinct]
    numbers: dict[Outcomes, int] = {}
    for place, outcomes in enumerate(distinct):
        near = [other for other, same in enumerate(alike[place]) if same]
        if all(alike[first][other] for first in near for other in near):
            known = (numbers[distinct[first]] for first in near if distinct[first] in numbers)
            numbers[outcomes] = next(known, len(numbers))
    return {point: numbers[outcomes] for point, outcomes in points.items() if outcomes in numbers}


def _compared(seen: Sequence[Outcomes]) -> int:
    """The number of pairs of points that need a test of chance: at least one of the two has several outcomes."""
    certain = sum(len(outcomes) == 1 for outcomes in seen)
    return (len(seen) * (len(seen) - 1) - certain * (certain - 1)) // 2


def _alike(outcomes: Outcomes, other: Outcomes, level: Fraction) -> bool:
    """Whether two points gave the same, as far as chance allows to say."""
    if len(outcomes) == len(other) == 1:
        return outcomes[0][0] == other[0][0]
    return outcomes == other or not differ(dict(outcomes), dict(other), level)


def together(parts: Iterable[Outcomes]) -> Outcomes:
    total: Counter[str] = Counter()
    for part in parts:
        total.update(dict(part))
    return tuple(sorted(total.items()))
