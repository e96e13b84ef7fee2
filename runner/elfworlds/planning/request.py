"""One object at one point → its build request: the whole command line, and the key that digests all."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from elfworlds.planning.command import as_file, command
from elfworlds.planning.links import beside
from elfworlds.planning.types import KEY_DIGITS, OUT, BuildRequest

if TYPE_CHECKING:
    from elfworlds.jsondata import Json
    from elfworlds.planning.recipe import Recipe
    from elfworlds.sources import File
    from elfworlds.toolchains import Toolchain

FORMAT = "elfworlds-object-1"


def request(recipe: Recipe, toolchain: Toolchain) -> BuildRequest:
    argv = command(recipe)
    keys = (*(key for key, _, _ in recipe.needs), *recipe.indirect, *recipe.others)
    links = beside(recipe.filename, recipe.soname) if recipe.shared else ()
    return BuildRequest(
        key=_key(toolchain.digest_of(recipe.language), recipe.filename, argv, recipe.inputs, links),
        name=recipe.name,
        toolchain=toolchain.name,
        filename=recipe.filename,
        argv=argv,
        inputs=recipe.inputs,
        needs=tuple(dict.fromkeys(keys)),
        links=links,
    )


def taken(name: str, file: File, soname: str, toolchain: Toolchain) -> BuildRequest:
    """A file that somebody else built: copied, under its own name."""
    argv = ("cp", as_file(file.path), f"{OUT}/{file.path}")
    inputs = ((file.path, file.sha256),)
    links = beside(file.path, soname)
    return BuildRequest(
        key=_key(toolchain.digest, file.path, argv, inputs, links),
        name=name,
        toolchain=toolchain.name,
        filename=file.path,
        argv=argv,
        inputs=inputs,
        needs=(),
        links=links,
    )


def _key(
    toolchain: str,
    filename: str,
    argv: tuple[str, ...],
    inputs: tuple[tuple[str, str], ...],
    links: tuple[str, ...],
) -> str:
    """The digest of all that decides an object. What most objects do not have is part of it only where it is there."""
    decisive: list[Json] = [FORMAT, toolchain, filename, list(argv), [list(place) for place in inputs]]
    more: dict[str, Json] = {"links": list(links)} if links else {}
    text = json.dumps([*decisive, more] if more else decisive, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:KEY_DIGITS]
