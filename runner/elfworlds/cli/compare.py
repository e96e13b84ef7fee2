"""`elfworlds compare`: where two gatherings, or two runs, saw different outcomes."""

from __future__ import annotations

from itertools import compress
from typing import TYPE_CHECKING, Annotated

import typer

from elfworlds import paths
from elfworlds.cli.echo import echo, remark

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from elfworlds.gather import Comparison, Difference, Gathered

COLUMNS = ("experiment", "scenario", "observer", "point", "libc", "gdb")
LIBC = "Compare one libc's outcomes in A with another's in B, which may be the same: debian/trixie=glibc/dl-nns."
SIDE = "A directory that `gather` made, a run directory, or an experiment's name for its latest run."


def compare(
    before: Annotated[str, typer.Argument(metavar="A", help=SIDE)],
    after: Annotated[str, typer.Argument(metavar="B", help="The other.")],
    libc: Annotated[str | None, typer.Option("--libc", metavar="OF_A=OF_B", help=LIBC)] = None,
) -> int:
    """Name the outcomes that differ; exit 1 if a race does not explain one, or if nothing could be compared."""
    from elfworlds.errors import Exit
    from elfworlds.gather import compare as compared

    comparison = compared(*_sides(before, after, libc))
    for line in _lines(comparison):
        echo(line)
    return Exit.EXPECTATION_FAILED if comparison.differences or not comparison.compared else Exit.AS_EXPECTED


def _sides(before: str, after: str, libc: str | None) -> tuple[Gathered, Gathered]:
    from elfworlds.errors import InputError
    from elfworlds.gather import of_libc

    if libc is None:
        return _read(before), _read(after)
    first, _, second = libc.partition("=")
    if not first or not second:
        raise InputError(f"--libc {libc}: no two libcs", hint="--libc debian/trixie=glibc/dl-nns")
    sides = of_libc(_read(before), first, libc), of_libc(_read(after), second, libc)
    for side, name, label in zip(sides, (before, after), (first, second), strict=True):
        if not side.cells:
            raise InputError(f"--libc {libc}: {name} has nothing of {label}")
    return sides


def _read(name: str) -> Gathered:
    from elfworlds.gather import READ, gathered, read
    from elfworlds.records import read_run
    from elfworlds.workflow.results import find

    files = {file: paths.word(name) / file for file in READ}
    if not any(paths.why_unreadable(path) for path in files.values()):
        return read({file: path.read_text() for file, path in files.items()})
    directory = find(name)
    record = read_run(directory)
    remark(directory)
    return gathered([record])


def _lines(comparison: Comparison) -> Iterator[str]:
    for toolchain, why in comparison.other_versions.items():
        yield f"not compared: {toolchain}, whose {why}"
    races = f"{len(comparison.races)} more vary by race"
    yield f"{comparison.compared} outcomes compared: {len(comparison.differences)} differ, {races}"
    yield from _grid("differ", comparison.differences)
    yield from _grid("vary by race", comparison.races)


def _grid(kind: str, differences: Sequence[Difference]) -> list[str]:
    """A row for each; what several of them have in common is said once, above them."""
    from elfworlds.report.text import grid

    if not differences:
        return []
    places = [difference.place for difference in differences]
    common = [len(places) > 1 and len(set(column)) == 1 for column in zip(*places, strict=True)]
    all_have = zip(COLUMNS, places[0], common, strict=True)
    once = [f"{name} {label}" for name, label, same in all_have if same and label]
    rows = [(*COLUMNS, "A", "B"), *((*each.place, each.before, each.after) for each in differences)]
    shown = [list(compress(row, [*(not same for same in common), True, True])) for row in rows]
    return ["", f"{kind}{', all with ' if once else ''}{', '.join(once)}:", *grid(shown)]
