"""An object's language: it is known, and each key and each source fits it."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from elfworlds.spec.checks.findings import Finding
from elfworlds.spec.expand import items
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


def check_language(definition: Object, raw: Mapping[str, Data], here: Path, known: Names) -> Iterator[Finding]:
    """Every problem of an object's language."""
    if definition.prebuilt is not None:
        return
    languages = possible(definition, known.axes)
    if not languages and _has_suffix(definition, known):
        hint = f"write `language:`, one of {', '.join(LANGUAGES)}"
        yield Finding((*here, "sources", 0), "no source of this object has a name that tells its language", hint)
    yield from _mixed(definition, here, known)
    for key, having in HAVE.items():
        if raw.get(key) is not None and _lacks(key, languages, having):
            message = " or ".join(CALLED[name] for name in sorted(languages.difference(having)))
            yield Finding((*here, key), f"an object in {message} has no `{key}`", INSTEAD[key], at_key=True)
    yield from _rust(definition, here) if "rust" in languages else ()


def _lacks(key: str, languages: frozenset[str], having: tuple[str, ...]) -> bool:
    """A key is right if it has a meaning at some point; `exports` must have one at each."""
    if key == "exports":
        return not languages.issubset(having)
    return bool(languages) and languages.isdisjoint(having)


def _has_suffix(definition: Object, known: Names) -> bool:
    """Whether a source's name could tell a language; a missing suffix is reported elsewhere."""
    paths = [path for template in definition.sources for path in items(template, known.axes)]
    return any(posixpath.splitext(path)[1] for path in paths) and "${" not in "".join(paths)


def _mixed(definition: Object, here: Path, known: Names) -> Iterator[Finding]:
    """Sources that the object's compiler does not take."""
    first = {of_source(path) for path in items(definition.sources[0], known.axes)} if definition.sources else set()
    if definition.language is None and "rust" in first and len(first) > 1:
        return  # an axis decides the language
    whole = definition.language or ("rust" if "rust" in first else "c++")
    for index, template in enumerate(definition.sources):
        for path in items(template, known.axes):
            language = of_source(path)
            if language is not None and language not in MAY_HOLD[whole]:
                hint = "make it an object of its own; one may need the other"
                yield Finding(
                    (*here, "sources", index), f"`{path}` is {CALLED[language]}, {_which(definition, whole)}", hint
                )


def _which(definition: Object, whole: str) -> str:
    message = CALLED[whole] if definition.language or whole == "rust" else "C, C++ or assembly"
    return f"which an object in {message} cannot hold"


def _rust(definition: Object, here: Path) -> Iterator[Finding]:
    kind = "library" if definition.library else "executable"
    if definition.crate_type is not None and definition.crate_type not in CRATE_TYPES[kind]:
        hint = f"write {' or '.join(CRATE_TYPES[kind])}"
        yield Finding((*here, "crate-type"), f"`{definition.crate_type}` makes no {kind}", hint)
    if definition.crate_type == "dylib" and definition.soname is not None and definition.soname.literal == "":
        yield Finding((*here, "soname"), "rustc gives each dylib a soname", "a cdylib can be without")
    for macro in definition.defines:
        if "(" in macro:
            yield Finding((*here, "defines", macro), f"`{macro}` is no cfg of Rust", "a name alone", at_key=True)
