"""`elfworlds list`: which experiments are here, and what they ask."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from elfworlds import paths
from elfworlds.cli.echo import echo


def list_experiments(
    experiments: Annotated[
        list[Path] | None,
        typer.Argument(parser=paths.word, metavar="[EXPERIMENT…]", help="Files or directories; default: experiments/"),
    ] = None,
) -> None:
    """List experiments: name, number of trials, question."""
    from elfworlds.report.text import grid
    from elfworlds.workflow.experiments import load_all
    from elfworlds.workflow.plans import make_plan
    from elfworlds.workflow.toolchains import stand_ins

    loaded = load_all(experiments or [Path("experiments")], paths.here())
    rows = [
        [
            experiment.spec.name,
            f"{len(make_plan(experiment, stand_ins([experiment])).trials)} trials",
            experiment.spec.experiment.question,
        ]
        for experiment in loaded
    ]
    for line in grid(rows, indent=""):
        echo(line)
