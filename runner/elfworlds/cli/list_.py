"""`elfworlds list`: which experiments are here, and what they ask."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from elfworlds import paths
from elfworlds.cli.echo import echo, write
from elfworlds.cli.options import AsJson


def list_experiments(
    experiments: Annotated[
        list[Path] | None,
        typer.Argument(parser=paths.word, metavar="[EXPERIMENT…]", help="Files or directories; default: experiments/"),
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """List experiments: name, number of trials, question."""
    import json

    from elfworlds.report.text import grid
    from elfworlds.workflow.experiments import load_all
    from elfworlds.workflow.plans import make_plan
    from elfworlds.workflow.toolchains import stand_ins

    loaded = load_all(experiments or [Path("experiments")], paths.here())
    counts = [len(make_plan(experiment, stand_ins([experiment])).trials) for experiment in loaded]
    if as_json:
        listed = [
            {
                "experiment": experiment.spec.name,
                "file": str(experiment.path),
                "trials": count,
                "question": experiment.spec.experiment.question,
            }
            for experiment, count in zip(loaded, counts, strict=True)
        ]
        write(json.dumps(listed, indent=1) + "\n")
        return
    rows = [
        [experiment.spec.name, f"{count} trials", experiment.spec.experiment.question]
        for experiment, count in zip(loaded, counts, strict=True)
    ]
    for line in grid(rows, indent=""):
        echo(line)
