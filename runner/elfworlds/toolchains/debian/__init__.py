"""Roots of pinned Debian packages: what a lock file names, fetched, verified, unpacked once."""

from elfworlds.toolchains.debian.lock import Lock, Pinned
from elfworlds.toolchains.debian.root import Root, ensure, found
from elfworlds.toolchains.family import Means

__all__ = ["Lock", "Means", "Pinned", "Root", "ensure", "found"]
