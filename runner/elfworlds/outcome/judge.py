"""What happened, by name; and whether that is what was claimed, and what was expected. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from elfworlds.outcome.match import difference, holds, matches
from elfworlds.outcome.observed import lookup
from elfworlds.outcome.result import Tried, Untried, names_the_start
from elfworlds.outcome.verdicts import ClaimVerdict, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from elfworlds.jsondata import JsonObject
    from elfworlds.outcome.result import Result
    from elfworlds.planning import Judged
    from elfworlds.planning.types import Resolved

    Outcomes: TypeAlias = Mapping[str, Mapping[str, Resolved]]

TIME = "timed-out"
HANG, CRASH, OTHER = "hang", "crash", "other"  # outcomes that need no name


@dataclass(frozen=True, slots=True)
class ClaimJudged:
    """A claim against what was observed."""

    id: str | None
    says: str
    claimed: str
    verdict: ClaimVerdict


@dataclass(frozen=True, slots=True)
class Judgement:
    """One trial's outcome against what was expected of it.

    Attributes:
        why: in words, where the verdict is FAIL the first thing that differs, where it is XFAIL the defect.
    """

    outcome: str
    expected: str | None
    verdict: Verdict
    why: str | None
    claims: tuple[ClaimJudged, ...]


def judge(
    outcomes: Outcomes,
    expected: Judged | None,
    claims: Iterable[Judged],
    result: Result,
) -> Judgement:
    """Name the outcome of one trial; one that was not tried has none.

    Args:
        outcomes: name → value → matcher, in the order in which they are tried.
        expected: what is known to happen, if anything.
        claims: what the source says of this point.
        result: what was observed; `admit` has seen it.
    """
    shown = expected.shown if expected else None
    if isinstance(result, Untried):
        undecided = tuple(_claim(claim, ClaimVerdict.UNDECIDED) for claim in claims)
        return Judgement(result.verdict.lower(), shown, result.verdict, None, undecided)
    outcome, values = name_of(outcomes, result), result.values
    judged = tuple(_claim(claim, _claim_verdict(claim, outcome, outcomes, values)) for claim in claims)
    if expected is None:
        return Judgement(outcome, None, Verdict.NEW, None, judged)
    if outcome in expected.outcomes and holds(expected.matchers, values):
        met = Verdict.XFAIL if expected.xfail else Verdict.PASS
        return Judgement(outcome, shown, met, expected.xfail, judged)
    return Judgement(outcome, shown, Verdict.FAIL, _why(outcomes, expected, outcome, values), judged)


def _claim(claim: Judged, verdict: ClaimVerdict) -> ClaimJudged:
    return ClaimJudged(claim.id, claim.says or "", claim.shown, verdict)


def _claim_verdict(claim: Judged, outcome: str, outcomes: Outcomes, values: JsonObject) -> ClaimVerdict:
    named = any(name.partition(".")[0] == TIME for name in outcomes.get(outcome, {}))
    if values.get(TIME) and not named and HANG not in claim.outcomes:
        return ClaimVerdict.UNDECIDED
    held = outcome in claim.outcomes and holds(claim.matchers, values)
    return ClaimVerdict.REPRODUCED if held else ClaimVerdict.REFUTED


def name_of(outcomes: Outcomes, tried: Tried) -> str:
    """The first outcome whose matchers all hold, else `hang`, `crash` or `other`.

    Where the program could not be executed, only outcomes that speak of its start count.
    """
    for name, matchers in outcomes.items():
        if (not tried.exec_error or names_the_start(matchers)) and holds(matchers, tried.values):
            return name
    if tried.values.get(TIME):
        return HANG
    return CRASH if tried.values.get("signal") else OTHER


def _why(outcomes: Outcomes, expected: Judged, outcome: str, values: JsonObject) -> str | None:
    """The first value that is not as expected; with several expected outcomes, the first of each."""
    own = _first_difference(expected.matchers, values)
    named = [name for name in expected.outcomes if name in outcomes]
    each = {name: different for name in named if (different := _first_difference(outcomes[name], values))}
    if len(expected.outcomes) == 1 and each:
        return each[named[0]]
    if own:
        return own
    if each and len(each) == len(named):
        return "; ".join(f"`{name}`: {different}" for name, different in each.items())
    return f"`{outcome}` stands before `{expected.shown}` and matches as well" if outcome in outcomes else None


def _first_difference(matchers: Mapping[str, Resolved], values: JsonObject) -> str | None:
    for name, matcher in matchers.items():
        value = lookup(values, name)
        if not matches(matcher, value, values):
            return difference(name, matcher, value, values)
    return None


def settle(verdicts: Sequence[tuple[str, Verdict]]) -> list[Verdict]:
    """The verdicts of one point's repetitions, given each one's (outcome, verdict): different outcomes are FLAKY.

    Where all of them differ from what was expected they stay FAIL; where each is one of those expected, as they are.
    """
    outcomes = {outcome for outcome, verdict in verdicts if verdict.tried}
    kinds = {verdict for _, verdict in verdicts if verdict.tried}
    if len(outcomes) <= 1 or kinds <= {Verdict.FAIL} or all(kind.met for kind in kinds):
        return [verdict for _, verdict in verdicts]
    return [Verdict.FLAKY if verdict.tried else verdict for _, verdict in verdicts]
