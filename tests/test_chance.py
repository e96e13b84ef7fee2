"""flips: Fisher's exact test on counts of outcomes, against every table counted out and against known values."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from itertools import count, product
from math import comb, prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elfworlds.outcome_changes import alike, chance
from elfworlds.outcome_changes.alike import kinds
from elfworlds.outcome_changes.chance import differ

Counts = Mapping[str, int]
JUST = Fraction(1, 10**40)
HALF = Fraction(1, 2)


def p_value(one: Counts, other: Counts) -> Fraction:
    """By every table with the same totals, each made and weighed by itself."""
    names = sorted(one.keys() | other.keys())
    totals = [one.get(name, 0) + other.get(name, 0) for name in names]
    row = sum(one.values())

    def weight(table: tuple[int, ...]) -> int:
        return prod(map(comb, totals, table))

    seen = weight(tuple(one.get(name, 0) for name in names))
    tables = (table for table in product(*(range(total + 1) for total in totals)) if sum(table) == row)
    unlikely = sum(found for table in tables if (found := weight(table)) <= seen)
    return Fraction(unlikely, comb(sum(totals), row))


def holds(one: Counts, other: Counts, p: Fraction) -> None:
    """`differ` says so at each level above p, and at none that is not."""
    for level in (p, p - JUST, p + JUST, Fraction(1, 100), Fraction(1, 4000)):
        if 0 < level < 1:
            assert differ(one, other, level) == differ(other, one, level) == (p < level), level


def counts(names: str, most: int) -> st.SearchStrategy[dict[str, int]]:
    return st.dictionaries(st.sampled_from(names), st.integers(1, most), min_size=1)


@given(counts("ab", 40), counts("ab", 40))
def test_of_two_outcomes_it_is_fishers_test(one: Counts, other: Counts) -> None:
    holds(one, other, p_value(one, other))


@given(counts("abcd", 5), counts("abcd", 5))
def test_of_more_outcomes_it_is_the_test_of_freeman_and_halton(one: Counts, other: Counts) -> None:
    holds(one, other, p_value(one, other))


@given(counts("ab", 12), counts("ab", 12), st.integers(0, 8))
def test_large_numbers_take_another_way_to_the_same_answer(one: Counts, other: Counts, bits: int) -> None:
    """Coefficients from prime factors, and sums that stop early: the way that only large numbers go otherwise."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(chance, "MOST_FOR_COMB", 0)
        patched.setattr(chance, "BITS", bits)
        holds(one, other, p_value(one, other))


@pytest.mark.parametrize("guessed", ["too near", "too far"])
@given(one=counts("ab", 25), other=counts("ab", 25))
def test_where_the_other_end_begins_is_only_guessed_by_logarithms(guessed: str, one: Counts, other: Counts) -> None:
    """What the guess misses by is made up for, in either direction."""
    calls = count()
    with pytest.MonkeyPatch.context() as patched:
        logarithm = (lambda _urn, _at: 0) if guessed == "too near" else (lambda _urn, _at: next(calls))
        patched.setattr("elfworlds.outcome_changes.chance._Urn.logarithm", logarithm)
        holds(one, other, p_value(one, other))


@pytest.mark.parametrize(
    ("one", "other", "p"),
    [
        ({"milk": 3, "tea": 1}, {"milk": 1, "tea": 3}, Fraction(34, 70)),  # Fisher's lady tasting tea
        ({"yes": 1, "no": 9}, {"yes": 11, "no": 3}, Fraction(2759456, 10**9)),  # Wikipedia: 0.002759456
        ({"yes": 30}, {"yes": 27, "no": 3}, Fraction(237288, 10**6)),
        ({"yes": 10, "no": 2}, {"yes": 3, "no": 15}, Fraction(536724, 10**9)),  # convicted twins: 0.0005367
        ({"a": 4, "b": 0, "c": 1}, {"a": 0, "b": 4, "c": 1}, Fraction(4, 252)),
    ],
)
def test_known_values(one: Counts, other: Counts, p: Fraction) -> None:
    near = Fraction(1, 10**6)
    assert differ(one, other, p + near)
    assert not differ(one, other, p - near)


@given(st.integers(2, 10**4), st.data())
def test_coefficients_from_prime_factors_are_the_same(many: int, data: st.DataObject) -> None:
    some = data.draw(st.integers(0, many))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(chance, "MOST_FOR_COMB", 0)
        assert chance.choose(many, some) == comb(many, some)


def test_a_hundred_thousand_repetitions_are_compared_exactly() -> None:
    """By symmetry: with one trial more on either side the p-value is known."""
    many = 100_000
    assert differ({"a": many}, {"b": many}, Fraction(1, 10**1000))
    assert not differ({"a": many}, {"a": many - 1, "b": 1}, Fraction(999, 1000)), "p is 1"
    p = 2 * Fraction(many - 1, 2 * (2 * many - 1))  # both of two on the same side
    assert differ({"a": many}, {"a": many - 2, "b": 2}, p + JUST)
    assert not differ({"a": many}, {"a": many - 2, "b": 2}, p)
    assert not differ({"a": many // 2, "b": many // 2}, {"a": many // 2 + 300, "b": many // 2 - 300}, Fraction(1, 100))
    assert differ({"a": many // 2, "b": many // 2}, {"a": many // 2 + 900, "b": many // 2 - 900}, Fraction(1, 1000))


def test_where_the_tables_are_too_many_each_outcome_is_tested_against_the_rest() -> None:
    """Two outcomes of the three change places, which the third and the sum of these two would not show."""
    many = 10_000
    one = {"a": many, "b": many, "c": many // 2}
    assert not differ(one, {"a": many + 50, "b": many - 50, "c": many // 2}, Fraction(1, 100))
    assert differ(one, {"a": many + 500, "b": many - 500, "c": many // 2}, Fraction(1, 100))
    share = Fraction(1, 300)
    several = [{"a": 2 * many - b, "b": b, "c": many // 2} for b in range(many - 400, many - 160, 8)]
    apart = [any(differ(of(one, name), of(other, name), share) for name in "abc") for other in several]
    assert [differ(one, other, Fraction(1, 100)) for other in several] == apart
    assert True in apart
    assert False in apart


@pytest.mark.parametrize(("most", "every_table"), [(150, True), (149, False)])
def test_every_table_is_looked_at_up_to_the_most_work(most: int, *, every_table: bool) -> None:
    """No more than 15 tables of 10 trials; all of them say p = 0.016, three shares of the level say less."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(chance, "MOST_WORK", most)
        assert differ({"a": 4, "c": 1}, {"b": 4, "c": 1}, Fraction(1, 50)) == every_table


def test_two_outcomes_are_never_too_much_work() -> None:
    one, other = {"yes": 30}, {"yes": 22, "no": 8}
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(chance, "MOST_WORK", 0)
        holds(one, other, p_value(one, other))


def of(seen: Counts, name: str) -> dict[str, int]:
    return {"it": seen[name], "another": sum(seen.values()) - seen[name]}


# Which points gave the same.


def seen(*parts: Counts) -> dict[int, tuple[tuple[str, int], ...]]:
    return {place: tuple(sorted(one.items())) for place, one in enumerate(parts)}


def test_points_that_agree_in_all_repetitions_are_certain_however_few_these_are() -> None:
    assert kinds(seen({"yes": 1}, {"no": 1}, {"yes": 30})) == {0: 0, 1: 1, 2: 0}


def test_a_point_that_cannot_be_told_from_two_that_differ_belongs_to_neither() -> None:
    assert kinds(seen({"yes": 3}, {"yes": 2, "no": 1}, {"no": 3})) == {0: 0, 2: 1}
    assert kinds(seen({"yes": 30}, {"yes": 29, "no": 1}, {"no": 30})) == {0: 0, 1: 0, 2: 2}


def test_the_level_is_shared_by_the_pairs_that_chance_is_asked_about() -> None:
    """30 of 30 and 23 of 30 differ with p = 0.0105, 22 of 30 with p = 0.0046: enough for one pair, not for three."""
    assert p_value({"yes": 30}, {"yes": 22, "no": 8}) < alike.LEVEL < 3 * p_value({"yes": 30}, {"yes": 22, "no": 8})
    assert len(set(kinds(seen({"yes": 30}, {"yes": 22, "no": 8})).values())) == 2
    assert len(set(kinds(seen({"yes": 30}, {"yes": 23, "no": 7})).values())) == 1
    assert len(set(kinds(seen({"yes": 30}, {"yes": 22, "no": 8}, {"yes": 22, "no": 8})).values())) == 1
    certain = kinds(seen({"yes": 30}, {"yes": 20, "no": 10}, *({"other": 30},) * 9))
    assert certain[0] != certain[1], "p = 0.0008: enough for the 10 pairs with the second point, not for all 55"
    for others in (8, 9):
        unsure = kinds(seen({"yes": 30}, {"yes": 22, "no": 8}, *({"other": 30},) * others))
        assert unsure[0] == unsure[1], "p = 0.0046: not enough for the pairs with the second point"


POINT = counts("xyz", 4)


@given(st.lists(POINT, min_size=1, max_size=6))
def test_points_have_one_number_if_and_only_if_they_cannot_be_told_apart(parts: list[Counts]) -> None:
    found = kinds(seen(*parts))
    pairs = sum(len(one) > 1 or len(other) > 1 for place, one in enumerate(parts) for other in parts[:place])

    def apart(one: Counts, other: Counts) -> bool:
        if len(one) == len(other) == 1:
            return one.keys() != other.keys()
        return p_value(one, other) * max(1, pairs) < Fraction(1, 100)

    for one in found:
        for other in found:
            assert (found[one] != found[other]) == apart(parts[one], parts[other])
    for place in range(len(parts)):
        near = [one for one in parts if not apart(one, parts[place])]
        assert (place in found) == (not any(apart(one, other) for one in near for other in near))


@given(st.lists(POINT, min_size=1, max_size=6))
def test_the_order_of_points_changes_nothing(parts: list[Counts]) -> None:
    ways = seen(*parts)
    mixed = dict(sorted(ways.items(), reverse=True))
    one, other = kinds(ways), kinds(mixed)
    assert one.keys() == other.keys()
    assert all((one[a] == one[b]) == (other[a] == other[b]) for a in one for b in one)
