"""One object at one point → its build request: the whole command line, and the key that digests all."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from elfworlds.planning.command import as_file, command
from elfworlds.planning.types import KEY_DIGITS, OUT, BuildRequest

if TYPE_CHECKING:
    from elfworlds.sources import File
    from elfworlds.toolchains import Toolchain

FORMAT = "elfworlds-object-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """An object with every reference resolved. Texts may hold `@<key>@` for other objects' directories.

    Attributes:
        needs: (key, file name, whether it has a soname) of each library to link with, in order.
        indirect: keys that those need in turn.
        dtag: `runpath` or `rpath`.
        std, edition, crate_type: None for the default of the language.
        exports: words for the linker.
    """

    name: str
    filename: str
    shared: bool
    sources: tuple[str, ...]
    inputs: tuple[tuple[str, str], ...]
    defines: tuple[tuple[str, str | None], ...]
    cflags: tuple[str, ...]
    ldflags: tuple[str, ...]
    needs: tuple[tuple[str, str, bool], ...]
    indirect: tuple[str, ...]
    others: tuple[str, ...]
    search: tuple[str, ...]
    dtag: str
    soname: str
    z: tuple[str, ...]
    std: str | None
    pie: bool
    as_needed: bool
    build_id: str
    hash_style: str
    language: str = "c"
    edition: str | None = None
    crate_type: str | None = None
    exports: tuple[str, ...] = ()


def request(recipe: Recipe, toolchain: Toolchain) -> BuildRequest:
    argv = command(recipe)
    keys = (*(key for key, _, _ in recipe.needs), *recipe.indirect, *recipe.others)
    return BuildRequest(
        key=_key(toolchain.digest_of(recipe.language), recipe.filename, argv, recipe.inputs),
        name=recipe.name,
        toolchain=toolchain.name,
        filename=recipe.filename,
        argv=argv,
        inputs=recipe.inputs,
        needs=tuple(dict.fromkeys(keys)),
    )


def taken(name: str, file: File, toolchain: Toolchain) -> BuildRequest:
    """A file that somebody else built: copied, under its own name."""
    argv = ("cp", as_file(file.path), f"{OUT}/{file.path}")
    inputs = ((file.path, file.sha256),)
    key = _key(toolchain.digest, file.path, argv, inputs)
    return BuildRequest(
        key=key, name=name, toolchain=toolchain.name, filename=file.path, argv=argv, inputs=inputs, needs=()
    )


def _key(toolchain: str, filename: str, argv: tuple[str, ...], inputs: tuple[tuple[str, str], ...]) -> str:
    decisive = [FORMAT, toolchain, filename, argv, inputs]
    text = json.dumps(decisive, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:KEY_DIGITS]
