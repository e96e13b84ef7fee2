"""`elfworlds toolchain`: what is pinned is fetched, listed and removed, of whatever family; suites are pinned."""

from __future__ import annotations

import os
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from elfworlds import paths
from elfworlds.cli.echo import echo
from elfworlds.cli.options import BackendName, Color, JobsOrNot, Quiet
from elfworlds.workflow.session import processors

if TYPE_CHECKING:
    from collections.abc import Iterable

    from elfworlds.toolchains.debian import Lock
    from elfworlds.toolchains.debian.solve import Apt
    from elfworlds.toolchains.family import Listed
    from elfworlds.workflow.session import Session

VERSIONS = ("libc", "gcc", "gdb", "rustc", "musl")
MAKERS = ("bfd", "gold", "lld", "mold", "clang")
NONE = "–"

Suites = Annotated[list[str], typer.Argument(metavar="SUITE…", help="Code names, such as bookworm.")]
Some = Annotated[list[str] | None, typer.Argument(metavar="[SUITE…]", help="Code names; default: every one.")]
Parts = Annotated[
    list[str] | None, typer.Option("--part", metavar="PART", help="A further part of the root: rustc, musl.")
]
Output = Annotated[
    Path, typer.Option("-o", "--output", parser=paths.word, metavar="DIRECTORY", help="Where lock files are written.")
]

Recipes = Annotated[list[str], typer.Argument(metavar="NAME…", help="Recipes, such as glibc/dl-nns.")]

Optional = Annotated[list[str] | None, typer.Argument(metavar="[SUITE…]", help="Code names, such as bookworm.")]
For = Annotated[
    Path | None,
    typer.Option("--for", parser=paths.word, metavar="FILE", help="An experiment whose packages are pinned."),
]

Trust = Annotated[
    bool, typer.Option("--trust", help="With --for: let Nix evaluate what the file names, even if others can write it.")
]
TrustRecipe = Annotated[bool, typer.Option("--trust", help="Build a recipe that others can write too.")]

app = typer.Typer(
    help="Pinned Debian packages as roots that objects are built and run in; pins of nixpkgs.", no_args_is_help=True
)


@app.command()
def lock(
    suites: Optional = None,
    output: Output = Path("toolchains"),
    experiment: For = None,
    trust: Trust = False,  # noqa: FBT002
    quiet: Quiet = False,  # noqa: FBT002
) -> None:
    """Pin the packages of a suite as a mirror has them now; needs apt, of Debian or Ubuntu.

    With --for FILE the packages that an experiment's objects are files of, beside it, for its suites or those named,
    and the paths of the Nix store.
    """
    from elfworlds import atomic
    from elfworlds.cli.console import Terminal
    from elfworlds.errors import InputError
    from elfworlds.process import Pool
    from elfworlds.toolchains.debian.lock import filename, write
    from elfworlds.toolchains.debian.mirror import mirrors
    from elfworlds.toolchains.debian.solve import Apt, solve
    from elfworlds.workflow.session import Session

    screen = Terminal.of("never", quiet=quiet, environment=os.environ)
    bases = mirrors(os.environ).bases
    if not suites and experiment is None:
        raise InputError("no suite is named", hint="name one, such as bookworm, or an experiment: --for FILE")
    with Pool() as pool:
        apt = Apt(run=pool.run, environment=os.environ, mirrors=bases)
        if experiment is not None:
            named = [f"debian/{suite}" for suite in _names(suites or ())]
            _lock_for(experiment, named, apt, Session(pool, os.environ, screen, processors()), trust=trust)
            return
        place = paths.directory(output, "-o names a directory, there or not")
        for suite in _names(suites or ()):
            pinned = solve(suite, apt)
            path = place / filename(suite)
            before = _before(path)
            atomic.write(path, write(pinned))
            screen.say(f"{path}: {_pinned_line(pinned)}", *_changes(before, pinned))


def _lock_for(experiment: Path, suites: list[str], apt: Apt, session: Session, *, trust: bool) -> None:
    from elfworlds.workflow.packages import pin

    session.screen.say(*pin(experiment, suites, apt, session, trust=trust))


def _before(path: Path) -> Lock | None:
    from elfworlds import reading
    from elfworlds.errors import InputError
    from elfworlds.toolchains.debian.lock import read

    try:
        return read(reading.read(path).decode("utf-8", "replace"))
    except (OSError, InputError):
        return None


def _pinned_line(pinned: Lock) -> str:
    count = sum(map(len, pinned.parts.values()))
    return f"{count} packages of the Release of {pinned.date.partition('T')[0]}"


def _changes(before: Lock | None, after: Lock) -> Iterable[str]:
    """A line for each package that another revision is pinned of, that is new, or that is gone."""
    if before is None:
        return
    old, new = (
        {package.name: package.version for package in each.packages(tuple(each.parts))} for each in (before, after)
    )
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name):
            yield f"  {name}: {old.get(name, 'none')} → {new.get(name, 'none')}"


@app.command()
def fetch(
    suites: Suites,
    part: Parts = None,
    jobs: JobsOrNot = None,
    quiet: Quiet = False,  # noqa: FBT002
    color: Color = "auto",
) -> None:
    """Fetch, verify and unpack what a lock file pins; a root that is here already stays as it is."""
    from elfworlds.cli.console import Terminal
    from elfworlds.process import Pool
    from elfworlds.toolchains.families import by_family
    from elfworlds.workflow.session import Session
    from elfworlds.workflow.toolchains import means

    screen = Terminal.of(color, quiet=quiet, environment=os.environ)
    with Pool() as pool:
        known = means(Session(pool, os.environ, screen, jobs or processors()))
        every = [family.fetch(names, part or [], known) for family, names in by_family(suites) if names]
        for line in chain.from_iterable(every):
            screen.say(line)


@app.command()
def build(
    names: Recipes,
    backend: BackendName = "auto",
    jobs: JobsOrNot = None,
    trust: TrustRecipe = False,  # noqa: FBT002
    quiet: Quiet = False,  # noqa: FBT002
    color: Color = "auto",
) -> None:
    """Build the libc of a recipe, toolchains/glibc-NAME.yaml, in its base; one that is here already stays as it is.

    Without Nix, a build that was ended goes on where it was. What each step says is in its log.
    """
    from elfworlds.cli.console import Terminal
    from elfworlds.process import Pool
    from elfworlds.workflow.recipes import build as build_all
    from elfworlds.workflow.session import Session

    screen = Terminal.of(color, quiet=quiet, environment=os.environ)
    with Pool() as pool:
        session = Session(pool, os.environ, screen, jobs or processors())
        for line in build_all(names, session, backend=backend, trust=trust):
            screen.say(line)


def _names(suites: Iterable[str]) -> list[str]:
    """Suites as named, by themselves or as a value of the axis `libc`; each once."""
    return list(dict.fromkeys(suite.removeprefix("debian/") for suite in suites))


@app.command("list")
def list_roots() -> None:
    """List what is pinned, with its revisions, and what of it is here."""
    from elfworlds.report.text import grid
    from elfworlds.toolchains.families import FAMILIES
    from elfworlds.toolchains.pinning import places

    where, cache = places(paths.here()), paths.store(os.environ)
    every = [listed for family in FAMILIES.values() for listed in family.listed(where, cache)]
    if not every:
        echo("nothing is pinned: elfworlds toolchain lock SUITE")
        return
    rows = [_row(each.name, each.release, *_versions(each, VERSIONS), each.packages, each.here) for each in every]
    makers = [_row(each.name, *_versions(each, MAKERS)) for each in every if any(_versions(each, MAKERS))]
    lines = grid([["toolchain", "release", *VERSIONS, "packages", "unpacked"], *rows], indent="")
    more = ["", *grid([["linker, compiler", *MAKERS], *makers], indent="")] if makers else []
    for line in (*lines, *more):
        echo(line)


def _versions(listed: Listed, columns: Iterable[str]) -> list[str]:
    return [listed.versions.get(column, "") for column in columns]


def _row(*cells: str) -> list[str]:
    return [cell or NONE for cell in cells]


@app.command()
def remove(suites: Some = None) -> None:
    """Remove unpacked roots, and the fetched packages that no remaining root is made of."""
    from elfworlds.toolchains.families import by_family
    from elfworlds.toolchains.pinning import places

    where, cache = places(paths.here()), paths.store(os.environ)
    for family, names in reversed([*by_family(suites or ())]):  # those that use others' packages first
        for line in family.remove(names if suites else None, where, cache):
            echo(line)
