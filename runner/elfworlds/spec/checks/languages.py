"""What an object is written in: the language is known, and every key and source is one that it has."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from elfworlds.spec.checks.findings import Finding
from elfworlds.spec.expand import expand
from elfworlds.spec.languages import possible
from elfworlds.spec.leaves.languages import LANGUAGES, of_source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from elfworlds.spec.expand import Names
    from elfworlds.spec.model.objects import Object
    from elfworlds.yamltext import Data, Path

CALLED = {"c": "C", "c++": "C++", "assembly": "assembly", "rust": "Rust"}
MAY_HOLD = {"c": ("c", "assembly"), "c++": ("c++", "c", "assembly"), "assembly": ("assembly",), "rust": ("rust",)}
HAVE = {"std": ("c", "c++"), "edition": ("rust",), "crate-type": ("rust",), "exports": ("c", "c++", "assembly")}
INSTEAD = {
    "std": "Rust has an `edition`, and assembly has none",
    "edition": "C and C++ have a `std`",
    "crate-type": "it says what rustc makes of Rust",
    "exports": 'rustc says itself what it exports: the functions with #[no_mangle], or pub ones of a "dylib"',
}
CRATE_TYPES = {"library": ("cdylib", "dylib"), "executable": ("bin",)}


def check_language(one: Object, raw: Mapping[str, Data], here: Path, known: Names) -> Iterator[Finding]:
    """Every problem of what an object is written in."""
    if one.prebuilt is not None:
        return
    languages = possible(one, known.axes)
    if not languages and _has_suffix(one, known):
        hint = f"write `language:`, one of {', '.join(LANGUAGES)}"
        yield Finding((*here, "sources", 0), "no source of this object has a name that tells its language", hint)
    yield from _mixed(one, here, known)
    for key, having in HAVE.items():
        if raw.get(key) is not None and _lacks(key, languages, having):
            told = " or ".join(CALLED[name] for name in sorted(languages.difference(having)))
            yield Finding((*here, key), f"an object in {told} has no `{key}`", INSTEAD[key], at_key=True)
    yield from _rust(one, here) if "rust" in languages else ()


def _lacks(key: str, languages: frozenset[str], having: tuple[str, ...]) -> bool:
    """A key is right where some point has it; but what is exported must hold at each."""
    if key == "exports":
        return not languages.issubset(having)
    return bool(languages) and languages.isdisjoint(having)


def _has_suffix(one: Object, known: Names) -> bool:
    """Whether a source's name could tell a language; what has no suffix is told elsewhere."""
    paths = [path for template in one.sources for path in expand(template, known.axes)]
    return any(posixpath.splitext(path)[1] for path in paths) and "${" not in "".join(paths)


def _mixed(one: Object, here: Path, known: Names) -> Iterator[Finding]:
    """Sources that the object's compiler does not take."""
    first = {of_source(path) for path in expand(one.sources[0], known.axes)} if one.sources else set()
    if one.language is None and "rust" in first and len(first) > 1:
        return  # an axis decides the language
    whole = one.language or ("rust" if "rust" in first else "c++")
    for index, template in enumerate(one.sources):
        for path in expand(template, known.axes):
            found = of_source(path)
            if found is not None and found not in MAY_HOLD[whole]:
                hint = "make it an object of its own; one may need the other"
                yield Finding((*here, "sources", index), f"`{path}` is {CALLED[found]}, {_which(one, whole)}", hint)


def _which(one: Object, whole: str) -> str:
    told = CALLED[whole] if one.language or whole == "rust" else "C, C++ or assembly"
    return f"which an object in {told} cannot hold"


def _rust(one: Object, here: Path) -> Iterator[Finding]:
    kind = "library" if one.library else "executable"
    if one.crate_type is not None and one.crate_type not in CRATE_TYPES[kind]:
        hint = f"write {' or '.join(CRATE_TYPES[kind])}"
        yield Finding((*here, "crate-type"), f"`{one.crate_type}` makes no {kind}", hint)
    if one.crate_type == "dylib" and one.soname is not None and one.soname.literal == "":
        yield Finding((*here, "soname"), "rustc gives each dylib a soname", "a cdylib can be without")
    for macro in one.defines:
        if "(" in macro:
            yield Finding((*here, "defines", macro), f"`{macro}` is no cfg of Rust", "a name alone", at_key=True)
