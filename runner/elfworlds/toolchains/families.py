"""Every family of toolchains, and what is done with toolchains of whichever family."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from elfworlds.errors import InputError
from elfworlds.sandbox import availability
from elfworlds.sandbox.tree import BESIDE, WHOLE
from elfworlds.toolchains.debian.family import Debian
from elfworlds.toolchains.host.family import Host
from elfworlds.toolchains.musl.family import Musl
from elfworlds.toolchains.nixpkgs.family import Nixpkgs
from elfworlds.toolchains.patched.family import Patched
from elfworlds.toolchains.rooted.family import Rooted
from elfworlds.yamltext import closest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from elfworlds.toolchains.family import Family, Means, Source
    from elfworlds.toolchains.toolchain import Toolchain

_ROWS: tuple[Family, ...] = (Host(), Debian(), Musl(), Nixpkgs(), Patched(), Rooted())
FAMILIES: dict[str, Family] = {family.prefix: family for family in _ROWS}
OF_BARE_NAMES = Debian.prefix  # `toolchain fetch bookworm`
OF_RECIPES = Patched.prefix  # `toolchain build dl-nns`
OF_OWN_NAMES = Rooted.prefix  # `-S libc=mine`


def family_of(name: str) -> Family:
    """The family of a toolchain's name.

    Raises:
        InputError: no family has such names.
    """
    prefix, slash, _ = name.partition("/")
    if prefix not in FAMILIES and not slash:
        return FAMILIES[OF_OWN_NAMES]
    if prefix not in FAMILIES:
        raise InputError(f"no toolchain `{name}` is known here")
    return FAMILIES[prefix]


def known(where: Sequence[Path]) -> tuple[str, ...]:
    """What the axes `libc` and `gdb` may hold: this machine, and all that files in these directories pin."""
    return tuple(name for family in FAMILIES.values() for name in family.names(where))


def seen_beside(names: Iterable[str]) -> frozenset[str]:
    """The names of toolchains whose roots a trial can see beside its own (`sees`)."""
    return frozenset(name for name in names if family_of(name).seen_beside)


def provided(name: str, means: Means) -> Toolchain:
    """A toolchain that works, or one that says why it does not.

    Raises:
        BuildFailedError: it cannot be had.
        InputError: it could not see the cache.
    """
    family = family_of(name)
    refuse_hidden(means.cache, name, "set XDG_CACHE_HOME to another place")
    if not family.own_root:
        return family.provided(name, means)
    base = _base(name, means.where)
    here = availability.probe(means.run, means.environment.get("PATH", ""))
    if here.lacking:
        return family.stand_in(name, means.where, means.languages, here.lacking)
    laid_over = provided(base, means) if base else None
    return family.provided(name, replace(means, bwrap=here.bwrap, base=laid_over))


def pins(name: str, where: Sequence[Path]) -> Mapping[str, str]:
    """The files that pin a toolchain: name in a directory of such files → text; none where nothing is pinned."""
    return family_of(name).pins(name, where)


def sources(name: str, means: Means) -> Sequence[Source]:
    """The files that another machine needs below its cache to make the toolchain; none where that is not all."""
    return family_of(name).sources(name, means)


def foreseen(name: str, means: Means) -> Toolchain:
    """The toolchain for a plan that is not run: nothing is fetched, nothing is written."""
    base = _base(name, means.where)
    return family_of(name).foreseen(name, replace(means, base=foreseen(base, means) if base else None))


def _base(name: str, where: Sequence[Path]) -> str:
    """The name of what a toolchain is laid over; empty where it stands by itself.

    Raises:
        InputError: a build is laid over what is itself laid over another, or over nothing that is known.
    """
    base = family_of(name).base(name, where)
    if base and (base not in known(where) or family_of(base).base(base, where)):
        raise InputError(f"{name}: no toolchain `{base}` is known to lay it over", hint=closest(base, known(where)))
    return base


def stand_in(name: str, where: Sequence[Path]) -> Toolchain:
    """A toolchain that is enough to count trials; nothing can be built with it."""
    return family_of(name).stand_in(name, where)


def refuse_hidden(place: Path, name: str, hint: str) -> None:
    """Refuse a place that a root hides: every root has a directory of its own there.

    Args:
        place: absolute.
        name: the toolchain's.
        hint: what to do about it.

    Raises:
        InputError: the root hides the place.
    """
    if family_of(name).own_root and place.parts[1] in (*WHOLE, *BESIDE):
        raise InputError(f"{place} cannot be seen in {name}, which has its own /{place.parts[1]}", hint=hint)


def seeing(toolchains: Mapping[str, Toolchain], *directories: str) -> dict[str, Toolchain]:
    """The toolchains with worlds in which trials see these directories of this machine."""
    return {
        name: replace(toolchain, world=toolchain.world.reading(*directories)) for name, toolchain in toolchains.items()
    }


def by_family(words: Iterable[str]) -> Iterator[tuple[Family, list[str]]]:
    """Each family with those of the words that name its toolchains, whole and once, in the families' order.

    A word that no family's names begin like is the name of a suite of Debian.
    """
    prefixes = tuple(f"{prefix}/" for prefix in FAMILIES)
    names = dict.fromkeys(word if word.startswith(prefixes) else f"{OF_BARE_NAMES}/{word}" for word in words)
    for family in FAMILIES.values():
        yield family, [name for name in names if name.startswith(f"{family.prefix}/")]
