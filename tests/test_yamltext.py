"""YAML as its author typed it: scalars, places, merges, and how a problem looks."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from elfworlds.errors import InputError
from elfworlds.yamltext import Mark, Problem, ProblemsError, Scalar, closest, core, number, parse, read, render
from elfworlds.yamltext.problems import lines_of, printable, sentence, width
from waiting import TIMES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SETTINGS = settings(database=None, max_examples=300 * TIMES)
FRAGMENTS = st.lists(
    st.sampled_from(
        [
            *("a", "b", ": ", ":", "- ", "\n", "  ", "{", "}", "[", "]", ", ", "&x ", "*x", "<<: *x", "!t ", "|\n"),
            *("\t", "#", "---\n", "...\n", "%YAML 1.2\n", "? ", "~", "\\x", "\r\n", "\u2028", "\ufeff", "é", "@"),
            *("'", '"', "語"),
        ]
    ),
    max_size=30,
).map("".join)


def refused(action: Callable[[], object]) -> InputError | None:
    try:
        action()
    except InputError as error:
        return error
    return None


class TestCore:
    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ("", None),
            ("~", None),
            ("null", None),
            ("Null", None),
            ("true", True),
            ("TRUE", True),
            ("False", False),
            ("0", 0),
            ("-7", -7),
            ("2.5", 2.5),
            ("1.0", 1.0),
        ],
    )
    def test_types_what_the_core_schema_types(self, text: str, value: object) -> None:
        assert core(text) == value
        assert type(core(text)) is type(value)

    @pytest.mark.parametrize(
        "text", ["no", "yes", "on", "off", "No", "y", "nULL", "tRUE", "1:30", "1_000", "0777x", "."]
    )
    def test_leaves_what_only_yaml_1_1_types(self, text: str) -> None:
        assert core(text) == text
        assert number(text) is None

    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ("2.30", 2.3),
            ("010", 10),
            ("0x10", 16),
            ("0o17", 15),
            (".5", 0.5),
            ("1e3", 1000.0),
            ("+1", 1),
            ("5.", 5.0),
            (".inf", float("inf")),
            ("-.INF", float("-inf")),
        ],
    )
    def test_keeps_a_number_as_typed_and_still_knows_it(self, text: str, value: float) -> None:
        assert core(text) == text
        assert number(text) == value

    @pytest.mark.parametrize("text", ["true", "1", "", "~"])
    def test_leaves_what_was_quoted(self, text: str) -> None:
        assert core(Scalar(text, plain=False)) == text

    @SETTINGS
    @given(
        st.text() | st.from_regex(r"[-+]?[0-9.xoe]{1,12}", fullmatch=True) | st.sampled_from(["1" * 5000, "1" * 900])
    )
    def test_loses_nothing_that_was_typed(self, text: str) -> None:
        value = core(text)
        if not (value is None or isinstance(value, bool)):
            assert str(value) == text

    @SETTINGS
    @given(st.integers() | st.floats(allow_nan=False, allow_infinity=False))
    def test_reads_a_number_as_python_writes_it(self, value: float) -> None:
        assert number(repr(value)) == value


class TestParse:
    @SETTINGS
    @example("a: &a [*a]")
    @example("\ud800")
    @example("? {a: b}\n: c")
    @example("%TAG ! x\n%TAG ! y\n--- a")
    @given(st.text() | FRAGMENTS)
    def test_raises_nothing_but_its_own_error(self, text: str) -> None:
        error = refused(lambda: parse(text, "x.yaml"))
        if error is None:
            assert isinstance(parse(text, "x.yaml").data(), dict)
            return
        assert isinstance(error, ProblemsError)
        assert all(char == "\n" or char.isprintable() for char in error.message)
        marks = [one.mark for one in error.problems if one.mark]
        assert marks
        assert all(1 <= mark.line <= len(lines_of(text)) + 1 and mark.column >= 1 for mark in marks)

    @SETTINGS
    @given(data=st.binary() | FRAGMENTS.map(str.encode) | FRAGMENTS.map(lambda text: text.encode("utf-16")))
    def test_of_any_bytes_raises_nothing_but_its_own_error(
        self, data: bytes, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        path = tmp_path_factory.getbasetemp() / "any.yaml"
        path.write_bytes(data)
        error = refused(lambda: read(path))
        assert error is None or str(path) in error.message

    @SETTINGS
    @given(st.dictionaries(st.text(min_size=1, max_size=90), st.text(), min_size=1))
    def test_gives_back_what_was_quoted(self, data: dict[str, str]) -> None:
        def quoted(text: str) -> str:
            return '"' + "".join(f"\\U{ord(char):08x}" for char in text) + '"'

        text = "".join(f"{quoted(key)}: {quoted(value)}\n" for key, value in data.items())
        assert parse(text, "x.yaml").data() == data

    @pytest.mark.parametrize("typed", ["no", "on", "2.30", "010", "1:30", "0x10", "1e3", "yes", "+1", ".5"])
    def test_keeps_plain_scalars_and_keys_as_typed(self, typed: str) -> None:
        assert parse(f"{typed}: {typed}", "x.yaml").data() == {typed: typed}

    @pytest.mark.parametrize("typed", ["", "~", "null"])
    def test_takes_only_a_plain_null_for_nothing(self, typed: str) -> None:
        assert parse(f"a: {typed}", "x.yaml").data() == {"a": None}
        assert parse(f"a: '{typed}'", "x.yaml").data() == {"a": typed}

    @pytest.mark.parametrize("depth", [10, 49])
    def test_takes_what_is_nested(self, depth: int) -> None:
        assert parse("a: " + "[" * depth + "]" * depth, "x.yaml").data()

    def test_refuses_what_is_nested_too_deep(self) -> None:
        with pytest.raises(ProblemsError, match="nested deeper than 50 levels"):
            parse("a: " + "[" * 51 + "]" * 51, "x.yaml")


class TestMerge:
    def test_is_shallow_and_what_is_written_wins(self) -> None:
        text = "x-a: &a {one: 1, two: {deep: 1}}\nb: {<<: *a, two: {other: 2}, three: 3}\n"
        assert parse(text, "x").data()["b"] == {"one": "1", "two": {"other": "2"}, "three": "3"}

    def test_of_several_takes_the_earlier_one(self) -> None:
        text = "x: &x {a: 1}\ny: &y {a: 2, b: 2}\nz: {<<: [*x, *y]}\n"
        assert parse(text, "x").data()["z"] == {"a": "1", "b": "2"}

    def test_wins_wherever_it_stands(self) -> None:
        text = "x: &x {a: 1}\nz: {a: 2, <<: *x}\n"
        assert parse(text, "x").data()["z"] == {"a": "2"}

    @pytest.mark.parametrize("nothing", ["null", "~", ""])
    def test_with_null_removes_the_key(self, nothing: str) -> None:
        text = f"x: &x {{a: 1, b: 2}}\nz: {{<<: *x, a: {nothing}}}\n"
        assert parse(text, "x").data()["z"] == {"b": "2"}

    def test_keeps_a_null_that_removes_nothing(self) -> None:
        assert parse("x: &x {a: 1}\nz: {<<: *x, b: null}", "x").data()["z"] == {"a": "1", "b": None}

    def test_of_a_quoted_key_is_a_key(self) -> None:
        assert parse("'<<': {a: 1}", "x").data() == {"<<": {"a": "1"}}

    @pytest.mark.parametrize("value", ["word", "[word]", "[[]]"])
    def test_of_no_mapping_is_refused(self, value: str) -> None:
        with pytest.raises(ProblemsError, match="merges a mapping"):
            parse(f"a: {{<<: {value}}}", "x")

    def test_counts_what_it_merges(self) -> None:
        lines = ["x0: &x0 {" + ", ".join(f"k{n}: 1" for n in range(60)) + "}"]
        lines += [f"x{i}: &x{i} {{" + ", ".join(f"m{n}: *x{i - 1}" for n in range(60)) + "}" for i in range(1, 4)]
        with pytest.raises(ProblemsError, match="nodes once aliases are followed"):
            parse("\n".join([*lines, "y: {<<: *x3}"]), "x")


class TestAnAnchor:
    def test_may_be_used_again_and_means_the_last_one(self) -> None:
        assert parse("a: &x 1\nb: *x\nc: &x 2\nd: *x\n", "x").data() == {"a": "1", "b": "1", "c": "2", "d": "2"}

    def test_gives_an_alias_its_own_place(self) -> None:
        document = parse("x-a: &a {k: [v]}\nb: *a\nc: {<<: *a}\n", "x")
        assert document.mark(("b", "k", 0)) == document.mark(("x-a", "k", 0)) == Mark(1, 14, 15)
        assert document.mark(("c", "k"), key=True) == Mark(1, 10, 11)
        assert document.mark(("b",)) == document.mark(("x-a",)) == Mark(1, 1, 4)
        assert document.mark(("b",), key=True) == Mark(2, 1, 2)


class TestAMark:
    def test_is_the_value_or_its_key_or_as_near_as_the_file_goes(self) -> None:
        document = parse("a:\n  b: [c, {d: e}]\n", "x")
        assert document.mark(("a", "b", 0)) == Mark(2, 7, 8)
        assert document.mark(("a", "b", 1, "d")) == Mark(2, 14, 15)
        assert document.mark(("a", "b", 1, "d"), key=True) == Mark(2, 11, 12)
        assert document.mark(("a", "b")) == Mark(2, 3, 4)
        assert document.mark(("a", "nothing", "at", "all")) == Mark(1, 1, 2)

    def test_of_the_first_of_one_is_the_one(self) -> None:
        assert parse("claim: {says: x}", "x").mark(("claim", 0, "says")) == Mark(1, 15, 16)

    @pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
    def test_counts_lines_whatever_ends_them(self, end: str) -> None:
        document = parse(end.join(["a: 1", "b: 2", "c: 語 # 語", "d: 4", ""]), "x")
        assert document.mark(("d",)) == Mark(4, 4, 5)
        assert lines_of(document.text)[3] == "d: 4"

    @pytest.mark.parametrize("text", ["\ufeffa: b\nc: d", "a: b\nc: d"])
    def test_does_not_count_a_byte_order_mark(self, text: str, tmp_path: Path) -> None:
        path = tmp_path / "x.yaml"
        path.write_bytes(text.encode())
        document = read(path)
        assert document.data() == {"a": "b", "c": "d"}
        assert document.mark(("a",)) == Mark(1, 4, 5)

    @pytest.mark.parametrize("wrong", ["\x1b", "\x00", "\x7f", "\ud800", "\ufffe"])
    def test_of_a_character_that_is_not_allowed_counts_characters(self, wrong: str) -> None:
        with pytest.raises(ProblemsError) as caught:
            parse(f"a: 語\nb: 語語{wrong}", "x")
        assert caught.value.problems[0].mark == Mark(2, 6)

    @pytest.mark.parametrize(("text", "line"), [("a: |\n  one\n  two\n", 2), ("a: one\n", 1), ('a:\n  "one"\n', 2)])
    def test_of_a_block_knows_its_first_line(self, text: str, line: int) -> None:
        assert parse(text, "x").first_line(("a",)) == line


class TestRendering:
    def test_shows_the_line_the_place_and_what_would_be_right(self) -> None:
        text = render("x.yaml", ["one", "  two: three"], Problem(Mark(2, 8, 13), "no", "four"))
        assert text.split("\n") == [
            "x.yaml:2:8: error: no",
            "     2 |   two: three",
            "       |        ^^^^^",
            "       = four",
        ]

    def test_cuts_a_long_line_around_the_place(self) -> None:
        line = "x" * 500 + "HERE" + "y" * 500
        _, shown, carets = render("x", [line], Problem(Mark(1, 501, 505), "no")).split("\n")
        assert len(shown) < 120
        assert shown[carets.index("^") : carets.rindex("^") + 1] == "HERE"

    @pytest.mark.parametrize("before", ["読み込み", "\t\t", "e\u0301e\u0301", "x\u20dd", "\u200b", "❤\ufe0f"])
    def test_puts_the_caret_below_the_place_whatever_stands_before(self, before: str) -> None:
        column = len(before) + 1
        _, shown, carets = render("x", [before + "HERE"], Problem(Mark(1, column, column + 4), "no")).split("\n")
        prefix = shown[: shown.index("HERE")]
        columns = sum(
            2 if unicodedata.east_asian_width(one) in "WF" else unicodedata.category(one) not in ("Mn", "Me")
            for one in prefix
        )
        assert carets.index("^") == columns
        assert carets.endswith("^^^^")

    def test_keeps_a_message_to_one_line_of_bounded_length(self) -> None:
        text = render("x\ny", ["line"], Problem(Mark(1, 1), "a\nb:1:1: error: c" + "d" * 10_000, "e\nf"))
        assert len(text.split("\n")) == 4
        assert len(text) < 1000

    @SETTINGS
    @given(st.text(), st.text(), st.text(), st.integers(1, 200), st.integers(0, 300))
    def test_emits_no_control_character(self, line: str, message: str, hint: str, column: int, end: int) -> None:
        text = render("x", lines_of(line), Problem(Mark(1, column, end), message, hint))
        assert all(char == "\n" or char.isprintable() for char in text)
        assert len(text.split("\n")) == 3 + bool(hint)

    @SETTINGS
    @given(st.text())
    def test_of_printable_text_changes_nothing(self, text: str) -> None:
        clean = "".join(char for char in text if char.isprintable())
        assert printable(clean) == clean
        assert sentence(clean[:100]) == clean[:100]
        assert len(printable(text)) == len(text)
        assert width(clean) >= 0


class TestProblems:
    def test_are_told_in_order_and_each_once(self) -> None:
        late, early = Problem(Mark(2, 1), "late"), Problem(Mark(1, 5), "early")
        nowhere = Problem(None, "nowhere")
        assert ProblemsError("x", "one\ntwo", [late, early, nowhere, late]).problems == (nowhere, early, late)


class TestClosest:
    def test_names_the_word_that_was_meant(self) -> None:
        assert closest("timeot", ["timeout", "repeat"]) == "did you mean `timeout`?"

    def test_lists_a_few_words_where_none_is_near(self) -> None:
        assert closest("xyz", ["b", "a", ""]) == "known here: ``, `a`, `b`"

    def test_is_silent_where_there_are_none_or_too_many(self) -> None:
        assert closest("xyz", []) is None
        assert closest("xyz", [f"word-{n}" for n in range(20)]) is None

    def test_finds_a_word_among_many(self) -> None:
        assert closest("object-77", [f"object-{n}x" for n in range(1000)]) is not None
