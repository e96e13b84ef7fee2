"""Events and values → the name of what happened, a verdict, and what became of each claim."""

from elfworlds.outcome.judge import ClaimJudged, Judgement, judge, settle
from elfworlds.outcome.match import difference, holds, matches

__all__ = ["ClaimJudged", "Judgement", "difference", "holds", "judge", "matches", "settle"]
