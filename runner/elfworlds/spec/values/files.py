"""The facts of an ELF file, as matchers may speak of them, and what each is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from elfworlds.psabi import NAMES
from elfworlds.spec.shapes import FLAG, NAME, NUMBER, PATH, TEXT, Fields, Items, chosen, or_null

if TYPE_CHECKING:
    from collections.abc import Mapping

    from elfworlds.spec.shapes import Shape

BASIC: Mapping[str, Shape] = {
    "build-id": or_null(TEXT),
    "execstack": FLAG,
    "flags": Items(NAME),
    "interp": or_null(PATH),
    "machine": NAME,
    "needed": Items(NAME),
    "rpath": Items(PATH, null=True),
    "runpath": Items(PATH, null=True),
    "soname": or_null(NAME),
    "type": NAME,
}
BINDINGS = ("local", "global", "weak", "unique")
TYPES = ("notype", "object", "func", "section", "file", "common", "tls", "ifunc")
VISIBILITIES = ("default", "internal", "hidden", "protected")
SECTIONS = ("undefined", "absolute", "common")
MODELS = ("global-dynamic", "local-dynamic", "initial-exec", "descriptors")
RELROS = ("none", "partial", "full")
HASHES = ("gnu", "sysv")
PRIORITIES = ("required", "recommended", "suggested")
KIND = chosen(*NAMES, digits=True, name="a relocation's name or a number")
SYMBOL = Fields(
    {
        "name": NAME,
        "version": or_null(NAME),
        "default-version": FLAG,
        "defined": FLAG,
        "section": chosen(*SECTIONS, digits=True),
        "binding": chosen(*BINDINGS, digits=True),
        "type": chosen(*TYPES, digits=True),
        "visibility": chosen(*VISIBILITIES, digits=True),
        "size": NUMBER,
        "value": NUMBER,
    }
)
NEEDED_VERSION = Fields({"name": NAME, "file": NAME, "weak": FLAG})
DEFINED_VERSION = Fields({"name": NAME, "base": FLAG, "weak": FLAG, "parents": Items(NAME)})
NOTES = Fields(
    {
        "build-id": or_null(TEXT),
        "abi-tag": Fields({"os": NAME, "version": TEXT}, null=True),
        "properties": Fields(
            {"features": Items(NAME), "isa-needed": Items(NAME), "isa-used": Items(NAME)},
            null=True,
        ),
        "dlopen": Items(
            Fields(
                {
                    "soname": Items(NAME),
                    "feature": or_null(TEXT),
                    "description": or_null(TEXT),
                    "priority": or_null(chosen(*PRIORITIES)),
                }
            )
        ),
        "package": Fields(
            dict.fromkeys(("type", "name", "version", "architecture", "os", "osVersion"), TEXT), other=TEXT, null=True
        ),
        "other": Items(Fields({"owner": NAME, "type": NUMBER, "size": NUMBER})),
    }
)
DETAILS: Mapping[str, Shape] = {
    "symbols": Items(SYMBOL, named=True),
    "versions": Fields({"needed": Items(NEEDED_VERSION, named=True), "defined": Items(DEFINED_VERSION, named=True)}),
    "relocations": Fields(dict.fromkeys(NAMES, NUMBER), called="{R_…: number}"),
    "symbol-relocations": Items(Fields({"name": NAME, "version": or_null(NAME), "kind": KIND}), named=True),
    "relr": Fields({"entries": NUMBER, "relocations": NUMBER}, null=True),
    "text-relocations": NUMBER,
    "tls": Fields({"size": NUMBER, "alignment": NUMBER, "models": Items(chosen(*MODELS))}),
    "stack": Fields({"flags": NAME, "size": NUMBER}, null=True),
    "relro": chosen(*RELROS),
    "hash-tables": Items(chosen(*HASHES)),
    "notes": NOTES,
}
"""What is read of a file only where somebody speaks of it."""
FACTS: Mapping[str, Shape] = {**BASIC, **DETAILS}
