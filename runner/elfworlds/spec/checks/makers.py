"""The compiler and the linker that an object names: both are known, and rustc compiles Rust."""

from __future__ import annotations

from typing import TYPE_CHECKING

from elfworlds.makers import COMPILERS, LINKERS
from elfworlds.spec import languages
from elfworlds.spec.checks.findings import Finding
from elfworlds.spec.expand import items
from elfworlds.yamltext import closest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from elfworlds.spec.expand import Names
    from elfworlds.spec.model.objects import Object
    from elfworlds.yamltext import Path


def check_makers(definition: Object, here: Path, known: Names) -> Iterator[Finding]:
    """Every problem of an object's `compiler` and `linker`."""
    for key, template, choices in (
        ("compiler", definition.compiler, COMPILERS),
        ("linker", definition.linker, LINKERS),
    ):
        for word in items(template, known.axes) if template is not None else ():
            if word not in choices and not word.startswith("${"):
                hint = closest(word, choices) or f"known here: {', '.join(choices)}"
                yield Finding((*here, key), f"`{word}` is no {key} that is known here", hint)
    if definition.compiler is not None and "rust" in languages.possible(definition, known.axes):
        yield Finding((*here, "compiler"), "an object in Rust has no `compiler`", "rustc compiles it", at_key=True)
