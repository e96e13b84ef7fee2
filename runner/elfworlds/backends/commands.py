"""A request's commands with every path real: as a backend runs them, and as a person would type them."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from elfworlds.planning import realise
from elfworlds.planning.types import BUILD, OUT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from elfworlds.planning import BuildRequest

UNSEEN = ("-ffile-prefix-map", "-frandom-seed", "--remap-path-prefix")  # they make places and runs alike


def by_hand(request: BuildRequest, directory: Callable[[str], str], step: int | None = None) -> str:
    """A command as a person would type it where the sources are.

    Args:
        request: whose.
        directory: a key → an object's own directory.
        step: which command of `after`; None for the one that makes the file.
    """
    words = realised(request.argv if step is None else request.after[step], Path(), directory, ".")
    return shlex.join(word for word in words if not word.startswith(UNSEEN))


def realised(words: Iterable[str], build: Path, directory: Callable[[str], str], out: str) -> tuple[str, ...]:
    """The words of a command with real paths.

    Args:
        words: symbolic.
        build: where the sources are.
        directory: a key → an object's own directory.
        out: where the file is made.
    """
    return tuple(realise(word.replace(OUT, out).replace(BUILD, str(build)), directory) for word in words)
