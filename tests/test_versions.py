"""Versions sort as people sort them, and `when` compares with them."""

from __future__ import annotations

import operator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elfworlds.spec.leaves.versions import WantedVersion, comparison, order, wanted
from waiting import TIMES

SETTINGS = settings(database=None, max_examples=200 * TIMES)
VERSIONS = st.from_regex(
    r"[0-9]{1,3}(\.[0-9]{1,2}){0,3}(~?(rc|a|beta)[0-9]{0,2})?(-[0-9](\+deb12u[0-9])?)?", fullmatch=True
)
OPERATORS = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


class TestOrder:
    @pytest.mark.parametrize(
        ("lower", "higher"),
        [
            ("2.9", "2.34"),
            ("2.34", "2.34.1"),
            ("1.0rc1", "1.0"),
            ("1.0rc1", "1.0rc2"),
            ("1.0~rc1", "1.0"),
            ("1.0.0beta", "1"),
            ("1.0", "1.0-3"),
            ("2.36-9", "2.36-9+deb12u1"),
            ("2.36-9+deb12u9", "2.36-9+deb12u14"),
            ("1.1.1", "1.1.1k"),
            ("9", "10"),
        ],
    )
    def test_is_that_of_people(self, lower: str, higher: str) -> None:
        assert order(lower) < order(higher)

    @pytest.mark.parametrize(
        ("one", "other"), [("2.34", "2.34.0"), ("2", "2.0.0"), ("1.0rc1", "1rc1"), ("02.30", "2.30")]
    )
    def test_takes_zeros_at_the_end_for_nothing(self, one: str, other: str) -> None:
        assert order(one) == order(other)

    def test_does_not_take_zeros_within_for_nothing(self) -> None:
        assert order("2.0.1") < order("2.1")
        assert order("2.30") > order("2.3")

    @SETTINGS
    @given(VERSIONS, VERSIONS, VERSIONS)
    def test_is_total(self, a: str, b: str, c: str) -> None:
        assert (order(a) < order(b)) + (order(a) == order(b)) + (order(a) > order(b)) == 1
        if order(a) <= order(b) <= order(c):
            assert order(a) <= order(c)

    @SETTINGS
    @given(st.text())
    def test_has_a_key_for_any_text(self, text: str) -> None:
        assert order(text) <= order(text)


class TestComparison:
    @pytest.mark.parametrize(
        ("text", "found"),
        [
            ("<2.34", WantedVersion(None, "<", "2.34")),
            (">= 13.1", WantedVersion(None, ">=", "13.1")),
            ("musl >=1.2", WantedVersion("musl", ">=", "1.2")),
            ("==2.36-9+deb12u14", WantedVersion(None, "==", "2.36-9+deb12u14")),
        ],
    )
    def test_is_read(self, text: str, found: WantedVersion) -> None:
        assert comparison(text) == found

    @pytest.mark.parametrize("text", ["host", "2.34", "<", "", "< x", "musl", "<2.34 ", "=2", "no"])
    def test_of_a_label_is_none(self, text: str) -> None:
        assert comparison(text) is None

    @pytest.mark.parametrize("text", ["2.x", "2.", "2.36,", "host", "", "musl", "debian/sid", "2.36 2.37", "nightly"])
    def test_of_what_is_neither_is_none(self, text: str) -> None:
        assert wanted(text) is None

    @pytest.mark.parametrize(
        ("text", "version"),
        [
            ("2.36", "2.36"),
            ("2.36", "2.36.0"),
            ("2.36", "2.36-9+deb12u13"),
            ("2.36-9", "2.36-9+deb12u13"),
            ("2.36-9+deb12u13", "2.36-9+deb12u13"),
            ("musl 1.2.3", "1.2.3-1"),
        ],
    )
    def test_with_a_bare_version_holds_for_its_revisions(self, text: str, version: str) -> None:
        found = wanted(text)
        assert found is not None
        assert found.holds(version)

    @pytest.mark.parametrize(
        ("text", "version"),
        [("2.36", "2.36.1"), ("2.36", "2.3"), ("2.36-9", "2.36-10"), ("2.36-9", "2.36"), ("1.0", "1.0~rc1-1")],
    )
    def test_with_a_bare_version_holds_for_no_other(self, text: str, version: str) -> None:
        found = wanted(text)
        assert found is not None
        assert not found.holds(version)

    @SETTINGS
    @given(VERSIONS, st.sampled_from(sorted(OPERATORS)), VERSIONS)
    def test_holds_as_the_order_says(self, version: str, sign: str, other: str) -> None:
        found = comparison(f"{sign}{other}")
        assert found is not None
        assert found.holds(version) == OPERATORS[sign](order(version), order(other))
