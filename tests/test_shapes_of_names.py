"""Lists whose items have names: paths lead through them, and words of symbols are all that there are."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elfworlds.elf import dynsym
from elfworlds.elf.symbol import word_of
from elfworlds.jsondata import JsonObject
from elfworlds.outcome import ABSENT, Named, lookup
from elfworlds.spec.shapes import FLAG, NAME, NUMBER, Fields, Items, Repeated, bare, follow
from elfworlds.spec.values.files import BINDINGS, TYPES, VISIBILITIES
from shaping import conforms

SETTINGS = settings(database=None, deadline=None, max_examples=200)
CODES = {
    "binding": (BINDINGS, dynsym.BINDS),
    "type": (TYPES, dynsym.TYPES),
    "visibility": (VISIBILITIES, dynsym.VISIBILITIES),
}
RESERVED = {"num", "relc", "srelc", "loos", "hios", "loproc", "hiproc", "exported", "singleton", "eliminate"}


@pytest.mark.parametrize("field", CODES)
def test_the_words_of_a_symbol_are_those_that_it_may_have(field: str) -> None:
    words, names = CODES[field]
    assert {word_of(name) for name in names.values()} - RESERVED == set(words)
    assert word_of("STB_13") == "13"


SYMBOL = Fields({"name": NAME, "default-version": FLAG, "size": NUMBER})
NAMED = Items(SYMBOL, named=True)
STEPS = ("a", "b", "name", "size", "first", "all", "times", "count", "default-version")


def _symbol(*, name: str, is_default: bool, size: int) -> JsonObject:
    return {"name": name, "default-version": is_default, "size": size}


@SETTINGS
@given(st.data(), st.lists(st.sampled_from(STEPS), max_size=4))
def test_a_path_through_a_name_leads_to_a_value_of_its_shape(data: st.DataObject, path: list[str]) -> None:
    name = st.sampled_from(["a", "b", "a.b", "a.a.b", "size", "b.name"])
    item = st.builds(_symbol, name=name, is_default=st.booleans(), size=st.integers(0, 2))
    value = lookup({"x": Named(data.draw(st.lists(item, max_size=4)))}, ".".join(["x", *path]))
    shape, lacking = follow(NAMED, path)
    if lacking:
        assert value in (ABSENT, [], 0)
    elif value is not ABSENT:
        assert conforms(value, bare(shape))


def test_a_misspelt_field_after_a_name_is_no_part_of_the_name() -> None:
    assert follow(NAMED, ["a", "szie"])[1] == ("szie",)
    assert follow(NAMED, ["GLIBC_2", "34"]) == (Repeated(SYMBOL), ())
    assert follow(NAMED, ["a", "b", "size"]) == (NUMBER, ())
