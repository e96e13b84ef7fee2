"""Matchers: what they accept, how an outcome gets its name, and what becomes of repetitions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elfworlds.jsondata import Json
from elfworlds.outcome import (
    Tried,
    Untried,
    Verdict,
    admit,
    could_not_execute,
    difference,
    holds,
    judge,
    matches,
    settle,
)
from elfworlds.outcome.observed import ABSENT, lookup
from elfworlds.planning.types import Judged, Resolved, ValueRef
from elfworlds.spec.leaves.matchers import WORDS, MatcherError, check_matcher
from elfworlds.yamltext import Data, Scalar
from waiting import TIMES

if TYPE_CHECKING:
    from elfworlds.outcome.match import Operand

SETTINGS = settings(database=None, max_examples=300 * TIMES)
SCALARS = st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["", "a", "ab", "1", "true", "b a\na"])
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3), max_leaves=5)
LEAVES: Any = st.one_of(
    SCALARS,
    st.fixed_dictionaries({"contains": st.sampled_from(["a", "b", ["a", "b"], 1])}),
    st.fixed_dictionaries({"matches": st.sampled_from(["^a", "b$", ".", "[0-9]"])}),
    st.fixed_dictionaries({"occurs": st.fixed_dictionaries({"matches": st.just("a"), "times": st.integers(0, 2)})}),
    st.fixed_dictionaries({"less-than": st.integers(-3, 3)}),
    st.fixed_dictionaries({"greater-than": st.integers(-3, 3)}),
    st.fixed_dictionaries({"distinct": st.integers(0, 3)}),
    st.fixed_dictionaries({"count": st.integers(0, 3)}),
    st.fixed_dictionaries({"in-order": st.lists(st.sampled_from(["a", "b", 1]), max_size=2)}),
    st.just(ValueRef("other")),
)


def _nest(inner: Any) -> Any:  # noqa: ANN401  # a strategy of any matchers
    return st.one_of(*(st.fixed_dictionaries({word: inner}) for word in ("not", "any", "all")))


MATCHERS: Any = st.recursive(LEAVES, _nest, max_leaves=3)


class TestABareValue:
    @pytest.mark.parametrize(
        ("wanted", "value"),
        [
            (0, 0),
            ("a\n", "a\n"),
            (5, "5"),
            ("010", 10),
            ("0x10", 16),
            (1.0, 1),
            (5, " 5\n"),
            (None, None),
            (True, True),
            (True, "true"),
            (["a", 1], ("a", 1)),
            ({"a": 1}, {"a": 1, "b": 2}),
        ],
    )
    def test_equals(self, wanted: Json, value: Json) -> None:
        assert matches(wanted, value, {})

    @pytest.mark.parametrize(
        ("wanted", "value"),
        [
            (0, 1),
            ("a", "a\n"),
            ("2.30", "2.3"),
            (0, False),
            (1, True),
            (0, None),
            (None, 0),
            (None, ""),
            (True, "yes"),
            (5, "1_000"),
            (1000, "1_000"),
            (["a"], ["a", "b"]),
            ({"a": 1}, {"b": 1}),
            ({"a": 1}, "a"),
        ],
    )
    def test_does_not_equal(self, wanted: Json, value: Json) -> None:
        assert not matches(wanted, value, {})


class TestAWord:
    @pytest.mark.parametrize(
        ("matcher", "good", "bad"),
        [
            ({"contains": "b"}, "abc", "acd"),
            ({"contains": ["a", "c"]}, "abc", "ab"),
            ({"contains": True}, "it is true", "it is True"),
            ({"contains": 2}, [1, 2], [1, 3]),
            ({"contains": ["a", "b"]}, ["b", "a", "c"], ["a", "c"]),
            ({"contains": None}, ABSENT, "None"),
            ({"matches": "^a.c$"}, "abc", "xabc"),
            ({"matches": "b"}, "abc", ["b"]),
            ({"less-than": 3}, 2, 3),
            ({"less-than": "1e1"}, "9", "10"),
            ({"greater-than": 3}, 4, 3),
            ({"greater-than": 3}, "4", None),
            ({"less-than": 2}, 1, True),
            ({"count": 2}, ["a", "a"], ["a"]),
            ({"count": {"greater-than": 1}}, ["a", "a"], ["a"]),
            ({"distinct": 1}, ["a", "a"], ["a", "b"]),
            ({"distinct": 2}, [1, "1", 2], [1, 2, 3]),
            ({"in-order": ["a", "b"]}, "xaxb", "ba"),
            ({"in-order": ["a", "a"]}, "aa", "a"),
            ({"in-order": ["a", "b"]}, ["a", "x", "b"], ["b", "a"]),
            ({"in-order": ["a", {"contains": "b"}]}, ["a", "xbx"], ["a", "c"]),
            ({"in-order": []}, "", ABSENT),
            ({"any": "a"}, ["b", "a"], ["b"]),
            ({"all": {"greater-than": 0}}, [1, 2], [0, 1]),
            ({"all": {"lmid": 1}}, [{"lmid": 1, "x": 2}, {"lmid": 1}], [{"lmid": 1}, {"lmid": 0}]),
            ({"not": "a"}, "b", "a"),
            ({"contains": "a", "not": {"contains": "b"}}, "a", "ab"),
            ({"absent": True}, ABSENT, 1),
            ({"absent": False}, 1, ABSENT),
        ],
    )
    def test_accepts_what_it_should_and_nothing_else(self, matcher: Json, good: Operand, bad: Operand) -> None:
        if good is not ABSENT or "absent" in str(matcher):
            assert matches(matcher, good, {})
        assert not matches(matcher, bad, {})

    def test_may_name_another_value(self) -> None:
        values: dict[str, Json] = {"stdout": "a b", "stderr": "b", "exit": 3}
        assert matches(ValueRef("stderr"), "b", values)
        assert not matches(ValueRef("stderr"), "a", values)
        assert matches({"contains": ValueRef("stderr")}, "a b", values)
        assert not matches({"contains": ValueRef("stderr")}, "a", values)
        assert matches({"in-order": ["a", ValueRef("stderr")]}, "a b", values)
        assert not matches({"in-order": [ValueRef("stderr"), "a"]}, "a b", values)
        assert matches({"less-than": ValueRef("exit")}, 2, values)
        assert matches({"distinct": ValueRef("exit")}, [1, 2, 3], values)
        assert matches([ValueRef("exit"), 4], [3, 4], values)
        assert not matches([ValueRef("exit"), 4], [4, 4], values)
        assert not matches([ValueRef("nothing"), 4], [None, 4], values)
        assert difference("pair", [ValueRef("exit"), 4], [4, 4], values) == "pair is [4, 4], not [${exit}, 4]"

    @pytest.mark.parametrize("word", ["contains", "less-than", "greater-than", "distinct", "not", "any", "all"])
    def test_that_names_a_missing_value_does_not_hold(self, word: str) -> None:
        holding = matches({word: ValueRef("nothing")}, "None nothing", {})
        assert holding == (word == "not")


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("gdb.stops.state", ["a", "b"]),
        ("gdb.stops.first.state", "a"),
        ("gdb.stops.count", 2),
        ("gdb.stops.values.count", [{"of": 7}, {"of": 8}]),
        ("gdb.stops.values.count.of", [7, 8]),
        ("gdb.stops.values.none", []),
        ("gdb.none", ABSENT),
    ],
)
def test_a_path_through_a_list_leads_through_each_of_its_items(name: str, found: Operand) -> None:
    stops: Json = [{"state": "a", "values": {"count": {"of": 7}}}, {"state": "b", "values": {"count": {"of": 8}}}]
    assert lookup({"gdb": {"stops": stops}}, name) == found


class TestLaws:
    @SETTINGS
    @given(MATCHERS, VALUES, VALUES)
    def test_not_is_negation_for_what_is_there(self, matcher: Json, value: Json, other: Json) -> None:
        values = {"other": other}
        assert matches({"not": matcher}, value, values) is not matches(matcher, value, values)

    @SETTINGS
    @given(MATCHERS, VALUES, VALUES)
    def test_all_and_any_are_dual(self, matcher: Json, value: Json, other: Json) -> None:
        values = {"other": other}
        none_is_not = not matches({"any": {"not": matcher}}, value, values)
        assert matches({"all": matcher}, value, values) == none_is_not

    @SETTINGS
    @given(MATCHERS, VALUES)
    def test_all_and_any_of_one_are_the_one(self, matcher: Json, value: Json) -> None:
        assert matches({"all": matcher}, [value], {}) == matches(matcher, value, {})
        assert matches({"any": matcher}, [value], {}) == matches(matcher, value, {})

    @SETTINGS
    @given(MATCHERS, VALUES)
    def test_what_is_missing_matches_absent_only(self, matcher: Json, value: Json) -> None:
        assert not matches(matcher, ABSENT, {"other": value})
        assert matches({"absent": True}, ABSENT, {})
        assert not matches({"absent": True}, value, {})

    @SETTINGS
    @given(VALUES)
    def test_a_value_equals_itself(self, value: Json) -> None:
        assert matches(value, value, {})
        assert matches(ValueRef("other"), value, {"other": value})

    @SETTINGS
    @given(MATCHERS, MATCHERS, VALUES)
    def test_all_words_of_a_matcher_must_hold(self, one: Json, other: Json, value: Json) -> None:
        both = matches({"not": one, "all": other}, value, {})
        assert both == (matches({"not": one}, value, {}) and matches({"all": other}, value, {}))

    @SETTINGS
    @given(MATCHERS, VALUES | st.just(ABSENT))
    def test_a_difference_is_one_bounded_sentence(self, matcher: Json, value: Json) -> None:
        told = difference("stdout", matcher, value, {})
        assert told.startswith("stdout ")
        assert len(told) < 600


class TestDifference:
    def test_of_long_texts_names_the_first_line_that_differs(self) -> None:
        assert difference("stdout", "a\nb\n", "a\nc\n", {}) == "stdout line 2 is 'c', not 'b'"
        assert difference("stdout", "a\nb\n", "a\n", {}) == "stdout line 2 is '', not 'b'"

    def test_of_texts_of_which_one_goes_on_counts_the_ends_of_lines(self) -> None:
        assert difference("stdout", "a\nb\nc\nd\ne", "a\nb\nc", {}) == "stdout has 2 lines, not 4"

    def test_names_the_text_that_is_missing(self) -> None:
        assert difference("stderr", {"contains": ["a", "b"]}, "a", {}) == "stderr does not contain 'b'"

    def test_names_what_is_absent(self) -> None:
        assert difference("exit", 0, ABSENT, {}) == "exit is absent, not 0"


OUTCOMES: dict[str, dict[str, Any]] = {"loaded": {"exit": 0}, "any-exit": {"exit": {"absent": False}, "signal": None}}


def values_of(**changed: Json) -> dict[str, Json]:
    return {"exit": 0, "signal": None, "timed-out": False, "stdout": "", "stderr": ""} | changed


class TestAnOutcome:
    @pytest.mark.parametrize(
        ("values", "name"),
        [
            (values_of(), "loaded"),
            (values_of(exit=1), "any-exit"),
            (values_of(exit=None, signal="SIGSEGV"), "crash"),
            (values_of(exit=None, signal="SIGKILL", **{"timed-out": True}), "hang"),
            ({}, "other"),
        ],
    )
    def test_is_the_first_that_matches_or_a_default(self, values: dict[str, Json], name: str) -> None:
        assert judge(OUTCOMES, None, (), Tried(values)).outcome == name

    def test_named_in_the_file_goes_before_the_defaults(self) -> None:
        outcomes = {"stuck": {"timed-out": True}}
        assert judge(outcomes, None, (), Tried(values_of(**{"timed-out": True}))).outcome == "stuck"

    @pytest.mark.parametrize("value", ["start.errno", "start"])
    def test_of_a_program_that_could_not_be_executed_must_speak_of_its_start(self, value: str) -> None:
        refused = could_not_execute("ENOENT", values_of(exit=None))
        named: Any = {"errno": "ENOENT"} if value == "start" else "ENOENT"
        for other in ("exit", "timed-out", "stdout"):
            outcomes = {"other-end": {other: {"absent": False}}, "refused": {value: named}}
            assert isinstance(admit(refused, outcomes, "app"), Tried)
            assert judge(outcomes, None, (), refused).outcome == "refused"
            assert isinstance(admit(refused, {"end": outcomes["other-end"]}, "app"), Untried)

    def test_without_matchers_always_matches(self) -> None:
        assert holds({}, {})


class TestAVerdict:
    def test_without_expectation_is_new(self) -> None:
        judgement = judge(OUTCOMES, None, (), Tried(values_of()))
        assert (judgement.verdict, judgement.expected, judgement.why) == ("NEW", None, None)

    def test_is_pass_where_outcome_and_matchers_hold(self) -> None:
        expected = Judged(("loaded",), {"stdout": {"contains": "a"}})
        assert judge(OUTCOMES, expected, (), Tried(values_of(stdout="xax"))).verdict == "PASS"
        failed = judge(OUTCOMES, expected, (), Tried(values_of(stdout="b")))
        assert (failed.verdict, failed.why) == ("FAIL", "stdout does not contain 'a'")

    def test_says_why_it_is_fail(self) -> None:
        failed = judge(OUTCOMES, Judged(("loaded",), {}), (), Tried(values_of(exit=3)))
        assert (failed.verdict, failed.outcome, failed.why) == ("FAIL", "any-exit", "exit is 3, not 0")

    def test_of_several_expected_outcomes_says_what_none_of_them_decides(self) -> None:
        expected = Judged(("loaded", "hang"), {"stdout": {"contains": "a"}})
        failed = judge(OUTCOMES, expected, (), Tried(values_of(exit=3)))
        assert (failed.verdict, failed.why) == ("FAIL", "stdout does not contain 'a'")

    def test_of_several_expected_outcomes_says_how_it_differs_from_each(self) -> None:
        outcomes: dict[str, dict[str, Any]] = {
            "loaded": {"exit": 0},
            "two": {"exit": 2},
            "any-exit": {"exit": {"absent": False}},
        }
        failed = judge(outcomes, Judged(("loaded", "two", "hang"), {}), (), Tried(values_of(exit=3)))
        assert (failed.verdict, failed.why) == ("FAIL", "`loaded`: exit is 3, not 0; `two`: exit is 3, not 2")

    def test_says_where_an_earlier_outcome_hides_the_expected_one(self) -> None:
        failed = judge(OUTCOMES, Judged(("any-exit",), {}), (), Tried(values_of()))
        assert failed.why == "`loaded` stands before `any-exit` and matches as well"


class TestAClaim:
    def test_is_reproduced_where_outcome_and_matchers_hold_and_never_decides_the_verdict(self) -> None:
        claims = (
            Judged(("loaded",), {}, "C-1", "It loads."),
            Judged(("crash",), {}, None, "It crashes."),
            Judged(("loaded",), {"stdout": "no"}, None, "It says no."),
        )
        judgement = judge(OUTCOMES, Judged(("loaded",), {}), claims, Tried(values_of()))
        assert [one.verdict for one in judgement.claims] == ["reproduced", "refuted", "refuted"]
        assert [one.id for one in judgement.claims] == ["C-1", None, None]
        assert judgement.verdict == "PASS"

    @pytest.mark.parametrize(
        ("matchers", "claimed", "verdict"),
        [
            ({"stdout": ""}, ("it",), "undecided"),
            ({"turn": 1}, ("it",), "undecided"),
            ({"timed-out": True}, ("it",), "reproduced"),
            ({"timed-out": True}, ("other",), "refuted"),
            ({"stdout": ""}, ("it", "hang"), "reproduced"),
            ({"stdout": ""}, ("hang",), "refuted"),
        ],
    )
    def test_is_undecided_where_time_ran_out_and_neither_it_nor_the_outcome_speaks_of_that(
        self, matchers: dict[str, Resolved], claimed: tuple[str, ...], verdict: str
    ) -> None:
        values = values_of(exit=None, turn=1, **{"timed-out": True})
        judgement = judge({"it": matchers}, None, [Judged(claimed, {})], Tried(values))
        assert [one.verdict for one in judgement.claims] == [verdict]


class TestSettle:
    @pytest.mark.parametrize(
        ("before", "after"),
        [
            ([], []),
            ([("a", "PASS")], ["PASS"]),
            ([("a", "PASS"), ("a", "PASS")], ["PASS", "PASS"]),
            ([("a", "PASS"), ("b", "FAIL")], ["FLAKY", "FLAKY"]),
            ([("a", "XFAIL"), ("b", "XFAIL")], ["XFAIL", "XFAIL"]),
            ([("a", "XFAIL"), ("b", "FAIL")], ["FLAKY", "FLAKY"]),
            ([("a", "NEW"), ("b", "NEW")], ["FLAKY", "FLAKY"]),
            ([("b", "FAIL"), ("c", "FAIL")], ["FAIL", "FAIL"]),
            ([("a", "PASS"), ("other", "UNRESOLVED")], ["PASS", "UNRESOLVED"]),
            ([("a", "PASS"), ("b", "FAIL"), ("x", "UNRESOLVED")], ["FLAKY", "FLAKY", "UNRESOLVED"]),
        ],
    )
    def test_makes_different_outcomes_of_one_point_flaky(self, before: list[tuple[str, str]], after: list[str]) -> None:
        assert settle([(outcome, Verdict(word)) for outcome, word in before]) == after

    @SETTINGS
    @given(
        st.lists(
            st.tuples(st.sampled_from("ab"), st.sampled_from(Verdict)),
            max_size=5,
        )
    )
    def test_does_not_depend_on_the_order(self, verdicts: list[tuple[str, Verdict]]) -> None:
        assert sorted(settle(verdicts)) == sorted(settle(verdicts[::-1]))
        assert len(settle(verdicts)) == len(verdicts)


def typed(data: Json) -> Data:
    """Data as the YAML reader gives it: every scalar a text."""
    if isinstance(data, dict):
        return {Scalar(key): typed(value) for key, value in data.items()}
    if isinstance(data, list):
        return [typed(one) for one in data]
    return None if data is None else Scalar(str(data).lower() if isinstance(data, bool) else str(data))


class TestTheShapeOfAMatcher:
    @pytest.mark.parametrize(
        "matcher",
        [
            "x",
            None,
            ["a", "b"],
            {"contains": ["a"]},
            {"less-than": "1e3"},
            {"less-than": ".5"},
            {"greater-than": "0x10"},
            {"less-than": "${exit}"},
            {"count": {"greater-than": 1}},
            {"all": {"lmid": {"less-than": 3}}},
            {"any": {"not": {"contains": "a"}}},
            {"absent": True},
        ],
    )
    def test_is_accepted(self, matcher: Json) -> None:
        check_matcher(typed(matcher))

    @pytest.mark.parametrize(
        ("matcher", "message", "path"),
        [
            ({}, "an empty matcher", ()),
            ({"contians": "a"}, "`contians` is no matcher", ("contians",)),
            ({"contains": "a", "x": 1}, "`x` is no matcher", ("x",)),
            ({"not": {"any": {"lses-than": 1, "not": 1}}}, "`lses-than` is no matcher", ("not", "any", "lses-than")),
            ({"all": {"lmid": {"les": 1}}}, "`les` is no matcher", ("all", "les")),
            ({"matches": "("}, "is no regular expression", ("matches",)),
            ({"matches": "(?=a)"}, "is no regular expression", ("matches",)),
            ({"matches": "a{1001}"}, "is no regular expression", ("matches",)),
            ({"matches": ["a"]}, "takes a regular expression", ("matches",)),
            ({"less-than": "many"}, "takes a number", ("less-than",)),
            ({"less-than": True}, "takes a number", ("less-than",)),
            ({"less-than": None}, "takes a number", ("less-than",)),
            ({"distinct": [1]}, "takes a number", ("distinct",)),
            ({"absent": "x"}, "takes true or false", ("absent",)),
            ({"in-order": "x"}, "takes a list", ("in-order",)),
            ({"contains": {"a": 1}}, "takes a value", ("contains",)),
            ({"contains": [None]}, "takes a value", ("contains",)),
        ],
    )
    def test_is_refused_at_the_wrong_word(self, matcher: Json, message: str, path: tuple[str, ...]) -> None:
        with pytest.raises(MatcherError, match=message.replace("(", r"\(")) as caught:
            check_matcher(typed(matcher))
        assert caught.value.path == path

    def test_is_checked_for_all_that_a_part_can_stand_for(self) -> None:
        def choices(one: Data) -> tuple[Data, ...]:
            return (Scalar("1"), Scalar("x")) if one == "?" else (one,)

        check_matcher(typed({"contains": "?"}), choices)
        with pytest.raises(MatcherError, match="takes a number"):
            check_matcher(typed({"less-than": "?"}), choices)

    @SETTINGS
    @given(
        st.recursive(
            SCALARS,
            lambda one: st.lists(one, max_size=2) | st.dictionaries(st.sampled_from([*WORDS, "x"]), one, max_size=2),
        )
    )
    def test_that_is_accepted_never_fails_on_any_value(self, matcher: Json) -> None:
        try:
            check_matcher(typed(matcher))
        except MatcherError:
            return
        values: list[Operand] = [ABSENT, None, True, 3, "3", "a", [], ["a", 3], [{"x": 1}], {"x": 3}]
        for value in values:
            assert matches(matcher, value, {}) in (True, False)
