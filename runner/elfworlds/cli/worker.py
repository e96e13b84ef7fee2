"""`elfworlds worker`: try trials for runs on other machines."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from elfworlds import paths
from elfworlds.cli.options import Jobs
from elfworlds.errors import Exit
from elfworlds.workflow.session import processors

Scheduler = Annotated[str, typer.Argument(metavar="SCHEDULER", help="dask://HOST:PORT of the cluster's scheduler.")]
Name = Annotated[str | None, typer.Option("--name", metavar="NAME", help="What reports call it; default: this host's.")]
Trust = Annotated[bool, typer.Option("--trust", help="Try runs that ask for no sandbox too.")]
Authority = Annotated[
    Path | None,
    typer.Option("--tls-ca", parser=paths.word, metavar="FILE", help="Who signs the cluster's certificates."),
]
Certificate = Annotated[
    Path | None, typer.Option("--tls-cert", parser=paths.word, metavar="FILE", help="This worker's certificate.")
]
Key = Annotated[Path | None, typer.Option("--tls-key", parser=paths.word, metavar="FILE", help="Its private key.")]


def worker(
    scheduler: Scheduler,
    *,
    jobs: Jobs = processors(),  # noqa: B008  # a process' processors do not change
    name: Name = None,
    trust: Trust = False,
    tls_ca: Authority = None,
    tls_cert: Certificate = None,
    tls_key: Key = None,
) -> int:
    """Try trials for runs with --executor; ends with an interrupt."""
    from elfworlds.cli.echo import echo
    from elfworlds.workflow.executors import needs_dask, scheduler_address

    files = {"tls_ca_file": tls_ca, "tls_worker_cert": tls_cert, "tls_worker_key": tls_key}
    certificates = {option: str(path.resolve()) for option, path in files.items() if path is not None}
    needs_dask("worker")
    from elfworlds.workflow.cluster.worker import Serving, serve

    serve(
        Serving(
            scheduler=scheduler_address(scheduler, tls=bool(certificates)),
            name=name or os.uname().nodename,
            jobs=jobs,
            trust=trust,
            certificates=certificates,
            environment=os.environ,
            tell=lambda line: echo(line, err=True),
        )
    )
    return Exit.AS_EXPECTED
