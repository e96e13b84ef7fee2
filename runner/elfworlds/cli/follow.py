"""`run --json`: what happens, one JSON object a line, for programs that follow a run."""

from __future__ import annotations

import json
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from elfworlds.cli.echo import write
from elfworlds.records import forms
from elfworlds.workflow.screen import RunBegun, RunEnded, TrialEnded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from contextlib import AbstractContextManager

    from elfworlds.jsondata import JsonObject
    from elfworlds.report.summary import Pivot

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Lines:
    """A screen whose lines are events: `run-begun`, `trial-ended`, `message`, `run-ended`; docs/run-directory.md."""

    def say(self, *lines: str) -> None:
        """What is only of interest to people is left out."""

    def tell(self, lines: Iterable[str]) -> None:
        for line in lines:
            if line:
                _write("message", {"text": line})

    def show_pivot(self, pivot: Pivot) -> None:
        pass

    def happened(self, event: RunBegun | TrialEnded | RunEnded) -> None:
        if isinstance(event, TrialEnded):
            _write("trial-ended", json.loads(forms.line(event.trial)))
        elif isinstance(event, RunBegun):
            names = ("experiment", "question", "directory", "planned", "done", "place", "of")
            _write("run-begun", {name: getattr(event, name) for name in names})
        else:
            verdicts: JsonObject = {str(verdict): count for verdict, count in event.verdicts.items()}
            facts: JsonObject = {"experiment": event.experiment, "directory": event.directory, "ending": event.ending}
            _write("run-ended", {**facts, "verdicts": verdicts, "exit": int(event.code)})

    def working(
        self,
        what: str,  # noqa: ARG002  # a Screen's
        total: int,  # noqa: ARG002
        done: int = 0,  # noqa: ARG002
    ) -> AbstractContextManager[Callable[[], None]]:
        return nullcontext(lambda: None)


def _write(event: str, data: JsonObject) -> None:
    write(json.dumps({"schema": SCHEMA, "event": event, **data}) + "\n")
