"""The ELF files that an experiment builds, and the program that steps make, as types."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, TypeAlias

from pydantic import Field
from pydantic_core import CoreSchema, core_schema

from elfworlds.spec.leaves import exports as exporting
from elfworlds.spec.leaves.annotated import (
    TEXT_SCHEMA,
    CName,
    Commands,
    FileStem,
    Flag,
    Matcher,
    Naming,
    Reads,
    StatedSeconds,
    Templated,
    Templates,
    Text,
    Texts,
    Value,
)
from elfworlds.spec.leaves.exports import Exports
from elfworlds.spec.leaves.languages import LANGUAGES
from elfworlds.spec.model.base import REMOVABLE, Model, Note, word

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler

    from elfworlds.jsondata import Json
    from elfworlds.refs import Template
    from elfworlds.yamltext import Data

PROGRAM = "program"

# Keys that objects and the program of `steps` share.
Defines: TypeAlias = Annotated[
    dict[CName, Value], REMOVABLE, Field(description='macros: -DNAME=VALUE; in Rust --cfg NAME="VALUE"')
]
Needs: TypeAlias = Annotated[
    Templates,
    Naming.OBJECTS,
    Field(
        description="libraries of this experiment to link with; each becomes a DT_NEEDED; "
        "libraries may need each other in a circle"
    ),
]
Runpath: TypeAlias = Annotated[
    Templates | None,
    Naming.OBJECTS,
    Field(description="DT_RUNPATH; an object's name is its directory; default: the directories of `needs`"),
]
Rpath: TypeAlias = Annotated[Templates | None, Naming.OBJECTS, Field(description="DT_RPATH instead of DT_RUNPATH")]
Cflags: TypeAlias = Annotated[Templates, Field(description="further words for the compiler")]
Ldflags: TypeAlias = Annotated[Templates, Field(description="further words for the link; last on the command line")]
LdflagsFirst: TypeAlias = Annotated[
    Templates, Field(description="words for the link that stand before the libraries of `needs`, where that matters")
]
Keywords: TypeAlias = Annotated[
    Templates, Field(description="linker keywords, -z KEYWORD; they outweigh `-z lazy -z noexecstack`")
]
ExportedSymbols: TypeAlias = Annotated[
    Exports | None,
    Reads(exporting.exports, exporting.SCHEMA),
    Field(
        description="the symbols that others may bind to: a list, a mapping version → list, or all; "
        "default: all, for an executable those that its libraries refer to"
    ),
]
Pie: TypeAlias = Annotated[Flag, Field(description="whether an executable is position-independent")]


@dataclass(frozen=True, slots=True)
class OrItsFile:
    """A pydantic annotation: a text is short for `{file: TEXT}`; the JSON Schema has both."""

    def __get_pydantic_core_schema__(self, source: type[Model], handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(_file, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Json]:
        return {"anyOf": [dict(TEXT_SCHEMA), handler(schema)]}


def _file(data: Data) -> Data:
    return {"file": data} if isinstance(data, str) else data


class Prebuilt(Model):
    """A file that somebody else built; a path alone is short for `{file: PATH}`.

    With `tree`, `archive` or `package` the whole tree is one entry of the store: `$ORIGIN` leads to the neighbours.
    With `nix` or `flake` it is the store path itself, with all that it refers to.
    """

    file: Annotated[
        Templated,
        Field(description="an ELF file: beside the experiment, or an absolute path; of a tree, its path there"),
    ]
    tree: Annotated[
        Templated | None,
        Field(description="a directory that is taken as it is: beside the experiment, or an absolute path"),
    ] = None
    archive: Annotated[
        Templated | None,
        Field(description="an archive that is unpacked: .whl, .zip, .deb, .tar, .tar.gz, .tar.xz, .tar.bz2, .tar.zst"),
    ] = None

    package: Annotated[
        Templated | None,
        Field(description="a package of the toolchain's own suite, pinned by `elfworlds toolchain lock --for FILE`"),
    ] = None
    nix: Annotated[
        Templated | None,
        Field(description="a package of the package set, or an expression over it: `zlib`; locked in the same way"),
    ] = None
    flake: Annotated[
        Templated | None,
        Field(description="what a flake makes: `nixpkgs#zlib`, `./dependency#lib`; locked in the same way"),
    ] = None

    @property
    def origin(self) -> tuple[str, Template]:
        """Where the file is: the key that says so, and its value; `file` where it stands alone."""
        named = ((key, getattr(self, key)) for key in ORIGINS)
        return next(((key, value) for key, value in named if value is not None), ("file", self.file))


NIX = ("nix", "flake")
ORIGINS = ("tree", "archive", "package", *NIX)


class Object(Model):
    """An ELF file: a library or an executable that the experiment builds, or one that somebody else built."""

    library: Annotated[FileStem | None, Field(description="a shared object lib<name>.so")] = None
    executable: Annotated[FileStem | None, Field(description="an executable of this name")] = None
    prebuilt: Annotated[
        Prebuilt | None,
        OrItsFile(),
        Field(description="a file that exists: beside the experiment, or an absolute path; or a file of a tree"),
    ] = None
    language: Annotated[
        str | None,
        word(*LANGUAGES),
        Field(description="what the sources are written in; default: what their names tell, for `code` c"),
    ] = None
    sources: Annotated[
        Templates, Field(description="source files, looked up beside the experiment, then in csrc/")
    ] = ()
    toolchain: Annotated[
        Templated | None,
        Field(description="the toolchain that builds it, wherever it is run; default: the trial's own"),
    ] = None
    compiler: Annotated[
        Templated | None,
        Field(description="the compiler that compiles and links it, gcc or clang; default: the toolchain's own"),
    ] = None
    linker: Annotated[
        Templated | None,
        Field(description="what links it: bfd, gold, lld or mold; default: the compiler's own"),
    ] = None
    headers: Annotated[Texts, Field(description='files beyond those found by reading `#include "…"`, `mod …;`')] = ()
    code: Annotated[Text | None, Field(description="the source itself, instead of `sources`")] = None
    defines: Defines = {}
    needs: Needs = ()
    runpath: Runpath = None
    rpath: Rpath = None
    soname: Annotated[
        Templated | None,
        Field(
            description="DT_SONAME, by which the library is found too; default: a library's file name, and none for an "
            'executable; "" for none'
        ),
    ] = None
    cflags: Cflags = ()
    ldflags: Ldflags = ()
    ldflags_first: LdflagsFirst = ()
    z: Keywords = ()
    std: Annotated[Text | None, Field(description="the language standard, -std=; default: gnu17, for C++ gnu++17")] = (
        None
    )
    edition: Annotated[
        str | None, word("2015", "2018", "2021", "2024"), Field(description="Rust's edition; default: 2021")
    ] = None
    crate_type: Annotated[
        str | None,
        word("cdylib", "dylib", "bin"),
        Field(description="what rustc makes; default: cdylib, for an executable bin"),
    ] = None
    exports: ExportedSymbols = None
    after: Annotated[
        Commands,
        Field(
            description="commands that edit the file after the link, one after the other: "
            "[[patchelf, --set-rpath, /x], [strip]]; the file is the last word of each"
        ),
    ] = ()
    build_timeout: Annotated[
        StatedSeconds | None,
        Field(description="seconds for its build: compiler, linker and `after` together; default: the experiment's"),
    ] = None
    pie: Pie = True
    as_needed: Annotated[Flag, Field(description="whether unused needs leave no DT_NEEDED")] = False
    build_id: Annotated[str, word("sha1", "md5", "none"), Field(description="--build-id")] = "sha1"
    hash_style: Annotated[str, word("gnu", "sysv", "both"), Field(description="--hash-style")] = "gnu"
    expect: Annotated[
        dict[str, Matcher],
        Field(description="ELF facts that must hold, else the object's trials are UNRESOLVED"),
    ] = {}
    note: Note = None

    @property
    def stem(self) -> str:
        return self.library or self.executable or ""

    @property
    def filename(self) -> str:
        """What the experiment's own build makes."""
        return f"lib{self.library}.so" if self.library else self.stem


class Program(Model):
    """How the program that `steps` make is built: the keys of an executable, and C at file scope."""

    language: Annotated[
        str | None, word("c", "c++"), Field(description="what its C is compiled as, c or c++; default: c")
    ] = None
    code: Annotated[Text, Field(description="C before the steps: types, functions, variables")] = ""
    defines: Annotated[Defines, Field(description="macros: -DNAME=VALUE")] = {}
    needs: Annotated[Needs, Field(description="libraries of this experiment to link with")] = ()
    runpath: Annotated[Runpath, Field(description="DT_RUNPATH, as an object has it")] = None
    rpath: Rpath = None
    cflags: Cflags = ()
    ldflags: Ldflags = ()
    ldflags_first: LdflagsFirst = ()
    z: Annotated[Keywords, Field(description="linker keywords, -z KEYWORD")] = ()
    exports: Annotated[
        ExportedSymbols,
        Field(description="the symbols that libraries may bind to, as an executable has them; all: every one"),
    ] = None
    pie: Annotated[Pie, Field(description="whether it is position-independent")] = True

    def as_object(self, code: str = "") -> Object:
        """The executable that the program is, with `code` as its source; a key that a program lacks has its default."""
        shared = {name: getattr(self, name) for name in type(self).model_fields}
        return Object(executable=PROGRAM).model_copy(update={**shared, "code": code})
