"""References in texts: parsed, put together again, and never a surprise."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elfworlds import refs
from elfworlds.refs import Reference, RefError, Template
from waiting import TIMES

SETTINGS = settings(database=None, max_examples=300 * TIMES)
SYNTAX = st.text(alphabet=st.sampled_from("$ {}ab.-\n"), max_size=40)


def written(template: Template) -> str:
    """A template as a text that parses to it."""
    return "".join(
        part.replace("${", "$${") if isinstance(part, str) else f"${{{written(part.name)}}}" for part in template.parts
    )


def refused_at(text: str) -> int | None:
    try:
        refs.parse(text)
    except RefError as error:
        return error.offset
    return None


class TestParse:
    @pytest.mark.parametrize(
        ("text", "parts"),
        [
            ("", ()),
            ("plain", ("plain",)),
            ("$ORIGIN/../lib", ("$ORIGIN/../lib",)),
            ("a } b", ("a } b",)),
            ("$${ORIGIN}", ("${ORIGIN}",)),
            ("$$${x}", ("$${x}",)),
            ("${a}", (Reference(Template(("a",))),)),
            ("x${a}y${b}", ("x", Reference(Template(("a",))), "y", Reference(Template(("b",))))),
            ("${a}}", (Reference(Template(("a",))), "}")),
            ("${${m}-1}", (Reference(Template((Reference(Template(("m",))), "-1"))),)),
            ("${a\nb}", (Reference(Template(("a\nb",))),)),
        ],
    )
    def test_gives_literals_and_references_in_order(self, text: str, parts: tuple[str | Reference, ...]) -> None:
        assert refs.parse(text) == Template(parts)

    @pytest.mark.parametrize(
        ("text", "message", "offset"),
        [
            ("x${a", "`${` without `}`", 1),
            ("${a${b}", "`${` without `}`", 0),
            ("ab${}", "`${}` names nothing", 2),
            ("${${}}", "`${}` names nothing", 2),
            ("${" * 11 + "}" * 11, "references nested deeper than 10", 20),
        ],
    )
    def test_refuses_what_is_no_reference_and_says_where(self, text: str, message: str, offset: int) -> None:
        with pytest.raises(RefError) as caught:
            refs.parse(text)
        assert (str(caught.value), caught.value.offset) == (message, offset)

    def test_takes_a_long_text_and_a_deep_one(self) -> None:
        assert refs.parse("x" * 1_000_000).literal == "x" * 1_000_000
        with pytest.raises(RefError):
            refs.parse("${" * 500_000)

    @SETTINGS
    @given(SYNTAX | st.text())
    def test_raises_nothing_but_its_own_error_at_a_place_in_the_text(self, text: str) -> None:
        offset = refused_at(text)
        if offset is not None:
            assert text.startswith("${", offset)
            return
        template = refs.parse(text)
        assert written(template) == text
        assert all(part != "" for part in template.parts)

    @SETTINGS
    @given(SYNTAX | st.text())
    def test_takes_a_text_without_references_as_it_is(self, text: str) -> None:
        escaped = text.replace("${", "$${")
        assert refs.parse(escaped).literal == text


class TestReferences:
    def test_come_inner_ones_first(self) -> None:
        found = [written(one.name) for one in refs.parse("${a}${${b}-${c}}").references()]
        assert found == ["a", "b", "c", "${b}-${c}"]

    def test_leave_no_literal(self) -> None:
        assert refs.parse("x").literal == "x"
        assert refs.parse("").literal == ""
        assert refs.parse("x${a}").literal is None


class TestSubstitute:
    def test_resolves_from_the_inside(self) -> None:
        known = {"matrix.plugin": "base", "base-1": "/lib"}
        assert refs.substitute(refs.parse("<${${matrix.plugin}-1}>"), known.__getitem__) == "</lib>"

    def test_does_not_read_what_it_puts_in(self) -> None:
        assert refs.substitute(refs.parse("${a}"), {"a": "${b}"}.__getitem__) == "${b}"

    @SETTINGS
    @given(st.lists(st.text(alphabet="ab$ ", min_size=1) | st.integers(0, 3), max_size=6))
    def test_gives_back_the_text_when_each_reference_is_itself(self, pieces: list[str | int]) -> None:
        text = "".join(one if isinstance(one, str) else f"-${{n{one}}}" for one in pieces)
        assert refs.substitute(refs.parse(text), lambda name: f"${{{name}}}") == text


class TestValue:
    def test_of_one_whole_reference_keeps_its_type(self) -> None:
        assert refs.value(refs.parse("${a}"), {"a": 3}.__getitem__) == 3

    @pytest.mark.parametrize("text", ["${a} ", "x${a}", "${a}${a}"])
    def test_of_anything_else_is_text(self, text: str) -> None:
        assert refs.value(refs.parse(text), {"a": 3}.__getitem__) == text.replace("${a}", "3")
