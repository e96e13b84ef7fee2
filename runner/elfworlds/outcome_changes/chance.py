"""Whether chance explains that two places gave different outcomes: Fisher's exact test, in integers.

The test is two-sided: p is the sum over all tables with the same totals that are no likelier than the observed table.
With more than two outcomes this is the test of Freeman and Halton. If that takes too long, each outcome is tested
against all others, each with an equal share of the level. This errs on the side of chance.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass
from math import ceil, comb, lgamma, prod
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from fractions import Fraction

    Tail: TypeAlias = "tuple[int, int, int]"  # first value, its weight, step (1 or -1) towards the end

MOST_WORK = 1_000_000  # tables times trials; above that, not every table is counted
MOST_FOR_COMB = 2_000
BITS = 40  # a rest below limit / 2**BITS is summed up only if it decides
PAIR, FEW = 2, 32


def differ(here: Mapping[str, int], there: Mapping[str, int], level: Fraction) -> bool:
    """Whether two counts of outcomes differ by more than chance: p < level."""
    names = sorted(here.keys() | there.keys())
    first, second = ([counts.get(name, 0) for name in names] for counts in (here, there))
    if len(names) <= PAIR:
        return len(names) == PAIR and _two(first, second, level)
    if _tables(first, second) * sum(first + second) <= MOST_WORK:
        return _many(first, second, level)
    share = level / len(names)
    return any(
        _two((in_first, sum(first) - in_first), (in_second, sum(second) - in_second), share)
        for in_first, in_second in zip(first, second, strict=True)
    )


def _tables(first: Sequence[int], second: Sequence[int]) -> int:
    """An upper bound of the number of tables with these totals; the largest column follows from the others."""
    totals = sorted(in_first + in_second for in_first, in_second in zip(first, second, strict=True))
    return prod(min(total, sum(first), sum(second)) + 1 for total in totals[:-1])


def _many(first: Sequence[int], second: Sequence[int], level: Fraction) -> bool:
    """The test over every table, built column by column; tables with equal sum and weight are counted together."""
    pairs = sorted(zip(first, second, strict=True), key=sum)
    *columns, last = (in_first + in_second for in_first, in_second in pairs)
    row, seen = sum(first), prod(comb(in_first + in_second, in_first) for in_first, in_second in pairs)
    states = Counter({(0, 1): 1})
    for total in columns:
        more: Counter[tuple[int, int]] = Counter()
        for (used, weight), count in states.items():
            for taken in range(min(total, row - used) + 1):
                more[used + taken, weight * comb(total, taken)] += count
        states = more
    weights = ((weight * comb(last, row - used), count) for (used, weight), count in states.items())
    unlikely = sum(weight * count for weight, count in weights if weight <= seen)
    return unlikely < level * comb(row + sum(second), row)


def _two(first: Sequence[int], second: Sequence[int], level: Fraction) -> bool:
    """The test for two outcomes. The weights rise to one summit and fall, so p is the sum of two tails."""
    urn = _Urn(first[0] + second[0], first[1] + second[1], sum(first))
    limit = ceil(level * choose(urn.good + urn.bad, urn.drawn))
    weight = urn.weight(first[0])
    if weight >= limit:
        return False
    tails = list(urn.tails(first[0], weight))
    quick = _below(urn, tails, limit, limit >> BITS)
    return bool(_below(urn, tails, limit, 0) if quick is None else quick)


def _below(urn: _Urn, tails: Iterable[Tail], limit: int, negligible: int) -> bool | None:
    """Whether the tails sum to less than the limit; None if that depends on the neglected rest."""
    total = rest = 0
    for start, first, step in tails:
        at, weight = start, first
        left = (urn.highest - at if step > 0 else at - urn.lowest) + 1
        while left and total < limit:
            if weight * left <= negligible:  # weights fall towards the end
                rest += weight * left
                break
            total += weight
            left -= 1
            weight = urn.next(weight, at, step) if left else 0
            at += step
    return False if total >= limit else None if total + rest >= limit else True


@dataclass(frozen=True, slots=True)
class _Urn:
    """Draws from an urn: in how many ways (the weight) a number of the drawn balls is good."""

    good: int
    bad: int
    drawn: int

    @property
    def lowest(self) -> int:
        return max(0, self.drawn - self.bad)

    @property
    def highest(self) -> int:
        return min(self.good, self.drawn)

    @property
    def summit(self) -> int:
        return (self.drawn + 1) * (self.good + 1) // (self.good + self.bad + 2)

    def weight(self, at: int) -> int:
        return choose(self.good, at) * choose(self.bad, self.drawn - at)

    def next(self, weight: int, at: int, step: int) -> int:
        """The weight at `at + step`, from the weight at `at`; all divisions are exact."""
        good, bad = self.good - at, self.bad - self.drawn + at
        if step > 0:
            return weight * good * (self.drawn - at) // (at + 1) // (bad + 1)
        return weight * at * bad // (good + 1) // (self.drawn - at + 1)

    def tails(self, seen: int, weight: int) -> list[Tail]:
        """The values that weigh no more than the observed value: its own tail, and the tail on the other side."""
        step = 1 if seen > self.summit else -1
        beyond = range(self.summit, self.lowest - 1, -1) if step > 0 else range(self.summit, self.highest + 1)
        beyond = range(max(seen + 1, beyond.start), beyond.stop) if step < 0 else beyond
        guess = bisect_left(beyond, -self.logarithm(seen), key=lambda at: -self.logarithm(at))
        other_end = self._first(beyond, min(guess, len(beyond) - 1), weight)
        return [(seen, weight, step), *([(other_end[0], other_end[1], -step)] if other_end else [])]

    def _first(self, places: range, guess: int, most: int) -> tuple[int, int] | None:
        """The first place that weighs no more than `most`, and its weight; weights fall along `places`."""
        if not places:
            return None
        place, weight = guess, self.weight(places[guess])
        while weight <= most and place > 0:
            before = self.next(weight, places[place], -places.step)
            if before > most:
                break
            place, weight = place - 1, before
        while weight > most:
            if place + 1 == len(places):
                return None
            place, weight = place + 1, self.next(weight, places[place], places.step)
        return places[place], weight

    def logarithm(self, at: int) -> float:
        """The logarithm of the weight, up to a constant and with a float's precision."""
        return -sum(lgamma(count + 1) for count in (at, self.good - at, self.drawn - at, self.bad - self.drawn + at))


def choose(many: int, some: int) -> int:
    """Like math.comb, but also fast for large numbers: it multiplies prime powers (Legendre's formula)."""
    if many <= MOST_FOR_COMB:
        return comb(many, some)
    return _product([prime ** _times(prime, many, some) for prime in _primes(many)])


def _times(prime: int, many: int, some: int) -> int:
    """The exponent of a prime in a binomial coefficient."""
    power, times = prime, 0
    while power <= many:
        times += many // power - some // power - (many - some) // power
        power *= prime
    return times


def _product(factors: Sequence[int]) -> int:
    """The product, by halves of equal length: Python multiplies numbers of similar length fastest."""
    if len(factors) <= FEW:
        return prod(factors)
    half = len(factors) // 2
    return _product(factors[:half]) * _product(factors[half:])


def _primes(most: int) -> list[int]:
    sieve = bytearray([1]) * (most + 1)
    for number in range(2, int(most**0.5) + 1):
        if sieve[number]:
            sieve[number * number :: number] = bytes(len(range(number * number, most + 1, number)))
    return [number for number in range(2, most + 1) if sieve[number]]
