"""`elfworlds inspect`: what the dynamic loader would do with a file, and why."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from elfworlds import paths
from elfworlds.cli.echo import echo, write
from elfworlds.errors import Exit, InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from elfworlds.inspection import Inspection, System

TREE, JSON = "tree", "json"
FORMATS = (TREE, JSON)
Files = Annotated[
    list[Path], typer.Argument(parser=paths.word, metavar="FILE…", help="Programs, shared libraries, plugins.")
]
Format = Annotated[str, typer.Option("--format", metavar="NAME", help=f"One of {', '.join(FORMATS)}.")]


def inspect(
    files: Files,
    form: Format = TREE,
) -> int:
    """Say what the dynamic loader would do with a file, and why; nothing is executed.

    Exit 1 if a library or a version is missing, 4 if a file is no program or library.
    """
    from elfworlds.inspection import World, system_of

    if form not in FORMATS:
        raise InputError(f"--format is {', '.join(FORMATS)}, not `{form}`")
    system = system_of(World(env={name: os.environ[name] for name in os.environ if name.startswith("LD_")}))
    made, wrong = _inspect(files, system)
    _show(made, form)
    if wrong:
        return Exit.INPUT
    return Exit.AS_EXPECTED if all(each.whole for each in made) else Exit.EXPECTATION_FAILED


def _inspect(files: Iterable[Path], system: System) -> tuple[list[Inspection], bool]:
    """Those of the files that can be inspected, and whether there are others: each is told, and the rest goes on."""
    from elfworlds.inspection import inspect

    made, wrong = [], False
    for path in files:
        try:
            made.append(inspect(path, system))
        except InputError as error:
            wrong = True
            echo(error.message, err=True)
            if error.hint:
                echo(f"hint: {error.hint}", err=True)
    return made, wrong


def _show(inspections: list[Inspection], form: str) -> None:
    if form == JSON:
        import json

        from elfworlds.inspection.document import document

        write(json.dumps(document(inspections), indent=1) + "\n")
        return
    for line in _trees(inspections):
        echo(line)


def _trees(inspections: Iterable[Inspection]) -> Iterator[str]:
    from elfworlds.inspection.terminal import tree_lines

    for at, inspection in enumerate(inspections):
        if at:
            yield ""
        yield from tree_lines(inspection)
