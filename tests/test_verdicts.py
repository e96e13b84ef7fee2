"""outcome: a verdict means one thing, and one table says what: adding one is adding a row."""

from __future__ import annotations

import re
from itertools import permutations
from pathlib import Path

import pytest
from rich.style import Style

import elfworlds
from elfworlds.outcome import ClaimVerdict, Fails, Sign, Verdict, marked, worst
from elfworlds.outcome.verdicts import HOLDS, MEANINGS
from elfworlds.report.pictures import cells

PACKAGE = Path(elfworlds.__file__).parent
ROW = "outcome/verdicts.py"


def test_every_verdict_has_its_meaning_and_every_claims_verdict_too() -> None:
    assert list(MEANINGS) == list(Verdict)
    assert list(HOLDS) == list(ClaimVerdict)


@pytest.mark.parametrize("verdict", Verdict)
def test_what_a_verdict_means_hangs_together(verdict: Verdict) -> None:
    meaning = verdict.meaning
    assert meaning.words
    assert Style.parse(meaning.style)
    assert not (meaning.met and (meaning.bad or not meaning.tried))
    assert not meaning.bad or verdict.shown, "what is bad stands beside the outcome"
    assert meaning.bad or meaning.fails is Fails.NEVER, "what fails a run is listed"
    assert meaning.sign is Sign.NONE or meaning.sign in {*cells.BADGES, *cells.BOXES}
    assert meaning.tried or meaning.sign in cells.BOXES, "a place where nothing was tried is drawn as one"
    assert not (meaning.bad and meaning.tried) or meaning.sign in cells.BADGES


def test_a_run_fails_where_an_expectation_was_not_met_or_could_not_be_tried() -> None:
    assert {verdict for verdict in Verdict if verdict.fails("x")} == {
        Verdict.FAIL,
        Verdict.FLAKY,
        Verdict.UNRESOLVED,
    }
    assert {verdict for verdict in Verdict if verdict.fails(None)} == {Verdict.FAIL, Verdict.UNRESOLVED}


def test_the_worst_of_several_is_shown_whatever_their_order() -> None:
    ranked = [verdict for verdict in Verdict if verdict.shown]
    assert len({verdict.meaning.rank for verdict in ranked}) == len(ranked)
    for some in permutations(ranked, 3):
        assert worst(some).meaning.rank == max(verdict.meaning.rank for verdict in some)


def test_a_place_is_marked_with_what_is_bad_or_with_why_nothing_was_tried() -> None:
    assert marked([Verdict.PASS, Verdict.FLAKY, Verdict.FAIL, Verdict.UNRESOLVED], tried=True) is Verdict.FAIL
    assert marked([Verdict.PASS, Verdict.UNSUPPORTED], tried=True) is None
    assert marked([Verdict.UNSUPPORTED, Verdict.UNRESOLVED], tried=False) is Verdict.UNRESOLVED
    assert marked([Verdict.UNSUPPORTED], tried=False) is Verdict.UNSUPPORTED


def test_no_other_file_lists_verdicts_as_words() -> None:
    word = re.compile(rf"""["']({"|".join(Verdict)})["']""")
    listed = {
        str(path.relative_to(PACKAGE)): words
        for path in PACKAGE.rglob("*.py")
        if (words := word.findall(path.read_text())) and path != PACKAGE / ROW
    }
    assert listed == {}
