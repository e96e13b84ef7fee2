"""Trees of files that somebody else made: a directory or an unpacked archive, with a digest of all that is in it."""

from elfworlds.trees.manifest import Entry, Manifest, TreeError
from elfworlds.trees.shelf import Packages, Shelf, StorePath, Tree

__all__ = ["Entry", "Manifest", "Packages", "Shelf", "StorePath", "Tree", "TreeError"]
