"""A path through the types leads to the same thing in the file, however steps are spliced."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from elfworlds.spec.leaves import forms
from elfworlds.spec.places import unspliced
from elfworlds.yamltext import Data, Path


def looped(steps: list[Data]) -> dict[str, Any]:
    return {"loop": {"steps": steps}}


LEAF = st.integers().map(lambda number: {"flush": f"{number}"})
STEPS = st.recursive(
    LEAF,
    lambda inner: st.lists(inner, max_size=3) | st.lists(inner, max_size=3).map(looped),
)


def spliced(data: Any) -> Any:  # noqa: ANN401  # any part of the file
    """As the types have it: every list of steps flat."""
    if isinstance(data, list):
        return [spliced(one) for one in data]
    if isinstance(data, dict):
        flat = {key: list(forms.flat(value)) if key == "steps" else value for key, value in data.items()}
        return {key: spliced(value) for key, value in flat.items()}
    return data


def paths(data: Any, before: Path = ()) -> list[Path]:  # noqa: ANN401  # any part of the file
    items = enumerate(data) if isinstance(data, list) else data.items() if isinstance(data, dict) else ()
    return [before, *(path for key, value in items for path in paths(value, (*before, key)))]


def at(data: Any, path: Path) -> Any:  # noqa: ANN401  # any part of the file
    for step in path:
        data = data[step]
    return data


@given(st.lists(STEPS, max_size=4))
def test_a_path_leads_to_what_it_led_to(steps: list[Data]) -> None:
    data: Data = {"scenarios": {"s": {"steps": steps, "note": "x"}}}
    types = spliced(data)
    for path in paths(types):
        found = at(data, unspliced(data, path))
        assert spliced(found) == at(types, path) or path[-1] == "steps"
        assert path[-1:] != ("flush",) or found is at(types, path)


@given(st.lists(STEPS, max_size=4), st.lists(st.sampled_from(["scenarios", "s", "steps", "x", 0, 1, 7]), max_size=6))
def test_a_path_to_nothing_leads_nowhere_else(steps: list[Data], path: list[int | str]) -> None:
    data: Data = {"scenarios": {"s": {"steps": steps}}}
    assert len(unspliced(data, tuple(path))) >= len(path)


def test_a_word_of_a_list_that_is_short_for_a_mapping_is_its_place() -> None:
    data: Data = {"scenarios": {"s": {"observe": ["ld-debug", "gdb"]}}}
    assert unspliced(data, ("scenarios", "s", "observe", "gdb")) == ("scenarios", "s", "observe", 1)


def test_no_list_no_change() -> None:
    path = ("matrix", "way", 3)
    assert unspliced({"matrix": {"way": "x"}}, path) == path
