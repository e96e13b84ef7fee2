"""What a program's references should bind to: the objects of its trace, as a lookup sees them, read once for all."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from elfworlds import binding_prediction, elf
from elfworlds.bindings import Linked
from elfworlds.trials.searching import known_environment

if TYPE_CHECKING:
    from elfworlds.traces.ldtrace import LoaderTrace
    from elfworlds.trials.searching import Searching

DYNAMIC_WEAK = "LD_DYNAMIC_WEAK"


@dataclass(frozen=True, slots=True)
class Objects:
    """Files as a lookup sees them.

    Attributes:
        read: path of this machine, path of the trace, whether it is the program → the object, if it was asked for.
    """

    read: dict[tuple[str, str, bool], Linked | None] = field(default_factory=dict)

    def at(self, place: str, path: str, *, executable: bool) -> Linked | None:
        """An object by where it lies and by its path in the trace; None where it cannot be read."""
        key = place, path, executable
        if key not in self.read:
            self.read[key] = _linked(Path(place), path, executable=executable)
        return self.read[key]


def _linked(place: Path, path: str, *, executable: bool) -> Linked | None:
    try:
        return Linked(
            path=path,
            facts=elf.read(place),
            symbols=elf.symbols(place) or (),
            versions=elf.versions(place),
            relocations=elf.relocations(place).of_symbols,
            executable=executable,
        )
    except (elf.NotElfError, OSError):
        return None


def foretold(trace: LoaderTrace, searching: Searching, objects: Objects) -> tuple[binding_prediction.Prediction, ...]:
    """A prediction for each binding of a program's trace; none that says anything where an auditor may change them."""
    env = searching.seen.env if searching.seen else {}
    if not known_environment(env):
        return (binding_prediction.UNKNOWN,) * len(trace.bindings)

    def found(path: str, executable: bool) -> Linked | None:  # noqa: FBT001  # as it is asked for
        place = searching.place(path)
        return None if place is None else objects.at(place, path, executable=executable)

    identity = searching.identity
    return binding_prediction.predict(trace, found, identity, dynamic_weak=DYNAMIC_WEAK in env)
