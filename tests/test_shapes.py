"""What each value is: what is refused never matches, what is observed is as described, and paths lead to the same."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elfworlds import elf
from elfworlds.ctext import kind_of_expression, kind_of_type
from elfworlds.jsondata import Json
from elfworlds.outcome import matches
from elfworlds.outcome.match import equals
from elfworlds.outcome.observed import ABSENT, Several, lookup
from elfworlds.spec.checks.fits import Subject, check_fit, comparable, in_words
from elfworlds.spec.leaves.matchers import MatcherError, as_written
from elfworlds.spec.shapes import (
    ADDRESS,
    FLAG,
    NAME,
    NUMBER,
    PATH,
    REAL,
    SCALAR,
    TEXT,
    WORDS,
    Fields,
    Items,
    Leaf,
    Repeated,
    Shape,
    bare,
    chosen,
    either,
    nullable,
    or_null,
    step,
)
from elfworlds.spec.values.files import FACTS
from elfworlds.trials.details import details
from elfworlds.yamltext import Scalar
from shaping import conforms, misfits

SETTINGS = settings(database=None, deadline=None, max_examples=200)
WORD, CODE = chosen("ab", "b"), chosen("a", "ab", digits=True)
LEAVES = (TEXT, NAME, PATH, WORDS, ADDRESS, NUMBER, REAL, FLAG, SCALAR, WORD, CODE)
NAMES = ("ok", "value", "a", "b", "first", "count")
TEXTS = {"words": st.sampled_from(["SIGSEGV", "no such file"]), "address": st.sampled_from(["0x7f00", "0x1"])}
ANY_TEXT = st.sampled_from(["a", "ab", "1", "", "true"])
KINDS: dict[str, st.SearchStrategy[Any]] = {"number": st.integers(-2, 2), "flag": st.booleans(), "null": st.none()}


LEAF: st.SearchStrategy[Any] = st.sampled_from([*LEAVES, *map(or_null, LEAVES)])
FIELDS = st.dictionaries(st.sampled_from(NAMES), LEAF, min_size=1, max_size=3)
FLAT: st.SearchStrategy[Shape] = LEAF | st.builds(Fields, FIELDS, st.none(), st.booleans())
SHAPES: st.SearchStrategy[Shape] = FLAT | st.builds(Items, FLAT | st.builds(Items, FLAT), st.booleans())


def values(shape: Shape) -> st.SearchStrategy[Any]:
    """What a value of a shape may be; lists have an item, so that `all` says something."""
    if isinstance(shape, Leaf):
        found: list[st.SearchStrategy[Any]] = [KINDS[kind] for kind in sorted(shape.kinds & set(KINDS))]
        texts = TEXTS.get(shape.name, st.sampled_from((*shape.choices, "1")[: None if shape.digits else -1]))
        found += [texts if shape.choices or shape.name in TEXTS else ANY_TEXT] if "text" in shape.kinds else []
        return st.one_of(found)
    if isinstance(shape, Items):
        listed = st.lists(values(shape.of), min_size=1, max_size=2)
        return listed | st.none() if shape.null else listed
    assert isinstance(shape, Fields)
    mapping = st.fixed_dictionaries({name: values(one) for name, one in shape.fields.items()})
    return mapping | st.none() if shape.null else mapping


QUOTED = Scalar("", plain=False)  # without quotes it is null
SCALARS = st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from(["a", "1", "0x1", "true", "SIGSEGV", QUOTED])
WORDED: Any = st.one_of(
    SCALARS,
    st.lists(SCALARS, max_size=2),
    st.fixed_dictionaries({"contains": st.sampled_from(["a", "1", 1, True]) | st.lists(st.integers(0, 2), max_size=2)}),
    st.fixed_dictionaries({"matches": st.sampled_from(["^a", ".", "^$"])}),
    st.fixed_dictionaries({"less-than": st.integers(-1, 3)}),
    st.fixed_dictionaries({"greater-than": st.integers(-3, 1)}),
    st.fixed_dictionaries({"distinct": st.integers(0, 2)}),
    st.fixed_dictionaries({"count": st.integers(0, 2) | st.just("x") | st.just({"greater-than": 0})}),
    st.fixed_dictionaries({"in-order": st.lists(st.sampled_from(["a", 1]), min_size=1, max_size=2)}),
)
ITEMS = WORDED | st.dictionaries(st.sampled_from(["ok", "value", "a", "first"]), WORDED, min_size=1, max_size=2)
MATCHERS: Any = WORDED | st.one_of(*(st.fixed_dictionaries({word: ITEMS}) for word in ("any", "all")))


@SETTINGS
@given(st.data())
def test_what_is_refused_holds_of_no_such_value(data: st.DataObject) -> None:
    shape = data.draw(SHAPES)
    matcher = data.draw(MATCHERS)
    value = data.draw(values(shape))
    try:
        check_fit(matcher, Subject("it", shape), as_written)
    except MatcherError as error:
        refused = str(error)
    else:
        return
    may_hold = re.search(
        "counts the items|`in-order` looks into|(is a (name|path)|or a number)( or null)?, and .* compares numbers",
        refused,
    )
    assert not matches(matcher, value, {}) or may_hold, (
        "a single value counts as one, and a name of digits has no order"
    )


@pytest.mark.parametrize("matcher", [{"any": None}, {"all": None}, {"in-order": [None]}])
def test_the_null_that_stands_for_a_list_is_its_only_item(matcher: Any) -> None:  # noqa: ANN401  # any matcher
    text = Leaf("text", frozenset({"text"}))
    check_fit(matcher, Subject("it", Items(text, null=True)), as_written)
    assert matches(matcher, None, {})
    with pytest.raises(MatcherError, match="never null"):
        check_fit(matcher, Subject("it", Items(text)), as_written)


@SETTINGS
@given(st.data())
def test_shapes_that_cannot_be_compared_have_no_equal_values(data: st.DataObject) -> None:
    one, other = data.draw(SHAPES), data.draw(SHAPES)
    mine, theirs = data.draw(values(one)), data.draw(values(other))
    if not comparable(one, other):
        assert not equals(mine, theirs)


@SETTINGS
@given(st.data(), st.lists(st.sampled_from([*NAMES, "last", "all", "times"]), max_size=3))
def test_a_path_leads_to_a_value_of_the_shape_that_it_leads_to(data: st.DataObject, path: list[str]) -> None:
    each = Fields({"ok": FLAG, **data.draw(st.dictionaries(st.sampled_from(NAMES[1:]), SHAPES, max_size=3))})
    shape: Shape | None = Repeated(each)
    found = Several(data.draw(st.lists(values(each), min_size=1, max_size=3)))
    for name in path:
        shape = step(shape, name) if shape is not None else None
    value = lookup({"x": found}, ".".join(["x", *path]))
    if shape is None:
        counted: Any = lookup({"x": found}, ".".join(["x", *path[:-1]]))
        of_nothing = path[-1] == "count" and empty(counted) and value == len(counted)
        assert value in (ABSENT, [], [[]], None) or empty(value) or of_nothing
    elif value is not ABSENT:
        assert conforms(value, bare(shape)) or nothing_in(found)


def empty(value: Any) -> bool:  # noqa: ANN401  # any value
    return isinstance(value, list) and all(map(empty, value))


def nothing_in(value: Any) -> bool:  # noqa: ANN401  # any value
    """Whether a null stands where a path may lead through: then it ends there."""
    if isinstance(value, dict):
        return any(map(nothing_in, value.values()))
    return value is None or (isinstance(value, list | tuple) and any(map(nothing_in, value)))


@SETTINGS
@given(st.data())
def test_either_of_two_leaves_takes_what_each_takes(data: st.DataObject) -> None:
    one, other = data.draw(st.sampled_from(LEAVES)), data.draw(st.sampled_from(LEAVES))
    value = data.draw(values(one))
    assert conforms(value, either(one, other))
    assert conforms(value, either(other, one))


RECORD = Fields({"lmid": NUMBER, "name": PATH, "base": or_null(ADDRESS)})


@pytest.mark.parametrize(
    ("matcher", "shape", "message"),
    [
        ({"any": {"binding": "GLOBAL"}}, Items(NAME), "each item of it is a name, which has no fields"),
        ({"any": {"lmdi": 1}}, Items(RECORD), "each item of it has no field `lmdi`"),
        ({"any": {"lmid": "new"}}, Items(RECORD), "`lmid` of each item of it is a number, and never `new`"),
        ({"all": {"name": {"less-than": 3}}}, Items(RECORD), "is a path, and `less-than` compares numbers"),
        ({"any": {"lmid": {"any": {"x": 1}}}}, Items(RECORD), "is a number, which has no fields"),
        ("zero", NUMBER, "it is a number, and never `zero`"),
        (None, NUMBER, "it is a number, and never null"),
        (True, NUMBER, "it is a number, and never `True`"),
        (11, or_null(WORDS), "it is a text in words or null, and never `11`"),
        ("SIGSEGV", FLAG, "it is true or false, and never `SIGSEGV`"),
        (1, FLAG, "it is true or false, and never `1`"),
        ("a", Items(NAME), "it is a list, and never `a`"),
        ([1, "a"], Items(NUMBER), "each item of it is a number, and never `a`"),
        (["a"], TEXT, "it is a text, and never a list"),
        ("a", RECORD, "it is a mapping of `lmid`, `name`, `base`, and never `a`"),
        ({"matches": "a"}, NUMBER, "it is a number, and `matches` looks into a text"),
        ({"matches": "a"}, Items(TEXT), "it is a list, and `matches` looks into a text"),
        ({"less-than": 3}, NAME, "it is a name, and `less-than` compares numbers"),
        ({"greater-than": 3}, Items(NUMBER), "it is a list, and `greater-than` compares numbers"),
        ({"contains": "a"}, NUMBER, "it is a number, and `contains` looks into a text or a list"),
        ({"contains": ["a", 1]}, Items(NUMBER), "each item of it is a number, and never `a`"),
        ({"in-order": ["a"]}, FLAG, "it is true or false, and `in-order` looks into a text or a list"),
        ({"count": 3}, TEXT, "it is a text, and `count` counts the items of a list"),
        ({"count": {"contains": "3"}}, Items(TEXT), "the count of it is a number"),
        ({"distinct": 3}, RECORD, "and `distinct` counts the items of a list"),
        ({"not": {"contains": "a"}}, NUMBER, "it is a number, and `contains` looks into a text or a list"),
        ({"absent": True}, NUMBER, "it is always there"),
        ({"not": "a", "less-than": "x"}, FLAG, "it is true or false, and never `a`"),
    ],
)
def test_is_refused(matcher: Json, shape: Shape, message: str) -> None:
    with pytest.raises(MatcherError) as caught:
        check_fit(matcher, Subject("it", shape, always=True), as_written)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("matcher", "shape"),
    [
        ("010", NUMBER),
        (0, TEXT),
        (True, TEXT),
        (None, or_null(NUMBER)),
        ({"less-than": 3}, TEXT),
        ({"any": {"lmid": 1, "base": None}}, Items(RECORD)),
        ({"any": "a"}, TEXT),
        ({"count": {"greater-than": 1}}, Items(RECORD)),
        ({"contains": ["a", 1]}, Items(NAME)),
        ({"not": None}, or_null(WORDS)),
        ({"absent": False}, NUMBER),
        ({"matches": "nan"}, REAL),
        ([], Items(NUMBER)),
    ],
)
def test_is_taken(matcher: Json, shape: Shape) -> None:
    check_fit(matcher, Subject("it", shape, always=True), as_written)


@pytest.mark.parametrize("shape", [*LEAVES, *map(or_null, LEAVES), Items(TEXT), RECORD, Fields(), Repeated(RECORD)])
def test_every_shape_can_be_told(shape: Shape) -> None:
    assert in_words(shape)
    assert str(shape).endswith(" or null") == (nullable(shape) and getattr(shape, "name", "") != "scalar")


@pytest.mark.parametrize(
    ("declared", "kind"),
    [
        ("int", "number"),
        ("const unsigned long long", "number"),
        ("size_t", "number"),
        ("enum colour", "number"),
        ("uint64_t", "number"),
        ("char", "number"),
        ("float", "real"),
        ("long double", "real"),
        ("_Bool", "flag"),
        ("const char *", "text"),
        ("char*", "text"),
        ("char *const", "text"),
        ("const char **", "address"),
        ("unsigned char *", "address"),
        ("void *", "address"),
        ("struct link_map *", "address"),
        ("int (*)(void)", None),
        ("mine_t", None),
        ("struct two", None),
        ("", None),
        ("long", "number"),
    ],
)
def test_the_kind_of_a_c_type(declared: str, kind: str | None) -> None:
    assert kind_of_type(declared) == kind


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("1", "number"),
        ("-0x10UL", "number"),
        ("a == b", "number"),
        ("strcmp(a, b) == 0", "number"),
        ("!found", "number"),
        ("a && b", "number"),
        ("p->x > 3", "number"),
        ('"text"', "text"),
        ('"one" "two"', "text"),
        ("found", None),
        ("p->next", None),
        ("a ? b > 1 : c", None),
        ("f(a == b)", None),
        ("list[a < b]", None),
        ("a << 2", None),
        ("x = 1", None),
        ('strchr("a==b", c)', None),
        ("(a", None),
        ("", None),
    ],
)
def test_the_kind_of_a_c_expression(code: str, kind: str | None) -> None:
    assert kind_of_expression(code) == kind


def test_facts_of_a_file_are_as_they_are_described() -> None:
    libc = next(path for path in map(Path, ("/lib/x86_64-linux-gnu/libc.so.6", "/lib64/libc.so.6")) if path.exists())
    for path in (Path("/bin/true"), libc):
        facts = {**elf.read(path).facts(), **details(path, FACTS)}
        assert set(facts) == set(FACTS)
        assert misfits(facts, Fields(FACTS)) == []
