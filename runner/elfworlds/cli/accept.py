"""`elfworlds accept`: the expectations that a run would justify, for a person to paste into the experiment."""

from __future__ import annotations

from elfworlds.cli.echo import echo, remark
from elfworlds.cli.options import Run


def accept(
    run: Run,
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
