"""`elfworlds list`: which experiments are here, and what they ask."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from elfworlds import paths


def list_experiments(
    experiments: Annotated[
        list[Path] | None,
        typer.Argument(parser=paths.word, metavar="[EXPERIMENT…]", help="Files or directories; default: experiments/"),
    ] = None,
) -> None:
    """List experiments: name, number of trials, question."""
    from elfworlds.cli import session, worlds
    from elfworlds.report.text import grid

    found = session.load_all(experiments or [Path("experiments")], paths.here())
    rows = [
        [
            one.spec.name,
            f"{len(session.make_plan(one, worlds.stand_ins([one])).trials)} trials",
            one.spec.experiment.question,
        ]
        for one in found
    ]
    for line in grid(rows, indent=""):
        typer.echo(line)
