"""`elfworlds try`: a file is loaded in every way, on several toolchains, in a sandbox."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from elfworlds import paths
from elfworlds.cli.echo import echo, echo_lines
from elfworlds.cli.options import Fallback, Jobs, Output, Sandbox
from elfworlds.errors import Exit
from elfworlds.workflow.session import processors

if TYPE_CHECKING:
    from elfworlds.workflow.trying import Tried

Files = Annotated[list[Path], typer.Argument(parser=paths.word, metavar="FILE…", help="Plugins, libraries.")]
Libcs = Annotated[str, typer.Option("--libc", metavar="LIST", help="Toolchains: host,debian/bullseye,debian/trixie.")]
Host = Annotated[
    Path | None,
    typer.Option(
        "--host",
        parser=paths.word,
        metavar="FILE",
        help="The program that loads it; or a library that is opened before it, for all.",
    ),
]
Call = Annotated[str | None, typer.Option("--call", metavar="SYMBOL", help="Call that function, without parameters.")]
Save = Annotated[bool, typer.Option("--save", help="Put the experiment beside the file.")]


def try_(
    files: Files,
    *,
    libc: Libcs = "host",
    host: Host = None,
    call: Call = None,
    save: Save = False,
    sandbox: Sandbox = None,
    sandbox_fallback: Fallback = "",
    output: Output = None,
    jobs: Jobs = processors(),  # noqa: B008  # a process' processors do not change
) -> int:
    """Load a file in every way, in a sandbox, and say what happened beside what advise foretells.

    Exit 1 if something happened otherwise than foretold.
    """
    from elfworlds import RunOptions
    from elfworlds.process import Pool
    from elfworlds.workflow.screen import Silent
    from elfworlds.workflow.session import Session
    from elfworlds.workflow.trying import subject_of, try_file

    libcs = [name.strip() for name in libc.split(",") if name.strip()]
    subjects = [subject_of(path, host, call) for path in files]
    how = RunOptions(sandbox=sandbox is not False, sandbox_fallback=sandbox_fallback)
    differ = False
    with Pool() as pool:
        session = Session(pool, os.environ, Silent(), jobs)
        for subject in subjects:
            tried = try_file(subject, libcs, output or paths.here() / "results", session, how)
            _show(tried)
            differ = differ or bool(tried.differences)
            if save:
                place = Path(f"{subject.path}.try.yaml")
                place.write_text(tried.text)
                echo(f"saved: {paths.shown(place)}")
    return Exit.EXPECTATION_FAILED if differ else Exit.AS_EXPECTED


def _show(tried: Tried) -> None:
    from elfworlds.report.text import grid
    from elfworlds.workflow.results import shown
    from elfworlds.workflow.trying import errors, matrix

    echo(f"{tried.subject.path}")
    echo_lines(f"  {tried.weaker}" for _ in filter(None, [tried.weaker]))
    echo_lines(grid(matrix(tried), indent="  "))
    echo_lines([f"  {error}" for error in errors(tried)])
    count = len(tried.differences)
    echo(f"  {count} of {len(tried.cells)} otherwise than foretold" if count else "  all as foretold")
    echo(f"  experiment and records: {shown(tried.directory.path)}")
