"""`elfworlds check`: is an experiment file right? Nothing is built, nothing is written."""

from __future__ import annotations

from pathlib import Path

import typer

from elfworlds.cli.options import Experiments


def check(experiments: Experiments) -> None:
    """Say everything that is wrong with experiment files; exit 4 if anything is."""
    from elfworlds.cli import session

    found = session.load_all(experiments, Path.cwd())
    for one in found:
        plan = session.make_plan(one, dict.fromkeys(session.KNOWN_TOOLCHAINS, session.stand_in()))
        typer.echo(f"{one.path}: ok ({len(plan.requests)} objects, {len(plan.trials)} trials)")
