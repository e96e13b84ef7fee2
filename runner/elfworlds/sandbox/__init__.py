"""What a build or a trial sees of the file system and the network: the only maker of bubblewrap lines."""

from elfworlds.sandbox.bubblewrap import inside, wrap
from elfworlds.sandbox.tree import Tree, look
from elfworlds.sandbox.world import HOST, Guard, Placed, World

__all__ = ["HOST", "Guard", "Placed", "Tree", "World", "inside", "look", "wrap"]
