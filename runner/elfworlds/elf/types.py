"""What is told of an ELF file."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from elfworlds.jsondata import Json, JsonObject

DT_NEEDED, DT_AUXILIARY, DT_FILTER = "DT_NEEDED", "DT_AUXILIARY", "DT_FILTER"


class ElfObject(NamedTuple):
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
