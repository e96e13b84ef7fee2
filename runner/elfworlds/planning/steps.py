"""A scenario's steps at a point → the program that they become, as one more executable to build."""

from __future__ import annotations

from typing import TYPE_CHECKING

from elfworlds import driver
from elfworlds.planning.request import Recipe, request
from elfworlds.planning.types import directory_of, keys_in
from elfworlds.sources import INCLUDE_DIRECTORY, File
from elfworlds.spec.model import Program

if TYPE_CHECKING:
    from elfworlds.planning.bind import Binder
    from elfworlds.planning.exports import Exported
    from elfworlds.planning.types import BuildRequest
    from elfworlds.spec.model import Scenario

SOURCE = "program.c"
OWNER = "the program of "
LOADER = "-ldl"  # before glibc 2.34 dlopen is not in libc.so.6; later the library is an empty archive


def built(binder: Binder, name: str, scenario: Scenario) -> tuple[BuildRequest, tuple[str, ...], str]:
    """The request for the program; its argv, symbolic; and the digest of its text."""
    made = driver.program(scenario, binder)
    text = binder.known.keep(File.of(SOURCE, made.text.encode()))
    found = request(_recipe(binder, name, scenario.program or Program(), made), binder.toolchain)
    binder.known.add(found)
    return found, (f"{directory_of(found.key)}/{found.filename}", *made.arguments), text


def _recipe(binder: Binder, name: str, one: Program, made: driver.Program) -> Recipe:
    """Built as the experiment's own executables are."""
    needed = [str(need) for need in binder.words(one.needs)]
    direct = [binder.object(need) for need in needed]
    keys = [found.key for found in direct]
    sonames = [bool(binder.soname(binder.experiment.objects[need])) for need in needed]
    search = tuple(binder.search(one, keys))
    defines = tuple((macro, binder.plain(value)) for macro, value in sorted(one.defines.items()))
    cflags = (*(["-pthread"] if made.threads else []), *binder.words(one.cflags))
    ldflags = (*binder.words(one.ldflags), LOADER)
    exports = binder.exports(one)
    texts = (*search, *(value or "" for _, value in defines), *cflags, *ldflags)
    return Recipe(
        name=f"{OWNER}{name}",
        filename=one.filename,
        shared=False,
        sources=(SOURCE,),
        inputs=_inputs(binder, made, exports),
        exports=exports.words,
        defines=defines,
        cflags=cflags,
        ldflags=ldflags,
        needs=tuple(zip(keys, [found.filename for found in direct], sonames, strict=True)),
        indirect=tuple(dict.fromkeys(key for found in direct for key in found.needs if key not in keys)),
        others=tuple(key for text in texts for key in keys_in(text)),
        search=search,
        dtag="runpath" if one.rpath is None else "rpath",
        soname="",
        z=tuple(binder.words(one.z)),
        std=None,
        pie=one.pie,
        as_needed=False,
        build_id="sha1",
        hash_style="gnu",
    )


def _inputs(binder: Binder, made: driver.Program, exports: Exported) -> tuple[tuple[str, str], ...]:
    files = {f"{INCLUDE_DIRECTORY}/{name}": data for name, data in driver.headers(made.text).items()}
    files[SOURCE] = made.text.encode()
    files |= {exports.path: exports.text.encode()} if exports.text else {}
    return tuple(sorted((path, binder.known.keep(File.of(path, data))) for path, data in files.items()))
