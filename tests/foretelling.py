"""What ld.so binds, and what the rules foretell: of a program that is listed, and of what a host opens."""

from __future__ import annotations

import os
import re
import subprocess
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path

from elfworlds import elf
from elfworlds.bindings import Foretold, Linked, started
from elfworlds.inspection import World, inspect
from waiting import AGES

BINDING = re.compile(
    r" *\d+:\tbinding file (.*) \[\d+\] to (.*) \[\d+\]: (?:normal|protected) symbol `(.*?)'(?: \[(.*)\])?"
)
OTHERS = re.compile(r"vdso|/ld-linux|/ld64|/ld-musl")  # the loader binds itself before anybody looks
ALLOCATING = ("calloc", "free", "malloc", "realloc")
LISTED = {"LD_TRACE_LOADED_OBJECTS": "1", "LD_WARN": "yes"}  # as `ldd -r`: relocated, and nothing started

BOUND = {"LD_BIND_NOW": "yes", "LD_DEBUG": "bindings"}
MACHINE = Path("/")
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"

Bindings = Mapping[tuple[str, str, str | None], set[str]]


class Library:
    """Files of a system as the lookup sees them, each read once.

    Args:
        top: the directory that holds the system.
    """

    def __init__(self, top: Path = MACHINE) -> None:
        self.top = top
        self.known: dict[tuple[str, bool], Linked] = {}

    @property
    def world(self) -> World:
        return World() if self.top == MACHINE else World(root=str(self.top))

    def where(self, path: str) -> Path:
        """Where a file of the system lies on this machine."""
        return self.top / path.lstrip("/")

    def linked(self, path: str, facts: elf.ElfObject | None = None, *, executable: bool = False) -> Linked:
        """A file by its path in the system; what is known of it already need not be read again."""
        key = (path, executable)
        if key not in self.known:
            file = self.where(path)
            self.known[key] = Linked(
                path=path,
                facts=facts or elf.read(file),
                symbols=elf.symbols(file) or (),
                versions=elf.versions(file),
                relocations=elf.relocations(file).of_symbols,
                executable=executable,
            )
        return self.known[key]

    def closure(self, path: Path | str) -> list[Linked]:
        """What a start of a program loads, or of a library as its loader lists it."""
        inspection = inspect(str(self.where(str(path))), self.world)
        program = inspection.facts.interp is not None
        return [
            self.linked(mapped.path, mapped.facts, executable=program and not place)
            for place, mapped in enumerate(inspection.objects)
        ]


def bound(words: Sequence[str | Path]) -> Bindings:
    """What ld.so says that it bound: needing object, symbol, version → the objects, by real paths.

    When all is bound, it looks up in the program's name what it allocates with from now on (elf/dl-minimal.c): that
    is left out.
    """
    said = _said(words, {})
    asked = [(str(words[0]), name) for name in ALLOCATING]
    size = len(asked)
    runs = [at for at in range(len(said) - size + 1) if [line[:2] for line in said[at : at + size]] == asked]
    return _gathered(said if not runs else [*said[: runs[-1]], *said[runs[-1] + size :]])


def listed(closure: Sequence[Linked], top: Path = MACHINE) -> Bindings:
    """The same for a file that nobody starts, by the loader of its system."""
    path = closure[0].path
    starts = closure[0].facts.interp and os.access(top / path.lstrip("/"), os.X_OK)
    words = [path] if starts else ["/lib64/ld-linux-x86-64.so.2", path]
    if top == MACHINE:
        return _gathered(_said(words, LISTED))
    settings = (f"{name}={value}" for name, value in {**BOUND, **LISTED}.items())
    return _gathered(_said(["chroot", str(top), "/usr/bin/env", "-i", *settings, *words], None), str)


def _said(words: Sequence[str | Path], env: Mapping[str, str] | None) -> list[tuple[str, str, str | None, str]]:
    """Needing object, symbol, version and the object, line by line.

    Args:
        words: the command.
        env: what it has beside the order to tell what is bound; None if the command itself gives that order.
    """
    variables = {"PATH": PATH} if env is None else {**BOUND, **env}
    done = subprocess.run(words, env=variables, capture_output=True, timeout=AGES, check=False)
    lines = done.stderr.decode("utf-8", "replace").splitlines()
    matches = filter(None, map(BINDING.fullmatch, lines))
    return [(match[1], match[3], match[4], match[2]) for match in matches if not OTHERS.search(match[1])]


@cache
def real(path: str) -> str:
    return os.path.realpath(path)


def _gathered(said: Iterable[tuple[str, str, str | None, str]], name: Callable[[str], str] = real) -> Bindings:
    gathered: dict[tuple[str, str, str | None], set[str]] = defaultdict(set)
    for needing, symbol, version, path in said:
        gathered[name(needing), symbol, version].add(name(path))
    return gathered


def foretold(references: Iterable[Foretold], name: Callable[[str], str] = real) -> Bindings:
    bindings = (
        (reference.needing, reference.symbol, reference.version, reference.path)
        for reference in references
        if reference.path is not None and not OTHERS.search(reference.needing)
    )
    return _gathered(bindings, name)


def compare(path: Path | str, library: Library) -> tuple[int, list[str]]:
    """How many references there are, and a line for each that binds otherwise than foretold."""
    closure = library.closure(path)
    references = started(closure)
    return differences(listed(closure, library.top), foretold(references, real if library.top == MACHINE else str))


def differences(actual: Bindings, said: Bindings) -> tuple[int, list[str]]:
    keys = {*actual, *said}
    lines = [
        f"{needing}: {symbol}@{version}: bound to {actual.get(key)}, foretold {said.get(key)}"
        for key in sorted(keys, key=str)
        for needing, symbol, version in [key]
        if actual.get(key) != said.get(key)
    ]
    return len(keys), lines


def programs_and_libraries(top: Path = MACHINE) -> list[str]:
    """Every program of a system's /usr/bin that changes no user, and every second library beside; each once."""
    programs = [path for path in sorted((top / "usr/bin").iterdir()) if not path.is_symlink() and _is_listed(path)]
    libraries = [path for path in sorted((top / "usr/lib/x86_64-linux-gnu").glob("*.so.*")) if not path.is_symlink()]
    return [f"/{path.relative_to(top)}" for path in (*programs, *libraries[::2])]


def _is_listed(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF" and not path.stat().st_mode & 0o6000
