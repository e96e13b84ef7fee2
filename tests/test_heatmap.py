"""report: outcomes over two axes, drawn."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET  # what is parsed here was made here
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from elfworlds.outcome import Verdict
from elfworlds.records import RunRecord
from elfworlds.report.pictures.heat import Heat, outcomes
from elfworlds.report.pictures.heatmap import heat_map
from recording import heats_of, report_md
from test_flips import GDB, VERSIONS, Axes, at_least, of_run, tried

SVG = "{http://www.w3.org/2000/svg}"
GRID = {"gdb": tuple(GDB), "libc": ("trixie", "bullseye", "bookworm")}


def one_of(run: RunRecord) -> Heat:
    (found,) = heats_of(run)
    return found


def drawn(run: RunRecord) -> ET.Element:
    return ET.fromstring(heat_map(one_of(run), outcomes(run)))  # noqa: S314  # made here


def words(picture: ET.Element) -> list[str]:
    return [one.text or "" for one in picture.iter(f"{SVG}text")]


def classes(picture: ET.Element, name: str) -> list[ET.Element]:
    return [one for one in picture.iter() if name in one.get("class", "").split()]


def named(axes: Axes = GRID, **more: Any) -> RunRecord:  # noqa: ANN401  # a record's fields
    gdb, libc = at_least("gdb", "13.1"), at_least("libc", "2.36")
    return of_run(axes, tried(axes, lambda at: "named" if gdb(at) and libc(at) else "unnamed", **more))


def test_the_grid_is_in_the_order_of_versions_and_not_of_the_file() -> None:
    heat = one_of(named())
    assert (heat.rows.axis, heat.columns.axis) == ("gdb", "libc")
    assert [head.label for head in heat.columns.heads] == ["bullseye", "bookworm", "trixie"]
    assert [head.version for head in heat.rows.heads] == ["10.1", "13.1", "16.3"]


def test_ordered_axes_are_the_sides_and_what_else_varies_makes_panels() -> None:
    axes = {"libc": GRID["libc"], "n": ("1", "2"), "way": ("dlopen", "dlmopen")}
    heat = one_of(of_run(axes, tried(axes, lambda at: at["way"])))
    assert (heat.rows.axis, heat.columns.axis) == ("libc", "n")
    assert [panel.at for panel in heat.panels] == [(("way", "dlopen"),), (("way", "dlmopen"),)]
    assert {"way = dlopen", "way = dlmopen"} <= set(words(drawn(of_run(axes, tried(axes, lambda at: at["way"])))))


def test_one_axis_is_no_grid() -> None:
    axes = {"libc": GRID["libc"], "way": ("dlopen",)}
    assert heats_of(of_run(axes, tried(axes, lambda at: at["libc"]))) == []


def test_what_nobody_could_read_is_not_drawn() -> None:
    axes = {"a": tuple(map(str, range(60))), "b": ("1", "2")}
    assert heats_of(of_run(axes, tried(axes, lambda at: at["b"]))) == []


def test_each_cell_says_its_outcome() -> None:
    picture = drawn(named())
    assert words(picture).count("unnamed") == 5
    assert words(picture).count("named") == 4
    assert {"2.31", "bullseye", "10.1", "libc", "gdb", "s"} <= set(words(picture))


def test_a_long_name_stands_on_two_lines() -> None:
    axes = {"n": ("1", "2"), "way": ("a", "b")}
    picture = drawn(of_run(axes, tried(axes, lambda _: "exported-one-of-the-first-copy")))
    assert {"exported-one-of-", "the-first-copy"} <= set(words(picture))


def test_a_heavy_line_runs_where_the_outcome_flips() -> None:
    assert len(classes(drawn(named()), "edge")) == 4 + 1, "two sides of two cells each, and the legend's"
    axes = {"way": ("dlopen", "dlmopen"), "mode": ("lazy", "now")}
    assert classes(drawn(of_run(axes, tried(axes, lambda at: at["way"]))), "edge") == []


def test_no_line_runs_between_libcs_of_different_families() -> None:
    axes = {"libc": ("trixie", "musl"), "way": ("dlopen", "dlmopen")}
    run = of_run({**axes, "libc": (*axes["libc"], "bullseye")}, tried(axes, lambda at: at["libc"]))
    assert classes(drawn(run), "edge") == []


def test_what_was_not_as_expected_is_marked() -> None:
    run = named()
    assert classes(drawn(run), "badge") == []
    for verdict, sign in ((Verdict.FAIL, "not as expected"), (Verdict.FLAKY, "repetitions differ")):
        trials = [replace(run.trials[0], verdict=verdict), *run.trials[1:]]
        picture = drawn(replace(run, trials=trials))
        assert len(classes(picture, "badge")) == 2, "the cell's and the legend's"
        assert sign in words(picture)


def test_what_cannot_be_tried_is_hatched_and_what_was_not_tried_is_a_dash() -> None:
    run = named()
    picture = drawn(replace(run, trials=[replace(run.trials[0], verdict=Verdict.UNSUPPORTED), *run.trials[2:]]))
    hatched = [one for one in picture.iter(f"{SVG}rect") if one.get("fill") == "url(#hatch)"]
    assert len(hatched) == 2, "the cell's and the legend's"
    assert {"unsupported", "cannot be tried there", "–", "not in the matrix"} <= set(words(picture))
    unresolved = drawn(replace(run, trials=[replace(run.trials[0], verdict=Verdict.UNRESOLVED), *run.trials[1:]]))
    assert "unresolved" in words(unresolved)


def test_several_outcomes_share_a_cell_by_how_often_they_were_seen() -> None:
    axes = {"n": ("1", "2"), "way": ("a", "b")}
    run = of_run(axes, tried(axes, lambda at: ["yes", "yes", "yes", "no"] if at == {"n": "1", "way": "a"} else "yes"))
    picture = drawn(run)
    assert {"yes ×3", "no ×1"} <= set(words(picture))
    (no,) = [one for one in classes(picture, "o1") if one.get("height") == "44"]
    (beside,) = [one for one in classes(picture, "o0") if one.get("height") == "44" and one.get("y") == no.get("y")][:1]
    assert float(beside.get("width", 0)) == 3 * float(no.get("width", 0))


def test_where_there_is_no_room_letters_stand_for_names() -> None:
    axes = {"libc": GRID["libc"], "n": tuple(map(str, range(1, 31)))}
    picture = drawn(of_run(axes, tried(axes, lambda at: "loaded" if int(at["n"]) < 13 else "refused")))
    assert words(picture).count("A") == 3 * 12 + 1
    assert words(picture).count("B") == 3 * 18 + 1
    assert words(picture).count("loaded") == words(picture).count("refused") == 1, "in the legend"


def test_an_outcome_has_one_colour_in_all_pictures_of_a_run() -> None:
    axes = {"n": ("1", "2"), "way": ("a", "b")}
    trials = tried(axes, lambda at: at["way"], scenario="first")
    trials += [replace(one, number=one.number + 9) for one in tried(axes, lambda _: "b", scenario="second")]
    run = of_run(axes, trials)
    first, second = (heat_map(heat, outcomes(run)) for heat in heats_of(run))
    fill = re.compile(r"\.o1\{fill:(#\w+)\}")
    assert fill.findall(first) == fill.findall(second)
    assert second.count('class="o1"') == 4


def test_observers_have_panels_of_their_own() -> None:
    run = named()
    both = [*run.trials, *(replace(one, observer="gdb", number=one.number + 99) for one in run.trials)]
    assert [panel.at for panel in one_of(replace(run, trials=both)).panels] == [
        (("observer", "plain"),),
        (("observer", "gdb"),),
    ]


def test_the_report_shows_it() -> None:
    run = named()
    assert "![Outcomes of s, libc across and gdb down](pictures/s-heat.svg)" in report_md(run, {}, [])
    assert one_of(run).file == "pictures/s-heat.svg"


TEXT = st.text(min_size=1, max_size=30)


@given(
    st.lists(TEXT, min_size=2, max_size=4, unique=True), st.lists(TEXT, min_size=2, max_size=3, unique=True), st.data()
)
def test_whatever_things_are_called_the_picture_is_well_formed(
    ways: list[str], modes: list[str], data: st.DataObject
) -> None:
    axes = {"way": tuple(ways), "mode": tuple(modes)}
    names = data.draw(st.lists(TEXT, min_size=1, max_size=9))
    run = of_run(axes, tried(axes, lambda _: data.draw(st.lists(st.sampled_from(names), max_size=3))), VERSIONS)
    for heat in heats_of(run):
        ET.fromstring(heat_map(heat, outcomes(run)))  # noqa: S314  # made here


@given(st.permutations(range(9)))
def test_the_order_of_trials_changes_no_picture(order: list[int]) -> None:
    run = named()
    other = replace(run, trials=[run.trials[place] for place in order])
    assert heat_map(one_of(other), outcomes(other)) == heat_map(one_of(run), outcomes(run))
