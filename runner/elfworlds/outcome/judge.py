"""What happened, by name; and whether that is what was claimed, and what was expected. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from elfworlds.outcome.match import Values, difference, holds, matches
from elfworlds.outcome.observed import lookup

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from elfworlds.plan import Judged


UNTRIED = ("UNRESOLVED", "UNSUPPORTED")
MET = ("PASS", "XFAIL")


@dataclass(frozen=True, slots=True)
class ClaimJudged:
    """A claim against what was observed."""

    id: str | None
    says: str
    claimed: str
    reproduced: bool


@dataclass(frozen=True, slots=True)
class Judgement:
    """One trial's outcome against what was expected of it.

    Attributes:
        verdict: PASS, XFAIL (as expected, and a known defect), FAIL, NEW (nothing was expected), UNSUPPORTED or
            UNRESOLVED (it could not be tried).
        why: in words, where the verdict is FAIL the first thing that differs, where it is XFAIL the defect.
    """

    outcome: str
    expected: str | None
    verdict: str
    why: str | None
    claims: tuple[ClaimJudged, ...]


def judge(
    outcomes: Mapping[str, Mapping[str, Any]],
    expected: Judged | None,
    claims: Iterable[Judged],
    values: Values,
) -> Judgement:
    """Name the outcome of one trial.

    Args:
        outcomes: name → value → matcher, in the order in which they are tried.
        expected: what is known to happen, if anything.
        claims: what the source says of this point.
        values: what was observed: `exit`, `signal`, `timed-out`, `stdout`, ….
    """
    outcome = name_of(outcomes, values)
    judged = tuple(
        ClaimJudged(one.id, one.says or "", one.shown, outcome in one.outcomes and holds(one.matchers, values))
        for one in claims
    )
    if expected is None:
        return Judgement(outcome, None, "NEW", None, judged)
    if outcome in expected.outcomes and holds(expected.matchers, values):
        return Judgement(outcome, expected.shown, "XFAIL" if expected.xfail else "PASS", expected.xfail, judged)
    return Judgement(outcome, expected.shown, "FAIL", _why(outcomes, expected, outcome, values), judged)


def name_of(outcomes: Mapping[str, Mapping[str, Any]], values: Values) -> str:
    """The first outcome whose matchers all hold, else `hang`, `crash` or `other`."""
    for name, matchers in outcomes.items():
        if holds(matchers, values):
            return name
    if values.get("timed-out"):
        return "hang"
    return "crash" if values.get("signal") else "other"


def _why(outcomes: Mapping[str, Mapping[str, Any]], expected: Judged, outcome: str, values: Values) -> str | None:
    """The first value that is not as the expected outcome, or the expectation itself, says."""
    wanted = {**(outcomes.get(expected.outcomes[0], {}) if len(expected.outcomes) == 1 else {}), **expected.matchers}
    for name, matcher in wanted.items():
        value = lookup(values, name)
        if not matches(matcher, value, values):
            return difference(name, matcher, value, values)
    return f"`{outcome}` stands before `{expected.shown}` and matches as well" if outcome in outcomes else None


def settle(verdicts: Sequence[tuple[str, str]]) -> list[str]:
    """The verdicts of one point's repetitions, given each one's (outcome, verdict): different outcomes are FLAKY.

    Where all of them differ from what was expected they stay FAIL; where each is one of those expected, as they are.
    """
    outcomes = {outcome for outcome, verdict in verdicts if verdict not in UNTRIED}
    kinds = {verdict for _, verdict in verdicts}.difference(UNTRIED)
    if len(outcomes) <= 1 or kinds <= {"FAIL"} or kinds.issubset(MET):
        return [verdict for _, verdict in verdicts]
    return [verdict if verdict in UNTRIED else "FLAKY" for _, verdict in verdicts]
