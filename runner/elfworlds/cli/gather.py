"""`elfworlds gather`: several runs as one directory of tables."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from elfworlds import paths
from elfworlds.cli.echo import echo, remark


def gather(
    runs: Annotated[list[str], typer.Argument(metavar="RUN…", help="Run directories, or experiments' names.")],
    output: Annotated[
        Path, typer.Option("-o", "--output", parser=paths.word, metavar="DIR", help="Where the tables go.")
    ],
) -> int:
    """Put several runs into one set of tables: outcomes, claims, versions; as CSV, Markdown and LaTeX."""
    from elfworlds import atomic
    from elfworlds.errors import Exit, InputError
    from elfworlds.gather import gathered, remarks, texts
    from elfworlds.records import read_run
    from elfworlds.workflow.results import find

    directories = [find(run) for run in runs]
    records = sorted(map(read_run, directories), key=lambda record: record.name)
    for directory in directories:
        remark(directory)
    for record in records:
        if len(record.trials) < record.planned:
            hint = f"{record.rerun} goes on where it was"
            raise InputError(
                f"the run of {record.name} was interrupted: {len(record.trials)} of {record.planned} trials", hint=hint
            )
    rows = gathered(records)
    for sentence in remarks(records):
        echo(f"note: {sentence}", err=True)
    place = paths.directory(output, "-o names a directory, there or not")
    for name, text in texts(rows, records).items():
        atomic.write(place / name, text)
    echo(f"{len(records)} runs: {len(rows.cells)} outcomes and {len(rows.claims)} claims in {output}")
    return Exit.AS_EXPECTED
