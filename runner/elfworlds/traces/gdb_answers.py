"""One stop of a program under gdb, and what gdb answered there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from elfworlds.traces.mi import MiValue

STATES = {
    "breakpoint-hit": "breakpoint",
    "signal-received": "signal",
    "exited-normally": "exited",
    "exited-signalled": "exited",
}


@dataclass(frozen=True, slots=True)
class GdbAnswer:
    """What one question yielded: MI's results, the text that gdb printed meanwhile, and gdb's error, if any."""

    results: Mapping[str, MiValue]
    text: str
    error: str = ""


@dataclass(slots=True)
class Stop:
    """One stop as it is read.

    Attributes:
        reported: what gdb said of the stop itself.
        pid: the program's, None where gdb did not say.
        number: which block of questions was answered here, from 0.
        answers: (kind, name) → what came.
    """

    reported: Mapping[str, MiValue]
    pid: int | None
    number: int | None = None
    answers: dict[tuple[str, str], GdbAnswer] = field(default_factory=dict)

    @property
    def state(self) -> str:
        """How it stopped: `attached` where gdb gives no reason or the signal `0`, which it does after it attached."""
        reason = text_of(self.reported.get("reason")) or "attached"
        return "attached" if self.reported.get("signal-name") == "0" else STATES.get(reason, reason)

    @property
    def signal(self) -> str | None:
        name = text_of(self.reported.get("signal-name"))
        return None if name == "0" else name

    @property
    def exit(self) -> int | None:
        """The exit code, which MI writes in octal; None where the program did not exit here."""
        if self.reported.get("reason") == "exited-normally":
            return 0
        return number_of(self.reported.get("exit-code"), 8) if self.state == "exited" else None

    def results(self, kind: str, name: str = "") -> Mapping[str, MiValue]:
        answer = self.answers.get((kind, name))
        return answer.results if answer else {}

    def answered(self, kind: str) -> list[tuple[str, GdbAnswer]]:
        """Name and answer of each question of a kind that gdb could answer."""
        return [(name, answer) for (asked, name), answer in self.answers.items() if asked == kind and not answer.error]

    def printed(self, kind: str, name: str = "") -> str | None:
        answer = self.answers.get((kind, name))
        return answer.text if answer and not answer.error else None


def text_of(data: MiValue | None) -> str | None:
    return data if isinstance(data, str) else None


def number_of(data: MiValue | None, base: int) -> int | None:
    try:
        return int(data[:32], base) if isinstance(data, str) else None
    except ValueError:
        return None
