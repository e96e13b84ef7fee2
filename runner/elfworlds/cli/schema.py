"""`elfworlds schema`: what an experiment file may hold, for editors and for people."""

from __future__ import annotations

from typing import Annotated

import typer

from elfworlds import paths
from elfworlds.cli.echo import write

FORMATS = ("json", "markdown")


def schema(
    form: Annotated[str, typer.Option("--format", metavar="FORM", help="json (JSON Schema) or markdown.")] = "json",
) -> None:
    """Print the JSON Schema of an experiment file, or the language's reference."""
    from elfworlds.errors import InputError
    from elfworlds.spec.reference import reference
    from elfworlds.spec.reference import schema as json_schema
    from elfworlds.toolchains.families import known
    from elfworlds.toolchains.pinning import places

    if form not in FORMATS:
        raise InputError(f"--format is {' or '.join(FORMATS)}, not `{form}`")
    write(json_schema(known(places(paths.here()))) if form == "json" else reference())
