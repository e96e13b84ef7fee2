"""What advice means for a program that opens the library; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from elfworlds.advice.loading import UNDEFINED
from elfworlds.advice.types import KEYS
from elfworlds.records import COPIES, GONE, LOADS, ForetoldRecord

if TYPE_CHECKING:
    from collections.abc import Iterator

    from elfworlds.advice.types import Advice
    from elfworlds.driver import Opens


def foretold(opens: Opens, name: str, advice: Advice) -> Iterator[ForetoldRecord]:
    """Each answer that advice has; none where it has nothing to say.

    Args:
        opens: what the program does with the library.
        name: what the library is called.
        advice: on it, opened that way.
    """
    forecast = advice.forecast

    def record(question: str, event: str, answer: str, why: str) -> ForetoldRecord:
        return ForetoldRecord(question, event, name, opens.way, answer, why)

    if not opens.now and any(why.startswith(UNDEFINED) for why in forecast.refusals):
        return  # a function may stay undefined until it is called
    yield record(LOADS, opens.event, _yes(told=forecast.loads), next(iter(forecast.refusals), ""))
    if opens.closed and forecast.loads and (opens.now or forecast.gone):
        yield record(GONE, opens.closed, _yes(told=forecast.gone), forecast.kept_by or "")
    if opens.copies and forecast.limit != KEYS:
        yield record(COPIES, opens.copies, str(forecast.copies), forecast.limit)


def _yes(*, told: bool) -> str:
    return "yes" if told else "no"
