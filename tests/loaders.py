"""Real loaders are asked what they load, in few processes, and `resolve` is asked the same."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest

from elfworlds import paths, resolve
from elfworlds.elf import ElfObject
from elfworlds.observers.types import Watched
from elfworlds.process import Command, Pool
from elfworlds.resolve import GLIBC, MUSL
from elfworlds.sandbox import wrap
from elfworlds.toolchains import Toolchain
from elfworlds.toolchains.debian import lock as locks
from elfworlds.toolchains.debian import root as roots
from elfworlds.toolchains.debian.toolchain import RootSystem
from elfworlds.toolchains.debian.toolchain import toolchain as toolchain_of
from elfworlds.toolchains.family import Means
from elfworlds.toolchains.musl.toolchain import MuslSystem
from elfworlds.toolchains.pinning import places
from elfworlds.trials.searching import Searching, facts_of
from rooting import bubblewrap

PINNED = ("debian/bullseye", "debian/bookworm", "debian/trixie", "debian/sid", "musl/bookworm", "musl/trixie")
TOGETHER = 150
# Three words a question: file, directory, LD_LIBRARY_PATH. Each file's lines follow its own name.
SCRIPT = """
ld=$1; shift
while [ $# -gt 0 ]; do echo "=== $1"; cd "$2"; {}; shift 3; done
"""
LISTING = {
    GLIBC: 'LD_LIBRARY_PATH=$3 LD_TRACE_LOADED_OBJECTS=1 "$ld" "$1" 2>&1',
    MUSL: 'LD_LIBRARY_PATH=$3 "$ld" --list "$1" 2>&1',
}
_FOUND = re.compile(r"\t(.*?)(?: => (.*?))? \(0x[0-9a-f]+\)")
_LACKING = (
    re.compile(r"\t(.*) => not found"),
    re.compile(r"Error loading shared library (.*?): No such file or directory \(needed by .*\)"),
)
_STOPPED = re.compile(r"error while loading shared libraries: |Error loading shared library")

Objects = dict[str, str | None]


def pinned_root(name: str, *, fetch: bool) -> Toolchain:
    """A pinned root's toolchain; skipped aloud where it is not here and must not be fetched."""
    family, _, suite = name.partition("/")
    parts = (MUSL,) if family == MUSL else ()
    lock, cached = locks.find(suite, places(Path(__file__).parent)), paths.store(os.environ)
    bwrap = bubblewrap()
    with Pool() as pool:
        here = roots.found(lock, parts, cached)
        if here is None and not fetch:
            pytest.skip(f"{name} is not here: needs a network")
        means = Means(run=pool.run, environment=os.environ)
        return toolchain_of(
            here or roots.ensure(lock, parts, cached, means),
            pool.run,
            bwrap=bwrap,
            system=MuslSystem if family == MUSL else RootSystem,
        )


@dataclass(frozen=True)
class Question:
    """A file that a loader is to list, from a directory and with an LD_LIBRARY_PATH."""

    file: str
    cwd: str = "/etc"
    library_path: str = ""


@dataclass(frozen=True)
class Asked:
    """A toolchain's loader, and the rules for it."""

    toolchain: Toolchain
    known: dict[str, object] = field(default_factory=dict)

    @property
    def family(self) -> str:
        return self.toolchain.versions["libc-family"]

    def loader_says(self, questions: Sequence[Question]) -> list[Objects | None]:
        """For each question, what the loader maps, name → path; None where it stops with an error."""
        said: list[Objects | None] = []
        with Pool() as pool:
            for at in range(0, len(questions), TOGETHER):
                words = [word for one in questions[at : at + TOGETHER] for word in _words(one)]
                script = SCRIPT.format(LISTING[self.family])
                argv = ("/bin/sh", "-c", script, "sh", self.toolchain.interp, *words)
                command = Command(argv=argv, env={"PATH": "/usr/bin:/bin"}, cwd="/tmp", timeout=300, keep=1 << 25)
                text = pool.run(wrap(command, self.toolchain.world)).text
                parts = re.split("^=== ", text, flags=re.MULTILINE)[1:]
                said += [self.objects(part.partition("\n")[2]) for part in parts]
        assert len(said) == len(questions)
        return said

    def objects(self, lines: str) -> Objects | None:
        found: Objects = {}
        loaders = {self.toolchain.interp}
        for line in lines.splitlines():
            if mapped := _FOUND.fullmatch(line):
                found.setdefault(mapped[1], mapped[2] or mapped[1])
                loaders |= {mapped[1]} if mapped[2] is None and self.family == MUSL else set()  # under PT_INTERP's name
            elif lacking := next(filter(None, (one.fullmatch(line) for one in _LACKING)), None):
                found.setdefault(lacking[1], None)
            elif _STOPPED.search(line):
                return None
        return without(found, loaders)

    def world(self, question: Question) -> resolve.Surroundings:
        seen = Watched(
            argv=("",),
            env={"LD_LIBRARY_PATH": question.library_path},
            stdin=b"",
            cwd=question.cwd,
            timeout=1,
            capture="pipe",
            cpus=None,
            settings={},
            leaves="",
        )
        searching = Searching(seen, self.toolchain, facts_of)

        def read(path: str) -> object:
            absolute = searching.absolute(path)
            if absolute not in self.known:
                self.known[absolute] = searching.read(path)
            return self.known[absolute]

        return searching.world()._replace(read=read)  # type: ignore[arg-type]  # what `read` gives, remembered

    def rules_say(self, question: Question) -> Objects | None:
        """What the rules say that is mapped; None where the loader is to stop with an error."""
        found: Objects = {}
        mapped = set()
        world = self.world(question)
        for edge in resolve.tree(question.file, world):
            if edge.stopped:
                return None
            if edge.rule != "loaded" and edge.path != self.toolchain.interp:
                identity = world.identity(edge.path) if edge.path else edge.name
                if identity not in mapped:
                    found.setdefault(edge.name, edge.path)
                mapped.add(identity)
        return without(found, {self.toolchain.interp})


def _words(one: Question) -> tuple[str, str, str]:
    return one.file, one.cwd, one.library_path


def without(found: Objects, loaders: set[str]) -> Objects:
    """The objects but the vdso, ld.so, and what musl's ld.so is under other names."""
    vdso = [name for name in found if name.startswith("linux-vdso")]
    return {name: path for name, path in found.items() if name not in vdso and not loaders & {name, path}}


def own_files(asked: Asked, directories: Iterable[str], most: int | None = None) -> list[Question]:
    """Programs and libraries of a system that its loader is to load; spread over all where `most` is given.

    A directory that ends with a slash is looked through with all below it.
    """
    root = asked.toolchain.world.root
    found: list[str] = []
    for directory in directories:
        top = Path(root.outside(directory) if root else directory)
        files = sorted(walk(top) if directory.endswith("/") else filter(_is_elf, top.iterdir() if top.is_dir() else ()))
        found += [f"{directory.rstrip('/')}/{path.relative_to(top)}" for path in files]
    some = found if most is None else found[:: max(1, len(found) // most)]
    return [Question(path) for path in some if loadable(path, asked)]


def walk(top: Path) -> Iterator[Path]:
    for directory, _, names in os.walk(top):
        yield from filter(_is_elf, (Path(directory, name) for name in names))


@cache
def _is_elf(path: Path) -> bool:
    try:
        if path.is_symlink() or not path.is_file():
            return False
        with path.open("rb") as file:
            return file.read(4) == b"\x7fELF"
    except OSError:
        return False


def loadable(path: str, asked: Asked) -> bool:
    facts = asked.world(Question(path)).read(path)
    if not isinstance(facts, ElfObject) or facts.type == "ET_REL" or not facts.needed:
        return False
    return asked.family == MUSL or facts.interp in (None, asked.toolchain.interp)


Difference = tuple[Question, Objects | None, Objects | None]


def disagreements(asked: Asked, questions: Sequence[Question], *, ordered: bool = True) -> list[Difference]:
    """Where they differ: the question, what the loader says, what the rules say."""
    rules = [asked.rules_say(one) for one in questions]
    every = zip(questions, asked.loader_says(questions), rules, strict=True)
    return [
        (one, said, told)
        for one, said, told in every
        if not same(said, told, asked.world(one).identity, ordered=ordered)
    ]


def same(said: Objects | None, rules: Objects | None, identity: Callable[[str], Hashable], *, ordered: bool) -> bool:
    """Whether the names are the same, in the same order, and lead to the same files."""
    if said is None or rules is None:
        return said is rules
    if (list(said) != list(rules)) if ordered else (said.keys() != rules.keys()):
        return False
    return all(said[name] == rules[name] or _one_file(said[name], rules[name], identity) for name in said)


def _one_file(one: str | None, other: str | None, identity: Callable[[str], Hashable]) -> bool:
    return bool(one and other and identity(one) == identity(other))
