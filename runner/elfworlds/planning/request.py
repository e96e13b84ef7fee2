"""One object at one point → its build request: the whole command line, and the key that digests all."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING

from elfworlds.makers import LINKERS
from elfworlds.planning.command import as_file, command
from elfworlds.planning.links import beside
from elfworlds.planning.types import KEY_DIGITS, OUT, BuildRequest, keys_in

PACKAGE = "package"  # instead of a tool: what no toolchain of this family has

if TYPE_CHECKING:
    from elfworlds.jsondata import Json
    from elfworlds.planning.recipe import Finish, Recipe
    from elfworlds.sources import Prebuilt
    from elfworlds.toolchains import Toolchain

FORMAT = "elfworlds-object-1"


def request(recipe: Recipe, finish: Finish, toolchain: Toolchain) -> BuildRequest:
    """The request for an object that the experiment builds."""
    indirect = (key for text in recipe.indirect for key in keys_in(text))
    keys = (*(key for key, _, _ in recipe.needs), *indirect, *recipe.others, *finish.keys)
    made = BuildRequest(
        key="",
        name=recipe.name,
        toolchain=toolchain.name,
        filename=recipe.filename,
        argv=command(recipe),
        inputs=recipe.inputs,
        needs=tuple(dict.fromkeys(keys)),
        links=beside(recipe.filename, finish.soname) if recipe.shared else (),
        after=_editing(finish, recipe.filename),
        linker=LINKERS[recipe.linker] if recipe.linker else "",
        timeout=recipe.timeout,
    )
    return _with_key(made, toolchain.digest_of(recipe.language, *made.named))


def taken(name: str, prebuilt: Prebuilt, finish: Finish, toolchain: Toolchain, timeout: float) -> BuildRequest:
    """A file that somebody else built: copied, under its own name, and the copy edited.

    One of the Nix store refers to others there, which Nix has to know: its place is part of the key.
    """
    file = prebuilt.file
    made = BuildRequest(
        key="",
        name=name,
        toolchain=toolchain.name,
        filename=file.path,
        argv=("cp", as_file(file.path), f"{OUT}/{file.path}"),
        inputs=((file.path, file.sha256),),
        needs=tuple(dict.fromkeys(finish.keys)),
        links=beside(file.path, finish.soname),
        after=_editing(finish, file.path),
        origin=prebuilt.origin,
        timeout=timeout,
    )
    return _with_key(made, toolchain.digest_of("c", *made.editors))


def bundled(name: str, tree: str, path: str, toolchain: Toolchain) -> BuildRequest:
    """A file of a tree that somebody else made: the tree is put into the store as it is."""
    made = BuildRequest(
        key="",
        name=name,
        toolchain=toolchain.name,
        filename=path,
        argv=("cp", "-a", ".", OUT),
        inputs=(),
        needs=(),
        tree=tree,
    )
    return _with_key(made, toolchain.digest)


def without(name: str, path: str, toolchain: Toolchain) -> BuildRequest:
    """A file of a package, for a toolchain that is no suite: it cannot be had."""
    filename = path.rpartition("/")[2]
    made = BuildRequest(
        key="", name=name, toolchain=toolchain.name, filename=filename, argv=(PACKAGE, path), inputs=(), needs=()
    )
    return _with_key(made, toolchain.digest)


def _editing(finish: Finish, filename: str) -> tuple[tuple[str, ...], ...]:
    return tuple((*words, f"{OUT}/{filename}") for words in finish.after)


def _with_key(made: BuildRequest, toolchain: str) -> BuildRequest:
    """The request with the digest of all that decides an object; what few objects have counts only where it is there.

    Args:
        made: the request without its key.
        toolchain: the digest of what builds it.
    """
    decisive: list[Json] = [FORMAT, toolchain, made.filename, list(made.argv), [list(place) for place in made.inputs]]
    more: dict[str, Json] = {
        **({"links": list(made.links)} if made.links else {}),
        **({"after": [list(words) for words in made.after]} if made.after else {}),
        **({"tree": made.tree} if made.tree else {}),
        **({"origin": made.origin} if made.origin else {}),
    }
    text = json.dumps([*decisive, more] if more else decisive, separators=(",", ":"))
    return replace(made, key=hashlib.sha256(text.encode()).hexdigest()[:KEY_DIGITS])
