"""What a build or a trial sees of the file system and the network: the only maker of bubblewrap lines."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from elfworlds.sandbox.tree import Tree, look

if TYPE_CHECKING:
    from elfworlds.sandbox.bubblewrap import inside, wrap
    from elfworlds.sandbox.world import HOST, Guard, Placed, World

__all__ = ["HOST", "Guard", "Placed", "Tree", "World", "inside", "look", "wrap"]

_WHERE = {"inside": "bubblewrap", "wrap": "bubblewrap"}


def __getattr__(name: str) -> object:
    """What only those need who run something: an inspection looks at trees."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_WHERE.get(name, 'world')}"), name)
