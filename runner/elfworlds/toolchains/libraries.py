"""The libraries that a toolchain has of its own, as the files of this machine tell: no program is asked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from elfworlds import elf
from elfworlds.resolve import cache_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence


def own_libraries(
    sonames: Iterable[str], cache: Mapping[str, str | None], directories: Sequence[str], outside: Callable[[str], str]
) -> dict[str, str]:
    """DT_SONAME → the path, in the toolchain's world, of its library of that name; without those that it has not.

    Args:
        sonames: file names.
        cache: its ld.so.cache, as `traces.ldcache` has it.
        directories: where its dynamic loader looks last.
        outside: a path in its world → where that lies on this machine.
    """
    own: dict[str, str] = {}
    for name in sonames:
        places = [cache.get(cache_key(name)), *(f"{directory}/{name}" for directory in directories)]
        found = next((place for place in places if place and soname(Path(outside(place))) == name), None)
        own |= {name: found} if found else {}
    return own


def soname(path: Path) -> str | None:
    """The DT_SONAME of a file; None where it has none, or is no ELF file."""
    try:
        return elf.read(path).soname
    except elf.NotElfError:
        return None
