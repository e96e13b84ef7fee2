"""`glibc/NAME`: a root of Debian with the libc that a recipe, `toolchains/glibc-NAME.yaml`, is built to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from elfworlds.toolchains.debian.family import Debian
from elfworlds.toolchains.family import NOBODY_LOOKS, Family, Listed
from elfworlds.toolchains.host.family import Host
from elfworlds.toolchains.patched.ground import MACHINE, digest_of
from elfworlds.toolchains.patched.libcs import found, here, place_of
from elfworlds.toolchains.patched.recipe import PREFIX, file_of, find, names

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from elfworlds.toolchains.family import Means
    from elfworlds.toolchains.patched.libcs import Built
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
        key = recipe.key(digest_of(recipe, means))
        built = found(key, place_of(key, means.cache, means.backend))
        if built is None:
            return replace(self.foreseen(name, means), unsupported=_not_built(name, means.backend))
        return _placed(recipe, built, Debian().provided(recipe.base, means))

    def listed(self, where: Sequence[Path], cache: Path) -> Iterator[Listed]:
        for name in self.names(where):
            recipe = find(name, where)
            versions = {"libc": f"on {recipe.base}"}
            yield Listed(name=name, release="", versions=versions, here=", ".join(here(name, cache)))


def _not_built(name: str, backend: str) -> str:
    why = f"the {backend} backend has not built it, or not as {name.replace('/', '-')}.yaml says now"
    return f"{why}: elfworlds toolchain build {name} --backend {backend}"


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
        world=replace(base.world, root=replace(root, over=tuple(over)) if root else None),
        built_by="" if recipe.headers else base.name,
    )


def _includes(base: Toolchain) -> tuple[str, ...]:
    return tuple(f"/usr/include{path.removeprefix('/lib')}" for path in base.default_paths if path.startswith("/lib"))


def _place(base: Toolchain, directories: Sequence[str], name: str) -> str:
    """Where the base has a file of this name, as its own path; empty where it has none."""
    tree = base.world.root
    places = (tree.real(f"{directory}/{name}") for directory in directories) if tree else ()
    return next((place for place in places if tree and Path(tree.outside(place)).is_file()), "")
