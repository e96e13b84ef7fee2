"""gathering: several runs as one set of tables, and what differs between two of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

import recording
from elfworlds.gather import Gathered, GatheringError, compare, gathered, read, texts
from elfworlds.gather.claims_table import lines
from elfworlds.gather.latex import escape
from elfworlds.records import RunRecord, ToolchainRecord, TrialRecord
from recording import run_of, trial

if TYPE_CHECKING:
    from collections.abc import Sequence

OLD, NEW = "debian/old", "debian/new"
ENVIRONMENT = replace(
    recording.ENVIRONMENT,
    toolchains=(
        ToolchainRecord(OLD, {"libc": "2.31", "cc": "10"}, {"libc6": "2.31-1"}, {}),
        ToolchainRecord(NEW, {"libc": "2.41", "cc": "14"}, {"libc6": "2.41-2"}, {}),
    ),
)


def said(reproduced: bool, claim: str = "C-1") -> list[dict[str, Any]]:  # noqa: FBT001  # reads best in a row
    verdict = "reproduced" if reproduced else "refuted"
    return [{"id": claim, "says": "it is so", "claimed": "yes", "verdict": verdict}]


def undecided(claim: str = "C-1") -> list[dict[str, Any]]:
    return [{**one, "verdict": "undecided"} for one in said(reproduced=True, claim=claim)]


def at(libc: str, outcome: str, *, way: str = "a", repeat: int = 1, **more: Any) -> TrialRecord:  # noqa: ANN401
    point = {"way": way, "libc": libc}
    name = f"s,way={way},libc={libc},{repeat}"
    fields = {"expected": outcome, "verdict": "PASS", "claims": said(outcome == "yes"), **more}
    return trial(1, point=point, outcome=outcome, trial=name, repeat=repeat, **fields)


def run(trials: Sequence[TrialRecord], name: str = "n") -> RunRecord:
    axes = {"way": ("a", "b"), "libc": (OLD, NEW)}
    return run_of(trials, name=name, question="Does it work?", axes=axes, environment=ENVIRONMENT)


ALL = [at(OLD, "yes"), at(OLD, "yes", way="b"), at(NEW, "no"), at(NEW, "yes", way="b")]


def of(*trials: TrialRecord) -> Gathered:
    return gathered([run(list(trials))])


class TestCells:
    def test_are_one_a_place_with_libc_and_gdb_apart(self) -> None:
        found = of(*ALL).cells
        assert [(one.point, one.libc, one.gdb, one.outcome) for one in found] == [
            ("way=a", OLD, OLD, "yes"),
            ("way=b", OLD, OLD, "yes"),
            ("way=a", NEW, NEW, "no"),
            ("way=b", NEW, NEW, "yes"),
        ]

    def test_hold_all_repetitions_with_their_counts(self) -> None:
        several = [
            at(OLD, outcome, repeat=count, expected="no | yes") for count, outcome in enumerate(["yes", "no", "yes"])
        ]
        (one,) = of(*several).cells
        assert (one.outcome, one.race) == ("yes ×2, no ×1", True)

    def test_do_not_depend_on_the_order_of_runs(self) -> None:
        one, two = run(ALL, "one"), run(ALL[:1], "two")
        assert gathered([one, two]) == gathered([two, one])

    def test_read_back_are_the_same(self) -> None:
        runs = [run(ALL), run([at(OLD, 'a "quoted", ×2\nline')], "odd")]
        assert read(texts(gathered(runs), runs)) == gathered(runs)


class TestTheClaimsTable:
    def test_says_what_became_of_a_claim_with_every_libc(self) -> None:
        (line,) = lines([run(ALL)])
        told = {libc: (one.verdict, one.text) for libc, one in line.by_libc.items()}
        assert told == {
            OLD: ("reproduced", "reproduced"),
            NEW: ("in part", "refuted: no where way = a; reproduced where way = b"),
        }
        assert line.verdict == "in part"

    def test_names_the_other_axes_alone(self) -> None:
        ways = [at(libc, outcome, way=way) for way, outcome in (("a", "no"), ("b", "yes")) for libc in (OLD, NEW)]
        (line,) = lines([run(ways)])
        assert {one.text for one in line.by_libc.values()} == {"refuted: no where way = a; reproduced where way = b"}

    def test_says_everywhere_of_what_the_claim_is_about(self) -> None:
        others = [replace(one, claims=()) for one in ALL[1::2]]
        (line,) = lines([run([ALL[0], ALL[2], *others])])
        assert [one.text for one in line.by_libc.values()] == ["reproduced", "refuted: no"]
        assert line.verdict == "differs by libc"

    def test_is_undecided_where_repetitions_disagree(self) -> None:
        both = [at(OLD, outcome, repeat=at_, expected="no | yes") for at_, outcome in enumerate(["yes", "no", "no"])]
        (line,) = lines([run(both)])
        assert (line.verdict, line.by_libc[OLD].text) == ("undecided", "undecided: no ×2, yes ×1")

    def test_calls_nothing_a_race_that_ended_in_one_way(self) -> None:
        (line,) = lines([run([at(OLD, "yes", expected="no | yes")])])
        assert (line.verdict, line.by_libc[OLD].text) == ("reproduced", "reproduced")

    def test_is_undecided_where_nothing_was_tried_and_says_so(self) -> None:
        untried = at(OLD, "unresolved", verdict="UNRESOLVED", claims=undecided())
        (line,) = lines([run([untried])])
        assert (line.verdict, line.by_libc[OLD].text) == ("undecided", "undecided: unresolved")
        (claim,) = of(untried).claims
        assert (claim.outcome, claim.reproduced) == ("unresolved", "undecided")

    def test_what_was_not_tried_with_one_libc_does_not_outweigh_the_others(self) -> None:
        (line,) = lines([run([at(OLD, "yes"), at(NEW, "unresolved", verdict="UNRESOLVED", claims=undecided())])])
        assert (line.verdict, line.by_libc[NEW].verdict) == ("reproduced", "undecided")

    def test_has_the_ids_in_the_order_in_which_people_count(self) -> None:
        trials = [at(OLD, "yes", claims=said(True, claim)) for claim in ("S-10", "S-9", "")]  # noqa: FBT003
        runs = [run([one], str(number)) for number, one in enumerate(trials)]
        assert [one.claim for one in lines(runs)] == ["S-9", "S-10", ""]

    def test_is_a_page_with_the_versions(self) -> None:
        page = texts(gathered([run(ALL)]), [run(ALL)])["claims.md"]
        assert [row for row in page.splitlines() if row.startswith("| C-1")] == [
            "| C-1 | it is so | n: s | in part | yes | debian/old |",
            "| C-1 | it is so | n: s | in part | refuted: no where way = a; reproduced where way = b | debian/new |",
        ]
        assert "| debian/old | – | 10 | – | – | – |" in page

    def test_has_one_row_for_an_answer_that_all_libcs_give(self) -> None:
        trials = [*ALL[:2], at(NEW, "yes"), at(NEW, "yes", way="b")]
        page = texts(gathered([run(trials)]), [run(trials)])["claims.md"]
        assert [row for row in page.splitlines() if row.startswith("| C-1")] == [
            "| C-1 | it is so | n: s | reproduced | yes | all 2 |"
        ]

    def test_says_why_a_claim_is_undecided_here(self) -> None:
        lacking = at(
            OLD, "unsupported", verdict="UNSUPPORTED", claims=undecided(), notes=["this libc has no such flag"]
        )
        (line,) = lines([run([lacking])])
        assert line.by_libc[OLD].text == "undecided: this libc has no such flag"

    def test_is_latex_whatever_a_claim_says(self) -> None:
        assert escape("a_b & 50% of {x} ~ \\y") == (r"a\_b \& 50\% of \{x\} \textasciitilde{} \textbackslash{}y")
        page = texts(gathered([run(ALL)]), [run(ALL)])["claims.tex"]
        assert "C-1 & it is so & yes & part \\\\" in page.splitlines()


class TestAComparison:
    def test_of_the_same_finds_nothing(self) -> None:
        found = compare(of(*ALL), of(*ALL))
        assert (found.compared, found.differences, found.races) == (4, (), ())

    def test_names_what_differs_and_what_only_one_has(self) -> None:
        found = compare(of(*ALL), of(at(OLD, "no"), *ALL[2:], at(NEW, "yes", way="c")))
        assert [(one.place[3], one.before, one.after) for one in found.differences] == [
            ("way=a", "yes", "no"),
            ("way=b", "yes", "not tried"),
            ("way=c", "not tried", "yes"),
        ]

    def test_tells_races_apart(self) -> None:
        before = of(*(at(OLD, outcome, repeat=at_, expected="no | yes") for at_, outcome in enumerate(["yes", "no"])))
        found = compare(before, of(at(OLD, "no", expected="no | yes")))
        assert (found.differences, len(found.races)) == ((), 1)

    def test_calls_nothing_a_race_whose_repetitions_agreed(self) -> None:
        before, after = (of(at(OLD, outcome, expected="no | yes")) for outcome in ("yes", "no"))
        found = compare(before, after)
        assert (len(found.differences), found.races) == (1, ())

    def test_leaves_out_a_toolchain_of_other_versions_and_says_which(self) -> None:
        other = replace(
            of(at(OLD, "no"), *ALL[1:]),
            versions=tuple(
                replace(one, version="2.31-7") if (one.toolchain, one.part) == (OLD, "libc6") else one
                for one in of(*ALL).versions
            ),
        )
        found = compare(of(*ALL), other)
        assert (found.compared, found.differences) == (2, ())
        assert found.other_versions == {OLD: "libc6 is 2.31-7, not 2.31-1"}


@pytest.mark.parametrize(
    "text", ["", "a,b\n", "toolchain,part,version\none,two\n", "toolchain,part,version\n1,2,3,4\n"]
)
def test_a_table_changed_by_hand_is_refused_and_named(text: str) -> None:
    files = texts(of(*ALL), [run(ALL)])
    with pytest.raises(GatheringError, match=r"versions\.csv"):
        read({**files, "versions.csv": text})
