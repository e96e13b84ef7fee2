"""Options that several verbs share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from elfworlds import paths
from elfworlds.cli import completion


def _seconds(text: str) -> float:
    """A time as an experiment writes it."""
    from elfworlds.spec.leaves.forms import LONGEST_TIME, TIMES, duration

    value = duration(text)
    if not value or value > LONGEST_TIME:
        raise typer.BadParameter(f"`{text}` is no time of at most a week: {TIMES}")
    return value


def _fallback(text: str) -> str:
    if text not in ("", "landlock"):
        raise typer.BadParameter(f"`{text}` is no fallback; there is: landlock")
    return text


Experiments = Annotated[
    list[Path],
    typer.Argument(
        parser=paths.word,
        metavar="EXPERIMENT…",
        help="Experiment files, directories of them, or names.",
        autocompletion=completion.experiments,
    ),
]
Experiment = Annotated[
    Path,
    typer.Argument(
        parser=paths.word,
        metavar="EXPERIMENT",
        help="An experiment file, or its name.",
        autocompletion=completion.experiments,
    ),
]
Run = Annotated[
    str,
    typer.Argument(
        metavar="RUN",
        help="A run directory, or an experiment's name for its latest run.",
        autocompletion=completion.runs,
    ),
]
Select = Annotated[
    list[str] | None,
    typer.Option(
        "-S",
        metavar="AXIS=VALUE,…",
        help="Only these labels of an axis; repeatable.",
        autocompletion=completion.labels,
    ),
]
Jobs = Annotated[int, typer.Option("-j", "--jobs", min=1, help="How much is done at once.", show_default="processors")]
JobsOrNot = Annotated[
    int | None, typer.Option("-j", "--jobs", min=1, help="How much is done at once.", show_default="processors")
]
KeepGoing = Annotated[
    bool, typer.Option("-k", "--keep-going", help="After a failed build, build what does not need it.")
]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Say only what is wrong, and where the report is.")]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", help="Name each trial as it ends, with its outcome.")]
AsJson = Annotated[bool, typer.Option("--json", help="Write JSON, for programs; docs/run-directory.md says what.")]
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
    str | None,
    typer.Option(
        "--filter",
        metavar="REGEX",
        help="Trials whose experiment:name this is found in.",
        autocompletion=completion.scenarios,
    ),
]
Shard = Annotated[
    str | None,
    typer.Option("--shard", metavar="I/N", help="The I-th of N parts of the trials; gather puts the parts together."),
]
Failed = Annotated[bool, typer.Option("--failed", help="Only what failed in the latest run.")]
Repeat = Annotated[int | None, typer.Option("--repeat", metavar="N", min=1, help="Try each point N times.")]
Timeout = Annotated[
    float | None,
    typer.Option("--timeout", parser=_seconds, metavar="TIME", help="For each trial: 10, 500ms, 2min."),
]
BuildTimeout = Annotated[
    float | None,
    typer.Option(
        "--build-timeout",
        parser=_seconds,
        metavar="TIME",
        help="For each object's build, instead of the experiment's `build-timeout`.",
    ),
]
Retries = Annotated[int, typer.Option("--retries", metavar="N", min=0, help="Retry a failed trial up to N times.")]
MaxFail = Annotated[int | None, typer.Option("--maxfail", metavar="N", min=1, help="Stop after N failures.")]
DryRun = Annotated[bool, typer.Option("-n", "--dry-run", help="Say what would be done; write nothing.")]
ForBisect = Annotated[
    bool, typer.Option("--for-bisect", help="End as git bisect run wants it: 0, 1, or 125 where nothing can be said.")
]
Tables = Annotated[bool, typer.Option("--tables/--no-tables", help="Whether to write the tables.")]
Sandbox = Annotated[
    bool | None,
    typer.Option(
        "--sandbox/--trust",
        help="Build and run in a sandbox, or with all that you may do; default: a sandbox for what others can write.",
        show_default=False,
    ),
]
Fallback = Annotated[
    str,
    typer.Option(
        "--sandbox-fallback",
        parser=_fallback,
        metavar="landlock",
        help="What may stand in, weaker, for a sandbox that cannot be had; default: nothing.",
    ),
]
Executor = Annotated[
    str,
    typer.Option("--executor", metavar="dask://HOST:PORT", help="Try trials on the workers of this dask scheduler."),
]
