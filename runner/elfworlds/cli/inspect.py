"""`elfworlds inspect`: what the dynamic loader would do with a file, and why."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from elfworlds import paths
from elfworlds.cli.inspecting import FORMATS, TREE, Words
from elfworlds.cli.inspecting import inspect as inspect_files

Files = Annotated[
    list[Path],
    typer.Argument(parser=paths.word, metavar="FILE…", help="Programs, libraries, plugins; or directories of them."),
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
OfTable = Annotated[str, typer.Option("--table", metavar="NAME", help="Which table, of --format table and csv.")]
Tables = Annotated[
    Path | None,
    typer.Option("--tables", parser=paths.word, metavar="DIR", help="Write every table there: Parquet and SQLite."),
]
Diff = Annotated[
    str | None, typer.Option("--diff", metavar="OTHER", help="Compare with a file, or in a root or a toolchain.")
]


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
    table: OfTable = "needed",
    tables: Tables = None,
    diff: Diff = None,
) -> int:
    """Say what the dynamic loader would do with a file, and why; nothing is executed.

    Exit 1 if a library or a version is missing, with --host, --symbols of a program or --namespace new also a
    symbol, or with --diff if anything differs; 4 if a file is no program or library.
    """
    words = Words(
        files=files,
        root=root,
        toolchain=toolchain,
        env=env or (),
        preload=preload or (),
        host=host,
        namespace=namespace,
        why=why,
        symbols=symbols,
        form=form,
        table=table,
        tables=tables,
        diff=diff,
    )
    return inspect_files(words)
