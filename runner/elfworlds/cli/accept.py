"""`elfworlds accept`: the expectations that a run would justify, for a person to paste into the experiment."""

from __future__ import annotations

from typing import Annotated

import typer

from elfworlds.cli.echo import echo, remark


def accept(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run directory, or an experiment's name: its latest.")],
) -> None:
    """Print the `expect` blocks that a run would justify; nothing is changed."""
    from elfworlds.errors import InputError
    from elfworlds.records import read_run
    from elfworlds.report.acceptance import acceptance
    from elfworlds.workflow.results import find

    directory = find(run)
    record = read_run(directory)
    remark(directory)
    if not record.trials:
        raise InputError(f"{run}: nothing was tried in this run")
    echo("scenarios:")
    for line in acceptance(record.axes, record.trials):
        echo(line)
