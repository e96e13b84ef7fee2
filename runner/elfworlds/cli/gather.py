"""`elfworlds gather`: several runs as one directory of tables."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from elfworlds import paths


def gather(
    runs: Annotated[list[str], typer.Argument(metavar="RUN…", help="Run directories, or experiments' names.")],
    output: Annotated[
        Path, typer.Option("-o", "--output", parser=paths.word, metavar="DIR", help="Where the tables go.")
    ],
) -> int:
    """Put several runs into one set of tables: outcomes, claims, versions; as CSV, Markdown and LaTeX."""
    from elfworlds import atomic
    from elfworlds.errors import Exit, InputError
    from elfworlds.gather import gathered, texts
    from elfworlds.records import told
    from elfworlds.workflow.results import find

    found = sorted((told(find(one)) for one in runs), key=lambda one: one.name)
    for one in found:
        if len(one.trials) < one.planned:
            hint = f"{one.rerun} goes on where it was"
            raise InputError(
                f"the run of {one.name} was interrupted: {len(one.trials)} of {one.planned} trials", hint=hint
            )
    rows = gathered(found)
    place = paths.directory(output, "-o names a directory, there or not")
    for name, text in texts(rows, found).items():
        atomic.write(place / name, text)
    typer.echo(f"{len(found)} runs: {len(rows.cells)} outcomes and {len(rows.claims)} claims in {output}")
    return Exit.AS_EXPECTED
