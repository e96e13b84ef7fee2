"""A run directory → its tables, pictures, report.html and report.md, and what a person is shown of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from elfworlds import elf
from elfworlds.report import failing, flips, foretold, loading, machines, summary, text
from elfworlds.report.markdown import markdown
from elfworlds.report.pictures import heat
from elfworlds.report.pictures.heatmap import heat_map
from elfworlds.workflow.results import shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from elfworlds.elf import Symbol
    from elfworlds.outcome_changes import Flips
    from elfworlds.records import ObjectRecord, RunDirectory, RunRecord, TrialRecord
    from elfworlds.report.loading import Seen
    from elfworlds.tables import DataFrame
    from elfworlds.workflow.screen import Screen

END_BYTES = 4096  # the end of what a failed trial wrote that is shown
MOST_OF_A_STREAM, MOST_OF_A_PROGRAM = 8192, 65536  # characters that a page has
MOST_CELLS = 2000  # of outcomes on a terminal
MOST_WRITTEN = 40_000_000  # characters, before each text is taken once and all are compressed


def write_reports(directory: RunDirectory, run: RunRecord, run_flips: Flips, *, tables: bool) -> None:
    """Every table as CSV and Parquet, report.html, the pictures and report.md; without `tables` the last two only.

    They can be made again of the records, so nothing waits until they are on the disk.
    """
    seen = loading.seen(run)
    if tables:
        from elfworlds.tables import as_csv, as_parquet, frames

        made = frames(run, symbols_of(run.objects), run_flips.changes)
        for name, frame in made.items():
            directory.write(f"tables/{name}.csv", as_csv(frame), synced=False)
            directory.write(f"tables/{name}.parquet", as_parquet(frame), synced=False)
        directory.write("report.html", _page(directory, run, made, seen, run_flips), synced=False)
    for drawn in seen:
        directory.write(drawn.file, drawn.picture, synced=False)
    names = heat.outcomes(run)
    for map_ in heat.heats(run, run_flips):
        directory.write(map_.file, heat_map(map_, names), synced=False)
    directory.write("report.md", _md(directory, run, seen, run_flips), synced=False)


def md(directory: RunDirectory, run: RunRecord) -> str:
    """The run as Markdown."""
    return _md(directory, run, loading.seen(run), flips.of(run))


def _md(directory: RunDirectory, run: RunRecord, seen: Sequence[Seen], run_flips: Flips) -> str:
    return markdown(run, ends_of_failures(directory, run.trials), seen, run_flips)


def ends_of_failures(directory: RunDirectory, trials: Sequence[TrialRecord]) -> dict[str, dict[str, str]]:
    """The ends of what the first few failed trials wrote: trial → `stdout` and `stderr` → text."""
    bad = [alike.trial for alike in failing.failed(trials)[: text.MAX_FAILURES]]
    return {
        trial.trial: {name: end for name in ("stdout", "stderr") if (end := _end_of(directory, trial, name))}
        for trial in bad
    }


def html(directory: RunDirectory, run: RunRecord) -> str:
    """The run as one page."""
    from elfworlds.tables import frames

    run_flips = flips.of(run)
    made = frames(run, symbols_of(run.objects), run_flips.changes)
    return _page(directory, run, made, loading.seen(run), run_flips)


def _page(
    directory: RunDirectory, run: RunRecord, made: Mapping[str, DataFrame], seen: Sequence[Seen], run_flips: Flips
) -> str:
    from elfworlds.report.page import page
    from elfworlds.tables import as_columns

    columns = {name: as_columns(frame) for name, frame in made.items()}
    return page(run, columns, written(directory, run.trials), seen, run_flips)


def written(directory: RunDirectory, trials: Sequence[TrialRecord]) -> dict[str, dict[str, str]]:
    """The start of what trials wrote, and the program that a scenario's steps became, by trial.

    Trials of one scenario and point have one program, so it is read once. When `MOST_WRITTEN` characters are read, the
    rest is left out: first the repetitions of what was as expected.
    """
    found: dict[str, dict[str, str]] = {}
    programs: dict[tuple[str, tuple[tuple[str, str], ...]], str] = {}
    room = MOST_WRITTEN
    for trial in sorted(trials, key=lambda trial: (not trial.verdict.bad, trial.repeat)):
        where = trial.scenario, tuple(trial.point.items())
        if where not in programs:
            programs[where] = _start_of(directory, trial, "driver.c", MOST_OF_A_PROGRAM)
        sizes = {"stdout": trial.stdout_bytes, "stderr": trial.stderr_bytes}
        streams = [name for name, size in sizes.items() if size and room > 0]
        files = {name: _start_of(directory, trial, name, MOST_OF_A_STREAM) for name in streams}
        files |= {"driver.c": programs[where]}
        room -= sum(map(len, files.values()))
        found[trial.trial] = {name: text for name, text in files.items() if text}
    return {trial: files for trial, files in found.items() if files}


def _start_of(directory: RunDirectory, trial: TrialRecord, name: str, most: int) -> str:
    """The first `most` characters of what a trial left, as text; empty where it left none."""
    return text.cut(directory.kept(trial, name).decode("utf-8", "replace"), most)


def symbols_of(objects: Sequence[ObjectRecord]) -> list[tuple[ObjectRecord, Symbol]]:
    """The dynamic symbols of every object that is still where it was."""
    paths = {built.key: Path(built.path) for built in objects}
    tables = {key: elf.symbols(path) for key, path in paths.items() if path.exists()}
    return [
        (built, symbol)
        for built in {(built.object, built.key): built for built in objects}.values()
        for symbol in tables.get(built.key, ())
    ]


def show(directory: RunDirectory, run: RunRecord, run_flips: Flips, screen: Screen) -> None:
    """Tell a person what a run saw: the pivot, changes of outcomes, claims, and whatever needs attention."""
    axes, trials = run.axes, run.trials
    screen.say(summary.counts(trials), "")
    pivot, more = summary.beginning(summary.pivot(axes, trials), MOST_CELLS)
    screen.show_pivot(pivot)
    screen.say(*_after_a_blank([f"… and {more} more rows; tables/trials.csv has them all"] if more else []))
    where = machines.rows(trials)
    screen.say(*_after_a_blank(text.grid([machines.HEAD, *where], indent="") if where else []))
    screen.tell(_after_a_blank(machines.remark(trials, marked=pivot.mixed)))
    screen.say(*_after_a_blank(flips.flip_lines(run_flips)))
    screen.say(*_after_a_blank(text.claim_lines(axes, trials)))
    inherited = run.environment.inherited
    screen.tell(_after_a_blank([f"trials inherit from this session: {what}" for what in inherited]))
    screen.tell(_after_a_blank([*text.defect_lines(trials), *text.unsupported_lines(trials)]))
    unexpected = (
        loading.disagreement(run.traces),
        loading.disagreement_of_bindings(run.traces),
        foretold.disagreement(run),
    )
    screen.tell(_after_a_blank([line for line in unexpected if line]))
    wrote = ends_of_failures(directory, trials)
    screen.tell(_after_a_blank(list(text.failure_lines(trials, axes, shown(directory.path), wrote))))


def lost_objects(directory: RunDirectory) -> list[str]:
    """What a person should know of the objects of a run from before: that they may go, or are gone."""
    from elfworlds.backends.nix.holding import lost

    why = lost(directory.path)
    return ["", f"note: {why}"] if why else []


def _after_a_blank(lines: Sequence[str]) -> list[str]:
    return ["", *lines] if lines else []


def _end_of(directory: RunDirectory, trial: TrialRecord, name: str) -> str:
    return directory.kept(trial, name)[-END_BYTES:].decode("utf-8", "replace")
