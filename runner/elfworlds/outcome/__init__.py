"""Events and values → tried or not; the name of what happened, a verdict, and what became of each claim."""

from elfworlds.outcome.judge import MET, ClaimJudged, ClaimVerdict, Judgement, judge, settle
from elfworlds.outcome.match import difference, holds, matches
from elfworlds.outcome.observed import lookup, told
from elfworlds.outcome.result import (
    UNRESOLVED,
    UNSUPPORTED,
    UNTRIED,
    Result,
    Tried,
    Untried,
    admit,
    could_not_execute,
    unresolved,
    unsupported,
)

__all__ = [
    "MET",
    "UNRESOLVED",
    "UNSUPPORTED",
    "UNTRIED",
    "ClaimJudged",
    "ClaimVerdict",
    "Judgement",
    "Result",
    "Tried",
    "Untried",
    "admit",
    "could_not_execute",
    "difference",
    "holds",
    "judge",
    "lookup",
    "matches",
    "settle",
    "told",
    "unresolved",
    "unsupported",
]
