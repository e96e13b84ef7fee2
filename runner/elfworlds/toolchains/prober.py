"""How a machine is asked for its programs and packages, and how what it said is remembered."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, get_origin, get_type_hints

from elfworlds import atomic, paths, reading
from elfworlds.process import Command

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from elfworlds.jsondata import Json
    from elfworlds.process import Completed, Runner

SCHEMA = 5  # of what is remembered
PROBE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Prober:
    """How this machine is asked.

    Attributes:
        run: starts programs.
        path: PATH.
        cc, cxx, rustc: the compilers' commands; empty to look for one.
        home: variables by which rustup finds its toolchains.
    """

    run: Runner
    path: str
    cc: str
    cxx: str = ""
    rustc: str = ""
    home: tuple[tuple[str, str], ...] = ()

    def ask(self, *argv: str, more: Iterable[tuple[str, str]] = ()) -> str:
        """A program's standard output, whatever its exit status."""
        return self._run(argv, more).text.strip()

    def complaints(self, *argv: str, more: Iterable[tuple[str, str]] = ()) -> str:
        """What a program writes to standard error, whatever its exit status."""
        return self._run(argv, more).stderr.data.decode("utf-8", "replace")

    def _run(self, argv: tuple[str, ...], more: Iterable[tuple[str, str]]) -> Completed:
        env = {"PATH": self.path, "LC_ALL": "C", **dict(more)}
        return self.run(Command(argv=argv, env=env, cwd="/", timeout=PROBE_SECONDS))

    def which(self, name: str) -> str | None:
        return paths.which(name, self.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is learnt of a machine; a subclass has fields of types that JSON has: texts, lists, dictionaries.

    Attributes:
        stamps: file → `stamp` of it when it was asked about.
    """

    stamps: dict[str, list[int]]


Learnt = TypeVar("Learnt", bound=Facts)


def remembered(cache: Path | None, name: str, asked: Json, kind: type[Learnt], learn: Callable[[], Learnt]) -> Learnt:
    """What `learn` gives, or gave last time while the files that it stamps are the same.

    Args:
        cache: a directory to remember in; None to learn anew and write nothing.
        name: of what is learnt.
        asked: all else that decides it.
        kind: of the facts.
        learn: what asks.
    """
    if cache is None:
        return learn()
    digest = hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:16]
    memory = cache / f"{name}-{SCHEMA}-{digest}.json"
    known = _recall(memory, kind)
    if known is None:
        known = learn()
        atomic.write(memory, json.dumps(asdict(known), indent=1))
    return known


def _recall(memory: Path, kind: type[Learnt]) -> Learnt | None:
    kinds = {name: get_origin(hint) or hint for name, hint in get_type_hints(kind).items()}
    try:
        facts = json.loads(memory.read_text())
        same = all(stamp(Path(path)) == old for path, old in facts["stamps"].items())
        typed = set(facts) == set(kinds) and all(isinstance(facts[key], expected) for key, expected in kinds.items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return kind(**facts) if same and typed else None


def stamp(path: Path) -> list[int]:
    status = path.stat()
    return [status.st_size, status.st_mtime_ns, status.st_ino]


def digest(path: Path) -> str:
    """The SHA-256 of a regular file, in hexadecimal.

    Raises:
        OSError: it is none, or cannot be read.
    """
    with reading.opened(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def packages(prober: Prober, files: Iterable[str]) -> dict[str, str]:
    """The packages that files belong to, with their revisions; empty where the system has no answer."""
    files = list(files)
    for query in (_dpkg, _rpm):
        owners = query(prober, files)
        if owners:
            return dict(sorted(owners.items()))
    return {}


def _dpkg(prober: Prober, files: list[str]) -> dict[str, str]:
    program = prober.which("dpkg-query")
    if not program:
        return {}
    paths = sorted({path for file in files for path in (file, file.removeprefix("/usr"))})
    owners = [line.rpartition(": ")[0] for line in prober.ask(program, "--search", *paths).splitlines()]
    names = sorted({name.strip() for line in owners if "diversion" not in line for name in line.split(",")})
    if not names:
        return {}
    listed = prober.ask(program, "--show", "--showformat=${Package}\t${Version}\n", *names)
    return dict(line.split("\t") for line in listed.splitlines())


def _rpm(prober: Prober, files: list[str]) -> dict[str, str]:
    program = prober.which("rpm")
    if not program:
        return {}
    listed = prober.ask(program, "-qf", "--qf", "%{NAME}\t%{VERSION}-%{RELEASE}\n", *files)
    return dict(line.split("\t") for line in listed.splitlines() if line.count("\t") == 1)
