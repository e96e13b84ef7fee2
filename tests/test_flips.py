"""flips: what is said of where outcomes change is true of every point, and no more than was seen."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import World
from elfworlds.environment import versions
from elfworlds.outcome import Verdict
from elfworlds.outcome_changes import Account, Condition, flips, orders, together
from elfworlds.outcome_changes.chance import differ
from elfworlds.outcome_changes.conditions import both, inside
from elfworlds.outcome_changes.cover import cover
from elfworlds.records import RunRecord, TrialRecord
from elfworlds.report.flips import between, words
from elfworlds.tables import frame
from elfworlds.toolchains import Package, Toolchain
from recording import flip_lines_of, report_md, run_of, trial
from test_report import told

Axes = Mapping[str, Sequence[str]]
Point = dict[str, str]
PointKey = tuple[tuple[str, str], ...]
Counts = Mapping[str, int]
Records = list[TrialRecord]

GLIBC = {
    "bullseye": {"version": "2.31", "revision": "2.31-13+deb11u13", "family": "glibc"},
    "host": {"version": "2.36", "revision": "2.36-9+deb12u14", "family": "glibc"},
    "bookworm": {"version": "2.36", "revision": "2.36-9+deb12u14", "family": "glibc"},
    "older": {"version": "2.36", "revision": "2.36-9+deb12u4", "family": "glibc"},
    "trixie": {"version": "2.41", "revision": "2.41-12", "family": "glibc"},
    "musl": {"version": "1.2.3", "family": "musl"},
    "newer-musl": {"version": "1.2.5", "family": "musl"},
}
GDB = {"bullseye": {"version": "10.1"}, "bookworm": {"version": "13.1"}, "trixie": {"version": "16.3"}}
VERSIONS = {"libc": GLIBC, "gdb": GDB}
LIBC = ("host", "bullseye", "trixie")


def tried(axes: Axes, outcome: Callable[[Point], str | list[str] | None], **more: Any) -> Records:  # noqa: ANN401  # a record's fields
    """Trials of every point; `outcome` gives one, several (repetitions), or None where the matrix has no such point."""
    found: Records = []
    for labels in product(*axes.values()):
        point = dict(zip(axes, labels, strict=True))
        seen = outcome(point)
        for one in [seen] if isinstance(seen, str) else seen or []:
            found.append(trial(len(found), point=point, outcome=one, **more))
    return found


def said(axes: Axes, trials: Records, versions: Mapping[str, Mapping[str, Mapping[str, str]]] = VERSIONS) -> list[str]:
    return flip_lines_of(of_run(axes, trials, versions))


def of_run(axes: Axes, trials: Records, versions: Mapping[str, Any] = VERSIONS) -> RunRecord:
    return run_of(trials, axes=axes, versions=versions)


def at_least(axis: str, version: str) -> Callable[[Point], bool]:
    """Written with numbers on purpose: the order that is tested is another one."""
    return lambda point: float(VERSIONS[axis][point[axis]]["version"]) >= float(version)


def test_a_flip_along_one_axis_is_told_by_the_version_and_not_by_the_label() -> None:
    new = at_least("libc", "2.36")
    trials = tried({"libc": LIBC}, lambda point: "isolated" if new(point) else "shared")
    assert said({"libc": LIBC}, trials) == ["s: isolated from libc 2.36 on, shared below"]


def test_the_long_form_says_between_which_versions_with_revisions_and_labels() -> None:
    new = at_least("libc", "2.36")
    axes = {"libc": LIBC}
    found = flips(axes, orders(axes, VERSIONS), tried(axes, lambda at: "isolated" if new(at) else "shared")).accounts
    assert [between(section) for one in found for section in one.sections] == [
        ["libc: between 2.31-13+deb11u13 (bullseye) and 2.36-9+deb12u14 (host)"]
    ]


def test_what_other_labels_decide_stands_in_front() -> None:
    axes = {"way": ("dlmopen", "dlmopen-lazy", "dlopen"), "libc": LIBC}
    new = at_least("libc", "2.36")
    trials = tried(axes, lambda at: "isolated" if new(at) and at["way"] != "dlopen" else "shared")
    assert said(axes, trials) == [
        "s, where way = dlmopen | dlmopen-lazy: isolated from libc 2.36 on, shared below",
        "s, where way = dlopen: shared everywhere",
    ]


def test_an_axis_that_changes_nothing_is_not_named() -> None:
    axes = {"way": ("a", "b"), "libc": LIBC, "n": ("1", "2")}
    new = at_least("libc", "2.41")
    assert said(axes, tried(axes, lambda at: "yes" if new(at) else "no")) == ["s: yes from libc 2.41 on, no below"]


def test_two_axes_are_told_together() -> None:
    axes = {"libc": LIBC, "gdb": tuple(GDB)}
    gdb, libc = at_least("gdb", "13.1"), at_least("libc", "2.36")
    trials = tried(axes, lambda at: "named" if gdb(at) and libc(at) else "unnamed")
    assert said(axes, trials) == ["s: named from gdb 13.1 on, where libc is at least 2.36; unnamed elsewhere"]


def test_a_staircase_is_told_by_its_corners() -> None:
    axes = {"libc": LIBC, "gdb": tuple(GDB)}
    middle, last, libc = at_least("gdb", "13.1"), at_least("gdb", "16.3"), at_least("libc", "2.36")
    trials = tried(axes, lambda at: "named" if last(at) or (middle(at) and libc(at)) else "unnamed")
    assert said(axes, trials) == [
        "s: named from gdb 13.1 on where libc is at least 2.36, or from gdb 16.3 on; unnamed elsewhere"
    ]


def test_three_outcomes_over_two_axes() -> None:
    axes = {"libc": LIBC, "gdb": tuple(GDB)}
    gdb, libc = at_least("gdb", "13.1"), at_least("libc", "2.36")
    trials = tried(axes, lambda at: "crash" if not gdb(at) else "named" if libc(at) else "unnamed")
    assert said(axes, trials) == [
        "s: crash below gdb 13.1; named from gdb 13.1 on, where libc is at least 2.36; unnamed elsewhere"
    ]


def test_a_region_that_touches_no_end_is_a_list_of_its_own_versions() -> None:
    axes = {"a": ("1", "2", "3", "4"), "b": ("1", "2", "3", "4")}
    middle = tried(axes, lambda at: "in" if {at["a"], at["b"]} <= {"2", "3"} else "out")
    assert said(axes, middle) == ["s: in at b 2 and 3, where a is 2 or 3; out elsewhere"]


def test_an_outcome_that_comes_back_is_a_list_and_no_flip() -> None:
    trials = tried({"libc": LIBC}, lambda at: "crash" if at["libc"] == "host" else "fine")
    assert said({"libc": LIBC}, trials) == ["s: fine at libc 2.31 and 2.41, crash at 2.36"]


def test_two_revisions_of_one_version_are_told_by_revision() -> None:
    axes = {"libc": ("bullseye", "bookworm", "older")}
    trials = tried(axes, lambda at: "fixed" if at["libc"] == "bookworm" else "broken")
    assert said(axes, trials) == ["s: fixed from libc 2.36-9+deb12u14 on, broken below"]


def test_libcs_with_patches_come_after_their_release_by_name_whatever_their_revisions_say() -> None:
    own = {
        "rtld": {"version": "2.41", "revision": "2.41-12+rtld.00000000", "variant": "rtld"},
        "beta": {"version": "2.41", "revision": "2.41-12+beta.ffffffff", "variant": "beta"},
        "mine": {"version": "2.41", "revision": "2.41+mine", "variant": "mine"},
    }
    axes = {"libc": (*own, "trixie")}
    found = orders(axes, {"libc": {**own, "trixie": GLIBC["trixie"]}}).of("s")["libc"]
    assert [mark.labels for mark in found.marks] == [("trixie",), ("beta",), ("mine",), ("rtld",)]
    assert [mark.text for mark in found.marks] == [
        "2.41-12",
        "2.41-12+beta.ffffffff",
        "2.41+mine",
        "2.41-12+rtld.00000000",
    ]


def test_one_version_under_two_labels_is_one_place() -> None:
    axes = {"libc": ("bullseye", "bookworm", "host")}
    trials = tried(axes, lambda at: "old" if at["libc"] == "bullseye" else "new")
    assert said(axes, trials) == ["s: new from libc 2.36 on, old below"]


def test_where_one_version_gives_different_outcomes_it_is_not_the_version() -> None:
    axes = {"libc": ("bullseye", "bookworm", "host")}
    trials = tried(axes, lambda at: "new" if at["libc"] == "host" else "old")
    assert said(axes, trials) == []
    assert flips(axes, orders(axes, VERSIONS), trials).changes == ()


def test_versions_of_different_families_are_not_compared() -> None:
    axes = {"libc": (*LIBC, "musl", "newer-musl")}
    trials = tried(axes, lambda at: "static" if "musl" in at["libc"] else "old" if at["libc"] == "bullseye" else "new")
    assert said(axes, trials) == [
        "s, where libc = glibc: new from libc 2.36 on, old below",
        "s, where libc = musl: static everywhere",
    ]
    apart = {"libc": ("host", "trixie", "musl", "newer-musl")}
    assert said(apart, tried(apart, lambda at: "musl" if "musl" in at["libc"] else "glibc")) == []


def test_axes_that_always_went_together_are_not_said_to_decide() -> None:
    axes = {"libc": ("bullseye", "bookworm", "trixie"), "gdb": ("bullseye", "bookworm", "trixie")}
    trials = tried(axes, lambda at: None if at["libc"] != at["gdb"] else "old" if at["gdb"] == "bullseye" else "new")
    assert said(axes, trials) == []


def test_what_was_not_tried_is_left_out_and_said() -> None:
    axes = {"libc": LIBC, "gdb": tuple(GDB)}
    new = at_least("libc", "2.36")
    trials = tried(axes, lambda at: "new" if new(at) else "old")
    trials[4] = replace(trials[4], verdict=Verdict.UNSUPPORTED, outcome="unsupported")
    assert said(axes, trials) == [
        "s: new from libc 2.36 on, old below",
        "s: 1 of 9 combinations not observed (1 trial UNSUPPORTED)",
    ]
    assert {one.after for one in flips(axes, orders(axes, VERSIONS), trials).changes} == {(("new", 1),)}


def test_an_axis_of_which_one_label_could_be_tried_is_said() -> None:
    axes = {"libc": ("host", "trixie"), "gdb": tuple(GDB)}
    new = at_least("gdb", "13.1")
    trials = tried(axes, lambda at: "named" if new(at) else "unnamed")
    trials = [replace(one, verdict=Verdict.UNSUPPORTED) if one.point["libc"] == "trixie" else one for one in trials]
    assert said(axes, trials) == [
        "s: named from gdb 13.1 on, unnamed below",
        "s: 3 of 6 combinations not observed; all that were have libc = host (3 trials UNSUPPORTED)",
    ]


def test_a_label_of_an_unknown_version_is_left_out_and_said() -> None:
    axes = {"libc": (*LIBC, "other")}
    trials = tried(axes, lambda at: "old" if at["libc"] in ("bullseye", "other") else "new")
    assert said(axes, trials) == [
        "s: new from libc 2.36 on, old below",
        "s: 1 of 4 combinations not observed (1 trial of an unknown version)",
    ]


def test_the_order_of_a_file_means_nothing_and_numbers_are_numbers() -> None:
    axes = {"n": ("10", "9", "2"), "size": ("small", "large")}
    trials = tried(axes, lambda at: "many" if at["n"] == "10" else "few")
    assert said(axes, trials) == ["s: many from n 10 on, few below"]
    assert said(axes, tried(axes, lambda at: at["size"])) == []


@pytest.mark.parametrize(
    ("labels", "ascending"),
    [
        (("10", "9"), ("9", "10")),
        (("-1", "0.5", "0"), ("-1", "0", "0.5")),
        (("2.10.1", "2.9", "3"), ("2.9", "2.10.1", "3")),
        (("v1.10", "v1.9rc1"), ("v1.9rc1", "v1.10")),
        (("1.5", "1", "2"), ("1", "1.5", "2")),
        (("0.25", "0.5"), None),  # as numbers and as versions they are ordered differently
        (("lazy", "now"), None),
        (("1", "two"), None),
        (("64bit", "32bit"), None),
        (("1", "1.0"), None),  # one place
        (("04755", "0644"), None),  # modes are names, and so is all else that begins with 0
        (("007", "8"), None),
        (("0", "10", "0.5"), ("0", "0.5", "10")),
        (("22.04", "24.10"), ("22.04", "24.10")),
        (("0x10", "0x9"), None),
        (("1e3", "1e2"), None),
        (("31.01.2024", "1.2.2024"), None),  # days, which as versions would stand before months and years
        (("2024.10", "2024.9"), None),
        (("2024.02.01", "2024.1.31"), ("2024.1.31", "2024.02.01")),
        (("2024-01-31", "2024-02-01"), None),
        (("12:30", "9:15"), None),
        (("7" * 19, "1"), None),  # a serial number or a digest
        (("7" * 5000, "1"), None),
        (("2.47.50.20261021", "2.44"), ("2.44", "2.47.50.20261021")),
    ],
)
def test_labels_have_an_order_where_they_are_numbers_or_versions(
    labels: tuple[str, ...], ascending: tuple[str, ...] | None
) -> None:
    found = orders({"n": labels}, {}).of("s").get("n")
    assert (tuple(mark.text for mark in found.marks) if found else None) == ascending


def test_observers_that_saw_the_same_are_told_together_and_others_apart() -> None:
    axes = {"n": ("1", "2")}
    by_observer = [
        replace(one, observer=name, number=10 * place + one.number)
        for place, (name, seen) in enumerate({"plain": "ab", "valgrind": "ab", "gdb": "aa"}.items())
        for one in tried(axes, lambda at, seen=seen: seen[int(at["n"]) - 1])  # type: ignore[misc]
    ]
    assert said(axes, by_observer) == ["s (plain, valgrind): b from n 2 on, a below"]


@pytest.mark.parametrize(
    ("most", "lines"),
    [
        (12, ["s: y from m 7 on, where n is at least 7; x elsewhere"]),
        (
            13,
            [
                "s, where n = 1 | 2 | 3 | 4 | 5 | 6: x everywhere",
                "s, where n = 7 | 8 | 9 | 10 | 11 | 12 | 13: y from m 7 on, x below",
            ],
        ),
    ],
)
def test_axes_of_more_places_than_anybody_follows_are_not_told_together(most: int, lines: list[str]) -> None:
    axes = {"n": tuple(str(one) for one in range(1, most + 1)), "m": tuple(str(one) for one in range(1, 13))}
    trials = tried(axes, lambda at: "y" if int(at["n"]) >= 7 and int(at["m"]) >= 7 else "x")
    assert said(axes, trials) == lines


def test_three_axes_are_told_together_and_of_a_fourth_the_labels() -> None:
    places = ("1", "2")
    three = {"n": places, "m": places, "k": places}
    assert said(three, tried(three, lambda at: "y" if set(at.values()) == {"2"} else "x")) == [
        "s: y from k 2 on, where n is at least 2 and m is at least 2; x elsewhere"
    ]
    four = {**three, "j": places}
    assert said(four, tried(four, lambda at: "y" if set(at.values()) == {"2"} else "x")) == [
        "s, where n = 1: x everywhere",
        "s, where n = 2: y from j 2 on, where m is at least 2 and k is at least 2; x elsewhere",
    ]


@pytest.mark.parametrize(("labels", "lines"), [(16, 16), (17, 1)])
def test_sixteen_sections_are_told_and_no_more(labels: int, lines: int) -> None:
    axes = {"way": tuple("abcdefghijklmnopqrst"[:labels]), "n": ("1", "2")}
    assert len(said(axes, tried(axes, lambda at: at["way"] + at["n"]))) == lines


def test_noise_is_not_told_at_length() -> None:
    axes = {"a": tuple("0123456789"), "b": tuple("0123456789")}
    noise = random.Random(0)  # noqa: S311  # no secret
    (line,) = said(axes, tried(axes, lambda _: noise.choice("xy")))
    assert line == "s: no few words tell where the outcome changes; the table `flips` does"


def test_nothing_is_said_where_nothing_flips() -> None:
    axes = {"way": ("a", "b"), "libc": LIBC}
    trials = tried(axes, lambda at: at["way"])
    assert said(axes, trials) == []
    assert "## Where outcomes flip" not in told([])


def test_the_table_has_a_row_for_each_change_with_the_labels_that_are_equal() -> None:
    axes = {"way": ("a", "b"), "libc": ("bookworm", "trixie", "bullseye")}
    back = {"bullseye": "x", "bookworm": "y", "trixie": "x"}
    trials = tried(axes, lambda at: back[at["libc"]] if at["way"] == "a" else "x" if at["libc"] == "bullseye" else "z")
    rows = frame("flips", of_run(axes, trials), []).fillna("").to_dict("records")
    assert [tuple(str(value) for value in list(row.values())[3:]) for row in rows] == [
        ("libc", "a", "", "bullseye", "2.31", "bookworm", "2.36", "x", "y", "True"),
        ("libc", "a", "", "bookworm", "2.36", "trixie", "2.41", "y", "x", "True"),
        ("libc", "b", "", "bullseye", "2.31", "bookworm", "2.36", "x", "z", "False"),
    ]


def test_the_report_says_the_flip_with_its_neighbours() -> None:
    axes = {"libc": LIBC}
    new = at_least("libc", "2.36")
    found = of_run(axes, tried(axes, lambda at: "new" if new(at) else "old"))
    lines = report_md(found, {}, []).splitlines()
    assert "- s: **new from libc 2.36 on, old below**." in lines
    assert "  - libc: between 2.31-13+deb11u13 (bullseye) and 2.36-9+deb12u14 (host)" in lines


def test_a_version_is_the_one_that_the_toolchain_of_the_label_has() -> None:
    def made(name: str, *packages: Package, **told: str) -> Toolchain:
        named = {key.replace("_", "-"): value for key, value in told.items()}
        return Toolchain(name=name, identity={}, versions=named, packages=packages, tools={}, env={})

    def with_musl(toolchain: Toolchain) -> Toolchain:
        return replace(toolchain, packages_of_axes={"libc": "musl"})

    chains = {
        "host": made("host", libc="2.36", libc_family="glibc", libc_revision="Debian GLIBC 2.36-9+deb12u14"),
        "nix": made("nix", Package("gdb", "16.3-1"), libc="2.40", libc_revision="GNU libc", gdb="16.3"),
        "tree": made("tree", libc="2.41", libc_revision="GNU libc 2.41, commit 3fa9c0d1e2f3", libc_variant="tree"),
    }
    both_libcs = (Package("libc6", "2.36-9"), Package("musl", "1.2.3-1"))
    chains["musl"] = with_musl(made("musl", *both_libcs, libc="1.2.3", libc_family="musl"))
    axes = {"way": ("dlopen",), "libc": ("host", "nix", "tree", "musl", "gone"), "gdb": ("nix",)}
    assert versions(axes, chains) == {
        "libc": {
            "host": {"version": "2.36", "revision": "2.36-9+deb12u14", "family": "glibc"},
            "nix": {"version": "2.40"},
            "tree": {"version": "2.41", "revision": "2.41+tree", "variant": "tree"},
            "musl": {"version": "1.2.3", "revision": "1.2.3-1", "family": "musl"},
        },
        "gdb": {"nix": {"version": "16.3", "revision": "16.3-1"}},
    }


# What is said, checked against every point.

NUMBERS = {"n": ("3", "1", "2"), "m": ("20", "10"), "k": ("5", "4", "6")}
NAMES = {"way": ("a", "b", "c"), "mode": ("lazy", "now")}


@dataclass(frozen=True)
class Made:
    """An experiment: its axes, and what was seen at the labels of those that decide; `-` was not tried."""

    axes: dict[str, tuple[str, ...]]
    deciding: tuple[str, ...]
    seen: dict[tuple[str, ...], list[str]]

    @property
    def trials(self) -> Records:
        found = tried(self.axes, lambda point: self.seen[tuple(point[axis] for axis in self.deciding)])
        return [replace(one, verdict=Verdict.UNSUPPORTED) if one.outcome == "-" else one for one in found]


@st.composite
def experiments(draw: st.DrawFn) -> Made:
    """Axes, some of them ordered, and trials with repetitions, holes and trials that were not tried."""
    ordered = draw(st.lists(st.sampled_from(sorted(NUMBERS)), min_size=1, max_size=3, unique=True))
    named = draw(st.lists(st.sampled_from(sorted(NAMES)), max_size=2, unique=True))
    axes = {axis: (NUMBERS | NAMES)[axis] for axis in draw(st.permutations(ordered + named))}
    if draw(st.booleans()):
        axes["libc"] = tuple(draw(st.lists(st.sampled_from(sorted(GLIBC)), min_size=1, max_size=4, unique=True)))
    many = [["x"] * 12, ["y"] * 12, ["x"] * 11 + ["y"], ["x"] * 6 + ["y"] * 6, ["x"] * 5 + ["z"] * 7]
    few = len(list(product(*axes.values()))) <= 18
    kind = st.sampled_from([["x"], ["x"], ["y"], ["z"], ["x", "y"], [], ["-"], *(many if few else [])])
    deciding = tuple(draw(st.lists(st.sampled_from(sorted(axes)), max_size=3, unique=True)))
    return Made(axes, deciding, {labels: draw(kind) for labels in product(*(axes[axis] for axis in deciding))})


def seen_at(trials: Records) -> dict[PointKey, dict[str, int]]:
    found: dict[PointKey, dict[str, int]] = {}
    for one in trials:
        if one.verdict is not Verdict.UNSUPPORTED:
            counts = found.setdefault(tuple(one.point.items()), {})
            counts[one.outcome] = counts.get(one.outcome, 0) + 1
    return found


def key_of(axis: str, label: str) -> tuple[float, ...]:
    """An order of the labels above that knows nothing of the one that is tested."""
    if axis != "libc":
        return (float(label),)
    update = GLIBC[label].get("revision", "").partition("deb12u")[2]
    return (*map(float, GLIBC[label]["version"].split(".")), float(update or 0))


def meant(condition: Condition, point: Point) -> bool:
    """The condition as its words are understood."""
    label = point[condition.axis]
    if condition.labels:
        return label in condition.labels
    if condition.family is not None:
        return GLIBC[label]["family"] == condition.family
    if condition.marks:
        return any(label in mark.labels for mark in condition.marks)
    here = key_of(condition.axis, label)
    since = condition.since is None or here >= key_of(condition.axis, condition.since.after.labels[0])
    return since and (condition.until is None or here < key_of(condition.axis, condition.until.after.labels[0]))


def apart(one: Counts, other: Counts, pairs: int) -> bool:
    """Whether two points gave different outcomes."""
    if len(one) == len(other) == 1:
        return one.keys() != other.keys()
    return differ(one, other, Fraction(1, 100 * pairs))


def decided(found: Mapping[PointKey, Counts]) -> tuple[dict[PointKey, Counts], int]:
    """The points that can be told from one of any two that differ, and how many pairs chance is asked about."""
    every = list(found.values())
    pairs = sum(len(one) > 1 or len(other) > 1 for place, one in enumerate(every) for other in every[:place]) or 1
    distinct = [one for place, one in enumerate(every) if one not in every[:place]]
    near = [[other for other in distinct if not apart(one, other, pairs)] for one in distinct]
    unsure = [
        one for one, like in zip(distinct, near, strict=True) if any(apart(a, b, pairs) for a in like for b in like)
    ]
    return {key: one for key, one in found.items() if one not in unsure}, pairs


def home(one: Account, point: Point) -> tuple[int, int]:
    """The section and the region that a point is in, as the words are understood."""
    homes = [
        at
        for at, section in enumerate(one.sections)
        if any(all(meant(condition, point) for condition in box) for box in section.where)
    ]
    (place,) = homes
    section = one.sections[place]
    boxed = [
        at
        for at, region in enumerate(section.regions)
        if any(all(meant(condition, point) for condition in box) for box in region.boxes)
    ]
    (at,) = boxed or [at for at, region in enumerate(section.regions) if not region.boxes]
    assert section.region(point, one.orders) == section.regions[at]
    assert any(inside(box, point, one.orders) for box in section.where)
    return place, at


def check(one: Account, every: Mapping[PointKey, Counts]) -> None:
    found, pairs = decided(every)
    places: dict[tuple[int, int], list[Counts]] = {}
    for key, outcomes in found.items():
        places.setdefault(home(one, dict(key)), []).append(outcomes)
    for place, members in places.items():
        assert not any(apart(members[0], other, pairs) for other in members), words(one.sections[place[0]])
        for other, others in places.items():
            if other[0] == place[0] and other[1] != place[1]:
                assert apart(members[0], others[0], pairs), words(one.sections[place[0]])
    counted = {place: together(tuple(seen.items()) for seen in members) for place, members in places.items()}
    regions = {(i, j): r.outcomes for i, s in enumerate(one.sections) for j, r in enumerate(s.regions)}
    assert counted == regions, "every region was seen, and as often as it says"
    assert len(one.undecided) == len(every) - len(found)


@given(experiments())
def test_what_is_said_is_true_of_every_point_that_was_seen(made: Made) -> None:
    axes, trials = made.axes, made.trials
    for one in flips(axes, orders(axes, VERSIONS), trials).accounts:
        if one.sections:
            check(one, seen_at(trials))
            assert one.flips == any(len(section.regions) > 1 for section in one.sections)


@given(experiments(), st.integers(0, 99))
def test_the_order_of_trials_changes_nothing(made: Made, seed: int) -> None:
    axes, one = made.axes, made.trials
    trials = [*(replace(trial, scenario="t") for trial in one), *(replace(trial, number=999) for trial in one)]
    mixed = list(trials)
    random.Random(seed).shuffle(mixed)  # noqa: S311  # no secret
    assert said(axes, mixed) == said(axes, trials)
    assert flips(axes, orders(axes, VERSIONS), mixed).changes == flips(axes, orders(axes, VERSIONS), trials).changes


@given(experiments())
def test_a_threshold_stands_only_between_neighbours_that_differ_and_nothing_else_does(
    made: Made,
) -> None:
    axes, trials = made.axes, made.trials
    found = seen_at(trials)
    pairs = decided(found)[1]
    for one in flips(axes, orders(axes, VERSIONS), trials).changes:
        sides = []
        for mark, outcomes in ((one.cut.before, one.before), (one.cut.after, one.after)):
            points = [{**one.at, one.axis: label} for label in mark.labels]
            sides.append([found[tuple((axis, point[axis]) for axis in axes)] for point in points])
            assert together(tuple(counts.items()) for counts in sides[-1]) == outcomes
        assert all(apart(before, after, pairs) for before, after in product(*sides))
        lower, upper = (key_of(one.axis, mark.labels[0]) for mark in (one.cut.before, one.cut.after))
        assert lower < upper


def test_families_of_two_axes_exclude_each_other_no_more_than_labels_do() -> None:
    glibc, musl = Condition("libc", family="glibc"), Condition("built", family="musl")
    assert both((glibc,), (musl,)) == (glibc, musl)
    assert both((glibc,), (glibc,)) == (glibc,)
    assert both((glibc,), (Condition("libc", family="musl"),)) is None


def test_a_box_in_two_boxes_has_the_conditions_of_both() -> None:
    way, only, other = (Condition("way", labels=labels) for labels in (("a", "b"), ("b",), ("c",)))
    glibc, musl = (Condition("libc", family=family) for family in ("glibc", "musl"))
    assert both((way, glibc), (only, glibc)) == (only, glibc)
    assert both((way,), (other,)) is None
    assert both((way, glibc), (musl,)) is None
    assert both((musl,), (glibc,)) is None
    assert both((glibc,), (way,)) == (glibc, way)
    read_elsewhere = Condition("libc", family=json.loads('"glibc"'))
    assert both((glibc,), (read_elsewhere,)) == (glibc,)
    assert inside((read_elsewhere,), {"libc": "host"}, orders({"libc": LIBC}, VERSIONS).by_axis)


@given(st.dictionaries(st.tuples(st.integers(0, 3), st.integers(0, 3)), st.sampled_from("ab"), min_size=1))
def test_boxes_hold_all_of_a_kind_and_nothing_else(cells: dict[tuple[int, ...], str]) -> None:
    for kind, spans in cover(cells, (4, 4)).items():
        held = [
            {cell for cell in cells if all(first <= at <= last for at, (first, last) in zip(cell, span, strict=True))}
            for span in spans
        ]
        assert set().union(*held) == {cell for cell in cells if cells[cell] == kind}
        for place, one in enumerate(held):
            assert not one <= set().union(*(held[:place] + held[place + 1 :])), "none can be left out"


@given(st.lists(st.integers(0, 4), min_size=4, max_size=4))
def test_a_staircase_takes_as_many_boxes_as_it_has_corners(heights: list[int]) -> None:
    steps = sorted(heights)
    cells: dict[tuple[int, ...], bool] = {(x, y): y < steps[x] for x in range(4) for y in range(4)}
    corners = len(set(steps) - {0})
    assert len(cover(cells, (4, 4)).get(True, [])) == corners


LIMIT = """\
experiment: limit
question: From which limit on does it fail?
matrix: {limit: [9, 10, 1], way: [plain, twice]}
objects:
  app:
    executable: app
    code: |
      #include <stdlib.h>
      int main(int argc, char **argv) { return atoi(argv[1]) * (argc > 2 ? 2 : 1) >= 10; }
scenarios:
  grow:
    run: ${app} ${matrix.limit} ${matrix.way}
    outcomes: {large: {exit: 1}, small: {exit: 0}}
"""


def test_a_run_says_its_flips_and_draws_them(world: World) -> None:
    code, out, err = world.run("run", world.experiment("limit", LIMIT))
    assert (code, err) == (0, "")
    assert "\ngrow: large from limit 9 on, small below\n" in out
    run = world.latest("limit")
    report = (run / "report.md").read_text()
    assert "- grow: **large from limit 9 on, small below**.\n  - limit: between 1 and 9\n" in report
    assert "(pictures/grow-heat.svg)" in report
    assert (run / "pictures" / "grow-heat.svg").read_text().startswith("<svg ")
    rows = (run / "tables" / "flips.csv").read_text().splitlines()[1:]
    assert [row.split(",")[5] for row in rows] == ["plain", "twice"], "a row each, the one with the other label"
    about = json.loads((run / "run.json").read_text())
    (host,) = json.loads((run / "environment.json").read_text())["toolchains"]
    assert about["versions"]["libc"]["host"]["version"] == host["versions"]["libc"]
    assert about["versions"]["libc"]["host"]["revision"] in host["versions"]["libc-revision"]
    _, again, _ = world.run("report", "limit", "--table", "flips", "--format", "csv")
    assert again == (run / "tables" / "flips.csv").read_text()
