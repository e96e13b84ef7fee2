"""What is told of an ELF file where somebody asks: relocations, segments, notes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from elfworlds.jsondata import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class SymbolRelocation:
    """A relocation that takes a symbol; its kind is the psABI's name, such as `R_X86_64_COPY`."""

    name: str
    version: str | None
    kind: str

    def facts(self) -> dict[str, Json]:
        return {"name": self.name, "version": self.version, "kind": self.kind}


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """DT_RELR: its words, and the relative relocations that they stand for."""

    entries: int
    relocations: int

    def facts(self) -> dict[str, Json]:
        return {"entries": self.entries, "relocations": self.relocations}


@dataclass(frozen=True, slots=True, kw_only=True)
class Relocations:
    """What the loader relocates: DT_REL, DT_RELA, DT_JMPREL and DT_RELR.

    Attributes:
        counts: (kind, how many), by the kinds' names, or their numbers where they have none; without those of DT_RELR.
        packed: DT_RELR; None where there is none.
        in_read_only: how many lie in a segment that is not writable.
        of_symbols: those that name a symbol, in their order.
        tls_models: how thread-local variables are reached, by the relocations that this takes: `global-dynamic`,
            `local-dynamic`, `initial-exec`, `descriptors`, in this order. A variable that no other object may see
            takes the same relocation by either dynamic model, and is told as `local-dynamic`; local exec takes none.
    """

    counts: tuple[tuple[str, int], ...]
    packed: Packed | None
    in_read_only: int
    of_symbols: tuple[SymbolRelocation, ...]
    tls_models: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """PT_GNU_STACK: its flags as letters, `RW` or `RWE`, and the bytes that it asks for, mostly 0: the default."""

    flags: str
    size: int

    def facts(self) -> dict[str, Json]:
        return {"flags": self.flags, "size": self.size}


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What program headers and tags say of how a file is mapped and searched.

    Attributes:
        stack: PT_GNU_STACK; None where it is missing.
        relro: `none`, `partial` (PT_GNU_RELRO), or `full`: with everything bound when it is loaded.
        hash_tables: of `gnu` and `sysv` those that are there.
        tls_size, tls_alignment: bytes of PT_TLS; 0 where it is missing.
        tls_first: by how many bytes it begins behind a multiple of its alignment.
    """

    stack: Stack | None
    relro: str
    hash_tables: tuple[str, ...]
    tls_size: int
    tls_alignment: int
    tls_first: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AbiTag:
    """NT_GNU_ABI_TAG: the oldest kernel that will do, such as linux 3.2.0."""

    os: str
    version: str

    def facts(self) -> dict[str, Json]:
        return {"os": self.os, "version": self.version}


@dataclass(frozen=True, slots=True, kw_only=True)
class Properties:
    """NT_GNU_PROPERTY_TYPE_0.

    Attributes:
        features: what all of the file keeps to: `IBT`, `SHSTK`, `BTI`, `PAC`, …, `no-copy-on-protected`.
        isa_needed, isa_used: `x86-64-baseline`, `x86-64-v2`, …
    """

    features: tuple[str, ...]
    isa_needed: tuple[str, ...]
    isa_used: tuple[str, ...]

    def facts(self) -> dict[str, Json]:
        return {
            "features": list(self.features),
            "isa-needed": list(self.isa_needed),
            "isa-used": list(self.isa_used),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Dlopened:
    """What a file says that it may dlopen (`.note.dlopen`, https://systemd.io/ELF_DLOPEN_METADATA).

    Attributes:
        soname: names of which any will do.
        priority: `required`, `recommended` or `suggested`; None, as the others, where the file does not say.
    """

    soname: tuple[str, ...]
    feature: str | None
    description: str | None
    priority: str | None

    def facts(self) -> dict[str, Json]:
        return {
            "soname": list(self.soname),
            "feature": self.feature,
            "description": self.description,
            "priority": self.priority,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherNote:
    """A note of which nothing more is known; its size is that of its description."""

    owner: str
    type: int
    size: int

    def facts(self) -> dict[str, Json]:
        return {"owner": self.owner, "type": self.type, "size": self.size}


@dataclass(frozen=True, slots=True, kw_only=True)
class Notes:
    """What PT_NOTE and PT_GNU_PROPERTY hold; of each kind the first, of `dlopen` and `other` all.

    Attributes:
        package: `.note.package` as it is (https://systemd.io/ELF_PACKAGE_METADATA), but for what is no text.
        other: notes of another kind, and those that do not hold what their kind says.
    """

    build_id: str | None
    abi_tag: AbiTag | None
    properties: Properties | None
    dlopen: tuple[Dlopened, ...]
    package: Mapping[str, str] | None
    other: tuple[OtherNote, ...]

    def facts(self) -> dict[str, Json]:
        return {
            "build-id": self.build_id,
            "abi-tag": self.abi_tag.facts() if self.abi_tag else None,
            "properties": self.properties.facts() if self.properties else None,
            "dlopen": [entry.facts() for entry in self.dlopen],
            "package": None if self.package is None else dict(self.package),
            "other": [note.facts() for note in self.other],
        }
