"""Roots of pinned Debian packages: what a lock file names, fetched, verified, unpacked once."""

from elfworlds.toolchains.debian.lock import Lock, Pinned
from elfworlds.toolchains.debian.root import Means, Root, ensure, found

__all__ = ["Lock", "Means", "Pinned", "Root", "ensure", "found"]
