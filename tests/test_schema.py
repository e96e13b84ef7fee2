"""The JSON Schema that editors read says what this program says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
import yaml

from elfworlds import shipped
from elfworlds.makers import COMPILERS, LINKERS
from elfworlds.spec.reference import schema
from elfworlds.toolchains.debian.family import Debian
from elfworlds.yamltext import Scalar, core, read

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
EXPERIMENTS = sorted((ROOT / "experiments").glob("*.yaml"))
BROKEN = ROOT / "tests" / "data" / "broken"


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    found = json.loads(schema())
    jsonschema.Draft202012Validator.check_schema(found)
    return jsonschema.Draft202012Validator(found)


def as_an_editor_reads(data: Any) -> Any:  # noqa: ANN401  # any data of the file
    if isinstance(data, dict):
        return {str(key): as_an_editor_reads(value) for key, value in data.items()}
    if isinstance(data, list):
        return [as_an_editor_reads(one) for one in data]
    return core(data) if isinstance(data, Scalar) else data


def test_the_committed_schema_is_that_of_the_code() -> None:
    committed = ROOT / "docs" / "experiment.schema.json"
    text = committed.read_text(encoding="utf-8")
    offered = offered_labels(json.loads(text), "libc")
    assert text == schema(offered), "it is out of date; run: elfworlds schema > docs/experiment.schema.json"
    assert set(offered) >= {"host", *Debian().names([shipped.locks()])}


def offered_labels(found: dict[str, Any], axis: str) -> list[str]:
    """The labels that an editor offers for an axis."""
    form = found["$defs"]["Matrix"]["properties"][axis]
    return [label for choice in form["anyOf"] if "items" in choice for label in choice["items"]["anyOf"][0]["enum"]]


def test_editors_are_offered_axes_and_their_labels_and_any_other_label_is_as_good() -> None:
    found = json.loads(schema(["host", "debian/forky"]))
    assert offered_labels(found, "libc") == offered_labels(found, "gdb") == ["host", "debian/forky"]
    assert offered_labels(found, "linker") == list(LINKERS)
    assert offered_labels(found, "compiler") == list(COMPILERS)
    other = {
        "libc": ["my-own", 3],
        "gdb": {"a": "x"},
        "linker": {"none": None, "two": ["bfd", "lld"]},
        "machine": [6.1],
    }
    data = {"experiment": "x", "question": "x", "matrix": other, "scenarios": {"s": {"run": "/bin/true"}}}
    jsonschema.Draft202012Validator(found).validate(data)


def test_the_schema_is_the_same_each_time() -> None:
    assert schema() == schema()


@pytest.mark.parametrize("path", EXPERIMENTS, ids=lambda path: path.stem)
def test_an_experiment_validates(path: Path, validator: jsonschema.Draft202012Validator) -> None:
    validator.validate(as_an_editor_reads(read(path).data()))


def as_plain_yaml_reads(data: Any) -> Any:  # noqa: ANN401  # any data of the file
    """What PyYAML makes of a file; in JSON a key is a text."""
    if isinstance(data, dict):
        return {"null" if key is None else str(key): as_plain_yaml_reads(value) for key, value in data.items()}
    return [as_plain_yaml_reads(item) for item in data] if isinstance(data, list) else data


@pytest.mark.parametrize("path", EXPERIMENTS, ids=lambda path: path.stem)
def test_an_experiment_validates_as_plain_yaml(path: Path, validator: jsonschema.Draft202012Validator) -> None:
    validator.validate(as_plain_yaml_reads(yaml.safe_load(path.read_text())))


def properties(part: Any, where: str = "") -> Iterator[tuple[str, Any]]:  # noqa: ANN401  # any part of a schema
    for key, value in part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ():
        if key == "properties":
            yield from ((f"{where}/{name}", form) for name, form in value.items())
        yield from properties(value, f"{where}/{key}")


def test_every_property_has_a_description(validator: jsonschema.Draft202012Validator) -> None:
    assert [where for where, form in properties(validator.schema) if not form.get("description")] == []


def test_there_are_experiments() -> None:
    assert EXPERIMENTS


@pytest.mark.parametrize(
    "text",
    [
        "matrix: {v: [2.30, no, 1], libc: [host], w: {a: {any: thing}}}",
        "x-anchors: {a: [1]}\nx-b: 1",
        "objects: {a: {library: a, code: 'int a;', defines: {A: 1, B: x, C: true, D: null}, soname: ''}}",
        "source: {title: 2020, year: 2021}",
        "matrix: {a: [1], include: [{a: 2}], exclude: [{a: [1, 2]}]}",
    ],
)
def test_what_the_language_allows_validates(
    text: str, validator: jsonschema.Draft202012Validator, tmp_path: Path
) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(f"experiment: x\nquestion: x\n{text}\nscenarios: {{s: {{run: /bin/true}}}}\n")
    validator.validate(as_an_editor_reads(read(path).data()))


@pytest.mark.parametrize(
    "scenario",
    [
        "timeout: 0.5",
        "timeout: 200ms",
        "timeout: ${matrix.t}",
        "repeat: 3",
        "repeat: ${matrix.t}",
        "claim: {says: x, outcome: other}",
        "claim: [{says: x, outcome: other, when: {way: [a, b]}, exit: 0}]",
        "expect: {outcome: other, stdout: {not: {contains: [a, 1]}}}",
        "outcomes: {a: {exit: null, stdout: {all: {less-than: 3}}, signal: {absent: true}}}",
        "env: {A: 1, B: null, C: 'x'}",
        "observe: [ld-debug, gdb]",
        "observe: {gdb: {break: [f]}, ld-debug: {}}",
        "steps: [{sleep: 1}, [{sleep: 1}, [{flush: true}]]]",
    ],
)
def test_what_a_scenario_may_say_validates(
    scenario: str, validator: jsonschema.Draft202012Validator, tmp_path: Path
) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(f"experiment: x\nquestion: x\nscenarios:\n  s:\n    run: /bin/true\n    {scenario}\n")
    validator.validate(as_an_editor_reads(read(path).data()))


def of_steps(steps: str, directory: Path) -> object:
    path = directory / "x.yaml"
    path.write_text(f"experiment: x\nquestion: x\nscenarios:\n  s:\n    steps: {steps}\n")
    return as_an_editor_reads(read(path).data())


def test_lists_within_steps_are_steps(validator: jsonschema.Draft202012Validator, tmp_path: Path) -> None:
    validator.validate(of_steps("[{flush: true}]", tmp_path))
    validator.validate(of_steps("[[[{flush: true}]], {thread: {as: t, steps: [[{flush: true}]]}}]", tmp_path))


@pytest.mark.parametrize(
    "steps", ["[[[{flash: true}]]]", "[{thread: {as: t, steps: [[{flash: true}]]}}]", "{flush: true}", "[1]"]
)
def test_what_else_stands_in_them_does_not_validate(
    steps: str, validator: jsonschema.Draft202012Validator, tmp_path: Path
) -> None:
    assert not validator.is_valid(of_steps(steps, tmp_path))


@pytest.mark.parametrize(
    "name",
    [
        "unknown-key-at-the-top",
        "unknown-key-of-an-object",
        "unknown-key-of-a-scenario",
        "unknown-key-of-the-source",
        "unknown-matcher",
        "missing-keys",
        "scenarios-without-one",
        "wrong-type-of-a-list",
        "wrong-type-of-a-mapping",
        "wrong-type-of-a-text",
        "wrong-type-of-include",
        "a-flag-that-is-no-flag",
        "axis-of-lists",
        "empty-axis",
        "bad-timeout-and-repeat",
        "bad-names",
    ],
)
def test_a_broken_experiment_does_not_validate(name: str, validator: jsonschema.Draft202012Validator) -> None:
    data = as_an_editor_reads(read(BROKEN / f"{name}.yaml").data())
    assert not validator.is_valid(data)
