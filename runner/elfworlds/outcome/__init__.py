"""Events and values → tried or not; the name of what happened, a verdict, and what became of each claim."""

from elfworlds.outcome.judge import ClaimJudged, Judgement, judge, settle
from elfworlds.outcome.match import difference, holds, matches
from elfworlds.outcome.observed import ABSENT, Counts, Named, event_values, lookup
from elfworlds.outcome.result import (
    LIMIT,
    Result,
    Tried,
    Untried,
    admit,
    could_not_execute,
    unresolved,
    unsupported,
)
from elfworlds.outcome.verdicts import ClaimVerdict, Fails, Sign, Verdict, marked, worst

__all__ = [
    "ABSENT",
    "LIMIT",
    "ClaimJudged",
    "ClaimVerdict",
    "Counts",
    "Fails",
    "Judgement",
    "Named",
    "Result",
    "Sign",
    "Tried",
    "Untried",
    "Verdict",
    "admit",
    "could_not_execute",
    "difference",
    "event_values",
    "holds",
    "judge",
    "lookup",
    "marked",
    "matches",
    "settle",
    "unresolved",
    "unsupported",
    "worst",
]
