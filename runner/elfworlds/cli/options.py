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
