"""`elfworlds store`: what was built is checked, explained, and removed where nobody needs it."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from elfworlds import paths
from elfworlds.cli.echo import echo
from elfworlds.cli.options import DryRun

if TYPE_CHECKING:
    from collections.abc import Mapping

LONG_TIMES = {"h": 3600.0, "d": 86400.0, "w": 7 * 86400.0}  # beside the units of an experiment
SHORT_SIZES = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}  # the same

Older = Annotated[
    str | None,
    typer.Option(
        "--older-than", metavar="TIME", help="Remove what no build asked for in this time: 30min, 12h, 30d, 8w."
    ),
]
Size = Annotated[
    str | None,
    typer.Option(
        "--keep-size", metavar="SIZE", help="Remove what was asked for longest ago until this is left: 500M, 5G."
    ),
]
Place = Annotated[str, typer.Argument(metavar="PATH", help="A path in the store, or the beginning of a key.")]

app = typer.Typer(help="Objects and trees that were built or unpacked, and are used again.", no_args_is_help=True)


@app.command()
def verify() -> int:
    """Read every entry, and name those that are not what they were; exit 1 if there are some."""
    from elfworlds.errors import Exit
    from elfworlds.store.entries import entries
    from elfworlds.store.verify import damaged

    root = paths.store(os.environ)
    wrong = list(damaged(root))
    for place, why in wrong:
        echo(f"{root / place}: {why}")
    again = "; the next build that needs them makes them again" if wrong else ""
    echo(f"{len(entries(root))} entries in {root}: {len(wrong)} damaged{again}")
    return Exit.EXPECTATION_FAILED if wrong else Exit.AS_EXPECTED


@app.command()
def gc(
    *,
    older_than: Older = None,
    keep_size: Size = None,
    dry_run: DryRun = False,
) -> None:
    """Remove what killed runs left, and entries that are old or too much; never what a run in progress needs.

    Unpacked roots and fetched packages are removed by `elfworlds toolchain remove`.
    """
    from elfworlds.spec.leaves.forms import SIZES, UNITS
    from elfworlds.store.collect import collect

    root = paths.store(os.environ)
    seconds = None if older_than is None else _amount("--older-than", older_than, UNITS | LONG_TIMES)
    size = None if keep_size is None else int(_amount("--keep-size", keep_size, SIZES | SHORT_SIZES))
    if not root.is_dir():
        echo(f"nothing is in {root}")
        return
    collected = collect(root, seconds, size, dry_run=dry_run)
    for entry in collected.gone:
        echo(f"{entry.path}: {entry.name}, {entry.size} bytes")
    for path in collected.left:
        echo(f"{path}: left by a run that was killed, or of a tree that is gone")
    done = "would go" if dry_run else "gone"
    held = f"; {collected.held} more are needed by runs in progress" if collected.held else ""
    echo(f"{len(collected.gone)} entries {done}, {collected.freed} bytes; {collected.kept} bytes stay{held}")


@app.command()
def why(path: Place) -> None:
    """Say what an entry is, what it was made of, and who needs it."""
    from elfworlds.store.why import why as lines

    for line in lines(paths.store(os.environ), Path(path)):
        echo(line)


def _amount(option: str, text: str, units: Mapping[str, float]) -> float:
    """A number and its unit, as an experiment writes them; in lower case too where that is no other unit."""
    from elfworlds.errors import InputError

    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?) ?([a-zA-Z]*)", text)
    unit = match[2] if match else ""
    known = next((units[name] for name in (unit, unit.upper()) if name in units), None)
    if match is None or known is None:
        wanted = ", ".join(name for name in units if name)
        raise InputError(f"{option} is a number and one of {wanted}, not `{text}`")
    return float(match[1]) * known
