"""report: what a run says, the same in every form."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elfworlds.outcome import ClaimVerdict
from elfworlds.records import ObjectRecord, ToolchainRecord, TraceRecord, TrialRecord
from elfworlds.records.rows import SHOWN_CHARACTERS, shortened
from elfworlds.records.run import settled
from elfworlds.report import facts, loading, places, summary, text
from recording import ENVIRONMENT, TRACES, report_md, run_of, trial

AXES = {"way": ("a", "b"), "libc": ("host",)}


def at(way: str, outcome: str, verdict: str = "PASS", **more: Any) -> TrialRecord:  # noqa: ANN401  # a record's fields
    point = {"way": way, "libc": "host"}
    return trial(1, point=point, outcome=outcome, verdict=verdict, trial=f"s,way={way}", **more)


def test_the_pivot_has_the_last_varied_axis_across() -> None:
    found = summary.pivot(AXES, [at("a", "yes"), at("b", "no")])
    assert (found.column_axis, found.columns, found.row_axes) == ("way", ("a", "b"), ())
    assert found.fixed == (("libc", "host"),)
    assert text.pivot_lines(found) == ["  scenario  way=a  way=b", "  s         yes    no"]


def test_a_point_that_was_not_tried_is_a_dash() -> None:
    axes = {"way": ("a", "b"), "size": ("1", "2")}
    trials = [trial(1, point={"way": way, "size": size}) for way, size in (("a", "1"), ("b", "2"))]
    rows = text.pivot_rows(summary.pivot(axes, trials))[1]
    assert rows == [["s", "a", "yes", "–"], ["s", "b", "–", "yes"]]


def test_a_cell_of_several_outcomes_counts_them() -> None:
    found = summary.pivot(AXES, [at("a", "no"), at("a", "yes"), at("a", "yes"), at("b", "no")])
    assert text.pivot_lines(found)[1].split("  ")[-2:] == ["", "no"] or "yes ×2, no ×1" in text.pivot_lines(found)[1]


def test_what_is_shown_beside_an_outcome_and_is_not_there_is_a_dash() -> None:
    found = summary.pivot(AXES, [at("a", "yes", shown={"count": 5, "destroyed": None}), at("b", "no")])
    assert text.pivot_lines(found)[1] == "  s         yes (count 5, destroyed –)  no"


STORE = "/home/somebody/.cache/elfworlds/objects/cb8b1f63fd523ae361c5a9ea86c8fc6c4ff2878c/tree/numpy"


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("short: /usr/lib/x.so", "short: /usr/lib/x.so"),
        (f"{STORE}/core/_a.so: undefined symbol: PyExc_OSError", "…/_a.so: undefined symbol: PyExc_OSError"),
        (
            f"{STORE}/core/_multiarray.cpython-311-x86_64-linux-gnu.so: undefined symbol: PyExc_ImportError",
            "…/_multiarray.…x-gnu.so: undefined symbol: PyExc_ImportError",
        ),
        (
            f"/lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.38' not found (required by {STORE}/_b.so)",
            "…/libc.so.6: version `GLIBC_2.38' not found (required by …/_…",
        ),
        (
            "libpulsecommon-16.1.so: cannot open shared object file: No such file or directory",
            "libpulsecommon-16.1.so: cannot open shared object file: No s…",
        ),
        (
            "/lib/x86_64-linux-gnu/: cannot read file data: Is a directory, and no file",
            "/lib/x86_64-linux-gnu/: cannot read file data: Is a director…",
        ),
    ],
)
def test_a_long_message_about_a_file_keeps_the_files_name_and_what_is_wrong_with_it(message: str, shown: str) -> None:
    assert shortened(message) == shown
    assert len(shown) <= SHOWN_CHARACTERS + 1


def test_an_object_is_one_row_with_the_digest_of_each_build() -> None:
    def built(libc: str, sha256: str) -> ObjectRecord:
        nothing: tuple[str, ...] = ()
        named = ("lib", {"libc": libc}, libc, "/objects/lib.so", sha256, libc, nothing, "ET_DYN", "EM_X86_64", None)
        facts = ("liblib.so", ("libc.so.6",), None, None, None, nothing)
        return ObjectRecord(*named, *facts, execstack=False, compiler_output="")

    objects = [built("host", "a" * 64), built("debian/sid", "a" * 64), built("debian/trixie", "b" * 64)]
    report = report_md(run_of([at("a", "yes")], axes=AXES, objects=objects), {}, [])
    table = report.partition("## Objects\n")[2].partition("\n## ")[0]
    (row,) = table.strip().splitlines()[2:]
    assert row.split(" | ")[-1] == f"{'a' * 12}, {'b' * 12} |"


def test_claims_with_the_same_observation_are_said_together() -> None:
    trials = [at("a", "yes"), at("b", "yes")]
    (line,) = summary.claims(AXES, trials)
    assert (line.where, line.verdict) == ("everywhere", "reproduced")
    trials[1] = replace(trials[1], claims=(replace(trials[1].claims[0], verdict=ClaimVerdict.REFUTED),))
    assert [(one.where, one.verdict) for one in summary.claims(AXES, trials)] == [
        ("way = a", "reproduced"),
        ("way = b", "refuted"),
    ]


def test_what_is_said_of_some_points_is_not_true_of_others() -> None:
    axes = {"libc": ("host",), "plugin": ("bare", "small", "large"), "room": ("little", "much")}
    every = [
        (("libc", "host"), ("plugin", plugin), ("room", room)) for plugin in axes["plugin"] for room in axes["room"]
    ]
    fits = [point for point in every if ("plugin", "bare") in point or ("room", "much") in point]
    assert places.where(axes, fits, every) == "plugin = bare; plugin = small | large, room = much"
    assert places.where(axes, every, every) == places.where(axes, fits, fits) == "everywhere"


@given(st.sets(st.tuples(*[st.sampled_from("abc")] * 3), min_size=1), st.sets(st.tuples(*[st.sampled_from("abc")] * 3)))
def test_where_names_every_point_and_no_other(some: set[tuple[str, ...]], more: set[tuple[str, ...]]) -> None:
    axes = {axis: tuple("abc") for axis in "xyz"}
    points, tried = ([tuple(zip("xyz", one, strict=True)) for one in sorted(many)] for many in (some, some | more))
    said = places.where(axes, points, tried).replace("everywhere", "x = a | b | c")
    parts = [dict(one.split(" = ") for one in part.split(", ")) for part in said.split("; ")]
    named = [
        point
        for point in tried
        if any(all(dict(point)[axis] in labels for axis, labels in part.items()) for part in parts)
    ]
    assert named == points


def test_points_that_no_few_words_tell_apart_are_counted() -> None:
    axes = {axis: tuple(map(str, range(40))) for axis in "xy"}
    every = [(("x", x), ("y", y)) for x in axes["x"] for y in axes["y"]]
    some = random.Random(1).sample(every, 700)  # noqa: S311  # no secret
    assert places.where(axes, some, every) == "the point is one of 700 (of 1600)"


class Looked(frozenset[tuple[tuple[str, str], ...]]):
    """Points that count how often somebody goes through all of them."""

    looks = 0

    def __iter__(self) -> Iterator[tuple[tuple[str, str], ...]]:
        Looked.looks += 1
        return super().__iter__()


def test_random_outcomes_of_many_points_are_placed_without_a_look_at_all_points_for_each() -> None:
    axes = {axis: tuple(map(str, range(100))) for axis in "xy"}
    every = Looked((("x", x), ("y", y)) for x in axes["x"] for y in axes["y"])
    ordered = sorted(every)
    random.Random(1).shuffle(ordered)  # noqa: S311  # no secret
    Looked.looks = 0
    words = [places.where(axes, ordered[at : at + 2], every) for at in range(0, len(ordered), 2)]
    assert (Looked.looks, len(set(words))) == (0, len(words))


def test_a_place_of_many_labels_is_counted() -> None:
    axes = {"x": tuple(map(str, range(1000)))}
    every = [(("x", x),) for x in axes["x"]]
    assert places.where(axes, every[:500], every) == "the point is one of 500 (of 1000)"
    assert places.where(axes, every[:2], every) == "x = 0 | 1"


def test_a_pivot_of_many_points_begins_with_as_many_rows_as_a_reader_takes() -> None:
    axes = {axis: tuple(map(str, range(300))) for axis in "xy"}
    trials = [trial(at, point={"x": str(at // 300), "y": str(at % 300)}) for at in range(3000)]
    grid, more = summary.beginning(summary.pivot(axes, trials), 50)
    assert (grid.column_axis, len(grid.rows), more) == (None, 50, 2950)
    few = summary.pivot(axes, trials[:20])
    assert summary.beginning(few, 50) == (few, 0)


def test_the_pivot_has_the_points_of_a_scenario_beside_each_other() -> None:
    axes = {"way": ("a", "b"), "libc": ("x", "y")}
    points = [{"way": way, "libc": libc} for way in axes["way"] for libc in axes["libc"]]
    trials = [trial(0, scenario=name, point=point) for point in points for name in ("s-2", "s-1")]
    heads = [head for head, _ in summary.pivot(axes, trials).rows]
    assert heads == [("s-2", "a"), ("s-2", "b"), ("s-1", "a"), ("s-1", "b")]


def test_a_claim_on_which_repetitions_disagree_is_undecided() -> None:
    trials = [
        at("a", "yes"),
        at("a", "no", claims=[{"id": "C-1", "says": "it is so", "claimed": "yes", "verdict": "refuted"}]),
    ]
    (line,) = summary.claims(AXES, trials)
    assert (line.verdict, line.observed) == ("undecided", "no ×1, yes ×1")


def test_a_claim_is_decided_by_the_repetitions_that_were_tried() -> None:
    untried = [{"id": "C-1", "says": "it is so", "claimed": "yes", "verdict": "undecided"}]
    trials = [at("a", "yes"), at("a", "unresolved", "UNRESOLVED", claims=untried)]
    (line,) = summary.claims(AXES, trials)
    assert line.verdict == "reproduced"
    (line,) = summary.claims(AXES, trials[1:])
    assert line.verdict == "undecided"


def test_repetitions_that_failed_alike_are_told_once_with_how_many_they_are() -> None:
    trials = [at("a", "no", "FAIL", expected="yes", wall_s=float(number)) for number in range(900)]
    trials += [at("a", "no", "FAIL", expected="yes", exit=3), at("b", "no", "FAIL", expected="yes")]
    report = told(trials)
    assert report.count("- FAIL `s`") == 3
    assert "way=a: expected yes, got no (exit 0), 900 times." in report
    lines = list(text.failure_lines(trials, AXES, "run", {}))
    assert [line for line in lines if line.startswith("FAIL")] == [
        "FAIL  s  way=a, 900 times",
        "FAIL  s  way=a",
        "FAIL  s  way=b",
    ]


def test_one_cause_that_kept_many_trials_from_being_tried_is_told_once_with_where_they_are() -> None:
    lost = {"outcome": "unresolved", "verdict": "UNRESOLVED"}
    one, two = "object bad was not built", "object other was not built"
    trials = [at("a", notes=[one], **lost), at("b", notes=[one, two], **lost), at("b", notes=[one], **lost)]
    trials += [replace(each, scenario="t") for each in trials[1:2]] + [replace(at("a", "yes"), scenario="t")]
    lines = [line.strip() for line in text.failure_lines(trials, AXES, "run", {})]
    assert lines == [
        "UNRESOLVED  4 trials: s everywhere; t where way = b",
        f"because   {one}",
        "",
        "UNRESOLVED  2 trials: s where way = b; t where way = b",
        f"because   {two}",
        "",
    ]
    report = told(trials)
    assert "- UNRESOLVED 4 trials, not tried: s everywhere; t where way = b." in report
    assert report.count(one) == report.count(two) == 1


def test_a_report_of_many_failures_tells_the_first_and_where_all_are() -> None:
    trials = [at("a", "no", "FAIL", expected="yes", notes=[f"another reason: {number}"]) for number in range(5000)]
    report = told(trials)
    assert report.count("- FAIL `s`") == 200
    assert "4800 more trials are in tables/trials.csv." in report
    assert list(text.failure_lines(trials, AXES, "run", {}))[-1] == "… and 4980 more; tables/trials.csv has them all"


def test_repetitions_are_settled_together_and_points_apart() -> None:
    trials = [at("a", "yes"), at("a", "no", "FAIL"), at("b", "no", "FAIL")]
    assert [one.verdict for one in settled(trials)] == ["FLAKY", "FLAKY", "FAIL"]


def told(
    trials: list[TrialRecord],
    traces: tuple[TraceRecord, ...] = (),
    written: dict[str, dict[str, str]] | None = None,
) -> str:
    host = ToolchainRecord("host", {"libc": "2.36"}, {"libc6": "2.36-9"}, {})
    run = run_of(
        trials,
        name="n",
        question="Does <it> | work?",
        source={"title": "T [1]", "url": "https://example.org/", "year": "2021"},
        axes=AXES,
        traces=traces,
        environment=replace(ENVIRONMENT, toolchains=(host,)),
        rerun="elfworlds run n.yaml",
    )
    return report_md(run, written or {}, loading.seen(run))


def test_the_report_opens_with_question_answer_and_pivot() -> None:
    lines = told([at("a", "yes"), at("b", "no")]).splitlines()
    assert lines[:5] == [
        "# n",
        "",
        "**Does \\<it\\> \\| work?**",
        "",
        "- s: **yes** where way = a; **no** where way = b.",
    ]
    assert lines[6] == "| scenario | way=a | way=b |"


def test_what_a_trial_printed_cannot_break_the_report() -> None:
    bad = at("a", "other", "FAIL", why="stdout is '| <script>`x`\x1b[31m'")
    report = told([bad])
    assert "<script>" not in report
    assert "\x1b" not in report
    assert "\\| \\<script\\>\\`x\\`" in report


def test_versions_name_the_revision() -> None:
    assert "| host | 2.36; cc; libc6 2.36-9 |" in told([at("a", "yes")])


def test_of_many_packages_the_report_names_those_that_decide() -> None:
    packages = {"gcc-12": "12.2.0-14", "libbrotli1": "1.0.9-2", "binutils-x86-64-linux-gnu": "2.40-2", "libgmp10": "6"}
    host = ToolchainRecord("host", {"libc": "2.36", "cc": "12.2.0"}, packages, {})
    assert facts.decisive(host) == "2.36; cc 12.2.0; gcc-12 12.2.0-14; binutils-x86-64-linux-gnu 2.40-2"


def test_a_failure_shows_the_end_of_what_it_wrote() -> None:
    bad = at("a", "other", "FAIL")
    lines = [f"line {number}" for number in range(9)]
    report = told([bad], written={bad.trial: {"stdout": "\n".join([*lines, "```", "</pre>\x1b[0m", ""])}})
    assert "  - stdout ends with:\n\n        … (6 lines before)\n        line 6\n" in report
    assert "\n        ```\n        </pre>\N{REPLACEMENT CHARACTER}[0m\n" in report


def test_nothing_tried_is_said() -> None:
    assert "Nothing was tried." in told([])


def at_points(*ways: str) -> tuple[TraceRecord, ...]:
    """One real trace as if it had been seen at several points."""
    return tuple(replace(TRACES[0], point={"way": way, "libc": "host"}, trial=f"s,way={way},libc=host") for way in ways)


def section(report: str) -> str:
    return report.partition("## What the loader did\n")[2].partition("\n## ")[0]


def test_points_with_the_same_picture_are_told_together() -> None:
    together = section(told([at("a", "yes")], at_points("a", "b")))
    assert together.count("![") == 1
    assert "Others:" not in together
    assert "### same-library-twice\n" in together
    assert "(pictures/s,way=a,libc=host.svg)" in together


def test_other_pictures_of_a_scenario_are_links() -> None:
    other = replace(TRACES[1], point={"way": "b", "libc": "host"})
    apart = section(told([at("a", "yes")], (*at_points("a"), other)))
    assert apart.count("![") == 1
    assert f"The picture is of way = a. Others: [way = b](pictures/{other.trial}.svg)." in apart


def test_of_many_pictures_a_few_are_links_and_the_rest_is_counted() -> None:
    ways = [replace(TRACES[at % 2], point={"way": str(at), "libc": "host"}, trial=f"s,way={at}") for at in range(9)]
    different = tuple(
        replace(trace, link_maps=tuple(replace(each, path=f"{each.path}{at}") for each in trace.link_maps))
        for at, trace in enumerate(ways)
    )
    lines = section(told([at("a", "yes")], different))
    assert lines.count("](pictures/") == 5  # the picture and its links
    assert "; and 4 more beside them." in lines


def test_each_namespace_is_listed_once_with_where_it_was() -> None:
    lines = section(told([at("a", "yes")], at_points("a", "b"))).splitlines()
    assert "| where | namespace | objects, in the order of loading |" in lines
    (row,) = (line for line in lines if "| each of" in line)
    assert row == (
        "| everywhere | each of the namespaces 1–2 | libuser.so (user-1, a copy of its own), libbase.so (base-1, a copy"
        " of its own), libc.so.6 (a copy of its own), ld-linux-x86-64.so.2 (shared) |"
    )


def test_searches_that_went_as_predicted_are_one_sentence() -> None:
    assert "Every one of 16 searches went where the search order says." in told([], at_points("a", "b"))


def test_searches_that_did_not_are_a_table_and_a_line_on_the_terminal() -> None:
    (one,) = at_points("a")
    wrong = replace(one.searches[0], predicted="/lib/libbase.so", agrees=False)
    traces = (replace(one, searches=(wrong, *one.searches[1:])),)
    report = section(told([], traces))
    assert "| same-library-twice | way = a | LM\\_ID\\_BASE | libbase.so |" in report
    assert "| /lib/libbase.so | /tmp/x/objects/base-0/libbase.so |" in report
    assert "Every one" not in report
    assert loading.disagreement(traces) == (
        "1 of 8 searches of the loader did not go where the search order says: see report.md"
    )
    assert loading.disagreement((one,)) is None


def test_bindings_that_are_not_as_foretold_are_a_table_and_a_line_on_the_terminal() -> None:
    (one,) = at_points("a")
    agrees: list[bool | None] = [True] * len(one.bindings)
    right = replace(one, bindings=replace(one.bindings, foretold=one.bindings.to_path, agrees=agrees))
    assert f"Every one of {len(agrees)} bindings is as the loader's rules foretell." in told([], (right,))
    assert loading.disagreement_of_bindings((right,)) is None
    wrong = replace(
        right.bindings, foretold=["/lib/other.so", *right.bindings.to_path[1:]], agrees=[False, *agrees[1:]]
    )
    traces = (replace(right, bindings=wrong),)
    report = section(told([], traces))
    assert "| /lib/other.so |" in report
    assert "bindings is as" not in report
    assert loading.disagreement_of_bindings(traces) == (
        f"1 of {len(agrees)} bindings of the loader are not as its rules foretell: see report.md"
    )
    many = replace(right.bindings, foretold=["/lib/other.so"] * len(agrees), agrees=[False] * len(agrees))
    long = told([], (replace(right, bindings=many),) * 30)
    assert f"… and {len(agrees) * 30 - loading.MOST_BINDINGS} more; tables/bindings.csv has them all" in long


def test_a_run_without_traces_has_no_such_section() -> None:
    assert "What the loader did" not in told([at("a", "yes")])
