"""Roots of pinned Debian packages: what a lock file names, fetched, verified, unpacked once."""
