"""`run --json`: what happens, one JSON object a line, for programs that follow a run."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from elfworlds.cli.echo import write
from elfworlds.records import forms
from elfworlds.workflow.screen import RunBegun, RunEnded, Silent, TrialEnded

if TYPE_CHECKING:
    from collections.abc import Iterable

    from elfworlds.jsondata import JsonObject

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Lines(Silent):
    """A screen whose lines are events: `run-begun`, `trial-ended`, `message`, `run-ended`; docs/run-directory.md.

    What is only of interest to people is left out.
    """

    def tell(self, lines: Iterable[str]) -> None:
        for line in lines:
            if line:
                _write("message", {"text": line})

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


def _write(event: str, data: JsonObject) -> None:
    write(json.dumps({"schema": SCHEMA, "event": event, **data}) + "\n")
