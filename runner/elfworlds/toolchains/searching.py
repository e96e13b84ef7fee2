"""A toolchain's dynamic loader is asked where it searches; what it said is remembered for this processor."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from elfworlds.toolchains.prober import Facts, remembered, stamp
from elfworlds.traces.ldsearch import QUESTION, SearchPaths, searching

if TYPE_CHECKING:
    from collections.abc import Callable

ASK_SECONDS = 20.0
SAID = ("flags", "Features", "model name")  # lines of /proc/cpuinfo


@dataclass(frozen=True, slots=True, kw_only=True)
class LoaderFacts(Facts):
    """What a loader says of where it searches, as `traces.ldsearch.SearchPaths` has it."""

    default_paths: list[str]
    subdirectories: list[str]
    tokens: dict[str, str]


class _SilentError(Exception):
    """The loader did not say where it searches."""


def ask(
    loader: str, libc: str, outside: Path, cache: Path | None, say: Callable[[tuple[str, ...], dict[str, str]], str]
) -> SearchPaths | None:
    """Where a loader searches; None where it does not say.

    Args:
        loader: its path in its own world.
        libc: the path there of a library that it can list.
        outside: where the loader lies on this machine.
        cache: a directory to remember in; None to ask anew.
        say: runs a command line with more variables, and gives what it wrote to standard error.
    """

    def learn() -> LoaderFacts:
        search_paths = searching(say((loader, "--list", libc), dict(QUESTION)))
        if search_paths is None:
            raise _SilentError
        return LoaderFacts(
            default_paths=list(search_paths.default_paths),
            subdirectories=list(search_paths.subdirectories),
            tokens=dict(search_paths.tokens),
            stamps={str(outside): stamp(outside)},
        )

    if not loader or not outside.is_file():
        return None
    try:
        facts = remembered(cache, "loader", [str(outside), libc, processor()], LoaderFacts, learn)
    except _SilentError:  # it is asked again next time
        return None
    return SearchPaths(tuple(facts.default_paths), tuple(facts.subdirectories), facts.tokens)


def processor() -> list[str]:
    """What tells one processor from another, as far as a loader chooses by it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(errors="replace").split("\n\n", 1)[0].splitlines()
    except OSError:
        return []
    return [line for line in lines if line.startswith(SAID)]
