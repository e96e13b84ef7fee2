"""What is told of an ELF file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from elfworlds.jsondata import Json, JsonObject

SECTIONS = {0: "undefined", 0xFFF1: "absolute", 0xFFF2: "common"}
DT_NEEDED, DT_AUXILIARY, DT_FILTER = "DT_NEEDED", "DT_AUXILIARY", "DT_FILTER"


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
        filters: each DT_AUXILIARY and DT_FILTER: its tag, its name, and how many DT_NEEDED stand before it.
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
    filters: tuple[tuple[str, str, int], ...] = ()

    @property
    def requests(self) -> tuple[tuple[str, str], ...]:
        """DT_NEEDED, DT_AUXILIARY and DT_FILTER with their names, in the order of the dynamic section."""
        requests = [(DT_NEEDED, name) for name in self.needed]
        for tag, name, at in reversed(self.filters):
            requests.insert(at, (tag, name))
        return tuple(requests)

    def facts(self) -> dict[str, Json]:
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
    def from_facts(facts: JsonObject) -> ElfObject:
        """The same from what `facts` gave.

        Raises:
            ValueError: a fact is missing, or not of its type.
        """
        return ElfObject(
            type=_text(facts, "type") or "",
            machine=_text(facts, "machine") or "",
            interp=_text(facts, "interp"),
            soname=_text(facts, "soname"),
            needed=_texts(facts, "needed") or (),
            rpath=_texts(facts, "rpath"),
            runpath=_texts(facts, "runpath"),
            build_id=_text(facts, "build-id"),
            flags=_texts(facts, "flags") or (),
            execstack=facts.get("execstack") is True,
        )


def _text(facts: JsonObject, name: str) -> str | None:
    fact = facts.get(name, 0)
    if fact is None or isinstance(fact, str):
        return fact
    raise ValueError(f"{name} is no text: {fact!r}")


def _texts(facts: JsonObject, name: str) -> tuple[str, ...] | None:
    fact = facts.get(name, 0)
    if fact is None:
        return None
    if isinstance(fact, list):
        texts = tuple(text for text in fact if isinstance(text, str))
        if len(texts) == len(fact):
            return texts
    raise ValueError(f"{name} is no list of texts: {fact!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Symbol:
    """An entry of the dynamic symbol table.

    Attributes:
        version: of GNU symbol versioning, or None; `is_default` tells `@@` from `@`.
        defined: here, or only referred to.
        section: st_shndx, a number of which the loader knows only 0, undefined, and those of `SECTIONS`.
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
    section: int

    def facts(self) -> dict[str, Json]:
        """The facts under the names that an experiment's matchers use."""
        return {
            "name": self.symbol,
            "version": self.version,
            "default-version": self.is_default,
            "defined": self.defined,
            "section": SECTIONS.get(self.section, str(self.section)),
            "binding": word_of(self.bind),
            "type": word_of(self.type),
            "visibility": word_of(self.visibility),
            "size": self.size,
            "value": self.value,
        }


def word_of(name: str) -> str:
    """STB_GNU_UNIQUE → unique; of a number without a name that number."""
    return name.rpartition("_")[2].lower()
