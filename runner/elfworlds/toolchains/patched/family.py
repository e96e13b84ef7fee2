"""`glibc/NAME`: a root of Debian with the libc that a recipe, `toolchains/glibc-NAME.yaml`, is built to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from elfworlds.toolchains.debian.family import Debian
from elfworlds.toolchains.family import NOBODY_LOOKS, Family, Listed
from elfworlds.toolchains.host.family import Host
from elfworlds.toolchains.patched.build import build, found
from elfworlds.toolchains.patched.ground import MACHINE, digest_of, ground
from elfworlds.toolchains.patched.recipe import PREFIX, file_of, find, names

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from elfworlds.toolchains.family import Means
    from elfworlds.toolchains.patched.build import Built
    from elfworlds.toolchains.patched.recipe import Recipe
    from elfworlds.toolchains.toolchain import Toolchain

NO_ROOT = "its base is this machine, whose own libc nothing replaces; a base like debian/trixie has trials"


class Patched(Family):
    """The base's compilers build its objects, and the base's files are all others than the libc's."""

    prefix = PREFIX

    def names(self, where: Sequence[Path]) -> tuple[str, ...]:
        return names(where)

    def named(self, name: str, where: Sequence[Path]) -> tuple[Path, ...]:
        recipe = find(name, where)
        return file_of(name, where), *filter(None, [recipe.archive])

    def stand_in(
        self, name: str, where: Sequence[Path], languages: Collection[str] = (), why: str = NOBODY_LOOKS
    ) -> Toolchain:
        recipe = find(name, where)
        if recipe.base == MACHINE:
            return replace(Host().stand_in(MACHINE, where), name=name, unsupported=why or NO_ROOT)
        return replace(Debian().stand_in(recipe.base, where, languages), name=name, unsupported=why)

    def foreseen(self, name: str, means: Means) -> Toolchain:
        recipe = find(name, means.where)
        if recipe.base == MACHINE:
            return self.stand_in(name, means.where, why=NO_ROOT)
        base = Debian().foreseen(recipe.base, means)
        identity = _identity(base, recipe, recipe.key(digest_of(recipe, means)))
        return replace(base, name=name, identity=identity, built_by="" if recipe.headers else recipe.base)

    def provided(self, name: str, means: Means) -> Toolchain:
        """The toolchain, where it was built; building takes minutes, so nobody does it unasked."""
        recipe = find(name, means.where)
        if recipe.base == MACHINE:
            return self.stand_in(name, means.where, means.languages, NO_ROOT)
        built = found(recipe.key(digest_of(recipe, means)), means.cache)
        if built is None:
            why = f"it is not built here, or not as {PREFIX}-{name.partition('/')[2]}.yaml says now: "
            return self.stand_in(name, means.where, means.languages, f"{why}elfworlds toolchain build {name}")
        return _placed(recipe, built, Debian().provided(recipe.base, means))

    def listed(self, where: Sequence[Path], cache: Path) -> Iterator[Listed]:
        for name in self.names(where):
            recipe = find(name, where)
            here = [
                path.parent for path in (cache / "glibc").glob("[!.]*/built.json") if f'"{name}"' in path.read_text()
            ]
            yield Listed(
                name=name, release="", versions={"libc": f"on {recipe.base}"}, here=f"{len(here)} built" if here else ""
            )

    def build(self, names: Sequence[str], means: Means) -> Iterator[str]:
        recipes = [find(name, means.where) for name in names]
        for recipe in recipes:
            built = build(recipe, ground(recipe, means), means)
            yield f"{recipe.name}: {len(built.files)} shared objects, key {built.key[:16]}"
            for patch in recipe.patches:
                yield f"  {patch.sha256[:16]}  {patch.title}"


def _identity(base: Toolchain, recipe: Recipe, key: str) -> Mapping[str, str]:
    patches = {f"patch {number}": f"{patch.sha256} {patch.title}" for number, patch in enumerate(recipe.patches, 1)}
    return {**base.identity, "glibc": key, **patches}


def _placed(recipe: Recipe, built: Built, base: Toolchain) -> Toolchain:
    """The base with the files that were built in the places of its own; what the base has not is left out."""
    wanted = [(base.default_paths, built.files), (_includes(base), built.headers)]
    over = sorted(
        (place, str(path))
        for directories, files in wanted
        for name, path in files.items()
        if (place := _place(base, directories, name))
    )
    revision = next((package.version for package in base.packages if package.name == "libc6"), "")
    series, root = recipe.name.partition("/")[2], base.world.root
    return replace(
        base,
        name=recipe.name,
        identity=_identity(base, recipe, built.key),
        versions={
            **base.versions,
            "libc-revision": f"glibc {revision}+{series}.{built.key[:8]}",
            "libc-variant": series,
        },
        world=replace(base.world, name=recipe.name, root=replace(root, over=tuple(over)) if root else None),
        built_by="" if recipe.headers else base.name,
    )


def _includes(base: Toolchain) -> tuple[str, ...]:
    return tuple(f"/usr/include{path.removeprefix('/lib')}" for path in base.default_paths if path.startswith("/lib"))


def _place(base: Toolchain, directories: Sequence[str], name: str) -> str:
    """Where the base has a file of this name, as its own path; empty where it has none."""
    tree = base.world.root
    places = (tree.real(f"{directory}/{name}") for directory in directories) if tree else ()
    return next((place for place in places if tree and Path(tree.outside(place)).is_file()), "")
