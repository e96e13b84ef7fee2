"""`elfworlds check`: is an experiment file right? Nothing is built; archives that it names are unpacked."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from elfworlds import paths
from elfworlds.cli.echo import echo
from elfworlds.cli.options import Experiments

if TYPE_CHECKING:
    from elfworlds.planning import Plan
    from elfworlds.workflow.experiments import LoadedExperiment


def check(experiments: Experiments) -> None:
    """Say everything that is wrong with experiment files; exit 4 if anything is. A warning changes no exit code."""
    from elfworlds.workflow.experiments import load_all
    from elfworlds.workflow.plans import make_plan
    from elfworlds.workflow.toolchains import stand_ins
    from elfworlds.workflow.warnings import warnings

    plans: list[Plan] = []

    def add(experiment: LoadedExperiment) -> None:
        plans.append(make_plan(experiment, stand_ins([experiment])))

    loaded = load_all(experiments, paths.here(), add)
    for experiment, plan in zip(loaded, plans, strict=True):
        for warning in warnings(experiment, plan, os.environ):
            echo(warning, err=True)
        echo(f"{experiment.path}: ok ({len(plan.requests)} objects, {len(plan.trials)} trials)")
        for tree in plan.trees.values():
            echo(f"  tree {tree.told}")
