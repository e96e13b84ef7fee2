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
Root = Annotated[
    Path | None, typer.Option("--root", parser=paths.word, metavar="DIR", help="Resolve as the system in DIR would.")
]
Toolchain = Annotated[
    str | None, typer.Option("--toolchain", metavar="NAME", help="Resolve as that root would: debian/trixie.")
]
Env = Annotated[
    list[str] | None,
    typer.Option("--env", metavar="NAME=VALUE", help="The program's environment: LD_LIBRARY_PATH, …; repeatable."),
]
Preload = Annotated[
    list[str] | None, typer.Option("--preload", metavar="NAME", help="Preloaded after LD_PRELOAD's; repeatable.")
]
Host = Annotated[
    Path | None, typer.Option("--host", parser=paths.word, metavar="PROGRAM", help="The program that opens the files.")
]
Namespace = Annotated[str, typer.Option("--namespace", metavar="NAME", help="base, or new: as dlmopen sees it.")]
Why = Annotated[str | None, typer.Option("--why", metavar="NAME", help="Only one library: who asked, what served.")]
Symbols = Annotated[bool, typer.Option("--symbols", help="Every undefined symbol, and what would satisfy it.")]
Format = Annotated[str, typer.Option("--format", metavar="NAME", help=f"One of {', '.join(FORMATS)}.")]


def inspect(
    files: Files,
    *,
    root: Root = None,
    toolchain: Toolchain = None,
    env: Env = None,
    preload: Preload = None,
    host: Host = None,
    namespace: Namespace = "base",
    why: Why = None,
    symbols: Symbols = False,
    form: Format = TREE,
) -> int:
    """Say what the dynamic loader would do with a file, and why; nothing is executed.

    Exit 1 if a library or a version is missing, with --host, --symbols of a program or --namespace new also a
    symbol; 4 if a file is no program or library.
    """
    from elfworlds.inspection import World, system_of

    if form not in FORMATS:
        raise InputError(f"--format is {', '.join(FORMATS)}, not `{form}`")
    world = World(
        root=None if root is None else str(root),
        toolchain=toolchain,
        env=_environment(env or (), elsewhere=root is not None or toolchain is not None),
        preload=tuple(preload or ()),
        host=None if host is None else str(host),
        namespace=namespace,
    )
    made, wrong = _inspect(files, system_of(world))
    _show(made, form, why=why, symbols=symbols)
    if wrong:
        return Exit.INPUT
    whole = all(each.whole and not (each.judges_symbols(asked=symbols) and each.missing_symbols) for each in made)
    return Exit.AS_EXPECTED if whole else Exit.EXPECTATION_FAILED


def _environment(given: Iterable[str], *, elsewhere: bool) -> dict[str, str]:
    """The loader's variables: this process' own on this machine, and what is given."""
    own = {} if elsewhere else {name: os.environ[name] for name in os.environ if name.startswith(("LD_", "GLIBC_"))}
    for text in given:
        name, equals, value = text.partition("=")
        if not (name and equals):
            raise InputError(f"--env is NAME=VALUE, not `{text}`")
        own[name] = value
    return own


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


def _show(inspections: list[Inspection], form: str, *, why: str | None, symbols: bool) -> None:
    if form == JSON:
        import json

        from elfworlds.inspection.document import document

        write(json.dumps(document(inspections, symbols=symbols, why=why), indent=1) + "\n")
        return
    for line in _trees(inspections, why=why, symbols=symbols):
        echo(line)


def _trees(inspections: Iterable[Inspection], *, why: str | None, symbols: bool) -> Iterator[str]:
    from elfworlds.inspection.terminal import tree_lines
    from elfworlds.inspection.why import why as find
    from elfworlds.inspection.why import why_lines

    for at, inspection in enumerate(inspections):
        if at:
            yield ""
        if why is None:
            yield from tree_lines(inspection, symbols=symbols)
        else:
            yield from why_lines(find(inspection, why))
