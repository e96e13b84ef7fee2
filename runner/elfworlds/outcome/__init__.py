"""Events and values → the name of what happened, a verdict, and what became of each claim."""

from elfworlds.outcome.judge import MET, UNTRIED, ClaimJudged, Judgement, judge, settle
from elfworlds.outcome.match import difference, holds, matches
from elfworlds.outcome.observed import lookup, told

__all__ = [
    "MET",
    "UNTRIED",
    "ClaimJudged",
    "Judgement",
    "difference",
    "holds",
    "judge",
    "lookup",
    "matches",
    "settle",
    "told",
]
