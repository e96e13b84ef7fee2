"""`elfworlds report`: a run's tables and reports again, from its directory alone."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from elfworlds.cli.options import Color

if TYPE_CHECKING:
    from elfworlds.records import RunDirectory, RunTold

FORMATS = ("table", "json", "csv", "md")


def report(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run directory, or an experiment's name: its latest.")],
    form: Annotated[str, typer.Option("--format", metavar="FORM", help="table, json, csv or md.")] = "table",
    color: Color = "auto",
) -> int:
    """Tell of a run that was; json and csv hold one row a trial."""
    from elfworlds.cli.console import Screen
    from elfworlds.cli.execute import show
    from elfworlds.errors import Exit, InputError
    from elfworlds.records import told
    from elfworlds.report.summary import failed

    if form not in FORMATS:
        raise InputError(f"--format is {', '.join(FORMATS)}, not `{form}`")
    directory = find(run)
    found = told(directory)
    if form == "table":
        screen = Screen.of(color, quiet=False, environment=os.environ)
        screen.say(f"{found.name}: {found.question}")
        show(directory, found, screen)
    else:
        typer.echo(text(found, form), nl=False)
    return Exit.EXPECTATION_FAILED if failed(found.trials) else Exit.AS_EXPECTED


def find(run: str) -> RunDirectory:
    """The directory that a word names."""
    from elfworlds.errors import InputError
    from elfworlds.records import RunDirectory
    from elfworlds.sources import Project

    results = Project.of(Path("x.yaml"), Path.cwd()).root / "results"
    for path in (Path(run), results / run / "latest"):
        if (path / "run.json").is_file():
            return RunDirectory(path)
    known = sorted(path.parent.name for path in results.glob("*/latest"))
    hint = f"experiments with runs: {', '.join(known)}" if known else "no experiment has been run here"
    raise InputError(f"no run `{run}`", hint=hint)


def text(found: RunTold, form: str) -> str:
    """The report in one of the forms."""
    if form == "md":
        from elfworlds.report.markdown import markdown

        return markdown(found)
    from elfworlds.tables import as_csv, as_json, trials_frame

    frame = trials_frame(found.name, list(found.axes), found.trials)
    return as_csv(frame) if form == "csv" else as_json(frame)
