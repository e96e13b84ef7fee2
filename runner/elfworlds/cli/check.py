"""`elfworlds check`: is an experiment file right? Nothing is built, nothing is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from elfworlds import paths
from elfworlds.cli.options import Experiments

if TYPE_CHECKING:
    from elfworlds.cli.session import Loaded
    from elfworlds.planning import Plan


def check(experiments: Experiments) -> None:
    """Say everything that is wrong with experiment files; exit 4 if anything is."""
    from elfworlds.cli import session, worlds

    plans: list[Plan] = []

    def add(one: Loaded) -> None:
        plans.append(session.make_plan(one, worlds.stand_ins([one])))

    found = session.load_all(experiments, paths.here(), add)
    for one, plan in zip(found, plans, strict=True):
        typer.echo(f"{one.path}: ok ({len(plan.requests)} objects, {len(plan.trials)} trials)")
