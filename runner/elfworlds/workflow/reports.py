"""A run directory → its tables, pictures and report.md, and what a person is shown of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from elfworlds import elf
from elfworlds.report import flips, loading, summary, text
from elfworlds.report.markdown import markdown
from elfworlds.report.pictures import heat
from elfworlds.report.pictures.heatmap import heat_map
from elfworlds.workflow.results import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from elfworlds.elf import Symbol
    from elfworlds.records import ObjectRecord, RunDirectory, RunRecord
    from elfworlds.workflow.screen import Screen

STDERR_BYTES = 4096  # the end of a failed trial's standard error that is shown


def write_reports(directory: RunDirectory, run: RunRecord, *, tables: bool) -> None:
    """Write every table as CSV and Parquet, every picture, and report.md; without `tables` no table."""
    if tables:
        from elfworlds.tables import as_csv, as_parquet, frames

        for name, frame in frames(run, symbols_of(run.objects)).items():
            directory.write(f"tables/{name}.csv", as_csv(frame))
            directory.write(f"tables/{name}.parquet", as_parquet(frame))
    for drawn in loading.seen(run):
        directory.write(drawn.file, drawn.picture)
    names = heat.outcomes(run)
    for map_ in heat.heats(run):
        directory.write(map_.file, heat_map(map_, names))
    directory.write("report.md", markdown(run))


def symbols_of(objects: Sequence[ObjectRecord]) -> list[tuple[ObjectRecord, Symbol]]:
    """The dynamic symbols of every object that is still where it was."""
    paths = {built.key: Path(built.path) for built in objects}
    tables = {key: elf.symbols(path) for key, path in paths.items() if path.exists()}
    return [
        (built, symbol)
        for built in {(built.object, built.key): built for built in objects}.values()
        for symbol in tables.get(built.key, ())
    ]


def show(directory: RunDirectory, run: RunRecord, screen: Screen) -> None:
    """Tell a person what a run saw: the pivot, changes of outcomes, claims, and whatever needs attention."""
    axes, trials = run.axes, run.trials
    screen.say(summary.counts(trials), "")
    screen.show_pivot(summary.pivot(axes, trials))
    screen.say(*_after_a_blank(flips.flip_lines(run)))
    screen.say(*_after_a_blank(text.claim_lines(axes, trials)))
    inherited = run.environment.inherited
    screen.tell(_after_a_blank([f"trials inherit from this session: {what}" for what in inherited]))
    screen.tell(_after_a_blank([*text.defect_lines(trials), *text.unsupported_lines(trials)]))
    unexpected = loading.disagreement(run.traces)
    screen.tell(_after_a_blank([unexpected] if unexpected else []))
    bad = [trial.trial for trial in trials if trial.verdict.bad]
    stderr = {trial: _stderr(directory, trial) for trial in bad[: text.MAX_FAILURES]}
    screen.tell(_after_a_blank(list(text.failure_lines(trials, axes, shown(directory.path), stderr))))


def lost_objects(directory: RunDirectory) -> list[str]:
    """What a person should know of the objects of a run from before: that they may go, or are gone."""
    from elfworlds.backends.nix.holding import lost

    why = lost(directory.path)
    return ["", f"note: {why}"] if why else []


def _after_a_blank(lines: Sequence[str]) -> list[str]:
    return ["", *lines] if lines else []


def _stderr(directory: RunDirectory, trial: str) -> str:
    path = directory.path / "trials" / trial / "stderr"
    return path.read_bytes()[-STDERR_BYTES:].decode("utf-8", "replace") if path.exists() else ""
