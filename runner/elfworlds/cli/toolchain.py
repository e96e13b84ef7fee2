"""`elfworlds toolchain`: pinned roots, made, fetched, listed and removed; pins of nixpkgs likewise."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from elfworlds import paths
from elfworlds.cli.options import Color, Jobs, Quiet
from elfworlds.workflow.session import processors

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from elfworlds.toolchains.debian import Lock, Pinned, Root

MEGABYTE = 1_000_000
TOLD = {"libc": "libc6", "gcc": r"gcc-\d+", "gdb": "gdb", "rustc": "rustc", "musl": "musl"}  # column → package

Suites = Annotated[list[str], typer.Argument(metavar="SUITE…", help="Code names, such as bookworm.")]
Some = Annotated[list[str] | None, typer.Argument(metavar="[SUITE…]", help="Code names; default: every one.")]
Parts = Annotated[list[str] | None, typer.Option("--part", metavar="PART", help="What more is wanted: rustc, musl.")]
Output = Annotated[
    Path, typer.Option("-o", "--output", parser=paths.word, metavar="DIRECTORY", help="Where lock files are written.")
]

app = typer.Typer(
    help="Pinned Debian packages as roots that objects are built and run in; pins of nixpkgs.", no_args_is_help=True
)


@app.command()
def lock(
    suites: Suites,
    output: Output = Path("toolchains"),
    quiet: Quiet = False,  # noqa: FBT002
) -> None:
    """Pin the packages of a suite as a mirror has them now; needs apt, of Debian or Ubuntu."""
    from elfworlds import atomic
    from elfworlds.cli.console import Terminal
    from elfworlds.process import Pool
    from elfworlds.toolchains.debian.lock import filename, write
    from elfworlds.toolchains.debian.mirror import mirrors
    from elfworlds.toolchains.debian.solve import Apt, solve

    screen = Terminal.of("never", quiet=quiet, environment=os.environ)
    bases = mirrors(os.environ).bases
    with Pool() as pool:
        place = paths.directory(output, "-o names a directory, there or not")
        apt = Apt(run=pool.run, environment=os.environ, mirrors=bases)
        for suite in _names(suites):
            found = solve(suite, apt)
            path = place / filename(suite)
            before = _before(path)
            atomic.write(path, write(found))
            screen.say(f"{path}: {_pinned_line(found)}", *_changes(before, found))


def _before(path: Path) -> Lock | None:
    from elfworlds.errors import InputError
    from elfworlds.toolchains.debian.lock import read

    try:
        return read(path.read_text(encoding="utf-8", errors="replace"))
    except (OSError, InputError):
        return None


def _pinned_line(found: Lock) -> str:
    count = sum(map(len, found.parts.values()))
    return f"{count} packages of the Release of {found.date.partition('T')[0]}"


def _changes(before: Lock | None, after: Lock) -> Iterable[str]:
    """A line for each package that another revision is pinned of, that is new, or that is gone."""
    if before is None:
        return
    old, new = ({one.name: one.version for one in each.packages(tuple(each.parts))} for each in (before, after))
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name):
            yield f"  {name}: {old.get(name, 'none')} → {new.get(name, 'none')}"


@app.command()
def fetch(
    suites: Suites,
    part: Parts = None,
    jobs: Jobs | None = None,
    quiet: Quiet = False,  # noqa: FBT002
    color: Color = "auto",
) -> None:
    """Fetch, verify and unpack what a lock file pins; nothing is done where it is there."""
    from elfworlds.cli import pins
    from elfworlds.cli.console import Terminal
    from elfworlds.process import Pool
    from elfworlds.toolchains.debian import Means, ensure

    screen = Terminal.of(color, quiet=quiet, environment=os.environ)
    locks = [_lock(suite) for suite in _names(pins.others(suites))]
    pinned = pins.named(suites)
    wanted = _wanted(locks, part or [])
    with Pool() as pool:
        means = Means(
            run=pool.run,
            environment=os.environ,
            jobs=jobs or processors(),
            working=screen.working,
            tell=lambda text: screen.tell([text]),
        )
        for one in locks:
            root = ensure(one, wanted, paths.store(os.environ), means)
            screen.say(f"debian/{root.suite}: {len(root.packages)} packages, {root.size // MEGABYTE} MB · {root.path}")
        for line in pins.fetch(pinned, part or [], pool, os.environ):
            screen.say(line)


def _names(suites: Iterable[str]) -> list[str]:
    """Suites as named, by themselves or as a value of the axis `libc`; each once."""
    return list(dict.fromkeys(suite.removeprefix("debian/") for suite in suites))


def _lock(suite: str) -> Lock:
    from elfworlds.toolchains.debian.lock import find, places

    return find(suite, places(paths.here()))


def _wanted(locks: Sequence[Lock], parts: Sequence[str]) -> Sequence[str]:
    """The parts, which every lock has."""
    for one in locks:
        one.packages(parts)
    return parts


@app.command("list")
def list_roots() -> None:
    """List what is pinned, with its revisions, and what of it is here."""
    from elfworlds.cli import pins
    from elfworlds.report.text import grid
    from elfworlds.toolchains.debian.lock import places
    from elfworlds.toolchains.debian.lock import suites as pinned
    from elfworlds.toolchains.debian.root import roots

    here = roots(paths.store(os.environ))
    rows = [_row(_lock(suite), here) for suite in pinned(places(paths.here()))]
    rows += pins.rows(TOLD, paths.store(os.environ))
    if not rows:
        typer.echo("nothing is pinned: elfworlds toolchain lock SUITE")
        return
    for line in grid([["toolchain", "release", *TOLD, "packages", "unpacked"], *rows], indent=""):
        typer.echo(line)


def _row(one: Lock, here: Sequence[Root]) -> list[str]:
    from elfworlds.toolchains.debian.lock import BASE

    size = sum(package.size for package in one.packages((BASE,)))
    revisions = [one.version(pattern) or "–" for pattern in TOLD.values()]
    return [
        f"debian/{one.suite}",
        one.date.partition("T")[0],
        *revisions,
        f"{size // MEGABYTE} MB",
        "; ".join(_unpacked(one, root) for root in here if root.suite == one.suite) or "–",
    ]


def _unpacked(one: Lock, root: Root) -> str:
    from elfworlds.toolchains.debian.root import directory

    current = directory(one, root.parts, root.path.parents[2]) == root.path.parent
    return f"{'+'.join(root.parts)}, {root.size // MEGABYTE} MB{'' if current else ' (of an older lock file)'}"


@app.command()
def remove(suites: Some = None) -> None:
    """Remove unpacked roots, and fetched packages that no root that stays is made of."""
    from elfworlds.cli import pins
    from elfworlds.errors import InputError
    from elfworlds.toolchains.debian.root import remove as remove_root
    from elfworlds.toolchains.debian.root import remove_packages, roots
    from elfworlds.yamltext import closest

    cache = paths.store(os.environ)
    here = roots(cache)
    names = {root.suite for root in here}
    for line in pins.forget(pins.named(suites) if suites else pins.every(), paths.store(os.environ)):
        typer.echo(line)
    wanted = set(_names(pins.others(suites))) if suites else names
    for suite in sorted(wanted - names):
        raise InputError(f"no root of debian/{suite} is here", hint=closest(suite, names))
    for root in here:
        if root.suite in wanted:
            remove_root(root, cache)
            typer.echo(f"removed {root.path.parent}, {root.size // MEGABYTE} MB")
    freed = remove_packages(cache, _kept(names - wanted))
    typer.echo(f"removed fetched packages, {freed // MEGABYTE} MB")


def _kept(suites: Iterable[str]) -> Iterable[Pinned]:
    from elfworlds.toolchains.debian.lock import places
    from elfworlds.toolchains.debian.lock import suites as pinned

    for suite in set(suites).intersection(pinned(places(paths.here()))):
        one = _lock(suite)
        yield from one.packages(tuple(one.parts))
