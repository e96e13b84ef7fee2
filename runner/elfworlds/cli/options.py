"""Options that several verbs share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from elfworlds import paths

Experiments = Annotated[
    list[Path],
    typer.Argument(parser=paths.word, metavar="EXPERIMENT…", help="Experiment files, or directories of them."),
]
Experiment = Annotated[Path, typer.Argument(parser=paths.word, metavar="EXPERIMENT", help="An experiment file.")]
Select = Annotated[
    list[str] | None, typer.Option("-S", metavar="AXIS=VALUE,…", help="Only these labels of an axis; repeatable.")
]
Jobs = Annotated[int, typer.Option("-j", "--jobs", min=1, help="How much is done at once.", show_default="processors")]
KeepGoing = Annotated[bool, typer.Option("-k", "--keep-going", help="After a failure, build what does not need it.")]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Say only what is wrong, and where the report is.")]
Color = Annotated[str, typer.Option("--color", help="auto, always or never.", metavar="WHEN")]

BackendName = Annotated[
    str, typer.Option("--backend", metavar="NAME", help="Who builds: auto, nix, local, or both to compare them.")
]
Output = Annotated[
    Path | None,
    typer.Option(
        "-o", "--output", parser=paths.word, metavar="DIR", help="Where runs go; default: results/ of the project."
    ),
]
Filter = Annotated[
    str | None, typer.Option("--filter", metavar="REGEX", help="Trials whose experiment:name this is found in.")
]
Failed = Annotated[bool, typer.Option("--failed", help="Only what failed in the latest run.")]
Repeat = Annotated[int | None, typer.Option("--repeat", metavar="N", min=1, help="Try each point N times.")]
Timeout = Annotated[float | None, typer.Option("--timeout", min=0.001, help="Seconds for each trial.")]
Retries = Annotated[int, typer.Option("--retries", metavar="N", min=0, help="Retry a failed trial up to N times.")]
MaxFail = Annotated[int | None, typer.Option("--maxfail", metavar="N", min=1, help="Stop after N failures.")]
DryRun = Annotated[bool, typer.Option("-n", "--dry-run", help="Say what would be done; write nothing.")]
Tables = Annotated[bool, typer.Option("--tables/--no-tables", help="Whether to write the tables.")]
