"""docs/values.md: every value that a trial may give, with an example that is of the kind that the types say."""

from __future__ import annotations

import json
import runpy
from collections.abc import Callable, Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from conftest import ROOT
from elfworlds.spec.model.observers import OBSERVERS
from elfworlds.spec.model.steps import VERB_WORDS
from elfworlds.spec.shapes import Fields, Items, Leaf, Shape
from elfworlds.spec.values.described import FOUND

MADE = SimpleNamespace(**runpy.run_path(str(ROOT / "docs" / "values.py")))
KEPT = json.loads((ROOT / "docs" / "values.json").read_text(encoding="utf-8"))
OFTEN_NOT_THERE = {"error", "signal", "pid"}  # of what went well; other steps have an example of each
KINDS: dict[str, type | tuple[type, ...]] = {
    "flag": bool,
    "text": str,
    "number": (int, float),
    "null": type(None),
}  # True is an int, too


@pytest.fixture(autouse=True)
def _in_the_projects_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def seen() -> Iterator[tuple[str, Any, Any]]:
    """Scenario and path, the row, and the value."""
    for section in MADE.sections():
        for row in MADE.rows(section):
            for scenario, names in section.columns.items():
                for path in (f"{name}.{row.path}" if name else row.path for name in names):
                    if path in KEPT.get(scenario, {}):
                        yield f"{scenario}: {path}", row, KEPT[scenario][path]


def is_of(shape: Shape, value: Any, lists: int = 0) -> bool:  # noqa: ANN401  # any value
    """Whether a value is what a shape says, in so many lists."""
    if lists:
        return isinstance(value, list) and all(is_of(shape, item, lists - 1) for item in value)
    if isinstance(shape, Items):
        return (value is None and shape.null) or is_of(shape.of, value, 1)
    if isinstance(shape, Fields):
        inner: Callable[[str], Shape | None] = lambda key: shape.fields.get(key, shape.other)  # noqa: E731  # of this shape
        if value is None:
            return shape.null
        return isinstance(value, dict) and all(
            (of := inner(key)) is not None and is_of(of, item) for key, item in value.items()
        )
    assert isinstance(shape, Leaf)
    kinds = {
        kind
        for kind, types in KINDS.items()
        if isinstance(value, types) and (kind == "flag") == (value in (True, False) and isinstance(value, bool))
    }
    return bool(kinds & shape.kinds) and (not shape.choices or value is None or value in shape.choices or shape.digits)


def test_the_page_is_made_of_the_types_and_of_what_was_seen() -> None:
    page = (ROOT / "docs" / "values.md").read_text(encoding="utf-8")
    assert page == MADE.page(KEPT), "run: python docs/values.py; if a value is new, python docs/values.py --run"


def test_every_step_that_finds_something_and_every_observer_has_its_part() -> None:
    titles = [section.title for section in MADE.sections()]
    assert {f"The step `{verb}`" for verb in FOUND} <= set(titles)
    assert {f"The observer `{name}`" for name in OBSERVERS} <= set(titles)
    silent = set(VERB_WORDS) - FOUND.keys() - {"c"}
    (about,) = (section.about for section in MADE.sections() if section.title == "Steps that gave up")
    assert [verb for verb in sorted(silent) if f"`{verb}`" not in about] == []


def test_every_value_has_an_example() -> None:
    there = {id(row): row for _, row, _ in seen()}
    shown = {(row.path, str(row.shape)) for row in there.values()}
    every = {(row.path, str(row.shape)) for section in MADE.sections() for row in MADE.rows(section)}
    assert {path for path, _ in every - shown if path.rpartition(".")[2] not in OFTEN_NOT_THERE} == set()


def test_every_example_is_of_the_kind_that_the_types_say() -> None:
    assert [where for where, row, value in seen() if not is_of(row.shape, value, row.lists)] == []


@pytest.mark.parametrize(
    ("value", "holds"), [("r--p", True), (None, False), (1, False), (True, False), ([], False), ({}, False)]
)
def test_a_value_of_another_kind_would_be_seen(value: Any, holds: bool) -> None:  # noqa: ANN401, FBT001  # any value
    assert is_of(FOUND["mappings"]["perms"], value) is holds
    assert is_of(Fields({"perms": FOUND["mappings"]["perms"]}), {"other": value}) is False


def kinds(values: Mapping[str, Any]) -> dict[str, str]:
    return {path: type(value).__name__ for path, value in values.items()}


@pytest.mark.slow
def test_trials_give_today_what_the_page_shows(needs: Callable[[str], str]) -> None:
    for tool in ("gdb", "valgrind", "strace"):
        needs(tool)
    tried = MADE.tried()
    assert {name: kinds(values) for name, values in tried.items()} == {
        name: kinds(values) for name, values in KEPT.items()
    }
