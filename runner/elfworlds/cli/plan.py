"""`elfworlds plan`: what a run would build and try. Nothing is written."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from elfworlds import paths
from elfworlds.cli.options import Experiments, Select

if TYPE_CHECKING:
    from collections.abc import Iterator

    from elfworlds.planning import Plan

FORMATS = ("text", "json")


def plan(
    experiments: Experiments,
    select: Select = None,
    form: Annotated[str, typer.Option("--format", metavar="FORM", help="text or json.")] = "text",
) -> None:
    """Show the objects, their build keys and the trials of experiments."""
    from elfworlds.cli import session, worlds
    from elfworlds.cli.selection import Choice
    from elfworlds.errors import InputError
    from elfworlds.planning.document import as_document, as_text
    from elfworlds.process import Pool

    if form not in FORMATS:
        raise InputError(f"--format is {' or '.join(FORMATS)}, not `{form}`")
    found = worlds.chosen(session.load_all(experiments, paths.here()), select or ())
    choice = Choice(filter=None, labels=select or (), failed=False, repeat=None, timeout=None, output=None)
    with Pool() as pool:
        plans = choice.plans(found, worlds.foreseen(found, pool, os.environ, session.languages(found)))
    for made in plans:
        if form == "json":
            typer.echo(as_text(as_document(made)), nl=False)
        else:
            typer.echo("\n".join(_lines(made)))


def _lines(plan: Plan) -> Iterator[str]:
    from elfworlds.report.text import grid

    yield f"{plan.experiment}: {plan.question}"
    yield f"plan {plan.digest[:12]}: {len(plan.requests)} objects to have, {len(plan.trials)} trials"
    rows = [
        [
            one.object,
            one.key,
            plan.requests[one.key].filename,
            " ".join(f"{axis}={label}" for axis, label in one.at),
        ]
        for one in plan.placements
    ]
    yield from grid([["object", "key", "file", "at"], *rows]) if rows else []
    yield from (f"  {one.id}" for one in plan.trials)
