"""Where the files lie that pin toolchains, and what all of these files have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from elfworlds import shipped
from elfworlds.errors import InputError
from elfworlds.yamltext import closest

if TYPE_CHECKING:
    import re
    from collections.abc import Collection, Iterable
    from pathlib import Path


def places(cwd: Path) -> tuple[Path, ...]:
    """The directories: a project's own, then those that came with the program."""
    return (cwd / "toolchains", shipped.locks())


def matching(where: Iterable[Path], pattern: re.Pattern[str]) -> tuple[str, ...]:
    """What a pattern's first group is in the names of files that it fits, each once and in order.

    Args:
        where: directories; one that is not there has none.
        pattern: of a whole file name.
    """
    matches = (pattern.fullmatch(path.name) for place in where if place.is_dir() for path in place.iterdir())
    return tuple(sorted({match[1] for match in matches if match}))


def refuse_unknown(given: Iterable[str], keys: Collection[str], place: str) -> None:
    """Refuse a key that is none of those that a place may hold.

    Raises:
        InputError: it is none.
    """
    for key in given:
        if key not in keys:
            raise InputError(f"{place}: no key `{key}` is known here", hint=closest(key, keys))
