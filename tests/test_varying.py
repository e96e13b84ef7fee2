"""flips: repetitions that differ. Text, table and picture tell a flip only where chance does not explain it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import given

from elfworlds.outcome import Verdict
from elfworlds.outcome_changes import flips, orders
from elfworlds.report.pictures.heat import OBSERVER
from elfworlds.tables import frame
from recording import heats_of, report_md
from test_flips import VERSIONS, Axes, Made, Point, Records, experiments, of_run, said, tried
from test_heatmap import classes, drawn

DEBIAN = {
    "debian/bullseye": {"version": "2.31", "family": "glibc"},
    "debian/bookworm": {"version": "2.36", "family": "glibc"},
    "host": {"version": "2.36", "family": "glibc"},
    "debian/trixie": {"version": "2.41", "family": "glibc"},
    "debian/sid": {"version": "2.43", "family": "glibc"},
}
LIBCS = {"libc": tuple(DEBIAN)}
UNTOLD = "cannot be told from two that differ"
NOT, BY = "not-destroyed", "destroyed-by-its-thread"


def repeated(counts: Mapping[str, int]) -> list[str]:
    return [name for name, count in counts.items() for _ in range(count)]


def by_libc(counts: Sequence[Mapping[str, int]], **more: str) -> Records:
    """Trials of a scenario at each libc above, with these counts."""
    places = dict(zip(DEBIAN, counts, strict=True))
    return tried(LIBCS, lambda at: repeated(places[at["libc"]]), **more)


@pytest.mark.parametrize(
    ("counts", "not_destroyed"),
    [
        # who-destroys, scenario cancelled: the reference
        (({NOT: 27, BY: 3}, {NOT: 24, BY: 6}, {NOT: 25, BY: 5}, {NOT: 25, BY: 5}, {NOT: 26, BY: 4}), 127),
        # the same elsewhere: 0 of 30 with the newest libc, 10 of 120 below it
        (({NOT: 28, BY: 2}, {NOT: 26, BY: 4}, {NOT: 29, BY: 1}, {NOT: 27, BY: 3}, {NOT: 30}), 140),
    ],
)
def test_what_varies_is_said_to_vary_with_its_counts(counts: list[dict[str, int]], not_destroyed: int) -> None:
    trials = by_libc(counts)
    told = f"{BY} ({150 - not_destroyed} of 150) or {NOT} ({not_destroyed} of 150)"
    assert said(LIBCS, trials, {"libc": DEBIAN}) == [
        f"s: the outcome varies: {told}; no place differs by more than chance"
    ]
    assert len(frame("flips", of_run(LIBCS, trials, {"libc": DEBIAN}), [])) == 0


def test_what_chance_does_not_explain_is_a_flip() -> None:
    counts = ({NOT: 30}, {NOT: 30}, {NOT: 30}, {NOT: 14, BY: 16}, {NOT: 17, BY: 13})
    trials = by_libc(counts)
    assert said(LIBCS, trials, {"libc": DEBIAN}) == [
        f"s: {BY} (29 of 60) or {NOT} (31 of 60) from libc 2.41 on, {NOT} below"
    ]
    (row,) = frame("flips", of_run(LIBCS, trials, {"libc": DEBIAN}), []).to_dict("records")
    assert (row["below_version"], row["outcome_before"]) == ("2.36", NOT)
    assert (row["from_version"], row["outcome_after"]) == ("2.41", f"{BY} ×16, {NOT} ×14")


def test_one_repetition_that_differs_hides_no_flip_and_makes_none() -> None:
    axes = {"n": ("1", "2", "3", "4", "5")}
    places = {"1": ["yes"] * 3, "2": ["yes", "yes", "no"], "3": ["yes"] * 3, "4": ["no"] * 3, "5": ["no"] * 3}
    assert said(axes, tried(axes, lambda at: places[at["n"]])) == [
        "s: no from n 4 on, yes below",
        f"s: 1 of 5 combinations {UNTOLD}: no (1 of 3) or yes (2 of 3); more repetitions would tell",
    ]


def test_a_flip_beside_a_place_that_decides_nothing_is_between_those_that_do() -> None:
    axes = {"n": ("1", "2", "3"), "way": ("a",)}
    places = {"1": ["yes"] * 3, "2": ["yes", "yes", "no"], "3": ["no"] * 3}
    trials = tried(axes, lambda at: places[at["n"]])
    (row,) = frame("flips", of_run(axes, trials), []).to_dict("records")
    assert (row["below_label"], row["from_label"]) == ("1", "3")


def test_too_few_repetitions_make_no_difference() -> None:
    axes = {"n": ("1", "2", "3")}
    counts = {"1": ["yes"] * 4, "2": ["yes"] * 3 + ["no"], "3": ["yes"] * 2 + ["no"] * 2}
    assert said(axes, tried(axes, lambda at: counts[at["n"]])) == [
        "s: the outcome varies: no (3 of 12) or yes (9 of 12); no place differs by more than chance"
    ]


def test_where_nothing_can_be_told_that_is_said() -> None:
    axes = {"n": ("1", "2"), "way": ("a", "b", "c")}
    sure = {"a": ["yes"] * 2, "b": ["no"] * 2, "c": ["yes", "no"]}
    assert said(axes, tried(axes, lambda at: sure[at["way"]])) == [
        "s, where way = a: yes everywhere",
        "s, where way = b: no everywhere",
        f"s: 2 of 6 combinations {UNTOLD}: no (2 of 4) or yes (2 of 4); more repetitions would tell",
    ]


def test_a_place_that_decides_nothing_was_observed_all_the_same() -> None:
    axes = {"n": ("1", "2"), "m": ("1", "2"), "way": ("a", "b")}
    trials = tried(axes, lambda at: ["yes", "no"] if at["m"] == "2" else "yes" if at["n"] == "1" else "no")
    trials = [replace(one, verdict=Verdict.UNRESOLVED) if one.point["way"] == "b" else one for one in trials]
    assert said(axes, trials)[-1] == (
        "s: 4 of 8 combinations not observed; all that were have way = a (6 trials UNRESOLVED)"
    )


def test_what_varies_at_some_labels_only_is_said_of_them() -> None:
    axes = {"n": ("1", "2"), "way": ("a", "b")}
    trials = tried(axes, lambda at: ["yes"] * 30 if at["way"] == "a" else ["yes"] * 15 + ["no"] * 15)
    assert said(axes, trials) == [
        "s, where way = a: yes everywhere",
        "s, where way = b: the outcome varies: no (30 of 60) or yes (30 of 60); no place differs by more than chance",
    ]


def test_without_an_ordered_axis_nothing_is_said_of_what_varies() -> None:
    axes = {"way": ("a", "b")}
    assert said(axes, tried(axes, lambda _: ["yes", "no"])) == []


def test_what_varies_at_one_place_of_an_ordered_axis_alone_is_not_said() -> None:
    axes = {"n": ("1", "2"), "way": ("a", "b")}
    trials = tried(axes, lambda _: ["yes", "no"])
    trials = [replace(one, verdict=Verdict.UNRESOLVED) if one.point["n"] == "2" else one for one in trials]
    assert said(axes, trials) == []


def test_what_varies_at_more_labels_than_can_be_told_is_said_in_one_line() -> None:
    axes = {"n": ("1", "2"), "way": tuple("abcdefghijklmnopqrst")}
    trials = tried(axes, lambda at: [at["way"]] * 40 if at["way"] != "t" else ["t"] * 20 + ["u"] * 20)
    assert said(axes, trials) == ["s: the outcome varies; along no ordered axis does it change by more than chance"]
    found = of_run(axes, trials)
    report = report_md(found, {}, [])
    assert "- s: the outcome varies; along no ordered axis does it change by more than chance." in report


def test_labels_of_one_version_that_differ_by_chance_are_one_place() -> None:
    """bookworm and the host have one libc; the one race came out 24 to 6, the other 29 to 1."""
    counts = ({NOT: 30}, {NOT: 24, BY: 6}, {NOT: 29, BY: 1}, {BY: 30}, {BY: 30})
    assert said(LIBCS, by_libc(counts), {"libc": DEBIAN})[0] == (
        f"s: {BY} from libc 2.41 on, {BY} (7 of 90) or {NOT} (83 of 90) below"
    )


# The picture shows what the table says.


def edges_of(axes: Axes, trials: Records) -> tuple[Counter[tuple[str, str]], Counter[tuple[str, str]]]:
    """Of each observer and axis how many lines the picture has, and how many rows the table."""
    heat_run = of_run(axes, trials)
    found = Counter((one.observer, one.axis) for one in flips(axes, orders(axes, VERSIONS), trials).changes)
    shown: Counter[tuple[str, str]] = Counter()
    sides = set()
    for heat in heats_of(heat_run):
        sides |= {heat.rows.axis, heat.columns.axis}
        for panel in heat.panels:
            observer = dict(panel.at).get(OBSERVER, "plain")
            shown[observer, heat.rows.axis] += len(panel.below)
            shown[observer, heat.columns.axis] += len(panel.beside)
    return +shown, Counter({key: count for key, count in found.items() if key[1] in sides})


@given(experiments())
def test_each_line_of_a_picture_is_a_row_of_the_table(made: Made) -> None:
    shown, found = edges_of(made.axes, made.trials)
    assert shown == found


def test_a_picture_has_no_line_where_chance_explains_the_difference() -> None:
    axes = {"n": ("1", "2"), "libc": tuple(DEBIAN)}

    def seen(at: Point) -> list[str]:
        return ["yes"] * 30 if at["libc"] == "debian/sid" else ["yes"] * 27 + ["no"] * 3

    picture = of_run(axes, tried(axes, seen), {"libc": DEBIAN})
    assert classes(drawn(picture), "edge") == []


def test_each_observer_and_scenario_has_the_lines_of_its_own_flips() -> None:
    axes = {"n": ("1", "2", "3"), "way": ("a", "b")}
    first = {("s", "plain"): "2", ("s", "valgrind"): "3", ("t", "plain"): "9"}
    trials = [
        replace(one, scenario=scenario, observer=observer, number=one.number + 100 * place)
        for place, ((scenario, observer), since) in enumerate(first.items())
        for one in tried(axes, lambda at, since=since: "new" if at["n"] >= since else "old")  # type: ignore[misc]
    ]
    lines = [(heat.scenario, sorted(panel.beside)) for heat in heats_of(of_run(axes, trials)) for panel in heat.panels]
    assert lines == [("s", [(0, 1), (1, 1)]), ("s", [(0, 2), (1, 2)]), ("t", [])]


def test_a_line_stands_before_the_first_place_after_the_change_where_one_between_was_not_tried() -> None:
    axes = {"n": ("1", "2", "3"), "way": ("a", "b")}
    trials = tried(axes, lambda at: "yes" if at["n"] == "1" else "no")
    trials = [replace(one, verdict=Verdict.UNRESOLVED) if one.point["n"] == "2" else one for one in trials]
    (heat,) = heats_of(of_run(axes, trials))
    assert heat.columns.axis == "n"
    assert [panel.beside for panel in heat.panels] == [frozenset({(0, 2), (1, 2)})]
