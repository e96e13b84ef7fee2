"""Objects that need objects that need objects: an order in which nobody has to follow a long chain by calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

DEEP = 50


def ends_first(names: Iterable[str], mentioned: Callable[[str], Collection[str]]) -> tuple[str, ...]:
    """The objects, each after those that it names; empty where no chain is long.

    Args:
        names: of all objects.
        mentioned: the objects that one names.
    """
    done: dict[str, int] = {}  # with how long the chain is that begins there
    for name in names:
        trail: dict[str, Iterator[str]] = {} if name in done else {name: iter(mentioned(name))}
        while trail:
            last = next(reversed(trail))
            following = next((other for other in trail[last] if other not in done and other not in trail), None)
            if following is not None:
                trail[following] = iter(mentioned(following))
                continue
            done[last] = 1 + max((done.get(other, 0) for other in mentioned(last)), default=0)
            del trail[last]
    return tuple(done) if max(done.values(), default=0) > DEEP else ()
