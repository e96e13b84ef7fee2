"""What ld.so binds, and what the rules foretell: of a program that is listed, and of what a host opens."""

from __future__ import annotations

import os
import re
import subprocess
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from elfworlds import elf
from elfworlds.bindings import Foretold, Linked, started
from elfworlds.inspection import World, inspect
from elfworlds.inspection.types import Mapped
from waiting import AGES

BINDING = re.compile(
    r" *\d+:\tbinding file (.*) \[\d+\] to (.*) \[\d+\]: (?:normal|protected) symbol `(.*?)'(?: \[(.*)\])?"
)
OTHERS = re.compile(r"vdso|/ld-linux|/ld64|/ld-musl")  # the loader binds itself before anybody looks
ALLOCATING = ("calloc", "free", "malloc", "realloc")
LISTED = {"LD_TRACE_LOADED_OBJECTS": "1", "LD_WARN": "yes"}  # as `ldd -r`: relocated, and nothing started

Bindings = Mapping[tuple[str, str, str | None], set[str]]


class Library:
    """Files as the lookup sees them, each read once."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, bool], Linked] = {}

    def linked(self, mapped: Mapped, *, executable: bool = False) -> Linked:
        key = (mapped.path, executable)
        if key not in self.known:
            path = Path(mapped.path)
            self.known[key] = Linked(
                path=mapped.path,
                facts=mapped.facts,
                symbols=elf.symbols(path) or (),
                versions=elf.versions(path),
                relocations=elf.relocations(path).of_symbols,
                executable=executable,
            )
        return self.known[key]

    def closure(self, path: Path | str, world: World | None = None) -> list[Linked]:
        """What a start of a program loads, or of a library as its loader lists it."""
        inspection = inspect(str(path), world or World())
        program = inspection.facts.interp is not None
        return [
            self.linked(mapped, executable=program and not place) for place, mapped in enumerate(inspection.objects)
        ]


def bound(words: Sequence[str | Path], env: Mapping[str, str] | None = None) -> Bindings:
    """What ld.so says that it bound: needing object, symbol, version → the objects, by real paths.

    In the program's name it looks up what it allocates with from now on (elf/dl-minimal.c), which is left out.
    """
    variables = {"LD_BIND_NOW": "yes", "LD_DEBUG": "bindings", **(env or {})}
    done = subprocess.run(words, env=variables, capture_output=True, timeout=AGES, check=False)
    said: dict[tuple[str, str, str | None], set[str]] = defaultdict(set)
    for line in done.stderr.decode("utf-8", "replace").splitlines():
        match = BINDING.fullmatch(line)
        if match and not OTHERS.search(match[1]) and not (match[1] == str(words[0]) and match[3] in ALLOCATING):
            said[os.path.realpath(match[1]), match[3], match[4]].add(os.path.realpath(match[2]))
    return said


def listed(path: Path | str, interp: str | None) -> Bindings:
    """The same for a file that nobody starts."""
    words = [path] if interp else ["/lib64/ld-linux-x86-64.so.2", path]
    return bound(words, LISTED)


def foretold(references: Iterable[Foretold]) -> Bindings:
    said: dict[tuple[str, str, str | None], set[str]] = defaultdict(set)
    for reference in references:
        if reference.path is not None and not OTHERS.search(reference.needing):
            key = os.path.realpath(reference.needing), reference.symbol, reference.version
            said[key].add(os.path.realpath(reference.path))
    return said


def compare(path: Path | str, library: Library) -> tuple[int, list[str]]:
    """How many references there are, and a line for each that binds otherwise than foretold."""
    closure = library.closure(path)
    return differences(listed(path, closure[0].facts.interp), foretold(started(closure)))


def differences(actual: Bindings, said: Bindings) -> tuple[int, list[str]]:
    keys = {*actual, *said}
    lines = [
        f"{needing}: {symbol}@{version}: bound to {actual.get(key)}, foretold {said.get(key)}"
        for key in sorted(keys, key=str)
        for needing, symbol, version in [key]
        if actual.get(key) != said.get(key)
    ]
    return len(keys), lines
