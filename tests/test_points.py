"""The points of a matrix, and where a `when` applies."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elfworlds.planning.points import applies, labels, points
from elfworlds.spec import load
from elfworlds.yamltext import parse
from waiting import TIMES

if TYPE_CHECKING:
    from elfworlds.spec.model.experiment import Matrix

SETTINGS = settings(database=None, max_examples=200 * TIMES)
TAIL = "\nscenarios: {x: {run: /bin/true}}\n"


def matrix(text: str) -> Matrix:
    document = parse(f"experiment: x\nquestion: x\nmatrix: {text}{TAIL}", "x.yaml")
    return load(document, toolchains=["host", "debian/sid"]).experiment.matrix


def told(text: str) -> list[str]:
    """Each point as its labels, without the libc that is everywhere."""
    return [",".join(label for axis, label in point if axis != "libc") for point in points(matrix(text))]


class TestPoints:
    def test_of_no_matrix_are_one(self) -> None:
        assert list(points(matrix("{}"))) == [(("libc", "host"),)]

    def test_are_every_combination_with_the_last_axis_fastest(self) -> None:
        assert told("{a: [1, 2], b: {x: 0, y: 0}}") == ["1,x", "1,y", "2,x", "2,y"]

    def test_name_libc_where_the_file_does_and_last_where_it_does_not(self) -> None:
        assert list(points(matrix("{libc: [debian/sid], a: [1]}"))) == [(("libc", "debian/sid"), ("a", "1"))]
        assert list(points(matrix("{a: [1]}"))) == [(("a", "1"), ("libc", "host"))]

    def test_leave_out_those_that_match_all_keys_of_an_exclusion(self) -> None:
        assert told("{a: [1, 2], b: [x, y], exclude: [{a: 1, b: y}, {a: 2, b: [x]}]}") == ["1,x", "2,y"]

    def test_compare_versions_in_an_exclusion(self) -> None:
        assert told('{v: [2.9, 2.30, 2.34], exclude: [{v: "<2.30"}]}') == ["2.30", "2.34"]

    def test_compare_the_versions_of_toolchains_in_an_exclusion(self) -> None:
        found = {
            "host": {"libc": "2.36", "libc-family": "glibc"},
            "debian/sid": {"libc": "2.43", "libc-family": "glibc"},
        }
        of = matrix('{libc: [host, debian/sid], exclude: [{libc: "<2.40"}]}')
        assert list(points(of, lambda point: found[dict(point)["libc"]])) == [(("libc", "debian/sid"),)]

    def test_are_added_at_the_end_and_once(self) -> None:
        text = "{a: [1, 2], b: [x], exclude: [{a: 2}], include: [{b: [x, z], a: 2}, {a: 1, b: x}, {a: 2, b: z}]}"
        assert told(text) == ["1,x", "2,x", "2,z"]

    def test_keep_labels_as_typed(self) -> None:
        assert told('{v: [no, 2.30, "", 010, 1:30, yes, "true"]}') == ["no", "2.30", "", "010", "1:30", "yes", "true"]
        assert told("{v: {no: 1, 2.30: 1}}") == ["no", "2.30"]

    def test_are_each_only_once(self) -> None:
        found = list(points(matrix("{a: [1, 2], b: [x, y], include: [{a: [1, 3], b: [x, y]}]}")))
        assert len(found) == len(set(found)) == 6

    @SETTINGS
    @given(st.lists(st.integers(1, 4), min_size=1, max_size=3), st.data())
    def test_are_the_product_less_the_excluded(self, sizes: list[int], data: st.DataObject) -> None:
        axes = {f"a{i}": [str(n) for n in range(size)] for i, size in enumerate(sizes)}
        out = data.draw(st.fixed_dictionaries({name: st.sampled_from(found) for name, found in axes.items()}))
        shown = ", ".join(f"{name}: [{', '.join(found)}]" for name, found in axes.items())
        where = ", ".join(f"{name}: {label}" for name, label in out.items())
        expected = [",".join(one) for one in product(*axes.values()) if one != tuple(out[name] for name in axes)]
        assert told(f"{{{shown}, exclude: [{{{where}}}]}}") == expected


class TestLabels:
    def test_hold_those_of_added_points_and_libc(self) -> None:
        found = labels(matrix("{a: [1], b: {x: 0}, include: [{a: [2, 1], b: y}]}"))
        assert found == {"a": ("1", "2"), "b": ("x", "y"), "libc": ("host",)}

    def test_hold_libc_once(self) -> None:
        assert labels(matrix("{libc: [debian/sid]}")) == {"libc": ("debian/sid",)}


POINT = {"way": "dlopen", "libc": "host", "gdb": "debian/sid", "v": "2.30"}
GLIBC = {"libc": "2.36", "libc-family": "glibc", "gdb": "16.3", "rustc": "1.85"}
MUSL = {"libc": "1.2.5", "libc-family": "musl"}
CHOICES = st.sampled_from(["dlopen", "dlmopen", "host", "<2.34", ">=2.36", "musl >=1.2", "2.30", None])
WHENS = st.dictionaries(
    st.sampled_from(["way", "libc", "gdb", "rustc", "v"]),
    st.lists(CHOICES, min_size=1, max_size=3).map(tuple),
    max_size=3,
)
VERSIONS = st.sampled_from([{}, GLIBC, MUSL])


class TestWhen:
    @pytest.mark.parametrize(
        "when",
        [
            {},
            {"way": ("dlopen",)},
            {"way": ("dlmopen", "dlopen")},
            {"libc": ("host",)},
            {"libc": (">=2.36",)},
            {"libc": ("glibc >=2.36",)},
            {"libc": ("2.36",)},
            {"libc": ("glibc 2.36",)},
            {"gdb": (">16",)},
            {"rustc": (">=1.85",)},
            {"v": (">=2.4",)},
            {"way": ("dlopen",), "libc": ("<2.37",)},
        ],
    )
    def test_applies(self, when: dict[str, tuple[str, ...]]) -> None:
        assert applies(when, POINT, GLIBC)

    @pytest.mark.parametrize(
        "when",
        [
            {"way": ("dlmopen",)},
            {"libc": ("<2.36",)},
            {"libc": ("musl >=1.2",)},
            {"libc": ("2.3",)},
            {"libc": ("musl 2.36",)},
            {"nothing": ("x",)},
            {"nothing": (">=1",)},
            {"way": (">=1",)},
            {"v": ("2.3",)},
            {"way": ("dlopen",), "libc": ("<2",)},
            {"way": ()},
        ],
    )
    def test_does_not_apply(self, when: dict[str, tuple[str, ...]]) -> None:
        assert not applies(when, POINT, GLIBC)

    def test_of_a_bare_comparison_with_libc_means_glibc(self) -> None:
        assert not applies({"libc": ("<2.34",)}, POINT, MUSL)
        assert applies({"libc": ("musl >=1.2",)}, POINT, MUSL)
        assert applies({"libc": (f"musl {MUSL['libc']}",)}, POINT, MUSL)
        assert not applies({"libc": (MUSL["libc"],)}, POINT, MUSL)

    @pytest.mark.parametrize("choice", ["<2.34", ">=2.34", "!=2.34"])
    def test_knows_nothing_of_a_version_that_nobody_knows(self, choice: str) -> None:
        assert not applies({"libc": (choice,)}, POINT, {})

    @SETTINGS
    @given(WHENS, WHENS, VERSIONS)
    def test_of_two_is_both_where_they_name_different_axes(
        self, one: dict[str, tuple[str | None, ...]], other: dict[str, tuple[str | None, ...]], versions: dict[str, str]
    ) -> None:
        other = {name: choices for name, choices in other.items() if name not in one}
        both = applies(one, POINT, versions) and applies(other, POINT, versions)
        assert applies({**one, **other}, POINT, versions) == both

    @SETTINGS
    @given(WHENS, VERSIONS)
    def test_does_not_depend_on_any_order(
        self, when: dict[str, tuple[str | None, ...]], versions: dict[str, str]
    ) -> None:
        turned = {name: when[name][::-1] for name in reversed(when)}
        point = dict(reversed(POINT.items()))
        assert applies(turned, point, versions) == applies(when, POINT, versions)

    @SETTINGS
    @given(WHENS, st.sampled_from(["way", "libc", "v"]), VERSIONS)
    def test_with_another_choice_applies_no_less(
        self, when: dict[str, tuple[str | None, ...]], axis: str, versions: dict[str, str]
    ) -> None:
        wider = {name: (*choices, POINT[axis]) if name == axis else choices for name, choices in when.items()}
        if applies(when, POINT, versions):
            assert applies(wider, POINT, versions)
        if list(wider) == [axis]:
            assert applies(wider, POINT, versions)

    @SETTINGS
    @given(WHENS, VERSIONS)
    def test_reads_only_the_axes_that_it_names(
        self, when: dict[str, tuple[str | None, ...]], versions: dict[str, str]
    ) -> None:
        named = {axis: label for axis, label in POINT.items() if axis in when}
        assert applies(when, named, versions) == applies(when, POINT, versions)
