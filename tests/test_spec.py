"""From data to a `Spec`: what is right is typed, what is wrong is told in words of ours, all in one go."""

from __future__ import annotations

import copy
import json
import shlex
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elfworlds.planning import Plan, make
from elfworlds.refs import Template
from elfworlds.sources import Project, gather
from elfworlds.spec import Spec, load
from elfworlds.spec.checks.circles import circles, knots, way
from elfworlds.spec.model.base import Model
from elfworlds.spec.model.steps import Call, Loop, Mappings, System
from elfworlds.toolchains import Toolchain
from elfworlds.yamltext import ProblemsError, Scalar, core, parse
from waiting import TIMES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SETTINGS = settings(database=None, max_examples=150 * TIMES)
HEAD = "experiment: x\nquestion: Is it so?\n"
RUN = "scenarios: {s: {run: /bin/true}}\n"
FULL = """
experiment: x
question: Is it so?
source: {title: A post, url: "https://example.org", year: 2021, authors: Somebody}
note: none
matrix:
  way: [dlopen, dlmopen]
  mode: {lazy: RTLD_LAZY, now: RTLD_NOW}
  include: [{way: dlopen, mode: [lazy, now]}]
  exclude: [{way: dlmopen, mode: lazy}]
objects:
  base: {library: base, code: "int x;", headers: [], defines: {A: 1, B: null}, soname: "", std: c11, build-id: none}
  app:
    executable: app
    code: int main(void) { return 0; }
    needs: [base]
    runpath: ["${base.dir}", base, $ORIGIN]
    cflags: [-O2]
    ldflags: ["-Wl,-z,now"]
    z: [now]
    pie: false
    as-needed: true
    hash-style: both
    expect: {needed: {contains: libc.so.6}, soname: null}
    note: a note
scenarios:
  s:
    run: ${app} ${matrix.way} ${base}
    env: {A: 1, B: "${base.dir}"}
    stdin: text
    timeout: 2min
    repeat: 2
    when: {way: [dlopen, dlmopen], libc: ">=2.34"}
    outcomes:
      good: {exit: 0, stdout: {all: {not: {contains: [a, b]}}}}
      bad: {exit: {less-than: 3}, stdout: "${stderr}"}
    claim: {id: C-1, says: It is so., outcome: good, when: {mode: now}, exit: 0}
    expect:
      - {when: {way: dlopen}, outcome: good, stderr: ""}
      - {outcome: [good]}
"""


def spec_of(text: str, **more: Any) -> Spec:  # noqa: ANN401  # as `load` takes it
    return load(parse(text, "x.yaml"), toolchains=["host"], **more)


def told(text: str) -> list[str]:
    with pytest.raises(ProblemsError) as caught:
        spec_of(text)
    return [
        f"{one.mark.line if one.mark else 0}:{one.mark.column if one.mark else 0} {one.message}"
        for one in caught.value.problems
    ]


def plan_of(text: str, tmp_path: Path) -> Plan:
    spec = spec_of(text)
    sources, problems = gather(spec, Project(tmp_path, tmp_path))
    assert problems == []
    toolchain = Toolchain(name="host", identity={}, versions={}, packages=(), tools={}, env={})
    return make(spec, sources, {"host": toolchain})


class TestTheWholeLanguage:
    def test_is_accepted(self) -> None:
        text = FULL.replace("[good]", "good")
        scenario = spec_of(text).experiment.scenarios["s"]
        assert scenario.timeout == 120.0
        assert scenario.repeat == 2
        assert scenario.claim[0].id == "C-1"
        assert [one.outcome for one in scenario.expect] == [("good",), ("good",)]
        assert list(scenario.outcomes) == ["good", "bad"]

    def test_keeps_values_as_typed(self) -> None:
        experiment = spec_of(FULL.replace("[good]", "good")).experiment
        assert experiment.objects["base"].defines == {"A": "1"}
        assert experiment.objects["base"].soname == Template(())
        assert experiment.objects["app"].soname is None
        assert experiment.source is not None
        assert experiment.source.year == "2021"

    def test_ignores_top_level_keys_that_begin_with_x(self) -> None:
        assert spec_of(f"x-any: [1, {{a: b}}]\nx-: 1\n{HEAD}{RUN}").name == "x"

    def test_does_not_ignore_them_further_down(self) -> None:
        assert told(f"{HEAD}scenarios: {{s: {{run: /bin/true, x-a: 1}}}}\n") == [
            "3:33 unknown key `x-a` in `scenarios.s`"
        ]

    def test_with_null_for_a_key_is_as_without(self) -> None:
        text = f"{HEAD}note: null\nscenarios: {{s: {{run: /bin/true, stdin: ~, timeout:  }}}}\n"
        assert spec_of(text).experiment.scenarios["s"].timeout == 30.0

    def test_takes_merges_and_null_that_removes(self) -> None:
        text = (
            "x-a: &a {executable: a, code: 'int main;', rpath: ['/a'], defines: {A: 1, B: 2}}\n" + HEAD + "objects:\n"
            "  a: *a\n  b: {<<: *a, rpath: null, runpath: ['/b'], defines: {A: 3}}\n" + RUN
        )
        objects = spec_of(text).experiment.objects
        assert objects["a"].rpath == (Template(("/a",)),)
        assert objects["b"].rpath is None
        assert objects["b"].defines == {"A": "3"}

    def test_removes_a_merged_axis_and_a_merged_outcome(self) -> None:
        text = (
            "x-m: &m {way: [a], mode: [b]}\nx-s: &s {run: /bin/true, outcomes: &o {one: {exit: 0}, two: {exit: 1}}}\n"
            + HEAD
            + "matrix: {<<: *m, way: null}\nscenarios: {s: *s, t: {<<: *s, outcomes: {<<: *o, one: null}}}\n"
        )
        experiment = spec_of(text).experiment
        assert list(experiment.matrix.axes) == ["mode"]
        assert list(experiment.scenarios["t"].outcomes) == ["two"]
        assert list(experiment.scenarios["s"].outcomes) == ["one", "two"]


class TestLabels:
    @pytest.mark.parametrize("typed", ["no", "2.30", '""', "010", "1:30", "0x10", "yes", "~", "true", "null"])
    def test_stay_what_was_typed(self, typed: str, tmp_path: Path) -> None:
        scenario = f"{{run: '/bin/echo ${{matrix.v}}', when: {{v: {typed}}}}}"
        text = f"{HEAD}matrix: {{v: [{typed}]}}\nscenarios: {{s: {scenario}}}\n"
        plan = plan_of(text, tmp_path)
        label = "null" if typed == "~" else typed.strip('"')
        assert plan.trials[0].point == (("v", label), ("libc", "host"))
        assert plan.trials[0].bound.argv == ("/bin/echo", *([] if label == "null" else [label]))
        assert plan.trials[0].id.startswith(f"s,v={label},".replace(":", "_"))

    @pytest.mark.parametrize("typed", ["no", "2.30", '""', "010"])
    def test_of_a_mapping_stay_what_was_typed(self, typed: str, tmp_path: Path) -> None:
        text = f"{HEAD}matrix: {{v: {{{typed}: {typed}}}}}\nscenarios: {{s: {{run: '/bin/echo ${{matrix.v}}'}}}}\n"
        trial = plan_of(text, tmp_path).trials[0]
        assert trial.point[0] == ("v", typed.strip('"'))
        assert trial.bound.argv[1] == typed.strip('"')

    def test_of_added_points_are_known_to_when_and_to_references(self, tmp_path: Path) -> None:
        text = (
            HEAD + "matrix: {p: [one], include: [{p: two}]}\n"
            "objects:\n  one: {library: one, code: int a;}\n  two: {library: two, code: int b;}\n"
            "scenarios: {s: {run: '/bin/echo ${${matrix.p}}', when: {p: two}}}\n"
        )
        plan = plan_of(text, tmp_path)
        assert [one.point[0] for one in plan.trials] == [("p", "two")]
        assert plan.trials[0].bound.argv[1].endswith("/libtwo.so")
        assert told(text.replace("{p: two}]}", "{p: three}]}")) != []

    def test_of_added_points_must_be_toolchains_for_libc(self) -> None:
        assert any(
            "no toolchain `x`" in one for one in told(f"{HEAD}matrix: {{libc: [host], include: [{{libc: x}}]}}\n{RUN}")
        )


class TestProblems:
    def test_are_told_all_in_one_go_and_in_order(self) -> None:
        text = (
            HEAD
            + "objects: {a: {library: a, code: int a;, needs: [b], pie: x}}\n"
            + "scenarios: {s: {run: /bin/true, repeat: no}}\nnot: 1\n"
        )
        assert told(text) == [
            "3:49 no object `b`",
            "3:58 expected true or false, found `x`",
            "4:41 expected a whole number of at least 1, found `no`",
            "5:1 unknown key `not`",
        ]

    def test_of_what_is_merged_or_aliased_are_told_once_at_the_anchor(self) -> None:
        text = (
            "x-a: &a {code: int a;, needs: [none], pei: true}\n" + HEAD + "objects:\n"
            "  a: {<<: *a, library: a}\n  b: {<<: *a, library: b}\n"
            "  c: &c {library: c, libary: c, code: int c;}\n  d: *c\n" + RUN
        )
        assert told(text) == [
            "1:32 no object `none`",
            "1:39 unknown key `pei` in `objects.a`",
            "7:22 unknown key `libary` in `objects.c`",
        ]

    def test_of_an_invalid_axis_do_not_follow_to_its_references(self) -> None:
        text = (
            HEAD + "matrix: {p: []}\n"
            "objects: {a: {library: a, code: int a;, needs: ['${matrix.p}-1'], runpath: ['${matrix.p}']}}\n"
            "scenarios: {s: {run: '${${matrix.p}} ${matrix.p}', timeout: '${matrix.p}', when: {p: x}}}\n"
        )
        assert told(text) == ["3:10 an axis without values"]

    def test_of_axes_in_a_circle_do_not_follow_to_their_references(self) -> None:
        text = (
            HEAD + "matrix: {p: ['${matrix.p}']}\n"
            "objects: {a: {library: a, code: int a;, needs: ['${matrix.p}'], runpath: ['x${matrix.p}']}}\n"
            "scenarios: {s: {run: '${${matrix.p}}', timeout: '${matrix.p}'}}\n"
        )
        assert told(text) == ["3:14 axes go round in a circle: p → p"]

    def test_are_found_behind_axes_that_name_axes(self) -> None:
        axes = "matrix: {p: ['${matrix.q}'], q: {x: '${matrix.r}'}, r: [a, none]}\n"
        objects = "objects:\n  a: {library: a, code: int a;}\n  b: {library: b, code: int b;, needs: ['${matrix.p}']}\n"
        assert told(HEAD + axes + objects + RUN) == ["6:41 no object `none`"]

    def test_of_an_invalid_object_do_not_follow_to_its_references(self) -> None:
        assert told(f"{HEAD}objects: {{a: word}}\nscenarios: {{s: {{run: '${{a}}'}}}}\n") == [
            "3:14 expected a mapping, found a word"
        ]

    def test_of_others_are_told_with_them(self) -> None:
        def more(_spec: Spec) -> list[Any]:
            raise AssertionError

        with pytest.raises(AssertionError):
            spec_of(HEAD + RUN, more=more)

    def test_name_the_value_before_a_comma(self) -> None:
        with pytest.raises(ProblemsError, match=r"inside \{…\} a comma ends a value"):
            spec_of(HEAD + "source: {title: one, two}\n" + RUN)


class TestAValueOfATrial:
    SCENARIO = HEAD + "matrix: {{v: [exit]}}\nscenarios: {{s: {{run: /bin/true, outcomes: {{o: {{stdout: {0}}}}}}}}}\n"

    @pytest.mark.parametrize(
        "matcher", ['"${exit}"', '{not: "${stderr}"}', '{contains: ["a", "${stderr}"]}', '"${${matrix.v}}"']
    )
    def test_may_stand_alone_in_a_matcher(self, matcher: str) -> None:
        spec_of(self.SCENARIO.format(matcher))

    @pytest.mark.parametrize("matcher", ['"x${exit}"', '"${exit} "', '["${exit}${exit}"]', '"-${${matrix.v}}"'])
    def test_cannot_be_part_of_a_text(self, matcher: str) -> None:
        assert any("`${exit}` is what a trial gives" in one for one in told(self.SCENARIO.format(matcher)))

    def test_cannot_be_a_name(self) -> None:
        assert told(self.SCENARIO.format('"${${exit}}"')) == ["4:57 `${${exit}}` names nothing"]

    def test_is_none_outside_of_matchers(self) -> None:
        assert told(HEAD + "scenarios: {s: {run: '/bin/echo ${exit}'}}\n") == ["3:33 `${exit}` names nothing"]

    def test_is_no_name_for_an_object(self) -> None:
        assert told(HEAD + "objects: {exit: {library: a, code: int a;}}\n" + RUN) == [
            "3:11 `exit` cannot be an object's name: every trial has a value of that name"
        ]


class TestNames:
    @pytest.mark.parametrize("name", ["dir", "soname", "a.b", "base-1", "matrix2", "1"])
    def test_of_objects_may_be(self, name: str) -> None:
        assert name in spec_of(f"{HEAD}objects: {{{name}: {{library: a, code: int a;}}}}\n{RUN}").experiment.objects

    @pytest.mark.parametrize("name", ["a.dir", "matrix", "matrix.a", "A", "-a", "a_b", "é"])
    def test_of_objects_cannot_be(self, name: str) -> None:
        assert told(f"{HEAD}objects: {{{name}: {{library: a, code: int a;}}}}\n{RUN}") != []


class TestCircles:
    def test_are_found_whole_and_once(self) -> None:
        edges = {"a": [(1, "b")], "b": [(2, "c"), (3, "d")], "c": [(4, "a")], "d": [(5, "d"), (6, "nothing")]}
        assert list(circles(edges)) == [(4, ("a", "b", "c", "a")), (5, ("d", "d"))]

    def test_are_not_found_where_there_are_none(self) -> None:
        assert list(circles({"a": [(1, "b"), (2, "c")], "b": [(3, "c")], "c": []})) == []

    def test_are_found_along_a_way_deeper_than_the_stack(self) -> None:
        edges = {str(n): [(n, str((n + 1) % 5000))] for n in range(5000)}
        assert [place for place, _ in circles(edges)] == [4999]

    @SETTINGS
    @given(st.dictionaries(st.integers(0, 6).map(str), st.lists(st.integers(0, 6).map(str), max_size=3), max_size=7))
    def test_are_found_exactly_where_something_reaches_itself(self, graph: dict[str, list[str]]) -> None:
        found = list(circles({name: [(target, target) for target in targets] for name, targets in graph.items()}))
        for _, circle in found:
            assert circle[0] == circle[-1]
            assert all(after in graph[before] for before, after in pairwise(circle))
        assert bool(found) == any(name in reached(graph, name) for name in graph)

    @given(st.dictionaries(st.sampled_from("abcdef"), st.lists(st.sampled_from("abcdef"), max_size=4)))
    def test_a_knot_is_all_that_lead_to_each_other(self, graph: dict[str, list[str]]) -> None:
        graph = {name: [other for other in graph[name] if other in graph] for name in graph}
        together = knots(graph)
        for name in graph:
            mutual = {other for other in graph if other in reached(graph, name) and name in reached(graph, other)}
            assert together.get(name, frozenset()) == ((mutual | {name}) if mutual - {name} else frozenset())
            for other in reached(graph, name):
                names = way(name, other, {key: [(None, target) for target in graph[key]] for key in graph})
                assert (names[0], names[-1]) == (name, other)
                assert all(after in graph[before] for before, after in pairwise(names))

    LINKED = ("needs: [{0}]", "runpath: [{0}]")  # of these alone a circle can be made
    FIELDS = (
        *LINKED,
        "rpath: ['${{{0}.dir}}']",
        "cflags: ['${{{0}}}']",
        "ldflags: ['-L${{{0}.dir}}']",
    )

    @pytest.mark.parametrize(
        "back", [*FIELDS, "defines: {{P: '${{{0}}}'}}", "soname: '${{{0}.soname}}'", "z: ['${{{0}}}']"]
    )
    @pytest.mark.parametrize("there", FIELDS)
    def test_are_refused_through_any_field_but_needs_and_run_paths(self, there: str, back: str) -> None:
        one = "  {0}: {{library: {0}, code: int {0};, {1}}}\n"
        text = HEAD + "objects:\n" + one.format("a", there.format("b")) + one.format("b", back.format("a")) + RUN
        if {there, back} <= set(self.LINKED):
            assert spec_of(text).experiment.objects.keys() == {"a", "b"}
            return
        assert [problem.partition(" ")[2] for problem in told(text)] == ["objects go round in a circle: a → b → a"]

    def test_through_what_is_expected_of_objects_are_none(self, tmp_path: Path) -> None:
        text = (
            HEAD + "matrix: {v: [1, 2]}\nobjects:\n"
            "  a: {library: a, code: int a;,\n"
            "      expect: {needed: {not: {contains: '${b.soname}'}}, soname: '${a.soname}'}}\n"
            "  b: {library: b, code: int b;, needs: [a], defines: {V: '${matrix.v}'}}\n" + RUN
        )
        plan = plan_of(text, tmp_path)
        assert len([one for one in plan.placements if one.object == "a"]) == 2
        assert len(plan.requests) == 3


def reached(graph: dict[str, list[str]], start: str) -> set[str]:
    found: set[str] = set()
    waiting = list(graph[start])
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += graph.get(name, [])
    return found


class TestBounds:
    @pytest.mark.parametrize("value", ["", "x"])
    def test_hold_for_axes_that_name_axes_many_times(self, value: str) -> None:
        axes = [f"  a{n}: ['{f'${{matrix.a{n + 1}}}' * 10}']\n" for n in range(15)]
        problems = told(f"{HEAD}matrix:\n{''.join(axes)}  a15: ['{value}']\n{RUN}")
        assert any("longer than 10000 characters" in one for one in problems)

    def test_let_a_long_value_be_named(self) -> None:
        spec_of(f"{HEAD}matrix: {{a: ['{'x' * 9000}'], b: ['${{matrix.a}}']}}\n{RUN}")

    @pytest.mark.parametrize(("count", "good"), [(100, True), (101, False)])
    def test_hold_for_trials(self, count: int, *, good: bool) -> None:
        labels = ", ".join(map(str, range(1000)))
        text = f"{HEAD}matrix: {{a: [{labels}]}}\nscenarios: {{s: {{run: /bin/true, repeat: {count}}}}}\n"
        if good:
            spec_of(text)
        else:
            assert "1000 points as often make more than 100000 trials" in told(text)[0]

    @pytest.mark.parametrize("time", ["0", "-1", "1e3", "8 days", "700000", "9" * 400, "", "1.", "1h", "[3]"])
    def test_hold_for_times(self, time: str) -> None:
        assert len(told(f"{HEAD}scenarios: {{s: {{run: /bin/true, timeout: '{time}'}}}}\n")) == 1

    @pytest.mark.parametrize(
        ("time", "seconds"), [("3", 3.0), ("0.5", 0.5), ("200ms", 0.2), ("2 min", 120.0), ("1s", 1.0)]
    )
    def test_let_times_be_read(self, time: str, seconds: float) -> None:
        assert (
            spec_of(f"{HEAD}scenarios: {{s: {{run: /bin/true, timeout: {time}}}}}\n").experiment.scenarios["s"].timeout
            == seconds
        )


def paths_of(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:  # noqa: ANN401  # any data
    yield path
    children = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for step, value in children:
        yield from paths_of(value, (*path, step))


def below(data: Any, path: tuple[Any, ...]) -> Any:  # noqa: ANN401  # any data
    """The data at a path, or None where the path leads nowhere."""
    for step in path:
        known = data if isinstance(data, dict) else range(len(data)) if isinstance(data, list) else ()
        data = data[step] if step in known else None
    return data


def as_flow(data: Any) -> str:  # noqa: ANN401  # any data
    """Data as YAML in one line, each scalar quoted."""
    if isinstance(data, dict):
        return "{" + ", ".join(f"{as_flow(key)}: {as_flow(value)}" for key, value in data.items()) + "}"
    if isinstance(data, list):
        return "[" + ", ".join(as_flow(one) for one in data) + "]"
    if data is None:
        return "null"
    return str(data) if data and isinstance(core(data), int | float | bool) else "'" + data.replace("'", "''") + "'"


class TestOurOwnWords:
    """Each part of a full experiment is replaced by what cannot stand there."""

    DATA = parse(FULL.replace("[good]", "good"), "x").data()
    PATHS = tuple(paths_of(DATA))[1:]
    REPLACEMENTS: tuple[Any, ...] = (
        None,
        Scalar("", plain=False),
        Scalar("?"),
        Scalar("${"),
        [],
        ["?"],
        [[]],
        [None],
        {},
        {"?": "?"},
        {"?": None},
    )
    OTHERS = ("Input", "Field", "valid ", "pydantic", "type=", "Value error", "Extra", "dictionary", "tuple", "string")

    def test_the_data_is_right_to_begin_with(self) -> None:
        assert spec_of(as_flow(self.DATA)).name == "x"

    @pytest.mark.parametrize("number", range(len(REPLACEMENTS)))
    def test_are_all_that_is_told_of_a_wrong_value(self, number: int) -> None:
        for path in self.PATHS:
            data: Any = copy.deepcopy(self.DATA)
            holder = below(data, path[:-1])
            holder[path[-1]] = self.REPLACEMENTS[number]
            self.check(as_flow(data))

    def test_are_all_that_is_told_of_a_wrong_key(self) -> None:
        for path in self.PATHS:
            data: Any = copy.deepcopy(self.DATA)
            holder = below(data, path[:-1])
            if isinstance(holder, dict):
                holder[Scalar("Un known")] = holder.pop(path[-1])
                self.check(as_flow(data))

    @SETTINGS
    @given(st.data())
    def test_are_all_that_is_told_of_two_wrong_values(self, draw: st.DataObject) -> None:
        data: Any = copy.deepcopy(self.DATA)
        for path in draw.draw(st.lists(st.sampled_from(self.PATHS), min_size=2, max_size=3)):
            holder = below(data, path[:-1])
            if isinstance(holder, dict) and path[-1] in holder:
                holder[path[-1]] = copy.deepcopy(draw.draw(st.sampled_from(self.REPLACEMENTS)))
        self.check(as_flow(data))

    def check(self, text: str) -> None:
        try:
            spec_of(text)
        except ProblemsError as error:
            for problem in error.problems:
                assert not any(word in problem.message for word in self.OTHERS), (problem, text)
                assert problem.mark is not None
                assert "None" not in f"{problem.message} {problem.hint or ''}", (problem, text)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("-O2 -Wall", "[-O2, -Wall]"),
        ("a, b", "[a, b]"),
        ("-O2", "[-O2]"),
        ("-Wl,-z,now -s", '["-Wl,-z,now", -s]'),
        ("'-DA=a b' ${x}", '["-DA=a b", "${x}"]'),
        ("it's", '["it\'s"]'),
        ("a:b c: #d", '[a:b, "c:", "#d"]'),
    ],
)
def test_a_text_in_the_place_of_a_list_is_told_as_the_list_that_was_meant(written: str, meant: str) -> None:
    text = f"objects: {{a: {{library: a, code: x, cflags: {json.dumps(written)}}}}}\n"
    with pytest.raises(ProblemsError) as caught:
        spec_of(HEAD + text + RUN)
    (problem,) = caught.value.problems
    assert problem.hint == f"write {meant}"
    assert parse(f"a: {meant}", "x").data()[Scalar("a")] == [*flow_words(written)]


def flow_words(text: str) -> list[str]:
    return [word.rstrip(",") for word in (shlex.split(text) if text != "it's" else [text])]


@pytest.mark.parametrize(
    ("steps", "known"),
    [
        ("loop: {times: 2, steps: [call: {qx: 1, function: f, type: int (void)}]}", Call),
        ("thread: {as: t, steps: [mappings: {qx: 1, as: m}]}", Mappings),
        (
            "fork: {as: c, steps: [fork: {as: d, steps: [loop: {times: 1, steps: [system: {qx: x, command: x}]}]}]}",
            System,
        ),
        ("loop: {times: 2, qx: 1, steps: [flush: true]}", Loop),
    ],
)
def test_keys_known_within_a_step_are_those_of_that_step(steps: str, known: type[Model]) -> None:
    with pytest.raises(ProblemsError) as caught:
        spec_of(f"{HEAD}scenarios: {{s: {{steps: [{steps}]}}}}\n")
    hint = next(one.hint for one in caught.value.problems if one.message.startswith("unknown key `qx`"))
    fields = sorted(field.alias or name for name, field in known.model_fields.items())
    assert hint == "known here: " + ", ".join(f"`{field}`" for field in fields)
