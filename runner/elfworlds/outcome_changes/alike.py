"""Which points of a scenario gave the same: the one definition, which every flip rests on.

Two points whose repetitions all agree gave the same where their outcomes are equal. Where one of two has several
outcomes, they gave different ones only if chance does not explain it. That relation is not transitive: a point that
cannot be told from two that differ belongs to neither, and is set aside. Among the others it is.
"""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from elfworlds.outcome_changes.chance import differ

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Outcomes: TypeAlias = tuple[tuple[str, int], ...]  # name and how often, sorted by name
LEVEL = Fraction(1, 100)

Key = TypeVar("Key")


def kinds(points: Mapping[Key, Outcomes]) -> dict[Key, int]:
    """For each point a number: equal ones gave the same. A point that cannot be told from two that differ has none."""
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
    """How many pairs of points chance is asked about: those of which at least one has several outcomes."""
    certain = sum(len(outcomes) == 1 for outcomes in seen)
    return (len(seen) * (len(seen) - 1) - certain * (certain - 1)) // 2


def _alike(outcomes: Outcomes, other: Outcomes, level: Fraction) -> bool:
    """Whether two points cannot be told apart."""
    if len(outcomes) == len(other) == 1:
        return outcomes[0][0] == other[0][0]
    return outcomes == other or not differ(dict(outcomes), dict(other), level)


def together(parts: Iterable[Outcomes]) -> Outcomes:
    total: Counter[str] = Counter()
    for part in parts:
        total.update(dict(part))
    return tuple(sorted(total.items()))
