"""report: what a run says, the same in every form."""

from __future__ import annotations

from typing import Any

from elfworlds.records.told import RunTold, settled
from elfworlds.report import summary, text
from elfworlds.report.markdown import markdown
from test_tables import trial

AXES = {"way": ("a", "b"), "libc": ("host",)}


def at(way: str, outcome: str, verdict: str = "PASS", **more: Any) -> dict[str, Any]:  # noqa: ANN401  # a record's fields
    return trial(
        1, point={"way": way, "libc": "host"}, outcome=outcome, verdict=verdict, notes=[], trial=f"s,way={way}", **more
    )


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


def test_claims_with_the_same_observation_are_said_together() -> None:
    trials = [at("a", "yes"), at("b", "yes")]
    (line,) = summary.claims(AXES, trials)
    assert (line.where, line.verdict) == ("everywhere", "reproduced")
    trials[1]["claims"] = [{**trials[1]["claims"][0], "reproduced": False}]
    assert [(one.where, one.verdict) for one in summary.claims(AXES, trials)] == [
        ("way = a", "reproduced"),
        ("way = b", "refuted"),
    ]


def test_a_claim_that_holds_at_times_is_a_distribution() -> None:
    trials = [
        at("a", "yes"),
        at("a", "no", claims=[{"id": "C-1", "says": "it is so", "claimed": "yes", "reproduced": False}]),
    ]
    (line,) = summary.claims(AXES, trials)
    assert (line.verdict, line.observed) == ("in 1 of 2", "no ×1, yes ×1")


def test_repetitions_are_settled_together_and_points_apart() -> None:
    trials = [at("a", "yes"), at("a", "no", "FAIL"), at("b", "no", "FAIL")]
    assert [one["verdict"] for one in settled(trials)] == ["FLAKY", "FLAKY", "FAIL"]


def told(trials: list[dict[str, Any]], traces: tuple[dict[str, Any], ...] = ()) -> str:
    environment = {
        **dict.fromkeys(("system", "kernel", "cpu", "python", "elfworlds", "backend"), "x"),
        "toolchains": [{"name": "host", "versions": {"libc": "2.36"}, "identity": {}, "packages": {"libc6": "2.36-9"}}],
    }
    return markdown(
        RunTold(
            name="n",
            question="Does <it> | work?",
            source={"title": "T [1]", "url": "https://example.org/", "year": "2021"},
            note="",
            axes=AXES,
            planned=len(trials),
            trials=trials,
            events=[],
            traces=traces,
            objects=[],
            environment=environment,
            rerun="elfworlds run n.yaml",
        )
    )


def test_the_report_opens_with_question_answer_and_pivot() -> None:
    lines = told([at("a", "yes"), at("b", "no")]).splitlines()
    assert lines[:5] == [
        "# n",
        "",
        "**Does \\<it\\> \\| work?**",
        "",
        "s: **yes** where way = a; **no** where way = b.",
    ]
    assert lines[6] == "| scenario | way=a | way=b |"


def test_what_a_trial_printed_cannot_break_the_report() -> None:
    bad = at("a", "other", "FAIL", why="stdout is '| <script>`x`\x1b[31m'")
    report = told([bad])
    assert "<script>" not in report
    assert "\x1b" not in report
    assert "\\| \\<script\\>\\`x\\`" in report


def test_versions_name_the_revision() -> None:
    assert "| host: libc6 | 2.36-9 |" in told([at("a", "yes")])


def test_nothing_tried_is_said() -> None:
    assert "Nothing was tried." in told([])
