"""`elfworlds schema`: the JSON Schema of an experiment file, for editors."""

from __future__ import annotations

import typer


def schema() -> None:
    """Print the JSON Schema of an experiment file."""
    from elfworlds.spec.schema import schema as text

    typer.echo(text(), nl=False)
