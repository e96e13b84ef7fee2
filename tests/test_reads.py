"""Which axes a scenario reads is found in its types: a key that nobody listed counts as well."""

from __future__ import annotations

from typing import Annotated

import pytest
from pydantic import Field

from elfworlds.planning.reads import APART, AxesRead
from elfworlds.spec.leaves.annotated import Naming, Templated, Templates, When
from elfworlds.spec.model.experiment import Experiment, Scenario
from elfworlds.spec.model.objects import Object, Program
from elfworlds.yamltext import Scalar
from elfworlds.yamltext import parse as parse_yaml

TEXT = """
experiment: x
question: "?"
matrix: {way: [a, b], plugin: [first, second], version: ["1", "2"]}
objects:
  first: {library: first, code: "int a;", defines: {V: "${matrix.version}"}}
  second: {library: second, code: "int b;"}
scenarios:
  s: {run: /x}
"""
EXPERIMENT = Experiment.model_validate(parse_yaml(TEXT, "x.yaml").data())


class Wider(Scenario):
    """A scenario with keys that nobody listed."""

    texts: Templates = ()
    named: Annotated[Templated | None, Naming.OBJECTS] = None
    only: When = Field(default_factory=dict)


def axes(**keys: object) -> frozenset[str]:
    scenario = Wider.model_validate({"run": Scalar("/x"), **keys})
    return AxesRead(EXPERIMENT).scenario(scenario) - {"libc"}


def test_a_scenario_without_references_reads_no_axis() -> None:
    assert axes() == set()


def test_a_new_key_with_a_reference_is_counted() -> None:
    assert axes(texts=[Scalar("${matrix.way}")]) == {"way"}


def test_a_new_key_that_names_an_object_reads_what_the_object_reads() -> None:
    assert axes(named=Scalar("first")) == {"version"}
    assert axes(named=Scalar("second")) == set()
    assert axes(named=Scalar("${matrix.plugin}")) == {"plugin", "version"}


def test_a_new_key_that_compares_axes_reads_them() -> None:
    assert axes(only={Scalar("way"): Scalar("a")}) == {"way"}


@pytest.mark.parametrize("key", APART)
def test_what_is_looked_at_at_each_point_is_not_read(key: str) -> None:
    when = {Scalar("way"): Scalar("a")}
    entry = {"outcome": Scalar("other"), "when": when} | ({"says": Scalar("x")} if key == "claim" else {})
    assert axes(**{key: when if key == "when" else [entry]}) == set()


def test_the_keys_of_a_program_are_keys_of_an_object() -> None:
    shared = set(Program.model_fields) - {"code"}
    assert shared <= set(Object.model_fields)
    for name in shared:
        assert Program.model_fields[name].annotation == Object.model_fields[name].annotation
        assert Program.model_fields[name].default == Object.model_fields[name].default


def test_a_program_is_an_executable_with_its_keys() -> None:
    program = Program.model_validate({"z": [Scalar("now")], "pie": Scalar("false")})
    made = program.as_object("int main(void) {}")
    assert (made.filename, made.code, made.z, made.library) == ("program", "int main(void) {}", program.z, None)
    assert not made.pie
