"""What came of a trial before anybody judges it: it was tried, and gave values; or it was not, for a reason."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeAlias

from elfworlds.outcome.verdicts import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from elfworlds.jsondata import JsonObject
    from elfworlds.planning.types import Resolved

START = "start"
LIMIT = "limit-reached"


@dataclass(frozen=True, slots=True)
class Tried:
    """The program ran to its end or its timeout, under a sign of our own: only this can be judged.

    Attributes:
        values: what was observed, by the names that matchers use.
        exec_error: the name of execve's error where the program could not be executed. It is the value
            `start.errno` too, and an outcome that names that can be judged.
        limit: in words, the limit that it reached; an outcome that names the value `limit-reached` can be judged.
    """

    values: JsonObject
    exec_error: str = ""
    limit: str = ""

    def with_values(self, values: JsonObject) -> Tried:
        return replace(self, values={**self.values, **values})


@dataclass(frozen=True, slots=True)
class Untried:
    """A trial that says nothing of the question.

    Attributes:
        verdict: UNSUPPORTED where it was known beforehand that this machine lacks something, UNRESOLVED where the
            trial should have run and did not.
        reasons: in words.
        values: what was observed all the same.
    """

    verdict: Verdict
    reasons: tuple[str, ...]
    values: JsonObject = field(default_factory=dict)


Result: TypeAlias = Tried | Untried


def unresolved(*reasons: str) -> Untried:
    return Untried(Verdict.UNRESOLVED, reasons)


def unsupported(*reasons: str) -> Untried:
    return Untried(Verdict.UNSUPPORTED, reasons)


def could_not_execute(name: str, values: JsonObject) -> Tried:
    """All that can be judged of a program that execve(2) refused is the name of its error: `ENOENT`."""
    return Tried({**values, START: {"errno": name}}, name)


def admit(result: Result, outcomes: Mapping[str, Mapping[str, Resolved]], program: str) -> Result:
    """The result as it may be judged.

    Where the program could not be executed, or reached a limit, only if an outcome names that.
    """
    if isinstance(result, Untried):
        return result
    if result.limit and not any(_names(LIMIT, matchers) for matchers in outcomes.values()):
        return Untried(Verdict.UNRESOLVED, (result.limit,), result.values)
    if not result.exec_error or any(map(names_the_start, outcomes.values())):
        return result
    words = os.strerror(getattr(errno, result.exec_error, 0))
    return Untried(
        Verdict.UNRESOLVED, (f"{program} could not be executed: {words} ({result.exec_error})",), result.values
    )


def names_the_start(matchers: Mapping[str, Resolved]) -> bool:
    """Whether an outcome speaks of how the program was started."""
    return _names(START, matchers)


def _names(value: str, matchers: Mapping[str, Resolved]) -> bool:
    return any(name.partition(".")[0] == value for name in matchers)
