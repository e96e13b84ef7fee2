"""What `advise` foretold of the libraries that trials open, beside what was seen; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from elfworlds.records import COPIES, GONE, LOADS
from elfworlds.report.places import where

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from elfworlds.jsondata import Json, JsonObject
    from elfworlds.records import ForetoldRecord, RunRecord, TrialRecord
    from elfworlds.report.places import Point

HEAD = ["scenario", "where", "library", "foretold", "seen", "where it differs, why that was foretold"]
WORDS = {
    (LOADS, "yes"): "loads",
    (LOADS, "no"): "is refused",
    (GONE, "yes"): "gone after dlclose",
    (GONE, "no"): "stays after dlclose",
}
MOST_ROWS, MOST_LIBRARIES = 200, 6
DIED = "the process died"


@dataclass(frozen=True, slots=True)
class Answer:
    """One foretelling at one point, and what the trial showed."""

    scenario: str
    point: Point
    told: ForetoldRecord
    seen: str

    @property
    def differs(self) -> bool:
        return self.told.foretold != self.seen


def answers(run: RunRecord) -> list[Answer]:
    """Each foretelling that its trial answered."""
    return list(_answers(run))


def _answers(run: RunRecord) -> Iterator[Answer]:
    trials = {trace.trial for trace in run.traces if trace.foretold}
    events: dict[tuple[str, str], JsonObject] = {}
    for event in run.events if trials else ():
        if event.trial in trials:
            events.setdefault((event.trial, event.event), event.fields)
    by_name = {trial.trial: trial for trial in run.trials if trial.trial in trials}
    for trace in run.traces:
        for told in trace.foretold:
            seen = _seen(told.question, events.get((trace.trial, told.event)), by_name.get(trace.trial))
            if seen is not None:
                yield Answer(trace.scenario, tuple(trace.point.items()), told, seen)


def _seen(question: str, fields: Mapping[str, Json] | None, trial: TrialRecord | None) -> str | None:
    """The answer of an event; without one the process died on the way, or never came there."""
    if fields is None:
        return DIED if trial is not None and trial.signal else None
    if question == LOADS:
        return "yes" if fields.get("ok") is True else "no"
    if question == GONE:
        return "yes" if fields.get("count") == 0 else "no"
    return str(fields.get("count"))


def rows(run: RunRecord, told: Sequence[Answer]) -> list[list[str]]:
    """A row for the points of a scenario with the same answers, all of the run's; those that differ come first."""
    by_trace: dict[tuple[str, Point], list[Answer]] = {}
    for answer in told:
        by_trace.setdefault((answer.scenario, answer.point), []).append(answer)
    tried: dict[str, list[Point]] = {}
    places: dict[tuple[str, ...], list[Point]] = {}
    libraries: dict[tuple[str, ...], dict[str, None]] = {}
    for (scenario, point), every in by_trace.items():
        tried.setdefault(scenario, []).append(point)
        key = (scenario, *_cells(every))
        places.setdefault(key, []).append(point)
        libraries.setdefault(key, {})[every[0].told.object] = None
    order = {scenario: at for at, scenario in enumerate(tried)}
    keys = sorted(places, key=lambda key: (not key[-1], order[key[0]]))[:MOST_ROWS]
    return [[key[0], where(run.axes, places[key], tried[key[0]]), _some([*libraries[key]]), *key[1:]] for key in keys]


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_LIBRARIES} more" if len(names) > MOST_LIBRARIES else ""
    return ", ".join(names[:MOST_LIBRARIES]) + more


def _cells(every: Sequence[Answer]) -> tuple[str, str, str]:
    """Foretold, seen, and why that was foretold where it differs."""
    why = [answer.told.why or "nothing stands against it" for answer in every if answer.differs]
    foretold = (_words(answer.told.question, answer.told.foretold) for answer in every)
    seen = (_words(answer.told.question, answer.seen) for answer in every)
    return ", ".join(foretold), ", ".join(dict.fromkeys(seen)), "; ".join(why)


def _words(question: str, answer: str) -> str:
    if answer == DIED:
        return DIED
    if question == COPIES:
        return "one copy fits" if answer == "1" else f"{answer} copies fit"
    return WORDS[question, answer]


def table(run: RunRecord, told: Sequence[Answer]) -> tuple[list[str], list[list[str]]]:
    """Head and rows; the last column is there where something differs."""
    every = rows(run, told)
    width = len(HEAD) if any(row[-1] for row in every) else len(HEAD) - 1
    return HEAD[:width], [row[:width] for row in every]


def disagreement(run: RunRecord) -> str | None:
    """A line that counts the answers that differ; None where none does."""
    every = answers(run)
    wrong = sum(answer.differs for answer in every)
    return f"{wrong} of {len(every)} foretellings of advise did not come true: see report.md" if wrong else None


def kept(every: Sequence[Answer]) -> str:
    """How many came true, in words."""
    return f"{sum(not answer.differs for answer in every)} of {len(every)} foretellings of elfworlds advise came true."
