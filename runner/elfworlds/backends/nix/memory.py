"""What is known of store paths: facts, digest and the compiler's words, read once for each.

A store path never changes, but may be deleted and made again; its stamp tells. Losing this memory loses time only.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from elfworlds import atomic, elf
from elfworlds.backends.nix.evaluation import Farm, ObjectDerivation
from elfworlds.backends.types import Artifact

if TYPE_CHECKING:
    from collections.abc import Callable

    from elfworlds.planning import BuildRequest

SCHEMA = 2


@dataclass(frozen=True, slots=True)
class StoredFacts:
    """What is known of a store path: its digest, its ELF facts, and what its compiler said."""

    sha256: str
    facts: elf.ElfObject
    output: str


@dataclass(frozen=True, slots=True)
class Memory:
    """Facts of store paths, a file for each below `root`; in `plans/`, evaluations: digest → store paths."""

    root: Path

    def artifact(self, request: BuildRequest, out: str, log: Callable[[], str], *, reused: bool) -> Artifact:
        """The object at a store path; `log` gives what its compiler said, where that is not known.

        Raises:
            NotElfError: what was built is no readable ELF file.
        """
        path = Path(out, request.filename)
        known = self.recall(path) or self.remember(path, log())
        return Artifact(
            key=request.key,
            directory=out,
            filename=request.filename,
            sha256=known.sha256,
            facts=known.facts,
            output=known.output,
            reused=reused,
            links=request.links,
        )

    def recall(self, path: Path) -> StoredFacts | None:
        try:
            known = json.loads(self._file(path).read_bytes())
        except (OSError, ValueError):
            return None
        if known.get("schema") != SCHEMA or known.get("stamp") != _stamp(path):
            return None
        return StoredFacts(known["sha256"], elf.ElfObject.from_facts(known["facts"]), known["output"])

    def remember(self, path: Path, output: str) -> StoredFacts:
        facts = elf.read(path)
        known = StoredFacts(hashlib.sha256(path.read_bytes()).hexdigest(), facts, output)
        data = {
            "schema": SCHEMA,
            "stamp": _stamp(path),
            "facts": known.facts.facts(),
            "sha256": known.sha256,
            "output": output,
        }
        try:
            atomic.write(self._file(path), json.dumps(data, separators=(",", ":")))
        except OSError:
            return known  # it will be read again next time
        return known

    def farm(self, digest: str) -> Farm | None:
        """The objects of an evaluation, as they were built; None where that is not known."""
        try:
            known = json.loads(self._farm(digest).read_bytes()) if digest else {}
            if known.get("schema") != SCHEMA:
                return None
            places = {key: ObjectDerivation(*map(str, place)) for key, place in known["places"].items()}
            return Farm(str(known["path"]), places)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def remember_farm(self, digest: str, farm: Farm) -> None:
        places = {key: [place.derivation, place.out] for key, place in farm.places.items()}
        data = {"schema": SCHEMA, "path": farm.path, "places": places}
        with contextlib.suppress(OSError):  # it is evaluated again next time
            if digest:
                atomic.write(self._farm(digest), json.dumps(data, separators=(",", ":")))

    def _farm(self, digest: str) -> Path:
        return self.root / "plans" / f"{digest}.json"

    def _file(self, path: Path) -> Path:
        return self.root / f"{path.parent.name}.json"


def _stamp(path: Path) -> list[int]:
    status = path.stat()
    return [status.st_ino, status.st_size, status.st_ctime_ns]
