"""Store paths that no garbage collection takes: indirect roots (nix-store(1), --add-root).

A root is a link in a directory that this process has a lock on; what a killed process left is removed by the next
one. A run has a root of its own in its directory, which ends with that directory:

nix-objects, nix-objects-2 …   links to the link farms of its objects, one for each toolchain
nix-objects.json               where those links are roots, and the farms; a run that was moved is not there any more
"""

from __future__ import annotations

import atexit
import json
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from elfworlds import atomic
from elfworlds.locking import lock, locked, try_to_lock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from elfworlds.backends.nix.programs import Programs

LOCK = "lock"
LINK = "nix-objects"
RECORD = f"{LINK}.json"
SCHEMA = 1


def root(programs: Programs, link: Path, farms: Sequence[str]) -> bool:
    """Keep link farms, and with them all objects, while links to them are there; False where one is gone already.

    Args:
        programs: Nix'.
        link: the first link; the others have a number after its name.
        farms: store paths.
    """
    words = ("--option", "substitute", "false", "--realise", *farms, "--add-root", str(link), "--indirect")
    return programs.call("nix-store", *words).ok


def keep(programs: Programs, run: Path, farms: Sequence[str]) -> None:
    """Keep the objects of a run while its directory is there, under the name that it has now."""
    link = run / LINK
    if farms and root(programs, link, farms):
        record = {"schema": SCHEMA, "root": str(link), "farms": list(farms)}
        atomic.write(run / RECORD, json.dumps(record) + "\n")


@dataclass(frozen=True, slots=True)
class Kept:
    """What a run's directory says of its roots: where the first one is, and the farms that they keep."""

    root: str
    farms: tuple[str, ...]

    @staticmethod
    def of(run: Path) -> Kept | None:
        """None where the objects are not Nix', or another elfworlds wrote it."""
        try:
            data = json.loads((run / RECORD).read_bytes())
            return Kept(data["root"], tuple(map(str, data["farms"]))) if data["schema"] == SCHEMA else None
        except (OSError, ValueError, KeyError, TypeError):
            return None


def lost(run: Path) -> str:
    """Why Nix' garbage collector may take the objects of a run, or has taken them; empty where it cannot."""
    kept = Kept.of(run)
    if kept is None:
        return ""
    if not all(Path(farm).exists() for farm in kept.farms):
        return "its objects are not in the Nix store any more: `elfworlds run` makes the same ones again"
    link = run.resolve() / LINK
    if str(link) == kept.root:
        return ""
    again = f"nix-store --realise {' '.join(kept.farms)} --add-root {link} --indirect"
    return (
        f"it was moved here from {Path(kept.root).parent}: Nix may collect its objects as garbage. `{again}` keeps them"
    )


def own_directory(place: Path) -> Path:
    """A new directory for roots, locked, that is removed when this process ends.

    Args:
        place: where such directories are.
    """
    place.mkdir(parents=True, exist_ok=True)
    with locked(place / LOCK):
        _sweep(place)
        directory = Path(tempfile.mkdtemp(dir=place))
        held = (directory / LOCK).open("ab")
        lock(held)
    atexit.register(_release, directory, held)
    return directory


def _release(directory: Path, lock: IO[bytes]) -> None:
    shutil.rmtree(directory, ignore_errors=True)
    lock.close()


def _sweep(place: Path) -> None:
    """Remove the directories that nobody holds."""
    for path in place.glob("*/"):
        with (path / LOCK).open("ab") as file:
            if try_to_lock(file):
                shutil.rmtree(path, ignore_errors=True)
