"""An ELF file's facts. The only module that knows pyelftools; it reads any bytes and executes none."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from elfworlds.errors import ElfworldsError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from elftools.elf.elffile import ELFFile  # noqa: TID251


Read = TypeVar("Read")
DT_GNU_FLAGS_1, DF_GNU_1 = 0x6FFFFDF4, {"DF_GNU_1_UNIQUE": 1}  # glibc's; pyelftools has no names for them
FLAG_TAGS = ("BIND_NOW", "SYMBOLIC", "TEXTREL")  # gABI: each tag means the same as its bit in DT_FLAGS


class NotElfError(ElfworldsError):
    """The file is no ELF file, or one so broken that its dynamic section cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ElfObject:
    """What the dynamic loader reads of a file, under the ELF specification's names.

    Attributes:
        type: ET_EXEC, ET_DYN, …
        machine: EM_X86_64, …
        interp: PT_INTERP, or None.
        soname: DT_SONAME, or None.
        needed: each DT_NEEDED in order.
        rpath, runpath: the entries of DT_RPATH and DT_RUNPATH; None where the tag is absent.
        build_id: NT_GNU_BUILD_ID as hexadecimal digits, or None.
        flags: names of set DT_FLAGS, DT_FLAGS_1 and DT_GNU_FLAGS_1 bits in order, such as `DF_BIND_NOW`, `DF_1_PIE`.
        execstack: whether PT_GNU_STACK asks for an executable stack, or is missing.
    """

    type: str
    machine: str
    interp: str | None
    soname: str | None
    needed: tuple[str, ...]
    rpath: tuple[str, ...] | None
    runpath: tuple[str, ...] | None
    build_id: str | None
    flags: tuple[str, ...]
    execstack: bool

    def facts(self) -> dict[str, Any]:
        """The facts under the names that an experiment's `expect` uses."""
        return {
            "type": self.type,
            "machine": self.machine,
            "interp": self.interp,
            "soname": self.soname,
            "needed": list(self.needed),
            "rpath": None if self.rpath is None else list(self.rpath),
            "runpath": None if self.runpath is None else list(self.runpath),
            "build-id": self.build_id,
            "flags": list(self.flags),
            "execstack": self.execstack,
        }

    @staticmethod
    def from_facts(facts: dict[str, Any]) -> ElfObject:
        named = {name.replace("-", "_"): value for name, value in facts.items()}
        typed: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in named.items()
        }
        return ElfObject(**typed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Symbol:
    """An entry of the dynamic symbol table.

    Attributes:
        version: of GNU symbol versioning, or None; `is_default` tells `@@` from `@`.
        defined: here, or only referred to.
        bind, type, visibility: STB_GLOBAL, STT_FUNC, STV_DEFAULT, …
        value, size: bytes; the value is an address within the file.
    """

    symbol: str
    version: str | None
    is_default: bool
    defined: bool
    bind: str
    type: str
    visibility: str
    value: int
    size: int


def read(path: Path) -> ElfObject:
    """The facts of the file at a path; `NotElfError` for whatever is no readable ELF file."""
    return _opened(path, _facts)


def symbols(path: Path) -> tuple[Symbol, ...]:
    """The dynamic symbols of the file at a path, in its order; none where it has no dynamic section."""
    return _opened(path, _symbols)


def _opened(path: Path, use: Callable[[ELFFile], Read]) -> Read:
    from elftools.common.exceptions import ELFError  # noqa: PLC0415, TID251  # only builds and inspections pay for it
    from elftools.construct import ConstructError  # noqa: PLC0415, TID251
    from elftools.elf.elffile import ELFFile  # noqa: PLC0415, TID251

    try:
        with path.open("rb") as file:
            return use(ELFFile(file))
    except (
        ELFError,
        ConstructError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        IndexError,
        struct.error,
    ) as error:
        raise NotElfError(f"{path}: not a readable ELF file ({error})") from None
    except OSError as error:
        raise NotElfError(f"{path}: {error.strerror}") from None


def _facts(elf: ELFFile) -> ElfObject:
    tags: dict[str | int, list[Any]] = {}
    interp, stack, build_id = None, None, None
    segment: Any
    for segment in elf.iter_segments():
        kind = segment["p_type"]
        if kind == "PT_INTERP":
            interp = segment.get_interp_name()
        elif kind == "PT_GNU_STACK":
            stack = segment["p_flags"]
        elif kind == "PT_NOTE":
            build_id = build_id or _build_id(segment)
        elif kind == "PT_DYNAMIC":
            for tag in segment.iter_tags():
                tags.setdefault(tag.entry.d_tag, []).append(tag)
    return ElfObject(
        type=elf["e_type"],
        machine=elf["e_machine"],
        interp=interp,
        soname=tags["DT_SONAME"][0].soname if "DT_SONAME" in tags else None,
        needed=tuple(tag.needed for tag in tags.get("DT_NEEDED", ())),
        rpath=_entries(tags, "DT_RPATH", "rpath"),
        runpath=_entries(tags, "DT_RUNPATH", "runpath"),
        build_id=build_id,
        flags=_flags(tags),
        execstack=stack is None or bool(stack & 1),
    )


def _symbols(elf: ELFFile) -> tuple[Symbol, ...]:
    table: Any = elf.get_section_by_name(".dynsym")
    if table is None:
        return ()
    versions = _versions(elf)
    return tuple(
        _symbol(entry, *versions.get(index, (None, False)))
        for index, entry in enumerate(table.iter_symbols())
        if entry.name
    )


def _symbol(entry: Any, version: str | None, is_default: bool) -> Symbol:  # noqa: ANN401, FBT001  # pyelftools has no types
    defined = entry["st_shndx"] != "SHN_UNDEF"
    return Symbol(
        symbol=entry.name,
        version=version,
        is_default=is_default and defined,
        defined=defined,
        bind=_named(entry["st_info"]["bind"], "STB"),
        type=_named(entry["st_info"]["type"], "STT"),
        visibility=_named(entry["st_other"]["visibility"], "STV"),
        value=entry["st_value"],
        size=entry["st_size"],
    )


def _named(value: object, prefix: str) -> str:
    """Pyelftools' name; a number where it knows none; STB_LOOS is what GNU calls STB_GNU_UNIQUE."""
    known = {"STB_LOOS": "STB_GNU_UNIQUE", "STT_LOOS": "STT_GNU_IFUNC"}
    return known.get(str(value), str(value) if isinstance(value, str) else f"{prefix}_{value}")


def _versions(elf: ELFFile) -> dict[int, tuple[str | None, bool]]:
    """Index of a symbol → its version, and whether that is the default one."""
    of_symbol: Any = elf.get_section_by_name(".gnu.version")
    if of_symbol is None:
        return {}
    names: dict[int, str] = {}
    defined: Any = elf.get_section_by_name(".gnu.version_d")
    for definition, parts in defined.iter_versions() if defined else ():
        names[definition["vd_ndx"]] = next(iter(parts)).name
    needed: Any = elf.get_section_by_name(".gnu.version_r")
    for _, parts in needed.iter_versions() if needed else ():
        names |= {part["vna_other"]: part.name for part in parts}
    found: dict[int, tuple[str | None, bool]] = {}
    for index, entry in enumerate(of_symbol.iter_symbols()):
        number = entry["ndx"]
        if isinstance(number, int):
            found[index] = (names.get(number & 0x7FFF), not number & 0x8000)
    return found


def _entries(tags: dict[str | int, list[Any]], tag: str, attribute: str) -> tuple[str, ...] | None:
    return tuple(getattr(tags[tag][0], attribute).split(":")) if tag in tags else None


def _build_id(segment: Any) -> str | None:  # noqa: ANN401  # pyelftools has no types
    for note in segment.iter_notes():
        if note["n_type"] == "NT_GNU_BUILD_ID":
            return str(note["n_desc"])
    return None


def _flags(tags: dict[str | int, list[Any]]) -> tuple[str, ...]:
    from elftools.elf.enums import ENUM_DT_FLAGS, ENUM_DT_FLAGS_1  # noqa: PLC0415, TID251

    found = []
    for tag, names in (("DT_FLAGS", ENUM_DT_FLAGS), ("DT_FLAGS_1", ENUM_DT_FLAGS_1), (DT_GNU_FLAGS_1, DF_GNU_1)):
        value = tags[tag][0].entry.d_val if tag in tags else 0
        found += [name for name, bit in names.items() if isinstance(bit, int) and value & bit]
    found += [f"DF_{name}" for name in FLAG_TAGS if f"DT_{name}" in tags]
    return tuple(sorted(set(found)))
