"""What can be said of a trial against what was expected, and of a claim; with all that each word means.

A verdict is its word, so that files and tables hold it as it is. Whoever asks what a verdict means asks it: which
verdicts fail a run, are bad news, or have which colour stands here and nowhere else.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from enum import Enum, StrEnum, auto
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping


class Fails(Enum):
    """When a verdict fails a run: exit code 1."""

    NEVER = auto()
    WHERE_EXPECTED = auto()
    ALWAYS = auto()


class Sign(Enum):
    """How a picture marks a place."""

    NONE = auto()
    CROSS = auto()
    WAVE = auto()
    HATCHED = auto()
    DASHED = auto()


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a verdict means.

    Attributes:
        words: the same for people.
        style: its colour in a terminal, as rich has it.
        tried: whether the trial says anything of the question.
        met: whether what was expected happened.
        bad: whether it is listed among what is not as expected.
        rank: of several at one place the highest one is shown; above 0 it stands beside the outcome.
        fails: when it fails a run.
        sign: how a picture marks it.
    """

    words: str
    _: KW_ONLY
    style: str
    tried: bool = True
    met: bool = False
    bad: bool = False
    rank: int = 0
    fails: Fails = Fails.NEVER
    sign: Sign = Sign.NONE


class Verdict(StrEnum):
    """What became of a trial, in the order in which reports count them."""

    PASS = "PASS"  # noqa: S105  # no password
    XFAIL = "XFAIL"
    FAIL = "FAIL"
    FLAKY = "FLAKY"
    NEW = "NEW"
    UNSUPPORTED = "UNSUPPORTED"
    UNRESOLVED = "UNRESOLVED"

    @property
    def meaning(self) -> Meaning:
        """Its row in the table."""
        return MEANINGS[self]

    @property
    def tried(self) -> bool:
        return MEANINGS[self].tried

    @property
    def met(self) -> bool:
        return MEANINGS[self].met

    @property
    def bad(self) -> bool:
        return MEANINGS[self].bad

    @property
    def shown(self) -> bool:
        """Whether it stands beside the outcome."""
        return MEANINGS[self].rank > 0

    def fails(self, expected: str | None) -> bool:
        """Whether it fails the run; `expected` is None where nothing was."""
        when = MEANINGS[self].fails
        return when is Fails.ALWAYS or (when is Fails.WHERE_EXPECTED and expected is not None)


MEANINGS: Mapping[Verdict, Meaning] = {
    Verdict.PASS: Meaning("as expected", style="green", met=True),
    Verdict.XFAIL: Meaning("as expected, and a known defect", style="green", met=True, rank=1),
    Verdict.FAIL: Meaning("not as expected", style="bold red", bad=True, rank=2, fails=Fails.ALWAYS, sign=Sign.CROSS),
    Verdict.FLAKY: Meaning(
        "repetitions differ", style="yellow", bad=True, rank=3, fails=Fails.WHERE_EXPECTED, sign=Sign.WAVE
    ),
    Verdict.NEW: Meaning("nothing was expected", style="cyan"),
    Verdict.UNSUPPORTED: Meaning("cannot be tried there", style="dim", tried=False, sign=Sign.HATCHED),
    Verdict.UNRESOLVED: Meaning(
        "could not be tried: something before it failed",
        style="magenta",
        tried=False,
        bad=True,
        rank=4,
        fails=Fails.ALWAYS,
        sign=Sign.DASHED,
    ),
}


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The one that is shown of several, of which there is at least one."""
    return max(verdicts, key=lambda verdict: verdict.meaning.rank)


def marked(verdicts: Collection[Verdict], *, tried: bool) -> Verdict | None:
    """The one that a picture marks a place with: where something was tried what is bad, else why nothing was."""
    there = [
        verdict for verdict in Verdict if verdict in verdicts and verdict.tried == tried and (verdict.bad or not tried)
    ]
    return min(there, key=lambda verdict: not verdict.bad, default=None)


class ClaimVerdict(StrEnum):
    """What became of a claim; undecided where it was not tried, or time was up and no outcome names that."""

    REPRODUCED = "reproduced"
    REFUTED = "refuted"
    UNDECIDED = "undecided"

    @property
    def holds(self) -> bool | None:
        """The same as yes or no; None where neither."""
        return HOLDS[self]

    @property
    def answer(self) -> str:
        """The same as a gathering's file has it: `yes`, `no`, or its own word."""
        return {True: "yes", False: "no", None: str(self)}[self.holds]


HOLDS: Mapping[ClaimVerdict, bool | None] = {
    ClaimVerdict.REPRODUCED: True,
    ClaimVerdict.REFUTED: False,
    ClaimVerdict.UNDECIDED: None,
}
