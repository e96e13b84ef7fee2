"""What readelf says of a file, in the words of our facts, for a comparison."""

from __future__ import annotations

import os
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from elfworlds import elf

GO = "GO BUILDID"  # its linker puts no other note into PT_NOTE, which is all that a loader sees
SECTIONS = {"UND": "undefined", "ABS": "absolute", "COM": "common"}
SYMBOL = re.compile(
    r"^ +\d+: ([0-9a-f]+) +(\d+|0x[0-9a-f]+) (\w+|<\S+ \S+>: \d+) +(\w+|<\S+ \S+>: \d+) +(\w+)"
    r"(?: +\[[^]]*\])? +(\S+)(?: (\S+))?(?: \((\d+)\))?$",
    re.MULTILINE,
)
NEED = re.compile(r"Version: \d+ +File: (\S+)|Name: (\S+) +Flags: (.+?) +Version: \d+")
DEFINITION = re.compile(r"Rev: \d+ +Flags: (.+?) +Index: \d+ +Cnt: \d+ +Name: (\S+)|Parent \d+: (\S+)")
RELOCATION = re.compile(
    r"^[0-9a-f]+ +[0-9a-f]+ (R_\w+|unrecognized: [0-9a-f]+)(?: +([0-9a-f]{8,16}|\S+\(\)) +(\S+))?", re.MULTILINE
)  # an IFUNC's value is shown as `name()`
PACKED = re.compile(r"(\d+) offsets|which relocate (\d+) locations?")


@dataclass(frozen=True)
class Said:
    """The facts that both give."""

    symbols: object
    needed: object
    defined: object
    relocations: object
    of_symbols: object
    relr: object
    stack: object
    relro: object
    tls: object
    hashes: object
    flags: object
    build_id: object
    abi_tag: object
    features: object
    isa_needed: object


def readelf(path: Path, *words: str) -> str:
    command = ["readelf", "-W", *words, str(path)]
    done = subprocess.run(command, capture_output=True, check=False, env={**os.environ, "LC_ALL": "C"})
    return done.stdout.decode("utf-8", "replace")


def by_readelf(path: Path) -> Said:
    text = readelf(path, "--dyn-syms", "-V", "-d", "-l", "-n")
    relocations = readelf(path, "-r", "-D")
    kinds, named = _relocations(relocations)
    packed = PACKED.search(relocations)
    tags = dict(re.findall(r"^ 0x[0-9a-f]+ \((\w+)\) +(.*)$", text, re.MULTILINE))
    flags = {
        *(f"DF_{flag}" for flag in tags.get("FLAGS", "").split()),
        *(f"DF_1_{flag}" for flag in tags.get("FLAGS_1", "").removeprefix("Flags:").split()),
        *(f"DF_{tag}" for tag in ("BIND_NOW", "SYMBOLIC", "TEXTREL") if tag in tags),
    }
    stack = _segment(text, "GNU_STACK")
    tls = _segment(text, "TLS")
    build_id = None if GO in text else re.search(r"Build ID: (\w+)", text)
    abi = re.search(r"OS: (\w+), ABI: (\S+)", text)
    now = bool(flags & {"DF_BIND_NOW", "DF_1_NOW"})
    return Said(
        symbols=list(_symbols(text)),
        needed=list(_needs(text)),
        defined=list(_definitions(text)),
        relocations=kinds,
        of_symbols=named,
        relr=int(next(filter(None, packed.groups()))) if packed else None,
        stack=(stack[1].replace(" ", ""), int(stack[0], 16)) if stack else None,
        relro="none" if not _segment(text, "GNU_RELRO") else "full" if now else "partial",
        tls=(int(tls[0], 16), int(tls[2], 16)) if tls else (0, 0),
        hashes=[name for name, tag in (("gnu", "GNU_HASH"), ("sysv", "HASH")) if tag in tags],
        flags=sorted(flags),
        build_id=build_id[1] if build_id else None,
        abi_tag=(abi[1].lower(), abi[2]) if abi else None,
        features=_property(text, r"(?:x86|AArch64) feature"),
        isa_needed=_property(text, "x86 ISA needed"),
    )


def by_us(path: Path) -> Said:
    facts, layout, notes = elf.read(path), elf.layout(path), elf.notes(path)
    versions, relocations = elf.versions(path), elf.relocations(path)
    properties = notes.properties
    return Said(
        symbols=[_shown(symbol) for symbol in elf.symbols(path)],
        needed=[(version.file, version.name, version.weak) for version in versions.needed],
        defined=[(each.name, each.base, each.weak, each.parents) for each in versions.defined],
        relocations=dict(relocations.counts),
        of_symbols=sorted((each.kind, _versioned(each.name, each.version)) for each in relocations.of_symbols),
        relr=relocations.packed.relocations if relocations.packed else None,
        stack=(layout.stack.flags, layout.stack.size) if layout.stack else None,
        relro=layout.relro,
        tls=(layout.tls_size, layout.tls_alignment),
        hashes=list(layout.hash_tables),
        flags=[flag for flag in facts.flags if not flag.startswith("DF_GNU")],
        build_id=notes.build_id,
        abi_tag=(notes.abi_tag.os, notes.abi_tag.version) if notes.abi_tag else None,
        features=[word for word in properties.features if word.isupper()] if properties else [],
        isa_needed=list(properties.isa_needed) if properties else [],
    )


def _shown(symbol: elf.Symbol) -> tuple[object, ...]:
    facts = symbol.facts()
    name = symbol.symbol
    if symbol.version not in (None, name):
        name = f"{name}{'@@' if symbol.is_default else '@'}{symbol.version}"
    words = (facts["binding"], facts["type"], facts["visibility"], str(facts["section"]))
    return (name, *words, symbol.size, symbol.value)


def _symbols(text: str) -> Iterator[tuple[object, ...]]:
    _, _, table = text.partition("Symbol table '.dynsym'")
    for value, size, kind, bind, visibility, section, name, needed in SYMBOL.findall(table.split("\n\n")[0]):
        words = (_word(bind, "unique"), _word(kind, "ifunc"), visibility.lower(), SECTIONS.get(section, section))
        if name:  # a copy of another file's has its version, and answers who asks for none
            whole = name.replace("@", "@@") if needed and section != "UND" else name
            yield (whole, *words, int(size, 0), int(value, 16))


def _word(text: str, gnu: str) -> str:
    """The word; `<OS specific>: 10` is GNU's where a file does not say that it is of GNU, which no loader asks."""
    word = text.rpartition(": ")[2].lower()
    return gnu if word == "10" else word


def _needs(text: str) -> Iterator[tuple[str, str, bool]]:
    _, _, table = text.partition("Version needs section")
    current = ""
    for file, name, flags in NEED.findall(table.split("\n\n")[0]):
        current = file or current
        if name:
            yield current, name, "WEAK" in flags


def _definitions(text: str) -> list[tuple[str, bool, bool, tuple[str, ...]]]:
    _, _, table = text.partition("Version definition section")
    found: list[tuple[str, bool, bool, tuple[str, ...]]] = []
    for flags, name, parent in DEFINITION.findall(table.split("\n\n")[0]):
        if parent:
            own, base, weak, parents = found[-1]
            found[-1] = (own, base, weak, (*parents, parent))
        else:
            found.append((name, "BASE" in flags, "WEAK" in flags, ()))
    return found


def _relocations(text: str) -> tuple[dict[str, int], list[tuple[str, str]]]:
    kinds: Counter[str] = Counter()
    named = []
    for kind, _, name in RELOCATION.findall(text):
        kinds[kind] += 1
        if name:
            named.append((kind, name.replace("@@", "@")))
    return dict(kinds), sorted(named)


def _versioned(name: str, version: str | None) -> str:
    return name if version in (None, name) else f"{name}@{version}"


def _segment(text: str, kind: str) -> tuple[str, str, str] | None:
    """The size in memory, the flags and the alignment of the last one."""
    word = "0x[0-9a-f]+"
    found = re.findall(rf"^  {kind} +{word} {word} {word} {word} ({word}) ([RWE ]{{3}}) ({word})$", text, re.MULTILINE)
    return found[-1] if found else None


def _property(text: str, name: str) -> list[str]:
    found = re.search(rf"{name}: ([^\n]*)", text)
    return [word for word in found[1].split(", ") if word != "<None>"] if found else []


def is_elf(path: Path) -> bool:
    """Whether it is a program or a library that a loader maps."""
    try:
        with path.open("rb") as file:
            head = file.read(18)
    except OSError:
        return False
    return head[:4] == b"\x7fELF" and head[16:18] in (b"\x02\0", b"\x03\0")
