"""docs/hazards.md: what advise says of every library of this machine and of a large root.

Run it as `python -m bench.advising.hazards DIRECTORY > docs/hazards.md`; `bench.advising.large` makes the directory.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from pathlib import Path

from elfworlds.advice import RULES, Advice, Adviser
from elfworlds.errors import InputError
from elfworlds.inspection import World

from .files import libraries, package_of, packages

HEAD = """# The most hazardous libraries of /usr/lib

<!-- python -m bench.advising.hazards -->

What [`elfworlds advise`](advise.md) foretells of every x86-64 library and program of Debian's below /usr/lib, as a
plugin of a plain program, by dlmopen. Nothing was opened for this page; [how right
it is](advise.md#how-right-it-is) was measured apart. Those with the most hazards come first. Most hazards are
harmless in most programs: each section of [the hazards](advise.md#the-hazards) says when to ignore it.
"""
TEN, PART = 10, 100  # files


def advices(root: str, without: Sequence[str], jobs: int) -> Iterator[Advice]:
    """Of every file that can be opened, in their order; `without` are directories that are left out."""
    paths = [path for path in libraries(["/usr/lib"], root) if not path.startswith(tuple(without))]
    parts = [paths[start : start + PART] for start in range(0, len(paths), PART)]
    with ProcessPoolExecutor(jobs) as executor:
        for part in executor.map(_advices, parts, repeat(root)):
            yield from part


def _advices(paths: Sequence[str], root: str) -> list[Advice]:
    adviser = Adviser.of(World(root=None if root == "/" else root))
    every = []
    for path in paths:
        try:
            every.append(adviser.advise(root.rstrip("/") + path))
        except InputError as error:
            print(f"{path}: {error.message}", file=sys.stderr)
    return every


def rules(advice: Advice) -> list[str]:
    """Each hazard's name once, in the order of harm."""
    return list(dict.fromkeys(hazard.rule for hazard in advice.hazards))


def section(title: str, root: str, without: Sequence[str], jobs: int) -> Iterator[str]:
    """A system: its numbers, its ten files with the most hazards, and by how many files has which hazard."""
    every = list(advices(root, without, jobs))
    loading = [advice.forecast for advice in every if advice.forecast.loads]
    copies = Counter(forecast.copies for forecast in loading)
    most, files = copies.most_common(1)[0] if copies else (0, 0)
    yield f"## {title}"
    yield ""
    yield (
        f"{len(every)} files, {packages(root)} packages, {next(iter(every)).libc}, {time.strftime('%Y-%m-%d')}. "
        f"{len(loading)} load in a new namespace, {sum(forecast.gone for forecast in loading)} of these are gone after "
        f"dlclose, and {sum(forecast.copies == 1 for forecast in loading)} fit once only; "
        f"most, {files}, fit {most} times."
    )
    yield from ("", "| file | package | loads | gone | copies | hazards |", "| --- | --- | --- | --- | ---: | --- |")
    for advice in sorted(every, key=lambda advice: (-len(rules(advice)), advice.path))[:TEN]:
        path = advice.path.removeprefix(root.rstrip("/"))
        forecast, names = advice.forecast, rules(advice)
        answers = ["yes" if answer else "no" for answer in (forecast.loads, forecast.gone)]
        links = ", ".join(f"[{name}](advise.md#{name})" for name in names)
        cells = [f"`{path}`", package_of(path, root), *answers, str(forecast.copies), f"{len(names)}: {links}"]
        yield f"| {' | '.join(cells)} |"
    yield ""
    yield from counted(every)


def counted(every: Sequence[Advice]) -> Iterator[str]:
    """By how many files has each hazard."""
    counts = Counter(name for advice in every for name in rules(advice))
    counts.update(dict.fromkeys((rule.name for rule in RULES), 0))
    yield "| hazard | files | of a hundred |"
    yield "| --- | ---: | ---: |"
    for name, count in counts.most_common():
        if count:
            yield f"| [{name}](advise.md#{name}) | {count} | {100 * count / len(every):.1f} |"
    none = [name for name, count in counts.items() if not count]
    yield from ("", f"None: {', '.join(none)}.", "")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--without", metavar="DIR", action="append", default=[], help="what is not the distribution's")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    print(HEAD)
    root = str(options.directory.resolve() / "root")
    for title, place in (("This machine", "/"), ("A root of trixie", root)):
        print("\n".join(section(title, place, options.without, options.jobs)), flush=True)


if __name__ == "__main__":
    main()
