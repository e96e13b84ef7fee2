"""The files of one run.

    run.json           experiment, question, source, axes; digests of plan and environment
    experiment.yaml    the experiment as it was
    plan.json  environment.json  objects.jsonl
    trials.jsonl       one line a trial, appended as it ends; events.jsonl likewise
    traces.jsonl       one line a scenario and point: what the loader did there, in a trial of its own
    trials/<trial>/    cmd.sh; stdout and stderr where something was written; cwd/, where it ran; etc/, its own cache;
                       driver.c, what its steps became; observed/, what its observer wrote
    files/<number>/    what trials/<trial> leads to, where the experiment says what lies in cwd/
    tables/  pictures/  report.md
    seal.json          what shows that lines and files are as they were written
    complete           there when all of this is
    lock               held (flock(2)) by whoever runs it
    nix-objects        a link to what keeps its objects in the Nix store, where Nix made them

Everything but the three appended files is written whole: a temporary sibling, then `os.replace`.
"""

from __future__ import annotations

import os
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import compress
from typing import TYPE_CHECKING

from elfworlds import atomic, reclaim
from elfworlds.outcome import Verdict
from elfworlds.planning.document import as_document, as_text
from elfworlds.records import forms, kept, seal
from elfworlds.records.journal import Journal, gone
from elfworlds.records.lines import check_count, placed, read_lines, read_object, was_cut, whole_lines
from elfworlds.records.past import Past
from elfworlds.records.rows import event_records, object_records, trial_record
from elfworlds.records.seal import COMPLETE, sealed_lines, without
from elfworlds.records.seal import FILE as SEAL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from elfworlds.backends import Build
    from elfworlds.jsondata import Json, JsonObject
    from elfworlds.planning import Plan, Trial
    from elfworlds.records.forms import Record
    from elfworlds.records.lines import Axes, Made
    from elfworlds.records.seal import Seal
    from elfworlds.records.types import (
        EnvironmentRecord,
        EventRecord,
        ObjectRecord,
        RunAbout,
        TraceRecord,
        TrialRecord,
    )
    from elfworlds.trials.observe import Observation

TRIALS = "trials.jsonl"
EVENTS = "events.jsonl"
TRACES = "traces.jsonl"
OBJECTS = "objects.jsonl"
APPENDED = (TRIALS, EVENTS, TRACES)
NUMBERED = "files"


@dataclass(frozen=True, slots=True)
class RunDirectory:
    """The directory results/<experiment>/<UTC time>-<plan digest>/ of one run."""

    path: Path
    journal: Journal = field(default_factory=Journal, compare=False, repr=False)

    def write(self, name: str, data: str | bytes, *, synced: bool = True) -> Path:
        """A file of the run, whole or not at all; `synced` as for `atomic.write`."""
        target = self.path / name
        atomic.write(target, data, synced=synced)
        return target

    def write_json(self, name: str, data: JsonObject | RunAbout) -> None:
        self.write(name, forms.page(data))

    def write_records(self, name: str, records: Iterable[Record]) -> None:
        self.write(name, sealed_lines(self.seal(), name, map(forms.line, records)))

    def begin(self, plan: Plan, build: Build, about: RunAbout, environment: JsonObject, text: str) -> None:
        """All that is known before the first trial: `about` is run.json, `text` the experiment's own."""
        (self.path / "trials").mkdir(exist_ok=True)
        once = {
            "experiment.yaml": text,
            "plan.json": as_text(as_document(plan)),
            "environment.json": forms.page(environment),
            "run.json": forms.page(about),
        }
        for name, data in once.items():
            self.write(name, data)
        self.write(SEAL, seal.new(once).text)
        self.write_objects(plan, build)
        atomic.sync(self.path)

    def write_objects(self, plan: Plan, build: Build) -> None:
        """The objects that there are; a run that goes on may have more than before."""
        self.write_records(OBJECTS, object_records(plan, build))

    def trial_directory(self, trial: Trial) -> Path:
        return self.path / "trials" / trial.id

    def working_directory(self, trial: Trial) -> Path:
        """Where a trial runs: a directory of its own, empty.

        One with files has a name that can stand in LD_LIBRARY_PATH: its number. A trial's own may hold a colon.

        Raises:
            OSError: there cannot be one; an earlier attempt may have left what cannot be removed.
        """
        path = self._cleared(trial)
        if trial.bound.files:
            numbered = self._numbered(trial)
            numbered.mkdir(parents=True)
            path.symlink_to(_link_to(trial))
            path = numbered
        else:
            os.mkdir(path)  # noqa: PTH102  # as _put
        os.mkdir(f"{path}/cwd")  # noqa: PTH102  # as _put
        return path / "cwd"

    def _numbered(self, trial: Trial) -> Path:
        return self.path / NUMBERED / str(trial.number)

    def _cleared(self, trial: Trial) -> Path:
        """Where a trial's directory will be, with nothing left of an earlier attempt, whatever a trial did to it."""
        path = self.trial_directory(trial)
        if os.path.lexists(path) or not os.access(path.parent, os.W_OK | os.X_OK):
            self._reclaim_trials()
            reclaim.remove(path)
        if trial.bound.files:
            reclaim.remove(self._numbered(trial))
        return path

    def append(self, observation: Observation) -> TrialRecord:
        """Keep a trial's streams and its command, then its line; return what the line holds."""
        files = kept.files(observation)
        written = kept.put(str(self._still_there(observation.trial)), files) if files else {}
        events = list(map(forms.line, event_records(observation)))
        record = replace(trial_record(observation), events=len(events), written=written)
        self.journal.append(self.path / EVENTS, events)
        self.journal.append(self.path / TRIALS, [forms.line(record)])
        return record

    def append_trace(self, trace: TraceRecord) -> None:
        """Keep what the loader did at a scenario and point."""
        self.journal.append(self.path / TRACES, [forms.line(trace)])

    def _still_there(self, trial: Trial) -> Path:
        """A trial's directory, whatever the trial did to it; a link that the trial made there is not followed."""
        path = self.trial_directory(trial)
        foreign = path.is_symlink() and str(path.readlink()) != _link_to(trial)
        if foreign or not os.access(path, os.W_OK | os.X_OK):
            self._reclaim_trials()
            reclaim.make(path)
        return path

    def _reclaim_trials(self) -> None:
        if not self.path.is_dir():
            raise gone(self.path)
        reclaim.make(self.path / "trials")

    def trials(self, axes: Axes | None = None) -> list[TrialRecord]:
        """The records so far, in the order of the plan.

        Args:
            axes: those of the run, on which every trial has a label; not looked at where they are None.

        Raises:
            InputError: a line is damaged, or of another run.
        """
        return sorted(self._trials(axes), key=lambda trial: trial.number)

    def _trials(self, axes: Axes | None) -> list[TrialRecord]:
        return self._read(TRIALS, placed(forms.TRIAL.read, axes))

    def events(self) -> list[EventRecord]:
        return self._read(EVENTS, forms.event)

    def traces(self, axes: Axes | None = None) -> list[TraceRecord]:
        """What the loader did, in the order in which it was seen; arguments and errors as for `trials`."""
        return self._read(TRACES, placed(forms.TRACE.read, axes))

    def objects(self) -> list[ObjectRecord]:
        return self._read(OBJECTS, forms.OBJECT.read)

    def _read(self, name: str, read: Callable[[Json], Made]) -> list[Made]:
        return read_lines(self.path / name, read, self.seal())

    def environment(self) -> EnvironmentRecord:
        return read_object(self.path / "environment.json", forms.ENVIRONMENT.read)

    def about(self) -> RunAbout:
        return read_object(self.path / "run.json", forms.ABOUT.read)

    def complete(self) -> bool:
        return (self.path / COMPLETE).exists()

    def seal(self) -> Seal | None:
        """What the run's lines are sealed with; None for a run of an earlier version."""
        return seal.read(self.path)

    def check(self) -> None:
        """Whether the files that are written once are what was written, and a complete run has all of its lines.

        Raises:
            InputError: they are not, or it has not.
        """
        own = self.seal()
        if own is None:
            return
        for name in own.files:
            own.check_file(self.path, name)
        if self.complete():
            for name, lines in own.lines_of(self.path).items():
                check_count(self.path / name, lines)

    def remarks(self) -> list[str]:
        """What whoever reads the run should know of its files: what does not count, and what nobody can check."""
        cut = [name for name in APPENDED if was_cut(self.path / name)]
        unsealed = ["the run is not sealed: an earlier version wrote it, and changed lines would not be noticed"]
        return [
            *(f"{self.path / name}: its last line was cut short and does not count" for name in cut),
            *(unsealed if self.seal() is None else []),
        ]

    def kept(self, trial: TrialRecord, name: str) -> bytes:
        """What a trial left in a file of its directory; errors as for `kept.content`."""
        return kept.content(self.path / "trials" / trial.trial, trial, name)

    def finish(self) -> None:
        """From now on the run is never continued; all that it wrote is on the disk."""
        own = self.seal()
        counts = {name: len(whole_lines(self.path / name)) for name in (OBJECTS, *APPENDED)}
        atomic.sync_all(self.path)
        self.write(COMPLETE, own.closing(counts) if own else b"")
        atomic.sync(self.path)

    def forget_in_flight(self) -> Past:
        """Make a run that is not complete one that can go on: what was in flight or UNRESOLVED is tried again.

        Raises:
            InputError: a line is damaged; then nothing was changed.
        """
        trials, events, traces = self._trials(None), self.events(), self.traces()
        tried = [trial for trial in trials if trial.verdict is not Verdict.UNRESOLVED]
        told = Counter(event.trial for event in events)
        done = frozenset(trial.trial for trial in tried if self._is_whole(trial, told[trial.trial]))
        cut = any(was_cut(self.path / name) for name in (TRIALS, TRACES))
        self._keep_lines(TRIALS, (trial.trial in done for trial in trials))
        self._keep_lines(EVENTS, (event.trial in done for event in events))
        if (self.path / TRACES).exists():
            self._keep_lines(TRACES, (True for _ in traces))
        atomic.sync(self.path)
        untried = {trial.trial for trial in trials if trial.verdict is Verdict.UNRESOLVED}
        begun = [path for path in (self.path / "trials").iterdir() if path.name not in done]
        for directory in begun:
            self._try_to_remove(directory)
        in_flight = sum(path.name not in untried for path in begun)
        return Past(done, len(untried), in_flight, cut)

    def _is_whole(self, trial: TrialRecord, events: int) -> bool:
        """Whether all of a trial is there: a power cut may take its files and events, and leave its line."""
        if trial.events is not None and trial.events != events:
            return False
        return kept.damaged(self.path / "trials" / trial.trial, trial) is None

    def _try_to_remove(self, directory: Path) -> None:
        """What cannot be removed is in the way of that trial alone, which says so when it is tried again."""
        with suppress(OSError):
            reclaim.remove(directory)

    def _keep_lines(self, name: str, which: Iterable[bool]) -> None:
        """Some lines of a file, as they are."""
        lines = compress(map(without, whole_lines(self.path / name)), which)
        self.write(name, sealed_lines(self.seal(), name, lines))

    def point_latest_here(self) -> None:
        """`latest` beside the run becomes a link to it."""
        link = self.path.parent / "latest"
        temporary = self.path.parent / f".latest.{os.getpid()}"
        temporary.unlink(missing_ok=True)
        temporary.symlink_to(self.path.name)
        temporary.replace(link)


def _link_to(trial: Trial) -> str:
    """Where the directory of a trial with files leads."""
    return f"../{NUMBERED}/{trial.number}"
