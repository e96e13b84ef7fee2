"""`elfworlds build`: make the objects of experiments, and try nothing."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Annotated

import typer

from elfworlds import paths
from elfworlds.cli.options import (
    BackendName,
    BuildTimeout,
    Color,
    Experiments,
    Fallback,
    Jobs,
    KeepGoing,
    Quiet,
    Sandbox,
)
from elfworlds.workflow.session import processors


def build(
    experiments: Experiments,
    *,
    jobs: Jobs = processors(),  # noqa: B008  # a process' processors do not change
    keep_going: KeepGoing = False,
    backend: BackendName = "auto",
    verify: Annotated[
        bool, typer.Option("--verify", help="Make every object twice; record whether each is identical.")
    ] = False,
    build_timeout: BuildTimeout = None,
    sandbox: Sandbox = None,
    sandbox_fallback: Fallback = "",
    quiet: Quiet = False,
    color: Color = "auto",
) -> int:
    """Build the objects of experiments, and say where they are."""
    from elfworlds.cli.console import Terminal
    from elfworlds.process import Pool
    from elfworlds.workflow import builds
    from elfworlds.workflow.experiments import load_all
    from elfworlds.workflow.session import Session

    screen = Terminal.of(color, quiet=quiet, environment=os.environ)
    loaded = load_all(experiments, paths.here())
    with Pool() as pool:
        options = builds.BuildOptions(backend=backend, keep_going=keep_going, verify=verify, sandbox=sandbox)
        options = replace(options, sandbox_fallback=sandbox_fallback)
        return builds.build(loaded, options, Session(pool, os.environ, screen, jobs, build_timeout))
