"""`elfworlds advise`: may a file be loaded as a plugin, and what would go wrong."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from elfworlds import paths
from elfworlds.cli.echo import echo_lines, told, write
from elfworlds.cli.inspect import Env, Host, Root
from elfworlds.cli.inspecting import environment
from elfworlds.errors import Exit, InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from elfworlds.advice import Advice, Adviser
    from elfworlds.inspection import World

TEXT, JSON = "text", "json"
FORMATS = (TEXT, JSON)
Files = Annotated[
    list[Path], typer.Argument(parser=paths.word, metavar="FILE…", help="Plugins, libraries; or directories of them.")
]
Way = Annotated[str, typer.Option("--way", metavar="NAME", help="dlmopen: into a new namespace; or dlopen.")]
Toolchains = Annotated[
    list[str] | None,
    typer.Option("--toolchain", metavar="NAME", help="In the root of that toolchain: debian/trixie; repeatable."),
]
Format = Annotated[str, typer.Option("--format", metavar="NAME", help=f"One of {', '.join(FORMATS)}.")]


def advise(
    files: Files,
    *,
    way: Way = "dlmopen",
    host: Host = None,
    root: Root = None,
    toolchain: Toolchains = None,
    env: Env = None,
    form: Format = TEXT,
) -> int:
    """Say whether a file loads as a plugin, unloads, how often it fits, and its hazards; nothing is executed.

    Exit 1 if a file would be refused; 4 if one is no program or library. docs/advise.md has a section for each hazard.
    """
    from elfworlds.advice import Adviser
    from elfworlds.advice.document import document, lines

    if form not in FORMATS:
        raise InputError(f"--format is {' or '.join(FORMATS)}, not `{form}`")
    worlds = _worlds(host, root, toolchain or [], env or ())
    wrong: list[InputError] = []
    advices: list[Advice] = []
    for advice in _advices(files, [Adviser.of(world, way) for world in worlds], wrong):
        if form == TEXT:
            echo_lines([*([""] if advices else []), *lines(advice)])
        advices.append(advice)
    if form == JSON:
        import json

        write(json.dumps(document(advices), indent=1) + "\n")
    return _code(advices, wrong)


def _worlds(host: Path | None, root: Path | None, toolchains: list[str], env: Iterable[str]) -> list[World]:
    from elfworlds.inspection import World

    elsewhere = root is not None or bool(toolchains)
    variables = environment(env, elsewhere=elsewhere)
    names: list[str | None] = [*toolchains] or [None]
    return [
        World(
            root=None if root is None else str(root),
            toolchain=name,
            env=variables,
            host=None if host is None else str(host),
        )
        for name in names
    ]


def _advices(files: Iterable[Path], advisers: list[Adviser], wrong: list[InputError]) -> Iterator[Advice]:
    """On each file in each world; one that cannot be read is told, and the rest goes on."""
    for path in _every(files):
        for adviser in advisers:
            try:
                yield adviser.advise(path)
            except InputError as error:
                wrong.append(error)
                told(error)


def _every(files: Iterable[Path]) -> Iterator[Path]:
    """The files, and those below directories."""
    from elfworlds.inspection.below import programs_below

    for path in files:
        if paths.is_directory(path):
            yield from map(Path, programs_below(str(path)))
        else:
            yield path


def _code(advices: list[Advice], wrong: list[InputError]) -> Exit:
    if wrong:
        return Exit.INPUT
    loads = all(advice.forecast.loads for advice in advices)
    return Exit.AS_EXPECTED if loads else Exit.EXPECTATION_FAILED
