"""`elfworlds report`: a run's tables and reports again, from its directory alone."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from elfworlds.cli.echo import remark, write
from elfworlds.cli.options import Color, Run

if TYPE_CHECKING:
    from elfworlds.records import RunRecord

FORMATS = ("table", "json", "csv", "md", "html")


def report(
    run: Run,
    form: Annotated[str, typer.Option("--format", metavar="FORM", help="table, json, csv, md or html.")] = "table",
    table: Annotated[
        str | None, typer.Option("--table", metavar="NAME", help="One table of the run: trials, bindings, …")
    ] = None,
    color: Color = "auto",
) -> int:
    """Show the results of a finished run; json and csv hold a row for each trial, or the rows of another table."""
    from elfworlds.cli.console import Terminal
    from elfworlds.errors import Exit, InputError
    from elfworlds.records import read_run
    from elfworlds.report import flips
    from elfworlds.report.summary import failed
    from elfworlds.workflow.reports import html, lost_objects, md, show
    from elfworlds.workflow.results import find

    if form not in FORMATS:
        raise InputError(f"--format is {', '.join(FORMATS)}, not `{form}`")
    directory = find(run)
    record = read_run(directory)
    if table is not None and form == "html":
        raise InputError("--table: html is a page of the whole run; a table can be table, json, csv or md")
    remark(directory)
    if table is not None:
        write(one_table(record, table, form))
    elif form == "table":
        screen = Terminal.of(color, quiet=False, environment=os.environ)
        screen.say(f"{record.name}: {record.question}")
        show(directory, record, flips.of(record), screen)
        screen.tell(lost_objects(directory))
    elif form in ("md", "html"):
        write({"md": md, "html": html}[form](directory, record))
    else:
        write(one_table(record, "trials", form))
    return Exit.EXPECTATION_FAILED if failed(record.trials) else Exit.AS_EXPECTED


def one_table(record: RunRecord, name: str, form: str) -> str:
    """A table of the run in one of the forms."""
    from elfworlds import tables
    from elfworlds.errors import InputError
    from elfworlds.report.markdown import table
    from elfworlds.report.text import grid
    from elfworlds.workflow.reports import symbols_of
    from elfworlds.yamltext.problems import closest

    if name not in tables.NAMES:
        raise InputError(f"--table: no table `{name}`", hint=closest(name, tables.NAMES))
    frame = tables.frame(name, record, symbols_of(record.objects) if name == "symbols" else [])
    if form in ("csv", "json"):
        return tables.as_csv(frame) if form == "csv" else tables.as_json(frame)
    head, *rows = tables.as_texts(frame)
    lines = table(head, rows) if form == "md" else grid([head, *rows], indent="")
    return "\n".join([*lines, ""])
