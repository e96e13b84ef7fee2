"""What dlclose leaves in memory (glibc: elf/dl-close.c, dl-lookup.c); pure."""

from __future__ import annotations

import posixpath
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from elfworlds.advice.members import Member
    from elfworlds.advice.scope import Scope


@dataclass(frozen=True, slots=True)
class Pin:
    """An object that is never unloaded.

    Attributes:
        symbol: the unique one that somebody is bound to; None where DF_1_NODELETE is set.
    """

    member: Member
    symbol: str | None

    @property
    def why(self) -> str:
        name = posixpath.basename(self.member.path)
        return f"DF_1_NODELETE of {name}" if self.symbol is None else f"the unique symbol {self.symbol} of {name}"


def pins(scope: Scope) -> list[Pin]:
    """Each opened object that is never unloaded, once.

    Objects are relocated from the last to the first, and a namespace has one unique symbol of a name, whatever its
    version.
    """
    pinned = {member.path: Pin(member, None) for member in scope.opened if member.nodelete}
    taken: set[str] = set()
    for needing in reversed(list(scope.opened)):
        for other, serves in scope.serving(needing):
            names = sorted(({wanted.name for wanted in serves} & other.unique) - taken) if other.unique else ()
            taken.update(names)
            if names and other.path in scope.new:
                pinned.setdefault(other.path, Pin(other, names[0]))
    return list(pinned.values())


def kept_by(scope: Scope, file: str, needs: Mapping[str, frozenset[str]]) -> str | None:
    """Why a file stays when it is closed, as a sentence; None where it goes.

    Args:
        scope: the objects.
        file: the opened one.
        needs: path → the paths of what serves its names.
    """
    reasons = {pin.member.path: pin.why for pin in pins(scope)}
    waiting = deque(member for member in scope.opened if member.path in reasons)
    while waiting:
        member = waiting.popleft()
        for other, why in _held(scope, member, needs):
            if other.path not in reasons:
                reasons[other.path] = f"{reasons[member.path]}; {why}"
                waiting.append(other)
    return reasons.get(file)


def _held(scope: Scope, member: Member, needs: Mapping[str, frozenset[str]]) -> Iterator[tuple[Member, str]]:
    """What an object keeps in memory as long as it stays: what it needs, and what its references are bound to."""
    name = posixpath.basename(member.path)
    for other in scope.opened:
        if other.path in needs.get(member.path, ()):
            yield other, f"{name} needs {posixpath.basename(other.path)}"
    for other, serves in scope.serving(member):
        if other.path in scope.new and other is not member:
            symbol = min(wanted.name for wanted in serves)
            yield other, f"{name} is bound to {symbol} of {posixpath.basename(other.path)}"
