"""`elfworlds export-c`: one trial as a shell script that anybody with a compiler can run."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from elfworlds import paths
from elfworlds.cli.echo import write_script
from elfworlds.cli.options import Experiment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from elfworlds.planning import Plan, Trial


def export_c(
    experiment: Experiment,
    scenario: Annotated[str, typer.Argument(metavar="SCENARIO", help="The scenario's name.")],
    select: Annotated[
        list[str] | None, typer.Option("-S", metavar="AXIS=VALUE", help="Which point; default: the first. Repeatable.")
    ] = None,
    *,
    only_c: Annotated[bool, typer.Option("--only-c", help="The program of the scenario's steps alone.")] = False,
) -> None:
    """Print a script with the sources, the compiler's commands and the command line of one trial."""
    from elfworlds import shell_script
    from elfworlds.errors import InputError
    from elfworlds.planning.select import labels_of
    from elfworlds.process import Pool
    from elfworlds.workflow.plans import make_plan
    from elfworlds.workflow.screen import Silent
    from elfworlds.workflow.session import Session
    from elfworlds.workflow.toolchains import foreseen, load_chosen

    (loaded,), labels = load_chosen([experiment], paths.here(), labels_of(select or ()))
    with Pool() as pool:
        plan = make_plan(loaded, foreseen([loaded], Session(pool, os.environ, Silent(), jobs=1)))
    trial = first_trial(plan, scenario, labels)
    if only_c and not trial.bound.program:
        raise InputError(f"the scenario `{scenario}` has no steps", hint="without --only-c the whole script is printed")
    write_script(shell_script.source(plan, trial) if only_c else shell_script.script(plan, trial))


def first_trial(plan: Plan, scenario: str, labels: Mapping[str, Sequence[str]]) -> Trial:
    """The first trial of a scenario at the chosen point."""
    from elfworlds.errors import InputError
    from elfworlds.planning.select import refuse_unknown
    from elfworlds.yamltext import closest

    names = {trial.scenario for trial in plan.trials}
    if scenario not in names:
        raise InputError(f"no scenario `{scenario}` in {plan.experiment}", hint=closest(scenario, names))
    refuse_unknown(labels, [plan])
    for trial in plan.trials:
        point = dict(trial.point)
        if trial.scenario == scenario and all(point[axis] in held for axis, held in labels.items()):
            return trial
    raise InputError(f"the scenario `{scenario}` is not run at that point", hint="elfworlds plan shows the trials")
