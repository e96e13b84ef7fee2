"""The words that make an object; what distributions and versions set differently is always stated."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from elfworlds.makers import COMPILERS
from elfworlds.planning.types import BUILD, OUT, directory_of, keys_in
from elfworlds.sources import INCLUDE_DIRECTORY
from elfworlds.spec.leaves.languages import of_source

if TYPE_CHECKING:
    from collections.abc import Iterable

    from elfworlds.planning.recipe import Recipe

STANDARDS = {"c": "gnu17", "c++": "gnu++17"}
EDITION = "2021"


def command(recipe: Recipe) -> tuple[str, ...]:
    return _rustc(recipe) if recipe.language == "rust" else _driver(recipe)


def _driver(recipe: Recipe) -> tuple[str, ...]:
    """For C, C++ and assembly, which the compiler's driver tells by their names."""
    standard = recipe.std or STANDARDS.get(recipe.language)
    return (
        driver(recipe),
        *([f"-std={standard}"] if standard else []),
        *("-g", "-O0", *_position(recipe)),
        *(f"-ffile-prefix-map={BUILD}=.", "-frandom-seed=elfworlds", "-fdiagnostics-color=never"),
        *(
            f"-I{INCLUDE_DIRECTORY}",
            *(_define(*define) for define in recipe.defines),
            *recipe.cflags,
            *(word for path in recipe.sources for word in _source(path, recipe.language)),
        ),
        *("-o", f"{OUT}/{recipe.filename}", *_link(recipe)),
        *recipe.ldflags_first,
        *_libraries(recipe.needs),
        *recipe.ldflags,
    )


def driver(recipe: Recipe) -> str:
    """The tool that compiles and links it."""
    named = COMPILERS.get(recipe.compiler, {"c": "cc", "c++": "c++"})
    return named["c++" if recipe.language == "c++" else "c"]


def _source(path: str, language: str) -> tuple[str, ...]:
    """The C++ drivers take C for C++, some with a warning: here it is said."""
    file = as_file(path)
    return ("-x", "c++", file, "-x", "none") if language == "c++" and of_source(path) == "c" else (file,)


def as_file(path: str) -> str:
    """A path as a word that no program takes for an option, or for a file of options."""
    return f"./{path}" if path.startswith(("-", "@")) else path


def _position(recipe: Recipe) -> tuple[str, ...]:
    if recipe.shared:
        return ("-fPIC", "-shared")
    return ("-fPIE", "-pie") if recipe.pie else ("-fno-pie", "-no-pie")


def _define(name: str, value: str | None) -> str:
    return f"-D{name}" if value in (None, "") else f"-D{name}={value}"


def _rustc(recipe: Recipe) -> tuple[str, ...]:
    """The first source is the crate's root. The toolchain's words for rustc name the linker."""
    static = not (recipe.shared or recipe.pie)
    linking = (*_link(recipe), *recipe.ldflags_first, *_libraries(recipe.needs), *recipe.ldflags)
    settings = (
        *("debuginfo=2", "opt-level=0", "codegen-units=1", "prefer-dynamic=no", "rpath=no"),
        f"relocation-model={'static' if static else 'pic'}",
        *(f"link-arg={word}" for word in linking),
    )
    return (
        *("rustc", "--crate-name", _crate(recipe.filename), "--crate-type", _crate_type(recipe)),
        *("--edition", recipe.edition or EDITION, f"--remap-path-prefix={BUILD}=.", "--color=never"),
        *(word for setting in settings for word in ("-C", setting)),
        *(word for define in recipe.defines for word in ("--cfg", _cfg(*define))),
        *recipe.cflags,
        as_file(recipe.sources[0]),
        *("-o", f"{OUT}/{recipe.filename}"),
    )


def _crate_type(recipe: Recipe) -> str:
    return recipe.crate_type or ("cdylib" if recipe.shared else "bin")


def _crate(filename: str) -> str:
    """A name as Rust has them, of a file's."""
    name = re.sub(r"[^A-Za-z0-9_]", "_", re.sub(r"^lib|\.so$", "", filename))
    return f"_{name}" if name[:1].isdigit() else name


def _cfg(name: str, value: str | None) -> str:
    if value in (None, ""):
        return name
    escaped = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'{name}="{escaped}"'


def _link(recipe: Recipe) -> Iterable[str]:
    if recipe.linker:
        yield f"-fuse-ld={recipe.linker}"
    yield "-Wl,--as-needed" if recipe.as_needed else "-Wl,--no-as-needed"
    yield "-Wl,--enable-new-dtags" if recipe.dtag == "runpath" else "-Wl,--disable-new-dtags"
    for keyword in ("lazy", "noexecstack", *recipe.z):
        yield from _for_the_linker("-z", keyword)
    yield f"-Wl,--build-id={recipe.build_id}"
    yield f"-Wl,--hash-style={recipe.hash_style}"
    if recipe.soname:
        yield from _for_the_linker("-soname", recipe.soname)
    for entry in recipe.search:
        yield from _joined("-rpath", entry) if entry[:1] == "@" and not keys_in(entry) else _apart("-rpath", entry)
    for directory in recipe.indirect:
        yield f"-Wl,-rpath-link,{directory}"
    yield from recipe.exports


def _for_the_linker(option: str, value: str) -> Iterable[str]:
    """An option with its value. A comma in it is no end of it, and an `@` at its start names no file of options."""
    if value[:1] == "@":
        return _joined(option, value)
    return _apart(option, value) if "," in value else (f"-Wl,{option},{value}",)


def _apart(option: str, value: str) -> tuple[str, ...]:
    return ("-Xlinker", option, "-Xlinker", value)


def _joined(option: str, value: str) -> tuple[str, ...]:
    """Option and value in one word: `-z` takes its keyword as it is, the others after a `=`."""
    return ("-Xlinker", f"{option}{value}" if option == "-z" else f"{option}={value}")


def _libraries(needs: tuple[tuple[str, str, bool], ...]) -> Iterable[str]:
    """By path where the soname becomes DT_NEEDED; by name where there is none, else the path would."""
    for key, filename, has_soname in needs:
        if has_soname:
            yield f"{directory_of(key)}/{filename}"
        else:
            directory, name = posixpath.split(f"{directory_of(key)}/{filename}")
            yield from (f"-L{directory}", f"-l:{name}")
