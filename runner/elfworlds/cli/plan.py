"""`elfworlds plan`: what a run would build and try. Nothing is written, but archives are unpacked."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from elfworlds import paths
from elfworlds.cli.echo import echo, write_json
from elfworlds.cli.options import Experiments, Select

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from elfworlds.planning import Plan

FORMATS = ("text", "json")


def plan(
    experiments: Experiments,
    select: Select = None,
    form: Annotated[str, typer.Option("--format", metavar="FORM", help="text or json.")] = "text",
    *,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    lock: Annotated[bool, typer.Option("--lock", help="Write NAME.plan.json beside each experiment, for Nix.")] = False,
    locked: Annotated[
        bool, typer.Option("--locked", help="Only say whether NAME.plan.json is as it should be.")
    ] = False,
) -> int:
    """Show the objects, their build keys and the trials of experiments."""
    from elfworlds.errors import InputError
    from elfworlds.planning.document import as_document, as_text
    from elfworlds.planning.select import labels_of
    from elfworlds.process import Pool
    from elfworlds.workflow.plans import Choice
    from elfworlds.workflow.screen import Silent
    from elfworlds.workflow.session import Session
    from elfworlds.workflow.toolchains import foreseen, load_chosen

    if form not in FORMATS:
        raise InputError(f"--format is {' or '.join(FORMATS)}, not `{form}`")
    if lock or locked:
        return lock_all(experiments, write=lock)
    form = "json" if as_json else form
    loaded, labels = load_chosen(experiments, paths.here(), labels_of(select or ()))
    choice = Choice(labels=labels)
    with Pool() as pool:
        plans = choice.plans(loaded, foreseen(loaded, Session(pool, os.environ, Silent(), jobs=1)))
    for made in plans:
        if form == "json":
            write_json(as_text(as_document(made)))
        else:
            echo("\n".join(_lines(made)))
    return 0


def lock_all(experiments: list[Path], *, write: bool) -> int:
    """Write locked plans, or say which ones are stale; exit 1 if one is."""
    from elfworlds import atomic
    from elfworlds.errors import Exit
    from elfworlds.process import Pool
    from elfworlds.workflow.locks import locks
    from elfworlds.workflow.screen import Silent
    from elfworlds.workflow.session import Session

    stale = 0
    with Pool() as pool:
        for file, text in locks(experiments, Session(pool, os.environ, Silent(), jobs=1)):
            if write:
                atomic.write(file, text)
                echo(str(file))
            elif _held(file) != text:
                stale += 1
                echo(f"{file} is not what the experiment says now: elfworlds plan --lock {file.parent} writes it")
    return Exit.EXPECTATION_FAILED if stale else Exit.AS_EXPECTED


def _held(file: Path) -> str:
    from elfworlds import reading

    try:
        return reading.read(file).decode("utf-8", "replace")
    except OSError:
        return ""


def _lines(plan: Plan) -> Iterator[str]:
    from elfworlds.report.text import grid

    yield f"{plan.experiment}: {plan.question}"
    yield f"plan {plan.digest[:12]}: {len(plan.requests)} objects to have, {len(plan.trials)} trials"
    rows = [
        [
            placement.object,
            placement.key,
            plan.requests[placement.key].filename,
            " ".join(f"{axis}={label}" for axis, label in placement.at),
        ]
        for placement in plan.placements
    ]
    yield from grid([["object", "key", "file", "at"], *rows]) if rows else []
    yield from (f"  tree {tree.told} ({', '.join(plan.of_tree(key))})" for key, tree in plan.trees.items())
    yield from (f"  {trial.id}" for trial in plan.trials)
