"""One object at one point → its build request: the whole command line, with every default stated."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from elfworlds.plan.types import BUILD, KEY_DIGITS, OUT, BuildRequest, directory_of
from elfworlds.sources import INCLUDE_DIRECTORY, File

if TYPE_CHECKING:
    from collections.abc import Iterable

    from elfworlds.toolchains import Toolchain

FORMAT = "elfworlds-object-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """An object with every reference resolved. Texts may hold `@<key>@` for other objects' directories.

    Attributes:
        needs: (key, file name, whether it has a soname) of each library to link with, in order.
        indirect: keys that those need in turn.
        dtag: `runpath` or `rpath`.
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
    std: str
    pie: bool
    as_needed: bool
    build_id: str
    hash_style: str


def request(recipe: Recipe, toolchain: Toolchain) -> BuildRequest:
    argv = command(recipe)
    keys = (*(key for key, _, _ in recipe.needs), *recipe.indirect, *recipe.others)
    return BuildRequest(
        key=_key(toolchain, recipe.filename, argv, recipe.inputs),
        name=recipe.name,
        toolchain=toolchain.name,
        filename=recipe.filename,
        argv=argv,
        inputs=recipe.inputs,
        needs=tuple(dict.fromkeys(keys)),
    )


def taken(name: str, file: File, toolchain: Toolchain) -> BuildRequest:
    """A file that somebody else built: copied, under its own name."""
    argv = ("cp", file.path, f"{OUT}/{file.path}")
    inputs = ((file.path, file.sha256),)
    key = _key(toolchain, file.path, argv, inputs)
    return BuildRequest(
        key=key, name=name, toolchain=toolchain.name, filename=file.path, argv=argv, inputs=inputs, needs=()
    )


def _key(toolchain: Toolchain, filename: str, argv: tuple[str, ...], inputs: tuple[tuple[str, str], ...]) -> str:
    decisive = [FORMAT, toolchain.digest, filename, argv, inputs]
    text = json.dumps(decisive, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:KEY_DIGITS]


def command(recipe: Recipe) -> tuple[str, ...]:
    """The words that make the object; what distributions set differently is always stated."""
    return (
        *("cc", f"-std={recipe.std}", "-g", "-O0", *_position(recipe)),
        *(f"-ffile-prefix-map={BUILD}=.", "-frandom-seed=elfworlds", "-fdiagnostics-color=never"),
        *(
            f"-I{INCLUDE_DIRECTORY}",
            *(_define(*one) for one in recipe.defines),
            *recipe.cflags,
            *recipe.sources,
        ),
        *("-o", f"{OUT}/{recipe.filename}", *_link(recipe)),
        *_libraries(recipe.needs),
        *recipe.ldflags,
    )


def _position(recipe: Recipe) -> tuple[str, ...]:
    if recipe.shared:
        return ("-fPIC", "-shared")
    return ("-fPIE", "-pie") if recipe.pie else ("-fno-pie", "-no-pie")


def _define(name: str, value: str | None) -> str:
    return f"-D{name}" if value in (None, "") else f"-D{name}={value}"


def _link(recipe: Recipe) -> Iterable[str]:
    yield "-Wl,--as-needed" if recipe.as_needed else "-Wl,--no-as-needed"
    yield "-Wl,--enable-new-dtags" if recipe.dtag == "runpath" else "-Wl,--disable-new-dtags"
    for keyword in ("lazy", "noexecstack", *recipe.z):
        yield f"-Wl,-z,{keyword}"
    yield f"-Wl,--build-id={recipe.build_id}"
    yield f"-Wl,--hash-style={recipe.hash_style}"
    if recipe.shared and recipe.soname:
        yield f"-Wl,-soname,{recipe.soname}"
    for entry in recipe.search:
        yield from ("-Xlinker", "-rpath", "-Xlinker", entry)
    for key in recipe.indirect:
        yield f"-Wl,-rpath-link,{directory_of(key)}"


def _libraries(needs: tuple[tuple[str, str, bool], ...]) -> Iterable[str]:
    """By path where the soname becomes DT_NEEDED; by name where there is none, else the path would."""
    for key, filename, has_soname in needs:
        if has_soname:
            yield f"{directory_of(key)}/{filename}"
        else:
            yield from (f"-L{directory_of(key)}", f"-l:{filename}")
