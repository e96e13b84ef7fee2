"""Libcs of recipes, `toolchains/glibc-NAME.yaml`, built in the cache or with Nix, or both ways and compared."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from elfworlds.backends import compare
from elfworlds.errors import InputError
from elfworlds.toolchains import families
from elfworlds.toolchains.patched import build as in_cache
from elfworlds.toolchains.patched.ground import ground
from elfworlds.toolchains.patched.recipe import PREFIX, find
from elfworlds.workflow import backends
from elfworlds.workflow.comparison import PAIR
from elfworlds.workflow.strangers import writable_by_others
from elfworlds.workflow.toolchains import means

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from elfworlds.toolchains.family import Means
    from elfworlds.toolchains.patched.libcs import Built
    from elfworlds.toolchains.patched.recipe import Recipe
    from elfworlds.workflow.session import Session


def build(names: Sequence[str], session: Session, *, backend: str = "auto", trust: bool = False) -> Iterator[str]:
    """Build the libcs of recipes; give a line for each, and for each of its patches. It may take minutes.

    Args:
        names: of recipes, with or without `glibc/`.
        session: with whose means.
        backend: `auto`, `nix`, `local`, or `both` to compare what they make.
        trust: whether a recipe may be built that somebody else can write: over this machine it does as it likes.

    Raises:
        InputError: a name is no recipe's, a root hides the cache, or somebody else can write the recipe.
        BuildFailedError: a step of a build failed, or bubblewrap or Nix is not to be had.
    """
    known, builders = means(session), backends.chosen(backend, session.environment)
    for name in (name if "/" in name else f"{PREFIX}/{name}" for name in names):
        if not name.startswith(f"{PREFIX}/"):
            raise InputError(f"{name}: there is nothing to build", hint="`toolchain fetch` has what is pinned")
        recipe = find(name, known.where)
        families.refuse_hidden(known.cache, name, "set XDG_CACHE_HOME to another place")
        _refuse_strangers(name, known, trust=trust)
        made = [_built(recipe, replace(known, backend=builder), session) for builder in builders]
        yield f"{name}: {len(made[0].files)} shared objects, key {made[0].key[:16]}"
        for patch in recipe.patches:
            yield f"  {patch.sha256[:16]}  {patch.title}"
        if len(made) == PAIR:
            yield from _compared(name, (builders[0], builders[1]), (made[0], made[1]))


def _refuse_strangers(name: str, known: Means, *, trust: bool) -> None:
    writable = None if trust else writable_by_others(*families.family_of(name).named(name, known.where))
    if writable:
        raise InputError(f"{writable}, and {name} would be built of it", hint="read it, and if you trust it: --trust")


def _built(recipe: Recipe, known: Means, session: Session) -> Built:
    make = in_cache.build if known.backend == "local" else backends.libcs(session).build
    return make(recipe, ground(recipe, known), known)


def _compared(name: str, builders: tuple[str, str], made: tuple[Built, Built]) -> Iterator[str]:
    here, there = ({**built.files, **built.headers} for built in made)
    findings = list(compare.files(name, builders, (here, there)))
    yield from (f"finding: {finding}" for finding in findings)
    if not findings:
        yield f"{' and '.join(builders)}: the same bytes in {len(here)} files"
